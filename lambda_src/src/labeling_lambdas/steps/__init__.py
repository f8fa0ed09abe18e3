"""The work of each function, composed of adapters and rules, independent of the event formats."""
