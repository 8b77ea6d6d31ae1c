"""One account of the ledger during a run: what it holds, and the messages that the run records."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from orderledger import Fill, Message, Outcome
from orderledger.extend.views import Terms, is_held, terms_of
from orderledger.rows import (
    AccountEventRow,
    BalanceRow,
    CertificateRow,
    EventRow,
    InstrumentRow,
    OrderRow,
    TradeRow,
)
from orderledger.venues.base.venue import Records
from orderledger.venues.reconciliation.book import MOVES_BALANCES, position_at
from orderledger.venues.reconciliation.bookings import (
    COUNTED,
    MOVES,
    PAID,
    Booking,
    of_event,
    of_trade,
)
from orderledger.venues.reconciliation.breaks import ACTOR, CONCLUDED
from orderledger.venues.reconciliation.holdings import Holdings, PositionName

if TYPE_CHECKING:
    from orderledger import Ledger

FillName = tuple[str | None, str]
"""The venue's id of an order, and the id of a fill."""


class Mark(NamedTuple):
    """The log position at a time of the run, and the number of the run's records."""

    position: int
    records: int


class Record(NamedTuple):
    """A message that was recorded, or would be in a dry run, and its outcome."""

    message: Message
    outcome: Outcome


class Before(NamedTuple):
    """State from earlier runs: the last certificate, the open gaps, and the open orders."""

    certificate: CertificateRow | None
    gaps: Sequence[AccountEventRow]
    orders: Sequence[OrderRow]


