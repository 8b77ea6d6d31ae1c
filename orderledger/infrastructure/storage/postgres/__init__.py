"""The log and the tables in PostgreSQL."""
