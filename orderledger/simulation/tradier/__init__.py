"""A server that speaks Tradier's protocol on loopback."""
