"""Breaks: what differs between the ledger and the venue, with the evidence of both and what would repair it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from orderledger.domain.orders.ends import CONCLUDED_ABSENT
from orderledger.domain.values import Source
from orderledger.infrastructure.messages.registry import Absent, Message
from orderledger.projections.view import Row

SUBJECT_SHOWN = 120
ACTOR = "reconciliation"
CONCLUDED = CONCLUDED_ABSENT
"""The reason of an end that nobody told, but that follows from what the venue does not know."""
UNDOES = "revert:"
"""Before the position of the event that a message takes back: its cause."""


class Kind(StrEnum):
    """What differs. A break is settled once what the venue says is recorded; those that no report settles stay open.

    Each is explained in docs/reference/errors.md.
    """

    MISSING_FILL = "missing_fill"
    EXCESS_FILL = "excess_fill"
    FILL_DIFFERS = "fill_differs"
    MISSING_FUNDING = "missing_funding"
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
    UNREADABLE_FILL = "unreadable_fill"
    UNREADABLE_ORDER = "unreadable_order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One difference. `ours` is the row of the view, `theirs` what the venue said; `repairs` are the messages that
    settle it, and `is_settled` whether they do. `since` is when the difference came about, as far as is known."""

    kind: Kind
    account: str
    subject: str
    since: datetime
    text: str
    ours: Row | None = None
    theirs: Any = None
    repairs: tuple[Message, ...] = ()
    is_settled: bool = True

    @property
    def id(self) -> str:
        """The same difference has the same id in every run."""
        return break_id(self.kind, self.subject)


def break_id(kind: Kind, subject: str) -> str:
    """Kind and subject; a long subject as the beginning of its SHA-256."""
    shown = subject if len(subject) <= SUBJECT_SHOWN else sha256(subject.encode()).hexdigest()[:32]
    return f"{kind}:{shown}"


def repairing(messages: Sequence[Message], kind: Kind, subject: str) -> tuple[Message, ...]:
    """The messages as repairs of a break: their source is the reconciliation, and their cause the break."""
    stamp = {"source": Source.RECONCILIATION, "causation_id": break_id(kind, subject), "actor": ACTOR}
    return tuple(message.model_copy(update=stamp) for message in messages)


def name_of(row: Row) -> str:
    """By which an order is looked up here."""
    name: str = row["client_order_id"] or row["venue_order_id"] or next(iter(row["aliases"].values()))
    return name


def names_told(row: Row) -> dict[str, Any]:
    """By which names a message tells of an order."""
    return {name: row[name] for name in ("client_order_id", "venue_order_id", "aliases")}


def not_asked(row: Row, name: str, at: datetime, most: int) -> Break:
    """The venue was not asked about it: the questions of the run went to orders that had waited longer."""
    return Break(
        kind=Kind.NOT_ASKED,
        account=row["account"],
        subject=name,
        since=at,
        text=f"{row['status']} here, and not asked about: a run asks about {most} orders, and others had waited longer",
        ours=row,
        is_settled=False,
    )


def absent_order(row: Row, asked_at: datetime) -> Break:
    """It is open here, and the venue, asked, has nothing to say of it."""
    subject = name_of(row)
    as_named = f" as {row['venue_order_id']}" if row["venue_order_id"] else ""
    # Our clock may be behind the venue's: that it was heard of is not later than that it is missing.
    told = Absent(account=row["account"], **names_told(row), at=max(asked_at, row["updated_at"]))
    new = [] if row["absent_at"] is not None else [told]
    return Break(
        kind=Kind.ABSENT_ORDER,
        account=row["account"],
        subject=subject,
        since=row["absent_at"] or asked_at,
        text=f"{row['status']} here{as_named} since {row['updated_at'].isoformat()}; the venue, asked, does not know it",
        ours=row,
        repairs=repairing(new, Kind.ABSENT_ORDER, subject),
        is_settled=False,
    )


def two_live_orders(row: Row, live: Sequence[str]) -> Break:
    """Two orders at the venue where we have one."""
    return Break(
        kind=Kind.TWO_LIVE_ORDERS,
        account=row["account"],
        subject=row["client_order_id"] or live[0],
        since=row["updated_at"],
        text=f"{' and '.join(live)} both work at the venue",
        ours=row,
        theirs=live,
        is_settled=False,
    )


def shown(found: Break, now: datetime) -> Row:
    """A break as JSON shows it."""
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


def document(message: Message) -> Row:
    """A message as it could be given to `orderledger record`, without what it does not say."""
    told: Row = json.loads(message.model_dump_json(exclude_none=True, by_alias=True, exclude={"evidence"}))
    return {"type": told.pop("type"), **{name: value for name, value in told.items() if value is not False and value != {}}}
