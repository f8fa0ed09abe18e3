"""A clock of its own, and the queue of what happens next."""
