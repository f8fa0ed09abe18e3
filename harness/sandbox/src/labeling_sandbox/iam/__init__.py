"""Credentials of assumed roles, and the evaluation of policies."""
