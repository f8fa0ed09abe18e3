"""Written and random sequences of events, and every crash point in them."""
