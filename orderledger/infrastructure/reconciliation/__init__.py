"""Keeps the ledger and the venues together: asks, compares, and appends what was missed. It never edits, and never guesses."""
