"""A venue under test: its simulated exchange, its server, and its adapter."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from orderledger.extend.values import Clock
from orderledger.simulation.market import (
    ExchangeSimulator,
    SimulatedFill,
    SimulatedInstrument,
    SimulatedOrder,
)
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.server import VenueServer
from orderledger.venues.base.venue import Records, Venue


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueUnderTest:
    """A venue as the rules need it, with the waits of its adapter scaled down.

    `names`: the names of accounts at the exchange, by their names in the ledger. `alias`: the
    venue's name of the client id, which `client_id` makes. `others_client_id`: that of an order of
    others, by a number. `venue_id`: the venue's id of an order. `happenings`: how often each thing
    happens at the venue.

    `new_ids`: a change gives an order a new id. `can_resize`: a change may have another quantity.
    `can_modify`: orders can be changed at all. `reports_fills`: False if the adapter makes fills of
    cumulated quantities. `reports_liquidity`: a fill names the maker. `is_polled`: the adapter
    lists orders also while it listens. `has_frames`: the adapter listens to a websocket.
    `lists_ended_orders`: the list of orders also has those that ended.
    """

    name: str
    names: Mapping[str, str]
    instruments: tuple[SimulatedInstrument, ...]
    happenings: Mapping[str, int]
    new_ids: bool
    can_resize: bool
    reports_fills: bool
    alias: str
    client_id: Callable[[str, str], str]
    others_client_id: Callable[[int], str | None]
    exchange: Callable[[Clock], ExchangeSimulator]
    serve: Callable[[ExchangeSimulator, Faults, Clock], VenueServer]
    connect: Callable[[VenueServer, Records, Clock, Random], Venue]
    reports_liquidity: bool = True
    can_modify: bool = True
    venue_id: Callable[[SimulatedOrder | SimulatedFill], str] = lambda order: str(order.order_id)
    is_polled: bool = False
    has_frames: bool = True
    lists_ended_orders: bool = False
