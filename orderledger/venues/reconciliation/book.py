"""The methods of a ledger that reconciliation and venue adapters use."""

from datetime import datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from orderledger import AmbiguousOrder, UnknownOrder
from orderledger.extend.values import sides
from orderledger.extend.views import Position, instruments, position_of, terms_of
from orderledger.rows import (
    EventRow,
    OrderRow,
    TradeRow,
)
from orderledger.venues.reconciliation.breaks import ACTOR, UNDOES, name_of

if TYPE_CHECKING:
    from orderledger import Ledger

JUST = timedelta(microseconds=1)
TERMS = {"quantity", "limit_price", "stop_price"}
TERMS_SET = ("order_replaced.", "order_restated.")
MOVES_BALANCES = (
    *("fill_recorded.", "fill_corrected.", "fill_busted.", "order_attributed."),
    *("funding_recorded.", "transfer_recorded.", "position_adjusted.", "instrument_"),
    "settlement_busted.",
)
"""Beginnings of the stored names of events that can change the total of a balance."""
ADDS_ROWS = ("fill_recorded.", "funding_recorded.", "transfer_recorded.")
"""Those that add a row and change none."""


class BookRecords:
    """A ledger as `venues.venue.Records`."""

    def __init__(self, book: "Ledger") -> None:
        self._book = book

    def order(self, account: str, name: str) -> OrderRow | None:
        try:
            return self._book.order(name, account=account)
        except (UnknownOrder, AmbiguousOrder):
            return None

    def trades(self, account: str, venue_order_id: str) -> list[TradeRow]:
        return self._book.trades(account=account, venue_order_id=venue_order_id)


def position_at(
    book: "Ledger",
    account: str,
    instrument: str,
    moment: datetime,
    part: sides.Part = (sides.NET, ""),
    *,
    without: int | None = None,
) -> Position:
    """A position at that moment, from the active fills and adjustments up to it. `part`: its side
    and id. `without`: log position of an adjustment to skip."""
    asked: dict[str, Any] = {"account": account, "instrument": instrument}
    defined = next(iter(book.instruments(**asked)), None)
    modes = instruments.modes_of(defined)
    trades = [row for row in book.trades(**asked, until=moment + JUST) if row["side"]]
    events = [
        row
        for row in book.log.account_events(**asked)
        if row["at"] <= moment and row["position"] != without
    ]
    entries: list[Any] = [row for row in (*trades, *events) if sides.part_of(row, modes) == part]
    return position_of(account, instrument, terms_of(defined), sorted(entries, key=sides.when))


def history_of(book: "Ledger", order: OrderRow) -> list[EventRow]:
    """The events of an order. Empty if no name finds it."""
    try:
        return book.history(name_of(order), account=order["account"])
    except (UnknownOrder, AmbiguousOrder):
        return []


def terms_reported(book: "Ledger", order: OrderRow) -> EventRow | None:
    """The event that set the terms in force. None if they are the requested ones."""
    is_external = order["origin"] == "external"
    setting = [
        event for event in history_of(book, order) if _sets_terms(event, is_external=is_external)
    ]
    return max(setting, key=itemgetter("at", "position"), default=None)


def is_taken_back(event: EventRow) -> bool:
    """Check whether the event reverts a repair."""
    return event["actor"] == ACTOR and (event["causation_id"] or "").startswith(UNDOES)


def _sets_terms(event: EventRow, *, is_external: bool) -> bool:
    """Check whether the event sets terms. For an order that was not requested here, claims of the
    venue set them."""
    claims = event["payload"].get("reported") or {}
    return event["name"].startswith(TERMS_SET) or (
        is_external and not claims.keys().isdisjoint(TERMS)
    )
