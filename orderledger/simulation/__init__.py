"""Simulated venues for tests, the demo and dry runs: one market, and a package for each protocol
through which it is shown. Its servers need the extra `fake`.

`market`: accounts, orders, fills and order books. `local`: in this process and in virtual time,
with the ledger's messages. The others are servers on loopback that speak the venue's protocol;
`servers` has their common parts.
"""

from typing import TYPE_CHECKING

from orderledger.lazy import lazy

if TYPE_CHECKING:
    from orderledger.simulation.ccxt.binance import BinanceServer as BinanceServer
    from orderledger.simulation.ccxt.kraken import KrakenServer as KrakenServer
    from orderledger.simulation.hyperliquid.server import HyperliquidServer as HyperliquidServer
    from orderledger.simulation.invex.server import InvexServer as InvexServer
    from orderledger.simulation.lighter.server import LighterServer as LighterServer
    from orderledger.simulation.local.line import CALM as CALM
    from orderledger.simulation.local.line import LineFaults as LineFaults
    from orderledger.simulation.local.order_entry import LocalOrderEntry as LocalOrderEntry
    from orderledger.simulation.local.venue import LocalVenue as LocalVenue
    from orderledger.simulation.market.background import BackgroundFlow as BackgroundFlow
    from orderledger.simulation.market.checks import (
        EntryRules as EntryRules,
    )
    from orderledger.simulation.market.checks import (
        Reason as Reason,
    )
    from orderledger.simulation.market.checks import (
        Refusal as Refusal,
    )
    from orderledger.simulation.market.exchange import ExchangeSimulator as ExchangeSimulator
    from orderledger.simulation.market.instruments import (
        FeeSchedule as FeeSchedule,
    )
    from orderledger.simulation.market.instruments import (
        SimulatedInstrument as SimulatedInstrument,
    )
    from orderledger.simulation.market.rows import (
        Change as Change,
    )
    from orderledger.simulation.market.rows import (
        Kind as Kind,
    )
    from orderledger.simulation.market.rows import (
        OrderStatus as OrderStatus,
    )
    from orderledger.simulation.market.rows import (
        SimulatedFill as SimulatedFill,
    )
    from orderledger.simulation.market.rows import (
        SimulatedFunding as SimulatedFunding,
    )
    from orderledger.simulation.market.rows import (
        SimulatedOrder as SimulatedOrder,
    )
    from orderledger.simulation.market.rows import (
        SimulatedPosition as SimulatedPosition,
    )
    from orderledger.simulation.nobitex.server import NobitexServer as NobitexServer
    from orderledger.simulation.servers.faults import Faults as Faults
    from orderledger.simulation.servers.keyed import KeyedServer as KeyedServer
    from orderledger.simulation.servers.server import VenueServer as VenueServer
    from orderledger.simulation.servers.simulated import SimulatedVenue as SimulatedVenue
    from orderledger.simulation.tradier.server import TradierServer as TradierServer
    from orderledger.simulation.wallex.server import WallexServer as WallexServer

HOMES: dict[str, tuple[str, ...]] = {
    "orderledger.simulation.market.exchange": ("ExchangeSimulator",),
    "orderledger.simulation.market.background": ("BackgroundFlow",),
    "orderledger.simulation.market.checks": (
        "EntryRules",
        "Reason",
        "Refusal",
    ),
    "orderledger.simulation.market.instruments": (
        "FeeSchedule",
        "SimulatedInstrument",
    ),
    "orderledger.simulation.market.rows": (
        "Change",
        "Kind",
        "OrderStatus",
        "SimulatedFill",
        "SimulatedFunding",
        "SimulatedOrder",
        "SimulatedPosition",
    ),
    "orderledger.simulation.local.venue": ("LocalVenue",),
    "orderledger.simulation.local.line": (
        "CALM",
        "LineFaults",
    ),
    "orderledger.simulation.local.order_entry": ("LocalOrderEntry",),
    "orderledger.simulation.servers.faults": ("Faults",),
    "orderledger.simulation.servers.server": ("VenueServer",),
    "orderledger.simulation.servers.keyed": ("KeyedServer",),
    "orderledger.simulation.servers.simulated": ("SimulatedVenue",),
    "orderledger.simulation.ccxt.binance": ("BinanceServer",),
    "orderledger.simulation.ccxt.kraken": ("KrakenServer",),
    "orderledger.simulation.hyperliquid.server": ("HyperliquidServer",),
    "orderledger.simulation.invex.server": ("InvexServer",),
    "orderledger.simulation.lighter.server": ("LighterServer",),
    "orderledger.simulation.nobitex.server": ("NobitexServer",),
    "orderledger.simulation.tradier.server": ("TradierServer",),
    "orderledger.simulation.wallex.server": ("WallexServer",),
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy(__name__, HOMES)
