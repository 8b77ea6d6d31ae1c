"""Breaks: differences between the ledger and the venue, with the evidence of both sides and the
repairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from orderledger import Absent, Message, Source
from orderledger.extend.events import CONCLUDED_ABSENT
from orderledger.extend.messages import document
from orderledger.rows import BalanceRow, OrderRow, PositionRow, TradeRow

SUBJECT_SHOWN = 120
ACTOR = "reconciliation"
CONCLUDED = CONCLUDED_ABSENT
"""The reason of an end that was concluded from absence, without a report."""
UNDOES = "revert:"
"""Prefix of the causation id of a message that reverts a repair. The log position of the repair's
event follows."""


class Kind(StrEnum):
    """The kind of a difference. A break that no report settles stays open; others are settled by
    recording the venue's report.

    docs/reference/errors.md explains each kind.
    """

    MISSING_FILL = "missing_fill"
    EXCESS_FILL = "excess_fill"
    FILL_DIFFERS = "fill_differs"
    MISSING_FUNDING = "missing_funding"
    MISSING_TRANSFER = "missing_transfer"
    MISSING_EVENT = "missing_event"
    MISSING_ORDER = "missing_order"
    MISSING_END = "missing_end"
    UNANSWERED_ORDER = "unanswered_order"
    TERMS_DIFFER = "terms_differ"
    ABSENT_ORDER = "absent_order"
    NOT_ASKED = "not_asked"
    QUANTITY_DIFFERS = "quantity_differs"
    STATUS_DIFFERS = "status_differs"
    TWO_LIVE_ORDERS = "two_live_orders"
    OPENING_POSITION = "opening_position"
    POSITION_DIFFERS = "position_differs"
    OPENING_BALANCE = "opening_balance"
    BALANCE_DIFFERS = "balance_differs"
    UNREADABLE_FILL = "unreadable_fill"
    UNREADABLE_ORDER = "unreadable_order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One difference.

    `ours`: row of the view. `theirs`: the venue's payload. `repairs`: messages that repair it;
    `is_settled`: whether they settle it. `since`: when the difference arose, as far as known.
    """

    kind: Kind
    account: str
    subject: str
    since: datetime
    text: str
    ours: OrderRow | TradeRow | PositionRow | BalanceRow | None = None
    theirs: Any = None
    repairs: tuple[Message, ...] = ()
    is_settled: bool = True

    @property
    def id(self) -> str:
        """The id, equal for the same difference in every run."""
        return break_id(self.kind, self.subject)


def break_id(kind: Kind, subject: str) -> str:
    """Kind and subject. A long subject is replaced by the first digits of its SHA-256."""
    shown = subject if len(subject) <= SUBJECT_SHOWN else sha256(subject.encode()).hexdigest()[:32]
    return f"{kind}:{shown}"


def repairing(messages: Sequence[Message], kind: Kind, subject: str) -> tuple[Message, ...]:
    """The messages as repairs of a break: with reconciliation as the source and the break as the
    cause."""
    stamp = {
        "source": Source.RECONCILIATION,
        "causation_id": break_id(kind, subject),
        "actor": ACTOR,
    }
    return tuple(message.model_copy(update=stamp) for message in messages)


def reported_at(message: Message) -> datetime:
    """The time of a venue's report. Adapters give every report one."""
    assert message.at is not None
    return message.at


def updated_at(row: OrderRow) -> datetime:
    """The time of the newest fact about an order. Every order has one."""
    assert row["updated_at"] is not None
    return row["updated_at"]


def name_of(row: OrderRow) -> str:
    """The name under which the ledger finds the order."""
    alias = next(iter(row["aliases"].values()), None)
    return row["client_order_id"] or row["venue_order_id"] or alias or row["stream"]


def names_for_message(row: OrderRow) -> dict[str, Any]:
    """The account and the names of an order, for a message about it."""
    return {
        "account": row["account"],
        "client_order_id": row["client_order_id"],
        "venue_order_id": row["venue_order_id"],
        "aliases": row["aliases"],
    }


def order_break(
    kind: Kind, row: OrderRow, text: str, *repairs: Message, since: datetime, **other: Any
) -> Break:
    """A break of an order. `other`: further fields."""
    found = {"subject": name_of(row), **other}
    return Break(
        kind=kind,
        account=row["account"],
        since=since,
        text=text,
        ours=row,
        repairs=repairing(repairs, kind, found["subject"]),
        **found,
    )


def not_asked(row: OrderRow, name: str, at: datetime, most: int) -> Break:
    """A break for an order that this run did not query, because others had waited longer."""
    text = (
        f"{row['status']} here, not queried: a run queries {most} orders, and others had waited "
        "longer"
    )
    return order_break(Kind.NOT_ASKED, row, text, since=at, subject=name, is_settled=False)


def absent_order(row: OrderRow, asked_at: datetime) -> Break:
    """A break for an order that is open here and that the venue does not know."""
    as_named = f" as {row['venue_order_id']}" if row["venue_order_id"] else ""
    text = (
        f"{row['status']} here{as_named} since {updated_at(row).isoformat()}; the venue does not "
        "know it"
    )
    # Our clock may be behind the venue's: the absence must not be earlier than the last report.
    absent = Absent(**names_for_message(row), at=max(asked_at, updated_at(row)))
    new = [] if row["absent_at"] is not None else [absent]
    since = row["absent_at"] or asked_at
    return order_break(Kind.ABSENT_ORDER, row, text, *new, since=since, is_settled=False)


def two_live_orders(row: OrderRow, live: Sequence[str]) -> Break:
    """A break for an order of ours that is two orders at the venue."""
    return order_break(
        Kind.TWO_LIVE_ORDERS,
        row,
        f"{' and '.join(live)} both work at the venue",
        since=updated_at(row),
        subject=row["client_order_id"] or live[0],
        theirs=live,
        is_settled=False,
    )


def shown(found: Break, now: datetime) -> dict[str, Any]:
    """A break in the form of its JSON."""
    return {
        "break": found.id,
        "kind": found.kind.value,
        "account": found.account,
        "subject": found.subject,
        "since": found.since,
        "age_seconds": round(max(0.0, (now - found.since).total_seconds()), 3),
        "text": found.text,
        "is_settled": found.is_settled,
        "ours": found.ours,
        "theirs": found.theirs,
        "repairs": [document(message) for message in found.repairs],
    }
