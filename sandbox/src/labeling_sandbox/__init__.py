"""A local AWS for the labeling pipeline: moto plus what moto lacks."""
