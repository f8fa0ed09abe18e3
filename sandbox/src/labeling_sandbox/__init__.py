"""A local AWS for the labeling pipeline: moto's server plus one module for each part that moto lacks."""
