"""The performance bars, measured as ratios within one run."""
