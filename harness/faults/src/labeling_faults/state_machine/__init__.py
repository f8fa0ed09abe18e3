"""The state machine: rendered by Terraform, executed event by event."""
