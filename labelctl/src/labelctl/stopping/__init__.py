"""Pause and resume a pipeline: its schedule, and the runs that are open."""
