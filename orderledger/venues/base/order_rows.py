"""From a row of an order to its messages, for venues whose rows say how an order stands: see
`OrderState`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, Protocol, TypeAlias

from orderledger.domain.exact import ZERO, plain, total
from orderledger.domain.values import DatedBy, Liquidity, OrderType, Side, Source, Status
from orderledger.infrastructure.messages.registry import (
    Acknowledged,
    Balance,
    Fill,
    Message,
    Report,
    ReportedClaims,
)
from orderledger.infrastructure.messages.registry import StatusObserved as StatusReport
from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.fields import EARLIEST, Document, Unreadable
from orderledger.venues.base.symbols import SymbolTable
from orderledger.venues.base.translation import Fault, Translation, guarded, joined
from orderledger.venues.base.venue import NoRecords, Records

Meaning: TypeAlias = tuple[type[Report], Status]
"""The message for a venue's word, and the ledger's word for it."""


class SeenAt(Protocol):
    """The time of an order's acceptance, or of its end, for rows that do not say it: when it was
    first seen. None if nothing is known of that, as in a recording."""

    def __call__(self, venue_order_id: str, *, is_end: bool) -> datetime | None: ...


def never_seen(venue_order_id: str, *, is_end: bool) -> datetime | None:
    return None


MOST_REMEMBERED = 5_000
"""Orders whose fills are remembered, until the ledger has them."""


class FillTimes:
    """When how much of an order was filled: by the fills of the ledger, and by those that were
    translated and may not be recorded yet. A venue whose rows do not say when they changed gets its
    times from here."""

    def __init__(self, account: str, records: Records) -> None:
        self._account = account
        self._records = records
        self._told: dict[str, dict[str, Fill]] = {}

    def note(self, messages: Iterable[Message]) -> None:
        """Remember the fills among these messages."""
        for message in messages:
            if isinstance(message, Fill) and message.venue_order_id is not None:
                self._told.setdefault(message.venue_order_id, {})[message.fill_id] = message
        for name in list(self._told)[:-MOST_REMEMBERED]:
            del self._told[name]

    def total(self, venue_order_id: str) -> Decimal:
        """How much is known to be filled."""
        return sum((quantity for _, quantity in self._known(venue_order_id)), ZERO)

    def reached_at(self, venue_order_id: str, filled: Decimal) -> datetime | None:
        """When so much was filled; of more than is known, when the last of what is known was. None
        if nothing is known."""
        cumulated, at = ZERO, None
        for filled_at, quantity in sorted(self._known(venue_order_id)):
            if cumulated >= filled:
                break
            cumulated, at = cumulated + quantity, filled_at
        return at

    def _known(self, venue_order_id: str) -> list[tuple[datetime, Decimal]]:
        told = self._told.get(venue_order_id, {})
        recorded = self._records.trades(self._account, venue_order_id)
        return [(fill.at, fill.quantity) for fill in told.values() if fill.at is not None] + [
            (row["at"], row["quantity"]) for row in recorded if row["fill_id"] not in told
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowContext:
    """What rows do not say: the account, how and when they came, the fills known by now, the time
    of what they do not date, and the terms of instruments."""

    account: str
    source: Source = Source.VENUE_POLL
    heard_at: datetime | None = None
    fills: FillTimes | None = None
    first_seen_at: SeenAt = never_seen
    terms_of: Callable[[str], Terms | None] = lambda instrument: None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderState:
    """An order as a row shows it. `dated_by`: whether `at` is the venue's time of this state; the
    time of creation is not. `meaning` is None for a `word` that the vocabulary lacks: the word
    itself is passed on, the ledger flags `unknown_status`, and the order stays open. `filled` is a
    claim, and never makes a fill."""

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
        """The message for the row's status, with what the row claims."""
        kind, status = self.meaning or (StatusReport, self.word)
        is_partial = kind is Acknowledged and bool(self.filled)
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
    """The fills of one order, where the venue gives them no ids: oldest first.

    A fill is identified by the order, its time, price and quantity, and its number among equals. So
    the order of the list means nothing, and a fill that is listed later changes no other's id. Of
    rows that come to more than what is `filled`, equal ones are one row that was repeated.
    """
    is_repeated = filled is not None and total(row.quantity for row in rows) > filled
    told: list[Fill] = []
    equals: dict[str, int] = {}
    for fill in sorted(rows, key=lambda row: row.at or EARLIEST):
        when = "" if fill.at is None else fill.at.strftime("%Y%m%dT%H%M%S.%fZ")
        name = f"{common['venue_order_id']}:{when}:{plain(fill.price)}:{plain(fill.quantity)}"
        equals[name] = equals.get(name, 0) + 1
        if is_repeated and equals[name] > 1:
            continue
        own = {field: getattr(fill, field) for field in FILL_FIELDS}
        told.append(
            Fill(**common, **own, fill_id=name if equals[name] == 1 else f"{name}:{equals[name]}")
        )
    return told


