"""What may happen to an order, and what follows from it. Pure Python: no I/O, no clock, no chance, no third party."""
