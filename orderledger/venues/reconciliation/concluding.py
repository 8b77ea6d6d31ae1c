"""Concludes the end of an order that was not requested here and that the venue no longer knows.

Venues forget orders: Hyperliquid answers for the last 2000 of an account. Absence never ends an
order of ours. It can end an order made elsewhere, because its sender cannot be queried here. Three
conditions must hold for a while: complete lists of open orders do not contain it; the venue does
not know its ids when queried; nothing of it is filled.
"""

from datetime import datetime, timedelta

from orderledger.infrastructure.errors import AmbiguousOrder, UnknownOrder
from orderledger.infrastructure.messages.registry import Canceled, Message, Reinstated
from orderledger.projections.view import Row
from orderledger.venues.reconciliation.book import Book, is_taken_back
from orderledger.venues.reconciliation.breaks import (
    CONCLUDED,
    Break,
    Kind,
    name_of,
    names_of_row,
    repairing,
)

REINSTATED = "order_reinstated."


def may_conclude(row: Row, asked_at: datetime, grace: timedelta) -> bool:
    """Check whether the order is external, has been absent for the grace period, and has no fill
    since."""
    absent_at, filled_at = row["absent_at"], row["last_fill_at"]
    if row["origin"] != "external" or absent_at is None or asked_at - absent_at < grace:
        return False
    return filled_at is None or filled_at <= absent_at


def may_be(row: Row, own: Row) -> bool:
    """Check whether this may be an order of ours whose venue id is still unknown."""
    is_unmatched = own["origin"] == "own" and own["is_open"] and not own["venue_order_ids"]
    return is_unmatched and all(row[name] in (None, own[name]) for name in ("instrument", "side"))


def was_taken_back(book: Book, row: Row) -> bool:
    """Check whether such a conclusion was reverted. It is then not repeated."""
    try:
        events = book.history(name_of(row), account=row["account"])
    except (UnknownOrder, AmbiguousOrder):
        return False
    return any(event["name"].startswith(REINSTATED) and is_taken_back(event) for event in events)


def concluded_end(row: Row, asked_at: datetime) -> Break:
    """The break for an absence that proved to be an end, with the cancel that records it."""
    subject, absent_at = name_of(row), row["absent_at"]
    known = row["last_fill_at"]
    filled = f"last filled at {known.isoformat()}" if known is not None else "never filled"
    text = (
        f"ended, as concluded at {asked_at.isoformat()}: not among the venue's open orders, and "
        f"unknown to it when queried, since {absent_at.isoformat()}; {filled}"
    )
    end = Canceled(
        account=row["account"],
        **names_of_row(row),
        at=max(asked_at, row["updated_at"]),
        reason=CONCLUDED,
        text=text,
        evidence={
            "absent_since": absent_at.isoformat(),
            "asked_at": asked_at.isoformat(),
            "cum_quantity": str(row["cum_quantity"]),
        },
    )
    return Break(
        kind=Kind.ABSENT_ORDER,
        account=row["account"],
        subject=subject,
        since=absent_at,
        text=text,
        ours=row,
        repairs=repairing([end], Kind.ABSENT_ORDER, subject),
    )


def seen_again(row: Row, message: Message) -> list[Message]:
    """The messages for an order that the venue lists after its end was concluded: undo the
    conclusion, then the report."""
    end = row["ended_at"] or row["updated_at"]
    return [
        Reinstated(account=row["account"], **names_of_row(row), at=end, reason="seen_again"),
        message,
    ]


def of_ours_after_all(row: Row) -> Break:
    """The break for an order whose end was concluded and that proved to be ours. It is reopened
    until the venue reports an end."""
    subject = name_of(row)
    reopened = Reinstated(
        account=row["account"],
        **names_of_row(row),
        at=row["ended_at"] or row["updated_at"],
        reason="own_order",
    )
    return Break(
        kind=Kind.ABSENT_ORDER,
        account=row["account"],
        subject=subject,
        since=row["absent_at"] or row["ended_at"] or row["updated_at"],
        text="its end was concluded from absence, but it is an order of ours, which absence does "
        "not end",
        ours=row,
        repairs=repairing([reopened], Kind.ABSENT_ORDER, subject),
        is_settled=False,
    )
