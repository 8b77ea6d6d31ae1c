"""Reconciliation: compare an account with its venue, repair, certify."""
