"""`Venue`: the protocol that adapters implement, and the values that pass through it.

An adapter translates its venue's payloads into messages of the contract and keeps the raw payload
as `evidence`. It decides nothing: the ledger decides whether a message is new, a duplicate or a
contradiction.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol, runtime_checkable

from orderledger import Balance, Message
from orderledger.extend.views import Row
from orderledger.venues.base.translation import Fault
from orderledger.venues.base.venue_clock import VenueClock

__all__ = [
    "Abilities",
    "Answer",
    "Down",
    "FeedEvent",
    "HasClock",
    "Listing",
    "ManyRecords",
    "Messages",
    "PriorPosition",
    "Records",
    "ReportsBalances",
    "ReportsMarks",
    "UnreadablePayload",
    "Up",
    "Venue",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """The abilities of a venue's reports.

    `fill_identity`: what identifies a fill, in a sentence; `has_fill_ids`: False if fills are
    derived from cumulative quantities. `client_ids`: whether a client id identifies one order for
    ever, one of several, or none. `streams`: whether the venue pushes. `orders_reach_back`,
    `fills_reach_back`: how far back they can be queried, in a sentence. `lists_transfers`: whether
    deposits, withdrawals and transfers are read.
    """

    client_ids: str
    fill_identity: str
    has_fill_ids: bool
    streams: bool
    orders_reach_back: str
    fills_reach_back: str
    lists_transfers: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """Messages about one account, in the venue's order. `frames`: the number of answers or
    frames that contained them.
    """

    account: str
    messages: Sequence[Message]
    frames: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Down:
    """The feed of these accounts is down. `at` is the last moment at which it was up: nothing is
    known of the time after it.
    """

    accounts: Sequence[str]
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Up:
    """The feed of these accounts is up from `at` on. Earlier events that were missed have to be
    queried.
    """

    accounts: Sequence[str]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadablePayload:
    """A frame or a row that cannot be read. Its accounts have to be queried for its content. If
    `is_answer`, the row comes from a query already, and would come again.
    """

    accounts: Sequence[str]
    at: datetime
    fault: str
    payload: str
    is_answer: bool = False


FeedEvent = Messages | Down | Up | UnreadablePayload


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorPosition:
    """The position in an instrument before the first of some fills, which happened `at`.
    `price`: its average cost, if the venue reports it.
    """

    instrument: str
    quantity: Decimal
    price: Decimal | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The messages of an answer, and its unreadable parts, without secrets.

    `begins_at`: the start of the period that the answer covers completely, if the venue does not go
    back as far as requested. `prior_positions`: the position before the first fill of each
    instrument, if the venue's fills state it.
    """

    messages: Sequence[Message]
    faults: Sequence[Fault] = ()
    begins_at: datetime | None = None
    prior_positions: Sequence[PriorPosition] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Answer):
    """The full list of an account's open orders, as of `at`. `venue_order_ids`: the ids of all of
    them, unreadable ones included."""

    venue_order_ids: frozenset[str]
    at: datetime


class Records(Protocol):
    """The ledger's data, for translations that need it."""

    def order(self, account: str, name: str) -> Row | None:
        """The order with this id: the venue's, or the value of an alias. None if there is none, or
        more than one."""

    def trades(self, account: str, venue_order_id: str) -> list[Row]:
        """The active fills of the order with this venue id."""


@runtime_checkable
class ManyRecords(Records, Protocol):
    """Records that answer for many orders at once: one query for a frame, instead of one for
    each row.
    """

    def orders_named(self, account: str, names: Sequence[str], *, alias: str) -> Mapping[str, Row]:
        """The orders with these names, which are client order ids or values of this alias. A name
        without an order is left out."""

    def trades_of(self, order: Row) -> list[Row]:
        """The active fills of an order, under all of its venue ids."""


class NoRecords:
    """An empty ledger."""

    def order(self, account: str, name: str) -> Row | None:
        return None

    def trades(self, account: str, venue_order_id: str) -> list[Row]:
        return []


class Venue(Protocol):
    """One venue and its recorded accounts, by their names in the ledger, e.g. `lighter:main`.

    Every query may raise VenueUnavailable or VenueRefused. A missing answer never counts as an
    empty one.
    """

    name: str
    abilities: Abilities
    accounts: Sequence[str]

    def listen(self) -> AsyncGenerator[FeedEvent]:
        """All events, by push and by poll, until closed. Reconnects, and reports when accounts were
        down.

        An account is Up before its first Messages, except for messages held back when a connection
        ended, or left by an earlier listener. After a new call each account comes Up again. The
        first messages may repeat earlier ones.
        """

    async def disconnect(self) -> None:
        """Stop `listen` within a few seconds, after delivering what is buffered and held back."""

    def error_for(self, account: str) -> str | None:
        """Why the account has no working feed, as of the last attempt. None while it has, or if
        nothing is known. Contains no secret.
        """

    async def open_orders(self, account: str) -> Listing:
        """All open orders."""

    async def order(self, account: str, order: Row) -> Sequence[Message] | None:
        """The venue's state of one order of the ledger, queried by client id, then alias, then
        the venue's ids. None: the venue answers that it does not know the order. That proves
        nothing, because the venue may forget orders early: query the fills.
        """

    async def fills_since(self, account: str, since: datetime) -> Answer:
        """Every fill, correction, bust and funding from `since` on, oldest first. If the venue
        does not go back so far, the answer states from when it is complete. It may include what
        a fill depends on: definitions of instruments, restated quantities.
        """

    async def positions(self, account: str) -> Sequence[Balance]:
        """All positions that are not flat, and the balances of currencies. A balance with
        `currency` and `amount` is compared with the total of the log; one under an instrument's
        name is not."""

    def reports_position(self, instrument: str) -> bool:
        """Whether `positions` would include this instrument if any of it were held."""

    async def aclose(self) -> None:
        """Close all connections."""


@runtime_checkable
class ReportsMarks(Protocol):
    """A venue that states prices of its instruments."""

    async def prices(self, instruments: Sequence[str]) -> Mapping[str, Decimal]:
        """The current price of each of these instruments: the venue's mark price, else the middle
        of bid and ask, else the last trade. Instruments without a price are left out. May raise
        VenueUnavailable or VenueRefused.
        """


@runtime_checkable
class HasClock(Protocol):
    """A venue whose clock is read, so that its difference from ours is known."""

    @property
    def venue_clock(self) -> VenueClock | None:
        """The venue's clock. None if it is not read."""


@runtime_checkable
class ReportsBalances(Protocol):
    """A venue that lists every currency that is held, so that a missing one is 0 there."""

    def reports_balance(self, currency: str) -> bool:
        """Whether `positions` would include this currency if any of it were held. A missing one is
        then 0, if the answer has others."""
