"""Made-up venues for tests, the demo and dry runs: what is true at them, what goes wrong, and a server that tells it.

The server's side needs aiohttp, the optional extra `fake`: `fake.server` is imported only by those who serve.
"""

from orderledger.simulation.servers.exchange import Truth
from orderledger.simulation.servers.faults import Faults
from orderledger.simulation.servers.flow import HAPPENINGS, Traded, step
from orderledger.simulation.servers.rows import Change, Kind, OrderStatus, TrueFill, TrueFunding, TrueOrder, TruePosition

__all__ = [
    "HAPPENINGS",
    "Change",
    "Faults",
    "Kind",
    "OrderStatus",
    "Traded",
    "TrueFill",
    "TrueFunding",
    "TrueOrder",
    "TruePosition",
    "Truth",
    "step",
]
