"""Tradier Brokerage: US equities and options, polled over REST, with a stream of account events
beside it."""
