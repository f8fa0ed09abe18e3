"""The answers of simulated workers, and their consolidation to one label."""
