"""The pages that workers of Ground Truth see: their faults, and how they look."""
