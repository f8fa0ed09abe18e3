"""The operator's command line of the labeling pipeline."""
