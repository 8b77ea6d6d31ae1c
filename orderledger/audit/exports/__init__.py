"""Exports for other programs: messages that make an equal ledger, tables as CSV, and beancount."""
