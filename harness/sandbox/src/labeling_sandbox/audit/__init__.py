"""What must be true of a pipeline at rest."""
