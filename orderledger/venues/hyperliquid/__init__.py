"""Hyperliquid: orders, fills and fundings of any address, read without a key. See
docs/how-to/connect-hyperliquid.md."""
