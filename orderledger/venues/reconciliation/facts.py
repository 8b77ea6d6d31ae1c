"""Facts of the venue: its answers about one account, in the order in which they were given."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from orderledger import Balance, Message
from orderledger.extend.values import Clock
from orderledger.rows import OrderRow
from orderledger.venues.base.translation import Fault
from orderledger.venues.base.venue import HasClock, Listing, PriorPosition, ReportsBalances, Venue
from orderledger.venues.reconciliation.breaks import Break, Kind, name_of

DIGITS = 16
APART = timedelta(seconds=5)
"""Largest difference between the venue's clock and ours, if the venue's clock is not known. No
venue states it."""
LAG = timedelta(seconds=1)
"""How far a statement may lag behind the venue's fills, if the venue's clock is known. No venue
states it."""


class Fact(NamedTuple):
    """A report of the venue, and the query that it answers."""

    query: str
    message: Message


class Facts:
    """Queries a venue about one account, and keeps what it answers.

    `balances`: by currency, of the last query for positions. `unsure_from`: time from which it is
    unknown whether a fill is inside them. `fills_begin_at`: time from which the
    venue reported every fill, if that is later than requested. `prior_positions`: positions before
    the venue's first fill of each instrument, if it reports them. `unread`: a break for each part
    of an answer that cannot be read, and may contain something unknown here. `not_reported`: what
    the venue's adapter never reads.
    """

    def __init__(self, venue: Venue, account: str, clock: Clock) -> None:
        self.reported: list[Fact] = []
        self.fills_begin_at: datetime | None = None
        self.prior_positions: dict[str, PriorPosition] = {}
        self.unread: dict[str, Break] = {}
        self.balances: Sequence[Balance] = ()
        self.unsure_from: datetime
        self.reports_position = venue.reports_position
        self.not_reported = () if venue.abilities.lists_transfers else ("transfers",)
        self._venue = venue
        self._account = account
        self._clock = clock

    async def open_orders(self) -> Listing:
        """The full list of open orders."""
        listing = await self._venue.open_orders(self._account)
        self._keep("open_orders", listing.messages)
        self._leave_unread(Kind.UNREADABLE_ORDER, listing.faults, listing.at)
        return listing

    async def fills(self, since: datetime) -> Sequence[Message]:
        """The fills, corrections, busts and fundings from `since` on."""
        answer = await self._venue.fills_since(self._account, since)
        if answer.begins_at is not None:
            self.fills_begin_at = max(self.fills_begin_at or answer.begins_at, answer.begins_at)
        for held in answer.prior_positions:
            known = self.prior_positions.get(held.instrument)
            if known is None or held.at < known.at:
                self.prior_positions[held.instrument] = held
        self._leave_unread(Kind.UNREADABLE_FILL, answer.faults, since)
        return self._keep("fills", answer.messages)

    async def order(self, row: OrderRow) -> Sequence[Message] | None:
        """The venue's reports on one order. None if it does not know the order."""
        answer = await self._venue.order(self._account, row)
        return None if answer is None else self._keep(f"order {name_of(row)}", answer)

    async def positions(self) -> Sequence[Balance]:
        """All positions that are not flat. The balances by currency of the same answer are kept in
        `balances`."""
        self.unsure_from = unsure_from(self._venue, self._clock.now())
        answer = await self._venue.positions(self._account)
        self._keep("positions", answer)
        self.balances = [one for one in answer if one.currency is not None]
        return [one for one in answer if one.currency is None]

    @property
    def has_unread_fills(self) -> bool:
        """Whether an answer about fills had a row that cannot be read."""
        return any(one.kind is Kind.UNREADABLE_FILL for one in self.unread.values())

    def reports_balance(self, currency: str) -> bool:
        """Whether a currency that is missing in the last answer is 0 at the venue. An answer
        without any does not prove that."""
        venue = self._venue
        lists_all = isinstance(venue, ReportsBalances) and venue.reports_balance(currency)
        return bool(self.balances) and lists_all

    def _keep(self, query: str, messages: Sequence[Message]) -> Sequence[Message]:
        self.reported += (Fact(query, message) for message in messages)
        return messages

    def _leave_unread(self, kind: Kind, faults: Sequence[Fault], since: datetime) -> None:
        """Note a break for each unreadable part. It stays open until it is readable or no longer
        sent."""
        for fault in faults:
            text = f"{fault.fault} {fault.payload}".encode(errors="backslashreplace")
            found = Break(
                kind=kind,
                account=self._account,
                subject=sha256(text).hexdigest()[:DIGITS],
                since=since,
                text=f"cannot be read: {fault.fault}",
                theirs=fault.payload,
                is_settled=False,
            )
            self.unread.setdefault(found.id, found)


def unsure_from(venue: Venue, asked_at: datetime) -> datetime:
    """The time from which it is unknown whether a fill is inside a statement that is queried now.
    Earlier ones are. `asked_at`: now, by our clock."""
    clock = venue.venue_clock if isinstance(venue, HasClock) else None
    known = None if clock is None else clock.offset(asked_at)
    if known is None:
        return asked_at - APART
    ahead, bound = known
    return asked_at + ahead - bound - LAG
