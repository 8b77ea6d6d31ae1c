"""One order: its events, its state in a few parts, and the rules that decide and evolve it."""
