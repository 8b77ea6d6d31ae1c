"""One account of the ledger as it would be if the messages of a dry run were recorded."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from orderledger import Adjust, Fill, Message, Outcome
from orderledger.extend.messages import Report
from orderledger.extend.values import EXACT
from orderledger.rows import BalanceRow, OrderRow, TradeRow
from orderledger.venues.base.venue import Records
from orderledger.venues.reconciliation.account import (
    FillName,
    Mark,
    ReconciledAccount,
    Record,
)
from orderledger.venues.reconciliation.bookings import Booking, of_message
from orderledger.venues.reconciliation.breaks import ACTOR, reported_at
from orderledger.venues.reconciliation.differences import (
    Name,
    names_of,
    names_of_report,
)
from orderledger.venues.reconciliation.fills import MONEY
from orderledger.venues.reconciliation.holdings import Change, Holdings, PositionName

if TYPE_CHECKING:
    from orderledger import Ledger


class DryRun(ReconciledAccount):
    """Appends nothing, and answers as if its messages were recorded."""

    appended = 0

    def __init__(self, book: "Ledger", name: str, records: Records, actor: str = ACTOR) -> None:
        super().__init__(book, name, records, actor)
        self._reports: list[tuple[set[Name], Report]] = []
        self._orders: dict[str, OrderRow] = {}
        self._streams: set[str] = set()
        self._adjusted: list[Change] = []

    def record(self, messages: Iterable[Message]) -> None:
        signed = self.signed(messages)
        self.recorded += (Record(message, Outcome("recorded")) for message in signed)
        self._adjusted += [
            self._change(one) for one in signed if isinstance(one, Adjust) and one.instrument
        ]
        added = [(_names(one), one) for one in signed if isinstance(one, Report)]
        for _, value in {name for names, _ in added for name in names}:
            order = super().order(value)
            self._streams |= set() if order is None else {order["stream"]}
        self._reports += added
        rows = self.book.recording.preview(self._assumed(signed), view="orders")
        self._streams |= {row["stream"] for row in rows}
        self._orders = {
            row["stream"]: row for row in [*_others(self._orders.values(), rows), *rows]
        }

    def order(self, name: str) -> OrderRow | None:
        for row in self._orders.values():
            if name in (row["client_order_id"], *row["venue_order_ids"], *row["aliases"].values()):
                return row
        return super().order(name)

    def open_orders(self) -> list[OrderRow]:
        changed = list(self._orders.values())
        return _others(super().open_orders(), changed) + [row for row in changed if row["is_open"]]

    def known(self, fills: Iterable[Fill]) -> set[FillName]:
        added = {
            (one.venue_order_id, one.fill_id) for _, one in self._reports if isinstance(one, Fill)
        }
        return super().known(fills) | added

    def holdings(self, known: Holdings | None = None) -> Holdings:
        return replace(super().holdings(known), changes=self._changes())

    def balances(self) -> dict[str, BalanceRow]:
        messages = [record.message for record in self.recorded]
        if not messages:
            return super().balances()
        rows = self.book.recording.preview(messages, view="balances")
        return {row["currency"]: row for row in rows if row["account"] == self.name}

    def position_of(self, mark: Mark) -> int:
        return mark.position + mark.records

    def has_moved(self, mark: Mark) -> bool:
        added = self.recorded[mark.records :]
        return super().has_moved(mark) or any(isinstance(one.message, MONEY) for one in added)

    def has_money_since(self, moment: datetime) -> bool:
        added = (one.message for one in self.recorded if isinstance(one.message, MONEY))
        return super().has_money_since(moment) or any(reported_at(one) >= moment for one in added)

    def booked(self, since: datetime, after: int, to: int) -> list[Booking]:
        terms = self.terms()
        added = (of_message(one.message, terms) for one in self.recorded)
        return super().booked(since, after, to) + [booking for rows in added for booking in rows]

    def quantity_at(self, moment: datetime, name: PositionName) -> Decimal:
        held = super().quantity_at(moment, name)
        return EXACT.add(held, self.holdings().changed(name, moment))

    def fills_after(self, moment: datetime, name: PositionName) -> list[TradeRow]:
        kept = (
            row for row in super().fills_after(moment, name) if row["stream"] not in self._streams
        )
        added = (
            row
            for row in self._fills()
            if row["instrument"] == name.instrument and row["at"] > moment and row["side"]
        )
        return [*kept, *added]

    def _assumed(self, messages: Sequence[Message]) -> list[Message]:
        """The reports of this dry run about the same orders, and its facts about the account."""
        about = {name for one in messages if isinstance(one, Report) for name in _names(one)}
        reports: list[Message] = [
            report for names, report in self._reports if not about.isdisjoint(names)
        ]
        if all(isinstance(one, Report) for one in messages):
            return reports
        facts = (one.message for one in self.recorded if not isinstance(one.message, Report))
        return [*reports, *facts]

    def _fills(self) -> list[TradeRow]:
        """The active fills of the orders that this dry run has changed, as they would be."""
        return self.book.recording.preview((report for _, report in self._reports), view="trades")

    def _changes(self) -> list[Change]:
        """The changes of positions by this dry run."""
        gone = (row for stream in self._streams for row in self.book.trades(stream=stream))
        return [
            *(Change.of_fill(row, -1) for row in gone),
            *(Change.of_fill(row, 1) for row in self._fills()),
            *self._adjusted,
        ]

    def _change(self, adjustment: Adjust) -> Change:
        side, at = adjustment.position_side, reported_at(adjustment)
        about = (
            adjustment.instrument or "",
            None if side is None else str(side),
            adjustment.position_id,
        )
        name = self.holdings().name(*about)
        quantity = EXACT.subtract(adjustment.quantity or 0, self.quantity_at(at, name))
        return Change(*about, at=at, quantity=quantity, fills=0)


def _names(report: Report) -> set[Name]:
    """The names of an order in a report."""
    ours = set() if report.client_order_id is None else {("client", report.client_order_id)}
    return ours | names_of_report(report)


def _others(rows: Iterable[OrderRow], known: Sequence[OrderRow]) -> list[OrderRow]:
    """The orders that are not among the known ones and were not attributed to one of them."""
    streams, names = (
        {row["stream"] for row in known},
        {name for row in known for name in names_of(row)},
    )
    return [row for row in rows if row["stream"] not in streams and names.isdisjoint(names_of(row))]
