"""Shared parts of all venue adapters."""
