"""Which permissions each request needs."""
