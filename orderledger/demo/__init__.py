"""The demo, in a minute: a process trades and is killed; the next one recovers, queries the
venue and continues to trade.
"""
