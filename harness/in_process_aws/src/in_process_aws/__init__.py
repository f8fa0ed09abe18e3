"""An in-process AWS: the calls that the functions make, with the rules of the services."""
