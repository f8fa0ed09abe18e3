"""The whole pipeline on this machine: the module, the shipped package, and simulated workers."""
