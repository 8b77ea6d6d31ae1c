"""Keeping ledger and venues together: the collector and reconciliation."""
