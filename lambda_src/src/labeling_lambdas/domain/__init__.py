"""The rules of the pipeline in plain Python, without AWS."""
