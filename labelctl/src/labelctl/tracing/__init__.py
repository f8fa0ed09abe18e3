"""The history of an uploaded object: its versions, the runs that had it, and how each ended."""
