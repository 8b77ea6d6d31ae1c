"""A server that speaks Lighter's protocol on loopback."""
