"""Checks of a deployed pipeline: one module for each subject, and one that runs them all."""
