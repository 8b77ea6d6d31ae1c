"""A server that speaks Invex's protocol on loopback."""
