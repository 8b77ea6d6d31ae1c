"""The state of an account between two lists: which orders were open, and what has changed."""

from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orderledger import Balance, Message
from orderledger.venues.base.translation import as_text
from orderledger.venues.hyperliquid.order_legs import AccountLegs
from orderledger.venues.hyperliquid.rows import Row, Unreadable
from orderledger.venues.hyperliquid.vocabulary import Meaning, meaning_of

MOST_ENDED = 4_000
STANDING = frozenset({Meaning.WORKING, Meaning.TRIGGERED, Meaning.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Gone:
    """An order that is missing from a list and was in the one before. Its result has to be
    queried.
    """

    venue_order_id: str
    cloid: str | None


@dataclass(slots=True)
class WatchedAccount:
    """One account: its names, its order legs and its last lists. `counts`: new, changed, gone
    orders, frames, polls, faults. `fault`: why it is not up although the venue could be reached.
    """

    name: str
    address: str
    legs: AccountLegs
    counts: Counter[str] = field(default_factory=Counter)
    is_up: bool = False
    fault: str | None = None
    well_at: datetime | None = None
    fills_at: datetime | None = None
    fundings_at: datetime | None = None
    _open: dict[str, dict[str, Any]] = field(default_factory=dict)
    _gone: dict[str, Gone] = field(default_factory=dict)
    _ended: OrderedDict[str, None] = field(default_factory=OrderedDict)
    _seen: dict[str, frozenset[str]] = field(default_factory=dict)
    _balances: dict[str, Balance] = field(default_factory=dict)

    def news(self, exchange: str, rows: list[Any]) -> list[Any]:
        """The rows of a full list that are new or changed. Orders that only the last list had
        become `gone`."""
        before = self._open.get(exchange, {})
        now = {_name_of(row): row for row in rows}
        news = [row for name, row in now.items() if before.get(name) != row]
        self.counts["new"] += sum(name not in before for name in now)
        self.counts["changed"] += sum(
            name in before for name, row in now.items() if before.get(name) != row
        )
        gone = {
            name: Gone(name, cloid_of(row))
            for name, row in before.items()
            if name not in now and _id_of(row) is not None
        }
        self.counts["gone"] += len(gone)
        self._gone.update(gone)
        self._open[exchange] = now
        return news

    def gone(self) -> list[Gone]:
        """Orders that are missing from every list and whose end is not known."""
        self._gone = {name: order for name, order in self._gone.items() if name not in self._ended}
        return list(self._gone.values())

    def explained(self, orders: Iterable[Gone]) -> None:
        """Note that these were queried. Orders that the venue has forgotten are counted as
        unexplained.
        """
        for order in orders:
            self._gone.pop(order.venue_order_id, None)
            self.counts["unexplained"] += order.venue_order_id not in self._ended

    def note_statuses(self, rows: Any) -> None:
        """Remember which orders have ended."""
        for row in rows if isinstance(rows, list) else []:
            status = _status_of(row)
            if (
                status is not None
                and meaning_of(status) not in STANDING
                and (name := _id_of(row.get("order"))) is not None
            ):
                self._ended[name] = None
        while len(self._ended) > MOST_ENDED:
            self._ended.popitem(last=False)

    def unseen(self, question: str, rows: list[Any]) -> list[Any]:
        """The rows that the last answer to this query did not contain unchanged: polls overlap.
        So an unchanged row is delivered once, even if it is unreadable.
        """
        now = {as_text(row): row for row in rows}
        before, self._seen[question] = self._seen.get(question, frozenset()), frozenset(now)
        return [row for text, row in now.items() if text not in before]

    def changed(self, messages: list[Message]) -> list[Message]:
        """The messages without balances that were delivered before, because the venue repeats
        whole states.
        """
        news: list[Message] = []
        for message in messages:
            if isinstance(message, Balance):
                subject = message.instrument or message.currency or ""
                known, self._balances[subject] = (
                    self._balances.get(subject),
                    message,
                )
                if known is not None and _figures(known) == _figures(message):
                    continue
            news.append(message)
        return news


def _figures(balance: Balance) -> tuple[Any, ...]:
    return balance.quantity, balance.average_price, balance.amount


def _name_of(row: Any) -> str:
    """The venue's id, or the whole row if the id cannot be read."""
    return _id_of(row) or as_text(row)


def _id_of(row: Any) -> str | None:
    try:
        order = Row(row).count("oid")
    except Unreadable:
        return None
    return None if order is None else str(order)


def cloid_of(row: Any) -> str | None:
    try:
        return Row(row).cloid()
    except Unreadable:
        return None


def _status_of(row: Any) -> str | None:
    status = row.get("status") if isinstance(row, dict) else None
    return status if isinstance(status, str) else None
