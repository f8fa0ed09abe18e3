"""Bugs that the suite plants in the functions and must detect."""
