"""Label Studio's label configurations and annotations, and their conversion to output lines."""
