"""Adapters: the only modules that call AWS."""
