"""Terraform, and the provider that it finds without a network."""
