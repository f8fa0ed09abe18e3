"""A local AWS for the labeling pipeline: moto with the features that it lacks."""
