"""Every exchange that the library ccxt speaks to, as one venue. Only `exchange.py` imports ccxt."""
