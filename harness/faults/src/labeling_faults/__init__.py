"""Histories with faults for the labeling pipeline, thousands of them in one process."""
