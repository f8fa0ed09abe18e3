"""One pipeline, its workers, what goes wrong, and what must hold."""
