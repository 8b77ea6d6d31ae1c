"""Runs the venues' feeds into a ledger: listens, records, notes the gaps, and has what was missed asked for."""
