"""Polled spot venues with one key an account: the engine. Each venue is a table, see `table`."""
