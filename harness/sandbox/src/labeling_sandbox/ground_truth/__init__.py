"""Ground Truth, with simulated workers and reviewers."""
