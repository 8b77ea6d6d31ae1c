"""Simulated venues for tests, the demo and dry runs: one market, and one package for each protocol.

`market`: accounts, orders, fills and order books. `local`: in this process and in virtual time,
with the ledger's messages. `hyperliquid`, `lighter`, `tradier`: servers on loopback that speak the
venue's protocol. `servers`: the parts that they share.
"""
