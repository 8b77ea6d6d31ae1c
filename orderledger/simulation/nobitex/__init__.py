"""A server that speaks Nobitex's protocol on loopback."""
