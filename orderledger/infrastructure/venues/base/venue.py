"""What the ledger asks of a venue: one protocol, and the few values that go through it.

An adapter turns what its venue says into messages of the contract, keeps the raw payload as `evidence`, and decides
nothing. Whether a message is news, a repetition or a contradiction is for the ledger to say.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol, runtime_checkable

from orderledger.infrastructure.messages.registry import Balance, Message
from orderledger.infrastructure.venues.base.translation import Fault
from orderledger.projections.view import Row

__all__ = [
    "Abilities",
    "Answer",
    "Down",
    "Garbled",
    "Heard",
    "HeldBefore",
    "Listing",
    "ManyRecords",
    "Records",
    "Told",
    "Up",
    "Venue",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a venue can tell, and what it cannot.

    `fill_identity`: what makes a fill the same fill, in a sentence; `has_fill_ids`: False where fills are made out of
    cumulated quantities. `client_ids`: whether an id of ours names one order for ever, one of several, or nothing.
    `streams`: whether it tells unasked. `orders_reach_back`, `fills_reach_back`: how far, in a sentence.
    """

    client_ids: str
    fill_identity: str
    has_fill_ids: bool
    streams: bool
    orders_reach_back: str
    fills_reach_back: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Messages about one account, in the order the venue said them. `frames`: how many answers or frames they came in."""

    account: str
    messages: Sequence[Message]
    frames: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Down:
    """From `at` on, the last moment at which all was well, nothing is known of these accounts."""

    accounts: Sequence[str]
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Up:
    """From `at` on these accounts are listened to (again). What was missed has to be asked for."""

    accounts: Sequence[str]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbled:
    """A frame or a row that could not be read. What it said about these accounts has to be asked for, unless it `is_answer`: then
    it was asked for, and would come again."""

    accounts: Sequence[str]
    at: datetime
    fault: str
    payload: str
    is_answer: bool = False


Told = Heard | Down | Up | Garbled


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBefore:
    """What was held of an instrument when the first of some fills happened, `at`. `price`: its average cost, where the venue
    tells it."""

    instrument: str
    quantity: Decimal
    price: Decimal | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an answer tells, and what of it could not be read: without secrets, and each payload as text. `begins_at`: from when
    on it is whole, where the venue does not tell as far back as it was asked. `held_before`: what was held before its first
    fill of each instrument, where the venue's fills say that."""

    messages: Sequence[Message]
    faults: Sequence[Fault] = ()
    begins_at: datetime | None = None
    held_before: Sequence[HeldBefore] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Answer):
    """A full list of an account's open orders, as of `at`. `venue_order_ids` are all that it names."""

    venue_order_ids: frozenset[str]
    at: datetime


class Records(Protocol):
    """What the ledger knows already, for the few questions a translation cannot do without."""

    def order(self, account: str, name: str) -> Row | None:
        """The order that bears this id: the venue's, or an alias's value. None if there is none, or more than one."""

    def trades(self, account: str, venue_order_id: str) -> list[Row]:
        """Its standing fills, under this id of the venue."""


@runtime_checkable
class ManyRecords(Records, Protocol):
    """Records that are asked about many orders, or many ids of one, at once: one question for a frame, not one for each."""

    def orders_named(self, account: str, names: Sequence[str], *, alias: str) -> Mapping[str, Row]:
        """As `order` of each name, without those that have none: client ids of ours, or values of this alias."""

    def trades_of(self, order: Row) -> list[Row]:
        """The standing fills of an order, under whichever of its venue's ids."""


class NoRecords:
    """An empty ledger."""

    def order(self, account: str, name: str) -> Row | None:
        return None

    def trades(self, account: str, venue_order_id: str) -> list[Row]:
        return []


class Venue(Protocol):
    """One venue, with the accounts of it that are kept here. Accounts are named as in the ledger, e.g. `lighter:main`.

    Every question raises VenueUnavailable or VenueRefused. No answer is ever taken for an empty one.
    """

    name: str
    abilities: Abilities
    accounts: Sequence[str]

    def listen(self) -> AsyncIterator[Told]:
        """All that keeps coming, by push and by poll, until closed: reconnects, and says when it was down.

        An account is Up before it is first Heard of, but for what is left when a connection ends, or by who listened before: who
        listens again hears Up again. The first thing heard may repeat what was heard before.
        """

    async def hang_up(self) -> None:
        """Have `listen` end by itself, in a few seconds at most: all that was heard by now, and was held back, it tells first."""

    def fault_of(self, account: str) -> str | None:
        """Why the account is not listened to as it should be, as the last attempt has shown; None while all is well, or nothing
        is known. It holds no secret."""

    async def open_orders(self, account: str) -> Listing:
        """All open orders."""

    async def order(self, account: str, order: Row) -> Sequence[Message] | None:
        """All that is known of one order of the ledger, asked for by client id, then alias, then the venue's ids. None: the
        venue says that it does not know it, which proves nothing (its memory may be short: ask for the fills)."""

    async def fills_since(self, account: str, since: datetime) -> Answer:
        """Every fill, correction or bust of one, and funding from `since` on, oldest first, as far back as the venue goes: where
        that is not so far, the answer says since when. Among them may stand what has to be known before a fill: definitions of
        instruments, and quantities that the venue restates."""

    async def positions(self, account: str) -> Sequence[Balance]:
        """All positions that are not flat, and balances of currencies under the currency's name."""

    def tells_position_of(self, instrument: str) -> bool:
        """Whether `positions` would name this instrument if any of it were held."""

    async def aclose(self) -> None:
        """Let go of all connections."""
