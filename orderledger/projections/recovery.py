"""Orders to check after a restart: every order that is not known to have ended, the facts that are
unknown, and what to do."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, TypedDict

from orderledger.domain.orders.commands import SubmissionUnresolved
from orderledger.domain.orders.order import Order
from orderledger.domain.recorded import Recorded
from orderledger.projections.orders import OrderRow

RESOLVE = "orderledger resolve"
DECISIONS = ("--never-arrived", "--worked-as ID", "--canceled")
"""An operator's decisions about an order: whether it arrived, where the venue has it, or that it
has ended there."""
ABOUT = ("order", "cancel", "replace", "absence")
MICROSECOND = timedelta(microseconds=1)


class DoubtRow(TypedDict):
    """One row per open order whose outcome is unknown, or that was sent and not answered yet."""

    account: Annotated[str, "Trading account."]
    client_order_id: Annotated[str | None, "Our id."]
    venue_order_id: Annotated[str | None, "The venue's id, if it is known."]
    instrument: Annotated[str | None, "Instrument."]
    about: Annotated[
        str,
        "The unknown fact. `order`: whether it arrived. `cancel`, `replace`: the outcome of the "
        "request. `absence`: the end of an order that the venue had shown.",
        ABOUT,
    ]
    reason: Annotated[str, "Why: the reason of `unresolved`, `absent`, or `no_answer`."]
    since: Annotated[datetime, "Since when."]
    age_seconds: Annotated[Decimal, "Its age."]
    request_expires_at: Annotated[
        datetime | None,
        "By the venue's clock: after this time no sending of the order takes effect. Null if the "
        "venue has no such time.",
    ]
    absent_at: Annotated[datetime | None, "When the venue, asked, did not know the order."]
    commands: Annotated[
        list[str],
        "The commands that settle it by an operator's decision. Empty if only the venue can.",
    ]
    stream: Annotated[str, "Stream of the order in the log."]


@dataclass(frozen=True, slots=True)
class Recovery:
    """Rows of the order view, oldest first. An order may be in several lists.

    `open`: all that have not ended. `in_flight`: requested or submitted, without an answer.
    `unresolved`: outcome unknown, to be queried. `pending`: a cancel or replace is outstanding.
    `events_read` and `seconds`: what it cost. `doubts`: rows of `DoubtRow`, the oldest doubt first,
    with its age and the commands that settle it. `pending_ages`: the age of each pending request in
    seconds, by stream.
    """

    open: list[OrderRow]
    in_flight: list[OrderRow]
    unresolved: list[OrderRow]
    pending: list[OrderRow]
    events_read: int
    seconds: float
    doubts: list[DoubtRow] = field(default_factory=list)
    pending_ages: dict[str, Decimal] = field(default_factory=dict)


def recovery_of(
    open_orders: list[OrderRow],
    events_read: int,
    seconds: float,
    doubts: list[DoubtRow],
    now: datetime,
) -> Recovery:
    return Recovery(
        open=open_orders,
        in_flight=[row for row in open_orders if finding(row) == "in_flight"],
        unresolved=[row for row in open_orders if finding(row) == "unresolved"],
        pending=[row for row in open_orders if row["pending"] is not None],
        events_read=events_read,
        seconds=seconds,
        doubts=doubts,
        pending_ages={
            row["stream"]: age_seconds(row["pending_since"], now)
            for row in open_orders
            if row["pending"] is not None and row["pending_since"] is not None
        },
    )


def age_seconds(since: datetime, now: datetime) -> Decimal:
    """The time since then, 0 for a time to come."""
    return Decimal(max(0, (now - since) // MICROSECOND)) / 1_000_000


def finding(order: OrderRow) -> str:
    """Class of an open order after a restart: unresolved, in_flight or open."""
    if order["certainty"] == "unresolved":
        return "unresolved"
    return "in_flight" if order["status"] == "pending_new" else "open"


def may_be_in_doubt(order: OrderRow) -> bool:
    """Whether its outcome is unknown, or it was sent and has no answer."""
    return finding(order) == "unresolved" or (
        finding(order) == "in_flight" and order["submitted_at"] is not None
    )


def has_unknown_arrival(order: Order) -> bool:
    """Whether the order was sent, and nothing shows whether it arrived."""
    is_sent = order.submitted_at is not None or order.unresolved_at is not None
    return order.is_requested and is_sent and order.confirmed_at is None and not order.is_ended


def has_vanished(order: Order) -> bool:
    """Whether the venue had shown the order, and no longer knows it."""
    return not order.is_ended and order.confirmed_at is not None and order.absent_at is not None


def doubt_of(row: OrderRow, order: Order, events: Iterable[Recorded], now: datetime) -> DoubtRow:
    """The doubt about an order. `events`: of its stream."""
    shown_at = order.confirmed_at
    said = [
        (one.at, one.event.reason) for one in events if isinstance(one.event, SubmissionUnresolved)
    ]
    said = [(at, why) for at, why in said if shown_at is None or at > shown_at]
    why, began = (
        ("absent", order.absent_at)
        if row["certainty"] == "unresolved"
        else ("no_answer", order.submitted_at)
    )
    if said:
        why, began = said[-1][1] or "unresolved", min(at for at, _ in said)
    since = began or now
    arrival, name = has_unknown_arrival(order), row["client_order_id"]
    decisions = DECISIONS if arrival else DECISIONS[1:] if has_vanished(order) else ()
    return DoubtRow(
        account=row["account"],
        client_order_id=row["client_order_id"],
        venue_order_id=row["venue_order_id"],
        instrument=row["instrument"],
        about="order" if arrival else row["pending"] or "absence",
        reason=why,
        since=since,
        age_seconds=age_seconds(since, now),
        request_expires_at=order.request_expires_at,
        absent_at=row["absent_at"],
        commands=commands_of(row["account"], name, decisions) if name else [],
        stream=row["stream"],
    )


def commands_of(account: str, client_order_id: str, decisions: Sequence[str]) -> list[str]:
    """The command lines that record these decisions, for a shell. `ID` is a placeholder for the
    venue's id."""
    given = "--account=" if account.startswith("-") else "--account "
    name = shlex.quote(client_order_id)
    if client_order_id.startswith("-"):
        return [
            f"{RESOLVE} {given}{shlex.quote(account)} {decision} -- {name}"
            for decision in decisions
        ]
    return [f"{RESOLVE} {name} {given}{shlex.quote(account)} {decision}" for decision in decisions]
