"""The performance limits, measured as ratios within one run."""
