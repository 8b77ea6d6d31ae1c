"""The collector: many venue feeds recorded into one ledger."""
