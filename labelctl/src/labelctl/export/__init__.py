"""Training sets, made of what is stored in the feature group."""
