"""Simulated venues for tests, demos and dry runs. Nothing of the core imports this package."""
