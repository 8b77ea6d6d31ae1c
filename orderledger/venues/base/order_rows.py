"""Translates a row of an order to its messages, for venues whose rows show the order's state:
see `OrderState`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, Protocol, TypeAlias

from orderledger import (
    Acknowledge,
    Balance,
    Fill,
    Liquidity,
    Message,
    OrderType,
    ReportedClaims,
    Side,
    Source,
)
from orderledger import OrderStatus as Status
from orderledger import Status as StatusReport
from orderledger.extend.messages import Report
from orderledger.extend.values import ZERO, DatedBy, plain, total
from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.fields import EARLIEST, Document, Unreadable
from orderledger.venues.base.symbols import SymbolTable
from orderledger.venues.base.translation import Fault, Translation, guarded, joined
from orderledger.venues.base.venue import NoRecords, Records

Meaning: TypeAlias = tuple[type[Report], Status]
"""The message for a venue's status word, and the ledger's word for it."""


class SeenAt(Protocol):
    """The time of an order's acceptance or end, for rows without it: when it was first seen.
    None if it is unknown, as in a recording.
    """

    def __call__(self, venue_order_id: str, *, is_end: bool) -> datetime | None: ...


def never_seen(venue_order_id: str, *, is_end: bool) -> datetime | None:
    return None


MOST_REMEMBERED = 5_000
"""Orders whose fills are remembered, until the ledger has them."""


class FillTimes:
    """The time at which a quantity of an order was filled, from the ledger's fills and from
    translated fills that may not be recorded yet. A venue whose rows have no time of change gets
    its times from here.
    """

    def __init__(self, account: str, records: Records) -> None:
        self._account = account
        self._records = records
        self._translated: dict[str, dict[str, Fill]] = {}

    def note(self, messages: Iterable[Message]) -> None:
        """Remember the fills among these messages."""
        for message in messages:
            if isinstance(message, Fill) and message.venue_order_id is not None:
                self._translated.setdefault(message.venue_order_id, {})[message.fill_id] = message
        for name in list(self._translated)[:-MOST_REMEMBERED]:
            del self._translated[name]

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
        translation = self._translated.get(venue_order_id, {})
        recorded = self._records.trades(self._account, venue_order_id)
        return [
            (fill.at, fill.quantity) for fill in translation.values() if fill.at is not None
        ] + [(row["at"], row["quantity"]) for row in recorded if row["fill_id"] not in translation]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowContext:
    """Facts that rows lack: account, source and time, the fills known by now, the time of
    undated events, and the terms of instruments.
    """

    account: str
    source: Source = Source.VENUE_POLL
    received_at: datetime | None = None
    fills: FillTimes | None = None
    first_seen_at: SeenAt = never_seen
    terms_of: Callable[[str], Terms | None] = lambda instrument: None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderState:
    """The state of an order in a row. `dated_by`: whether `at` is the venue's time of this
    state; the time of creation is not. `meaning` is None for a `word` that the vocabulary lacks:
    the word itself is passed on, the ledger flags `unknown_status`, and the order stays open.
    `filled` is a claim, and never makes a fill.
    """

    venue_order_id: str
    aliases: dict[str, str]
    instrument: str
    side: Side
    word: str
    meaning: Meaning | None
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

    def report(self, context: RowContext, evidence: Any) -> Report:
        """The message for the row's status, with the row's other claims."""
        kind, status = self.meaning or (StatusReport, self.word)
        is_partial = kind is Acknowledge and bool(self.filled)
        claims = ReportedClaims(
            status=None
            if self.meaning is None
            else Status.PARTIALLY_FILLED
            if is_partial
            else status,
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
            own |= {"status": str(status), "dated_by": self.dated_by}
        return kind(**self.common(context), **own)


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
    translation: list[Fill] = []
    equals: dict[str, int] = {}
    for fill in sorted(rows, key=lambda row: row.at or EARLIEST):
        when = "" if fill.at is None else fill.at.strftime("%Y%m%dT%H%M%S.%fZ")
        name = f"{common['venue_order_id']}:{when}:{plain(fill.price)}:{plain(fill.quantity)}"
        equals[name] = equals.get(name, 0) + 1
        if is_repeated and equals[name] > 1:
            continue
        own = {field: getattr(fill, field) for field in FILL_FIELDS}
        translation.append(
            Fill(**common, **own, fill_id=name if equals[name] == 1 else f"{name}:{equals[name]}")
        )
    return translation


ReadRow: TypeAlias = Callable[[Document, RowContext], Iterable[Message]]


def state_at(
    venue_order_id: str, made_at: datetime | None, filled: Decimal | None, context: RowContext
) -> datetime | None:
    """The time from which an order has the row's state, for a row with only a creation time. It
    is the time of the fills that lead to that state.
    """
    at = (
        context.fills.reached_at(venue_order_id, filled)
        if context.fills is not None and filled
        else None
    )
    return latest(made_at, at)


def latest(*moments: datetime | None) -> datetime | None:
    """The latest of the known times."""
    return max((moment for moment in moments if moment is not None), default=None)


def balance(row: Document, currency: str, quantity: Decimal, context: RowContext) -> Balance:
    """The balance of a currency, including the amount blocked by open orders."""
    return Balance(
        account=context.account,
        source=context.source,
        instrument=currency,
        quantity=quantity,
        at=context.received_at,
        evidence=row,
    )


def each(rows: Sequence[Any], read: ReadRow, context: RowContext) -> Translation:
    """The messages of independent rows. A row that cannot be read is a fault, and does not
    affect the others.
    """

    def one(row: Any) -> Translation:
        if not isinstance(row, dict):
            raise Unreadable("is not a row")
        return Translation(tuple(read(row, context)))

    return joined(guarded(partial(one, row), row) for row in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """Readers for the rows of one venue: its `translate` module provides them to its adapter and to
    recordings.

    - `order` returns the messages of an order's row, and of the fills in it.

    - `fill` returns the message of a row in a list of fills, if the venue has one; `is_fill`
      distinguishes such rows from orders.

    - `balance` returns the message of a currency balance.

    - `id_in` returns the id of an order, None for a row that is not an order; may raise Unreadable.
      `has_ended`: whether the order has ended.

    - `rows` returns the rows of a payload and their reader, None for a payload without rows; raises
      Unreadable for a payload of another form.

    - `terms` returns the terms of all instruments in a payload that lists them.

    - `filled` returns the filled quantity that an order's row claims, and how much of it the row
      lists, if orders list their fills; may raise Unreadable.
    """

    markets: SymbolTable
    order: ReadRow
    balance: ReadRow
    id_in: Callable[[Document], str | None]
    has_ended: Callable[[Document], bool]
    rows: Callable[[Document], tuple[ReadRow, Sequence[Any]] | None]
    terms: Callable[[Document], dict[str, Terms]]
    fill: ReadRow | None = None
    is_fill: Callable[[Any], bool] = lambda row: False
    filled: Callable[[Document], tuple[Decimal, Decimal]] = lambda row: (ZERO, ZERO)

    def id_of(self, row: Any) -> str | None:
        """The id of the order of a row. None if there is none, or none that can be read."""
        try:
            return self.id_in(row) if isinstance(row, dict) else None
        except Unreadable:
            return None

    def translated(self, document: Any, context: RowContext) -> Translation:
        """The messages and faults of one payload. Never raises."""
        if not isinstance(document, dict):
            return Translation(faults=[Fault("is not a JSON object", document)])
        try:
            found = self.rows(document)
        except Unreadable as fault:
            return Translation(faults=[Fault(str(fault), document)])
        return Translation() if found is None else each(found[1], found[0], context)


class RowRecording:
    """`Recording` of payloads that are independent of one another."""

    def __init__(self, account: str, readers: Readers) -> None:
        self._readers = readers
        self._fills = FillTimes(account, NoRecords())
        self._context = RowContext(account=account, fills=self._fills)
        self._terms: dict[str, Terms] = {}

    def read(self, document: Any) -> Translation:
        if isinstance(document, dict):
            self._terms.update(self._readers.terms(document))
        translation = self._readers.translated(document, self._context)
        self._fills.note(translation.messages)
        return translation

    def rest(self) -> Translation:
        return Translation()

    def terms_of(self, instrument: str) -> Terms | None:
        return self._terms.get(instrument) or self._readers.markets.terms(instrument)
