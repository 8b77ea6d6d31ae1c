"""The parts of a ledger that reconciliation and venue adapters use."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, Protocol

from orderledger import AmbiguousOrder, Message, Outcome, UnknownOrder
from orderledger.extend.values import NET, Part, modes_of, part_of, when
from orderledger.extend.views import Position, Row, position_of, terms_of
from orderledger.venues.reconciliation.breaks import ACTOR, UNDOES
from orderledger.venues.reconciliation.comparing import TERMS

JUST = timedelta(microseconds=1)
TERMS_SET = ("order_replaced.", "order_restated.")


class Book(Protocol):
    """The methods of `Ledger` that reconciliation uses."""

    def record_many(self, messages: Iterable[Message]) -> list[Outcome]: ...

    def preview(self, messages: Iterable[Message]) -> list[Outcome]: ...

    def simulate(self, messages: Iterable[Message]) -> list[Row]: ...

    def order(self, order_id: str, /, *, account: str | None = None) -> Row: ...

    def history(self, order_id: str, /, *, account: str | None = None) -> list[Row]: ...

    def orders(self, *, open_only: bool = False, **where: Any) -> list[Row]: ...

    def trades(self, **where: Any) -> list[Row]: ...

    def positions(self, **where: Any) -> list[Row]: ...

    def certificates(self, **where: Any) -> list[Row]: ...

    def account_events(self, **where: Any) -> list[Row]: ...

    def instruments(self, **where: Any) -> list[Row]: ...


class BookRecords:
    """A book as `venues.venue.Records`."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def order(self, account: str, name: str) -> Row | None:
        try:
            return self._book.order(name, account=account)
        except (UnknownOrder, AmbiguousOrder):
            return None

    def trades(self, account: str, venue_order_id: str) -> list[Row]:
        return self._book.trades(account=account, venue_order_id=venue_order_id)


def position_at(
    book: Book,
    account: str,
    instrument: str,
    moment: datetime,
    part: Part = (NET, ""),
    *,
    without: int | None = None,
) -> Position:
    """A position at that moment, from the active fills and adjustments up to it. `part`: its side
    and id. `without`: log position of an adjustment to skip."""
    asked = {"account": account, "instrument": instrument}
    defined = next(iter(book.instruments(**asked)), None)
    modes = modes_of(defined)
    trades = [row for row in book.trades(**asked, until=moment + JUST) if row["side"]]
    events = [
        row
        for row in book.account_events(**asked)
        if row["at"] <= moment and row["position"] != without
    ]
    entries = [row for row in (*trades, *events) if part_of(row, modes) == part]
    return position_of(account, instrument, terms_of(defined), sorted(entries, key=when))


def terms_reported(book: Book, order: Row) -> Row | None:
    """The event that set the terms in force. None if they are the requested ones."""
    name = order["client_order_id"] or order["venue_order_id"]
    try:
        events = book.history(name, account=order["account"]) if name else []
    except (UnknownOrder, AmbiguousOrder):
        return None
    is_external = order["origin"] == "external"
    telling = [event for event in events if _sets_terms(event, is_external=is_external)]
    return max(telling, key=itemgetter("at", "position"), default=None)


def is_taken_back(event: Row) -> bool:
    """Check whether the event reverts a repair."""
    return event["actor"] == ACTOR and (event["causation_id"] or "").startswith(UNDOES)


def _sets_terms(event: Row, *, is_external: bool) -> bool:
    """Check whether the event sets terms. For an order that was not requested here, claims of the
    venue set them."""
    claims = event["payload"].get("reported") or {}
    return event["name"].startswith(TERMS_SET) or (
        is_external and not claims.keys().isdisjoint(TERMS)
    )


Name = tuple[str, str]
"""An alias and its value. A venue's id has an empty alias."""


def names_of(row: Row) -> set[Name]:
    """All names that the venue may use for the order."""
    return {("", name) for name in row["venue_order_ids"]} | set(row["aliases"].items())


def names_of_message(message: Any) -> set[Name]:
    """All names that a report gives."""
    named = set() if message.venue_order_id is None else {("", message.venue_order_id)}
    return named | set(message.aliases.items())


def named_by(row: Row, message: Any) -> bool:
    """Check whether a report is about this order, by any of its names."""
    return not names_of(row).isdisjoint(names_of_message(message))
