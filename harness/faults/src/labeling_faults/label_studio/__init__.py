"""A Label Studio in memory, with the rules of the real one that the functions depend on."""
