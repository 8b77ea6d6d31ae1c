"""One account of the ledger during a run: what it holds, and the messages that the run records."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from orderledger import Fill, Message, Outcome
from orderledger.rows import AccountEventRow, CertificateRow, OrderRow, TradeRow
from orderledger.venues.base.venue import Records
from orderledger.venues.reconciliation.book import position_at
from orderledger.venues.reconciliation.breaks import ACTOR, CONCLUDED
from orderledger.venues.reconciliation.holdings import Holdings, PositionName

if TYPE_CHECKING:
    from orderledger import Ledger

FillName = tuple[str | None, str]
"""The venue's id of an order, and the id of a fill."""


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
        return self.book.orders(open_only=True, account=self.name)

    def concluded_orders(self) -> list[OrderRow]:
        """Our orders whose end was concluded from absence."""
        return self.book.orders(
            account=self.name, origin="own", status="canceled", reason=CONCLUDED
        )

    def before(self) -> Before:
        with self.book.views.in_one_state():
            certified = self.book.reconciliations.certificates(account=self.name)
            events = self.book.log.account_events(account=self.name, kind="gap")
            orders = self.book.orders(open_only=True, account=self.name)
        last = max(certified, key=itemgetter("position"), default=None)
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
                instruments=self.book.instruments(account=self.name),
            )

    def quantity_at(self, moment: datetime, name: PositionName) -> Decimal:
        """The quantity of a position at a time, by all that is known now."""
        return position_at(self.book, self.name, name.instrument, moment, name.part).quantity

    def fills_after(self, moment: datetime, name: PositionName) -> list[TradeRow]:
        """The active fills of an instrument after a time."""
        trades = self.book.trades(account=self.name, instrument=name.instrument)
        return [row for row in trades if row["at"] > moment and row["side"]]
