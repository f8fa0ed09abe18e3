"""Who calls, and what policies allow."""
