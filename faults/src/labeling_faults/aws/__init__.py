"""An AWS in the process: the calls that the functions make, with the services' own rules."""
