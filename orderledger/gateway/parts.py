"""The parts of a gateway that sending, changing and resolving share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orderledger.extend.values import Clock
from orderledger.gateway.book import Book
from orderledger.gateway.lease_keeper import LeaseKeeper
from orderledger.gateway.results import OnResult
from orderledger.gateway.unsettled import Unsettled
from orderledger.gateway.venue_clocks import VenueClocks
from orderledger.venues.base.order_entry import OrderEntry

if TYPE_CHECKING:
    from orderledger import Ledger


@dataclass(frozen=True, slots=True)
class GatewayParts:
    """The parts of a gateway that sending, changing and resolving share.

    `entries`: by account, where orders are sent. `clocks`: the venues' clocks. `answer_seconds`:
    after this time without an answer, the outcome of a request is unknown.
    """

    ledger: "Ledger"
    entries: Mapping[str, OrderEntry]
    book: Book
    keeper: LeaseKeeper
    unsettled: Unsettled
    clock: Clock
    clocks: VenueClocks
    answer_seconds: float
    on_result: OnResult