ReadRow: TypeAlias = Callable[[Document, RowContext], Iterable[Message]]


def state_at(
    venue_order_id: str, made_at: datetime | None, filled: Decimal | None, context: RowContext
) -> datetime | None:
    """Since when an order stands as a row shows it, where the row says only when it was made: since
    so much was filled."""
    at = (
        context.fills.reached_at(venue_order_id, filled)
        if context.fills is not None and filled
        else None
    )
    return latest(made_at, at)


def latest(*moments: datetime | None) -> datetime | None:
    """The latest of those that are known."""
    return max((moment for moment in moments if moment is not None), default=None)


def balance(row: Document, currency: str, quantity: Decimal, context: RowContext) -> Balance:
    """What is held of a currency, what open orders have blocked included."""
    return Balance(
        account=context.account,
        source=context.source,
        instrument=currency,
        quantity=quantity,
        at=context.heard_at,
        evidence=row,
    )


def each(rows: Sequence[Any], read: ReadRow, context: RowContext) -> Translation:
    """The messages of independent rows. A row that cannot be read is a fault, and costs the others
    nothing."""

    def one(row: Any) -> Translation:
        if not isinstance(row, dict):
            raise Unreadable("is no row")
        return Translation(tuple(read(row, context)))

    return joined(guarded(partial(one, row), row) for row in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """How the rows of one venue are read: what its `translate` module gives to its adapter and to
    recordings.

    - `order` gives the messages of the row of an order, and of the fills in it.
    - `fill` gives the message of the row of a list of fills, where the venue has one; `is_fill`
      tells such rows from orders.
    - `balance` gives the message of a currency that is held.
    - `id_in` gives the id of an order, None if the row is none's; may raise Unreadable.
      `has_ended`: whether the order has.
    - `rows` gives the rows of a payload and their reader, None for a payload without rows; raises
      Unreadable for a payload that is none of the venue's.
    - `terms` gives the terms of all instruments in a payload that lists them.
    - `filled` gives how much the row of an order says to be filled, and how much of that it lists,
      where orders list their fills; may raise Unreadable.
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
        """The id of the order of a row. None if it has none, or none that can be read."""
        try:
            return self.id_in(row) if isinstance(row, dict) else None
        except Unreadable:
            return None

    def translated(self, document: Any, context: RowContext) -> Translation:
        """The messages of one payload, and its faults. Never raises."""
        if not isinstance(document, dict):
            return Translation(faults=[Fault("is not a JSON object", document)])
        try:
            found = self.rows(document)
        except Unreadable as fault:
            return Translation(faults=[Fault(str(fault), document)])
        return Translation() if found is None else each(found[1], found[0], context)


class RowRecording:
    """`Recording` of payloads that each stand alone."""

    def __init__(self, account: str, readers: Readers) -> None:
        self._readers = readers
        self._fills = FillTimes(account, NoRecords())
        self._context = RowContext(account=account, fills=self._fills)
        self._terms: dict[str, Terms] = {}

    def read(self, document: Any) -> Translation:
        if isinstance(document, dict):
            self._terms.update(self._readers.terms(document))
        told = self._readers.translated(document, self._context)
        self._fills.note(told.messages)
        return told

    def rest(self) -> Translation:
        return Translation()

    def terms_of(self, instrument: str) -> Terms | None:
        return self._terms.get(instrument) or self._readers.markets.terms(instrument)
