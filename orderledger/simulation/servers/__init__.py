"""Simulated venues for tests and dry runs: an exchange, faults, and a server that speaks a venue's protocol.

Serving needs aiohttp, the optional extra `fake`: the module `server` is imported only to serve.
"""

from orderledger.simulation.servers.exchange import ExchangeSimulator
from orderledger.simulation.servers.faults import Faults
from orderledger.simulation.servers.flow import HAPPENINGS, Traded, step
from orderledger.simulation.servers.rows import Change, Kind, OrderStatus, TrueFill, TrueFunding, TrueOrder, TruePosition

__all__ = [
    "HAPPENINGS",
    "Change",
    "ExchangeSimulator",
    "Faults",
    "Kind",
    "OrderStatus",
    "Traded",
    "TrueFill",
    "TrueFunding",
    "TrueOrder",
    "TruePosition",
    "step",
]
