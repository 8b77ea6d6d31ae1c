"""The log and the tables in SQLite."""
