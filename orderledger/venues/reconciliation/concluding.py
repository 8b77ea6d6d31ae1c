"""Concludes the end of an order that was not requested here and that the venue no longer knows.

Venues forget orders: Hyperliquid answers for the last 2000 of an account. Absence never ends an
order of ours. It can end an order made elsewhere, because its sender cannot be queried here. Three
conditions must hold for a while: complete lists of open orders do not contain it; the venue does
not know its ids when queried; nothing of it is filled.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from orderledger import Canceled, Message, Reinstated
from orderledger.rows import OrderRow
from orderledger.venues.reconciliation.book import history_of, is_taken_back
from orderledger.venues.reconciliation.breaks import (
    CONCLUDED,
    Break,
    Kind,
    names_for_message,
    order_break,
    updated_at,
)

if TYPE_CHECKING:
    from orderledger import Ledger

REINSTATED = "order_reinstated."


def may_conclude(row: OrderRow, asked_at: datetime, grace: timedelta) -> bool:
    """Check whether the order is external, has been absent for the grace period, and has no fill
    since."""
    absent_at, filled_at = row["absent_at"], row["last_fill_at"]
    if row["origin"] != "external" or absent_at is None or asked_at - absent_at < grace:
        return False
    return filled_at is None or filled_at <= absent_at


def may_be(row: OrderRow, own: OrderRow) -> bool:
    """Check whether this may be an order of ours whose venue id is still unknown."""
    is_unmatched = own["origin"] == "own" and own["is_open"] and not own["venue_order_ids"]
    is_alike = row["instrument"] in (None, own["instrument"]) and row["side"] in (None, own["side"])
    return is_unmatched and is_alike


def was_taken_back(book: "Ledger", row: OrderRow) -> bool:
    """Check whether such a conclusion was reverted. It is then not repeated."""
    events = history_of(book, row)
    return any(event["name"].startswith(REINSTATED) and is_taken_back(event) for event in events)


def concluded_end(row: OrderRow, asked_at: datetime) -> Break:
    """The break for an absence that proved to be an end, with the cancel that records it."""
    absent_at = row["absent_at"] or asked_at
    known = row["last_fill_at"]
    filled = f"last filled at {known.isoformat()}" if known is not None else "never filled"
    text = (
        f"ended, as concluded at {asked_at.isoformat()}: not among the venue's open orders, and "
        f"unknown to it when queried, since {absent_at.isoformat()}; {filled}"
    )
    end = Canceled(
        **names_for_message(row),
        at=max(asked_at, updated_at(row)),
        reason=CONCLUDED,
        text=text,
        evidence={
            "absent_since": absent_at.isoformat(),
            "asked_at": asked_at.isoformat(),
            "cum_quantity": str(row["cum_quantity"]),
        },
    )
    return order_break(Kind.ABSENT_ORDER, row, text, end, since=absent_at)


def seen_again(row: OrderRow, message: Message) -> list[Message]:
    """The messages for an order that the venue lists after its end was concluded: undo the
    conclusion, then the report."""
    end = row["ended_at"] or updated_at(row)
    return [Reinstated(**names_for_message(row), at=end, reason="seen_again"), message]


def of_ours_after_all(row: OrderRow) -> Break:
    """The break for an order whose end was concluded and that proved to be ours. It is reopened
    until the venue reports an end."""
    end = row["ended_at"] or updated_at(row)
    reopened = Reinstated(**names_for_message(row), at=end, reason="own_order")
    text = (
        "its end was concluded from absence, but it is an order of ours, which absence does not end"
    )
    since = row["absent_at"] or end
    return order_break(Kind.ABSENT_ORDER, row, text, reopened, since=since, is_settled=False)
