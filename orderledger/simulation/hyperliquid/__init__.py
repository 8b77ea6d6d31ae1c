"""A server that speaks Hyperliquid's protocol on loopback."""
