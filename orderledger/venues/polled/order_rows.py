"""Translates a row of an order to its messages, for venues whose rows show the order's state:
see `PolledOrderState`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, Protocol, TypeAlias

from orderledger import (
    Acknowledged,
    Canceled,
    Fill,
    Liquidity,
    Message,
    OrderType,
    Rejected,
    ReportedClaims,
    Side,
    Source,
)
from orderledger import OrderStatus as Status
from orderledger import StatusObserved as StatusReport
from orderledger.extend.messages import Report
from orderledger.extend.values import ZERO, DatedBy, plain, total
from orderledger.venues.base.definitions import Now, Terms
from orderledger.venues.base.fields import EARLIEST, Document, PayloadRow, Unreadable
from orderledger.venues.base.translation import Translation, guarded, joined
from orderledger.venues.base.venue import Records

REPORTS: Mapping[Status, type[Report]] = {
    Status.NEW: Acknowledged,
    Status.CANCELED: Canceled,
    Status.REJECTED: Rejected,
}
"""The message for a status; for any other it is a `status_observed`."""
ENDED = frozenset({Status.FILLED, Status.CANCELED, Status.REJECTED})


class SeenAt(Protocol):
    """The time of an order's acceptance or end, for rows without it: when it was first seen.
    None if it is unknown, as in a recording.
    """

    def __call__(self, venue_order_id: str, *, is_end: bool) -> datetime | None: ...


def never_seen(venue_order_id: str, *, is_end: bool) -> datetime | None:
    return None


MOST_REMEMBERED = 5_000
"""Orders whose fills and times are remembered, until the ledger has them."""


class FillTimes:
    """The time at which a quantity of an order was filled, from the ledger's fills and from
    translated fills that may not be recorded yet. A venue whose rows have no time of change gets
    its times from here.
    """

    def __init__(self, account: str, records: Records) -> None:
        self._account = account
        self._records = records
        self._fills: dict[str, dict[str, Fill]] = {}

    def note(self, messages: Iterable[Message]) -> None:
        """Remember the fills among these messages."""
        for message in messages:
            if isinstance(message, Fill) and message.venue_order_id is not None:
                self._fills.setdefault(message.venue_order_id, {})[message.fill_id] = message
        for name in list(self._fills)[:-MOST_REMEMBERED]:
            del self._fills[name]

    def lacking(self, messages: Sequence[Message]) -> Iterator[str]:
        """The orders whose claimed filled quantity is more than their known fills."""
        for message in messages:
            name = getattr(message, "venue_order_id", None)
            claims = getattr(message, "reported", None)
            if name is None or claims is None:
                continue
            if (claims.cum_quantity or 0) > self.total(name):
                yield name

    def total(self, venue_order_id: str) -> Decimal:
        """The quantity known to be filled."""
        return sum((quantity for _, quantity in self._known(venue_order_id)), ZERO)

    def reached_at(self, venue_order_id: str, filled: Decimal) -> datetime | None:
        """When this much was filled; for more than the known quantity, the time of the last
        known fill. None if no fill is known.
        """
        cumulated, at = ZERO, None
        for filled_at, quantity in sorted(self._known(venue_order_id)):
            if cumulated >= filled:
                break
            cumulated, at = cumulated + quantity, filled_at
        return at

    def _known(self, venue_order_id: str) -> list[tuple[datetime, Decimal]]:
        translated = self._fills.get(venue_order_id, {})
        recorded = self._records.trades(self._account, venue_order_id)
        return [(fill.at, fill.quantity) for fill in translated.values() if fill.at is not None] + [
            (row["at"], row["quantity"]) for row in recorded if row["fill_id"] not in translated
        ]


class FirstSeen:
    """When an order, or its end, was first seen: by the ledger, else here. `SeenAt` for rows of
    polls."""

    def __init__(self, account: str, records: Records, now: Now) -> None:
        self._account, self._records, self._now = account, records, now
        self._seen_at: dict[tuple[str, bool], datetime] = {}

    def __call__(self, venue_order_id: str, *, is_end: bool) -> datetime:
        key = (venue_order_id, is_end)
        if key not in self._seen_at:
            known = self._records.order(self._account, venue_order_id) or {}
            time = known.get("ended_at" if is_end else "acknowledged_at") or self._now()
            self._seen_at[key] = time
            for old in list(self._seen_at)[:-MOST_REMEMBERED]:
                del self._seen_at[old]
        return self._seen_at[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowContext:
    """Facts that rows lack: account, source and time, the fills known by now, the time of
    undated events, and the terms of instruments. `client_ids`: those of other rows, by the venue's
    id.
    """

    account: str
    source: Source = Source.VENUE_POLL
    received_at: datetime | None = None
    fills: FillTimes | None = None
    first_seen_at: SeenAt = never_seen
    terms_of: Callable[[str], Terms | None] = lambda instrument: None
    client_ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolledOrderState:
    """An order as a row shows it. `dated_by`: whether `at` is the venue's time of this state; the
    time of creation is not. `status` is None for a `word` that is not known: the word itself is
    passed on, the ledger flags `unknown_status`, and the order stays open. `filled` is a claim, and
    never makes a fill."""

    venue_order_id: str
    aliases: dict[str, str]
    instrument: str
    side: Side
    word: str
    status: Status | None
    at: datetime | None
    quantity: Decimal | None
    filled: Decimal | None
    average_price: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    order_type: OrderType | None = None
    reason: str | None = None
    text: str | None = None
    dated_by: DatedBy = DatedBy.VENUE

    def common(self, context: RowContext) -> Document:
        """The fields of every message about the order."""
        return {
            "account": context.account,
            "venue_order_id": self.venue_order_id,
            "aliases": self.aliases,
            "instrument": self.instrument,
            "side": self.side,
            "source": context.source,
        }

    def report(self, context: RowContext, evidence: PayloadRow) -> Report:
        """The message for the row's status, with the row's other claims."""
        kind = StatusReport if self.status is None else REPORTS.get(self.status, StatusReport)
        is_partial = kind is Acknowledged and bool(self.filled)
        claims = ReportedClaims(
            status=Status.PARTIALLY_FILLED if is_partial else self.status,
            quantity=self.quantity or None,
            cum_quantity=self.filled,
            average_price=self.average_price if self.filled else None,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            order_type=self.order_type,
        )
        own: Document = {
            "at": self.at,
            "reported": claims,
            "reason": self.reason,
            "text": self.text,
            "evidence": evidence,
        }
        if kind is StatusReport:
            own |= {"status": str(self.status or self.word), "dated_by": self.dated_by}
        return kind(**self.common(context), **own)


def reported(state: PolledOrderState, context: RowContext, row: PayloadRow) -> Iterator[Message]:
    """The one report of the state of an order."""
    yield state.report(context, row)


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRow:
    """A fill that a row lists without an id."""

    at: datetime | None
    quantity: Decimal
    price: Decimal
    fee: Decimal | None
    fee_currency: str | None
    liquidity: Liquidity | None
    evidence: Any
    text: str | None = None


FILL_FIELDS = tuple(field.name for field in fields(FillRow))


def nameless_fills(rows: Sequence[FillRow], common: Document, filled: Decimal | None) -> list[Fill]:
    """The fills of one order, oldest first, for a venue that gives them no ids.

    A fill is identified by the order, its time, price and quantity, and its number among equals. So
    the sequence of the list does not matter, and a fill that is listed later changes no other's id.
    If the rows add up to more than `filled`, equal rows count as one repeated row.
    """
    is_repeated = filled is not None and total(row.quantity for row in rows) > filled
    fills: list[Fill] = []
    equals: dict[str, int] = {}
    for fill in sorted(rows, key=lambda row: row.at or EARLIEST):
        when = "" if fill.at is None else fill.at.strftime("%Y%m%dT%H%M%S.%fZ")
        name = f"{common['venue_order_id']}:{when}:{plain(fill.price)}:{plain(fill.quantity)}"
        equals[name] = equals.get(name, 0) + 1
        if is_repeated and equals[name] > 1:
            continue
        own = {field: getattr(fill, field) for field in FILL_FIELDS}
        fills.append(
            Fill(**common, **own, fill_id=name if equals[name] == 1 else f"{name}:{equals[name]}")
        )
    return fills


ReadRow: TypeAlias = Callable[[PayloadRow, RowContext], Iterable[Message]]


def latest(*moments: datetime | None) -> datetime | None:
    """The latest of the known times."""
    return max((moment for moment in moments if moment is not None), default=None)


def each(rows: Sequence[Any], read: ReadRow, context: RowContext) -> Translation:
    """The messages of independent rows. A row that cannot be read is a fault, and does not
    affect the others.
    """

    def one(row: Any) -> Translation:
        if not isinstance(row, dict):
            raise Unreadable("is not a row")
        return Translation(tuple(read(row, context)))

    return joined(guarded(partial(one, row), row) for row in rows)
