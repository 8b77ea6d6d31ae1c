"""Faults that are planted in a copy of the package, and the tests that have to find them."""
