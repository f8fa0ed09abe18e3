"""The formats of training sets, one module for each."""
