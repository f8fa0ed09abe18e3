"""Written and random histories, and every crash point in them."""
