"""A server that speaks Wallex's protocol on loopback."""
