"""A page about a pipeline, over a time or for one run."""
