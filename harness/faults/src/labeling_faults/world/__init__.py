"""One pipeline with its workers, the faults injected into it, and the checks on it."""
