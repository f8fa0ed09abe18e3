"""Control routes, background threads and access to moto, used by all other folders."""
