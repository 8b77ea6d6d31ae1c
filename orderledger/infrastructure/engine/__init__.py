"""Recording: resolve the order, decide, commit in groups."""
