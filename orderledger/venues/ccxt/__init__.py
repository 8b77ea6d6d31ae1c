"""Every exchange that the library ccxt supports, as one venue. Only `exchange.py` imports ccxt."""
