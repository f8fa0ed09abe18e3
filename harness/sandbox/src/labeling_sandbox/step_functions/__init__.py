"""Step Functions."""
