"""A real Label Studio on loopback, and simulated people who label in it."""
