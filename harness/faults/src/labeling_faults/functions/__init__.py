"""The functions' modules with the clock, clients and chance of a world."""