class ReconciledAccount:
    """The account in the ledger. Queries are answered as of now.

    `records`: finds orders by name. `actor`: who the recorded messages name.
    """

    def __init__(self, book: "Ledger", name: str, records: Records, actor: str = ACTOR) -> None:
        self.book = book
        self.name = name
        self.recorded: list[Record] = []
        self._records = records
        self._actor = actor

    def news(self, messages: Sequence[Message]) -> list[Message]:
        """The messages that are not recorded yet."""
        assumed = self._assumed(messages)
        outcomes = (
            self.book.recording.preview([*assumed, *messages])[len(assumed) :] if messages else ()
        )
        return [
            message
            for message, outcome in zip(messages, outcomes, strict=True)
            if outcome.outcome == "recorded"
        ]

    def record(self, messages: Iterable[Message]) -> None:
        """Record messages in their order."""
        named = self.signed(messages)
        if named:
            outcomes = self.book.record_many(named)
            self.recorded += map(Record, named, outcomes)

    def signed(self, messages: Iterable[Message]) -> tuple[Message, ...]:
        """The messages with the actor of this run."""
        return tuple(
            message.model_copy(update={"actor": self._actor})
            if message.actor == ACTOR != self._actor
            else message
            for message in messages
        )

    def _assumed(self, messages: Sequence[Message]) -> list[Message]:
        """Messages of this run about the same orders that the ledger does not have."""
        return []

    @property
    def appended(self) -> int:
        """The number of messages that this run has appended."""
        return sum(record.outcome.outcome == "recorded" for record in self.recorded)

    def order(self, name: str) -> OrderRow | None:
        """The order of the account with this id."""
        return self._records.order(self.name, name)

    def orders(self, names: Sequence[str]) -> list[OrderRow | None]:
        """The orders with these ids, in one state of the ledger."""
        with self.book.views.in_one_state():
            return [self.order(name) for name in names]

    def open_orders(self) -> list[OrderRow]:
        """The orders that the venue may list: without those that a gateway still holds."""
        rows = self.book.orders(open_only=True, account=self.name)
        return [row for row in rows if not is_held(row)]

    def concluded_orders(self) -> list[OrderRow]:
        """Our orders whose end was concluded from absence."""
        return self.book.orders(
            account=self.name, origin="own", status="canceled", reason=CONCLUDED
        )

    def before(self) -> Before:
        with self.book.views.in_one_state():
            certified = self.book.reconciliations.last_certificates()
            events = self.book.log.account_events(account=self.name, kind="gap")
            orders = self.book.orders(open_only=True, account=self.name)
        last = next((one for one in certified if one["account"] == self.name), None)
        return Before(last, [gap for gap in events if gap["to_at"] is None], orders)

    def fills(self, order: OrderRow | None, fill_id: str) -> list[TradeRow]:
        """The active fills of an order with this id."""
        return [] if order is None else self.book.trades(stream=order["stream"], fill_id=fill_id)

    def known(self, fills: Iterable[Fill]) -> set[FillName]:
        """The fills that the ledger has, by order and fill id."""
        named: dict[str, list[str]] = {}
        for fill in fills:
            if fill.venue_order_id is not None:
                named.setdefault(fill.venue_order_id, []).append(fill.fill_id)
        with self.book.views.in_one_state():
            return {
                (name, fill_id)
                for name, fill_ids in named.items()
                if (order := self.order(name)) is not None
                for fill_id in fill_ids
                if self.fills(order, fill_id)
            }

    def holdings(self, known: Holdings | None = None) -> Holdings:
        """The positions now. `known`: those that hold unless the log has grown."""
        position = self.book.log.position()
        if known is not None and known.position == position:
            return known
        with self.book.views.in_one_state():
            return Holdings(
                account=self.name,
                position=position,
                rows={PositionName.of(row): row for row in self.book.positions(account=self.name)},
                instruments=self._instruments(),
            )

    def quantity_at(self, moment: datetime, name: PositionName) -> Decimal:
        """The quantity of a position at a time, by all that is known now."""
        return position_at(self.book, self.name, name.instrument, moment, name.part).quantity

    def fills_after(self, moment: datetime, name: PositionName) -> list[TradeRow]:
        """The active fills of an instrument after a time."""
        trades = self.book.trades(account=self.name, instrument=name.instrument)
        return [row for row in trades if row["at"] > moment and row["side"]]

    def position_of(self, mark: Mark) -> int:
        """The log position with all records of the run by then."""
        return mark.position

    def has_moved(self, mark: Mark) -> bool:
        """Check for an event of the account since then that can change the total of a balance."""
        return bool(self.moves(mark.position))

    def moves(self, after: int, to: int | None = None) -> list[EventRow]:
        """The events after a log position, up to another, that can change the total of a
        balance."""
        return [
            event
            for event in self.book.events(account=self.name, after=after)
            if event["name"].startswith(MOVES_BALANCES) and (to is None or event["position"] <= to)
        ]

    def balances(self) -> dict[str, BalanceRow]:
        """The balances now, by currency."""
        return {row["currency"]: row for row in self.book.balances(account=self.name)}

    def has_money_since(self, moment: datetime) -> bool:
        """Check for a fill, funding, transfer or settlement of this time or later."""
        asked: dict[str, Any] = {"account": self.name, "since": moment}
        events = self.book.log.account_events(**asked)
        return bool(self.book.trades(**asked)) or any(row["kind"] in PAID for row in events)

    def booked(self, since: datetime, after: int, to: int) -> list[Booking]:
        """The rows of fills, fundings and transfers recorded after a log position, up to another,
        and dated `since` or later."""
        asked: dict[str, Any] = {"account": self.name, "since": since}
        with self.book.views.in_one_state():
            terms = self.terms()
            trades, events = self.book.trades(**asked), self.book.log.account_events(**asked)
        found = [
            booking
            for trade in trades
            if after < trade["position"] <= to
            for booking in of_trade(trade, terms)
        ]
        moved = (row for row in events if row["kind"] in MOVES and row["state"] in COUNTED)
        return found + [of_event(row) for row in moved if after < row["position"] <= to]

    def terms(self) -> dict[str, Terms]:
        """The terms of the instruments."""
        return {row["instrument"]: terms_of(row) for row in self._instruments()}

    def _instruments(self) -> list[InstrumentRow]:
        return self.book.instruments(account=self.name)
