"""A simulated venue with a matching engine, used in process."""
