"""The simulated clock and its event queue."""
