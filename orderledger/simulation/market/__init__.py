"""One simulated venue without a protocol: accounts, orders, fills, positions, fundings and order
books.

`ExchangeSimulator` has two interfaces. Tests script it: `place`, `accept`, `fill`, `cancel`,
`modify`, `reject`, … do exactly what their names say, without matching. Clients send to it:
`submit`, `request_cancel` and `request_replace` check the request, and either refuse it with a
reason, or execute it and match orders by price and time. Each package beside this one offers the
market through a protocol.
"""

from orderledger.simulation.market.background import BackgroundFlow
from orderledger.simulation.market.book import OrderBook
from orderledger.simulation.market.checks import EntryRules, Reason, Refusal
from orderledger.simulation.market.exchange import ExchangeSimulator
from orderledger.simulation.market.happenings import HAPPENINGS, step
from orderledger.simulation.market.instruments import FeeSchedule, SimulatedInstrument
from orderledger.simulation.market.rows import (
    Change,
    Kind,
    OrderStatus,
    SimulatedFill,
    SimulatedFunding,
    SimulatedOrder,
    SimulatedPosition,
    SimulatedTransfer,
)

__all__ = [
    "HAPPENINGS",
    "BackgroundFlow",
    "Change",
    "EntryRules",
    "ExchangeSimulator",
    "FeeSchedule",
    "Kind",
    "OrderBook",
    "OrderStatus",
    "Reason",
    "Refusal",
    "SimulatedFill",
    "SimulatedFunding",
    "SimulatedInstrument",
    "SimulatedOrder",
    "SimulatedPosition",
    "SimulatedTransfer",
    "step",
]
