"""Simulated exchanges for the adapter `ccxt`, each speaking the protocol of a real one, as ccxt's
own classes expect it."""
