"""The functions' modules, run with a simulated clock, clients and random numbers."""
