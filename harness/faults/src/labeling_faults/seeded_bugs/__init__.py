"""Bugs that are seeded on purpose, and must be caught."""
