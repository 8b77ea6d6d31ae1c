"""The rules of orders, proposals and accounts. Pure Python: no I/O, no clock, no randomness, no
third-party code but msgspec."""
