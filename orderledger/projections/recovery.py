"""What a restart finds: every order that is not known to have ended, and what is not known about it."""

from dataclasses import dataclass

from orderledger.projections.orders import OrderRow
from orderledger.projections.view import Row


@dataclass(frozen=True, slots=True)
class Recovery:
    """Rows of the order view, oldest first. An order may be in several lists.

    `open`: all that have not ended. `in_flight`: requested or submitted, and nothing heard. `unresolved`: outcome
    unknown, to be asked for. `pending`: a cancel or replace is outstanding. `events_read` and `seconds`: what it cost.
    """

    open: list[OrderRow]
    in_flight: list[OrderRow]
    unresolved: list[OrderRow]
    pending: list[OrderRow]
    events_read: int
    seconds: float


def recovery_of(open_orders: list[OrderRow], events_read: int, seconds: float) -> Recovery:
    return Recovery(
        open=open_orders,
        in_flight=[row for row in open_orders if finding(row) == "in_flight"],
        unresolved=[row for row in open_orders if finding(row) == "unresolved"],
        pending=[row for row in open_orders if row["pending"] is not None],
        events_read=events_read,
        seconds=seconds,
    )


def finding(order: OrderRow | Row) -> str:
    """What an open order is after a restart: unresolved, in_flight or open."""
    if order["certainty"] == "unresolved":
        return "unresolved"
    return "in_flight" if order["status"] == "pending_new" else "open"
