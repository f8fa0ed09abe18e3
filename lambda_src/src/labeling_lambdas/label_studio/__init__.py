"""Label Studio's API."""
