"""What each function does, made of adapters and rules; no function's event shape is known here."""
