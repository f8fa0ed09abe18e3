"""What simulated workers answer, and how the answers of several become one label."""
