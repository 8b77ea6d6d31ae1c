"""The tables of alerts: raised and cleared alerts, and the notices to deliver.

They are operational, like the status of collectors: not events, and not derived from the log. A
notice is written in the transaction that raises or clears its alert, so that a kill between the two
loses nothing.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal, TypedDict, get_args

from orderledger.extend.store import Session
from orderledger.extend.views import Table

EVENTS = ("raised", "cleared")
Page = Literal["accounts", "orders", "reconciliation", "results"]


class AlertRow(TypedDict):
    """One row per alert that was ever raised."""

    id: Annotated[int, "Number of the alert. Later alerts have higher numbers."]
    watcher: Annotated[str, "Name of the alert settings that raised it."]
    rule: Annotated[str, "Name of the rule."]
    kind: Annotated[str, "Kind of the rule."]
    severity: Annotated[str, "Severity of the rule."]
    subject: Annotated[
        str,
        "Its subject: an order's stream, an account, a break. A rule has one open alert per "
        "subject.",
    ]
    account: Annotated[str | None, "Trading account, null if it is about no single one."]
    text: Annotated[str, "The finding, in a sentence."]
    details: Annotated[dict[str, Any], "The values that were compared."]
    position: Annotated[
        int, "Log position that caused it; where time alone did, the end of the log."
    ]
    raised_at: Annotated[datetime, "When it was raised."]
    cleared_at: Annotated[datetime | None, "When it was cleared, null while it is open."]
    cleared_position: Annotated[int | None, "Log position at which it was cleared."]


class NoticeRow(TypedDict):
    """One row per notice: one alert raised or cleared, and one target that is notified."""

    id: Annotated[int, "Number of the notice. A target gets them in this order."]
    watcher: Annotated[str, "Name of the alert settings."]
    alert_id: Annotated[int, "Number of the alert."]
    event: Annotated[str, "raised or cleared.", EVENTS]
    target: Annotated[str, "Name of the target."]
    attempts: Annotated[int, "Attempts at delivery that were begun."]
    next_attempt_at: Annotated[datetime, "When the next attempt may begin."]
    delivered_at: Annotated[datetime | None, "When the target had it."]
    given_up_at: Annotated[datetime | None, "When delivery was given up."]
    fault: Annotated[str | None, "Why the last attempt failed."]


class ListedAlertRow(AlertRow):
    """An alert with its deliveries, and where to look further."""

    page: Annotated[
        str,
        "Page of the service that shows more, where the alert is about no single order.",
        get_args(Page),
    ]
    attempts: Annotated[int, "Attempts at all its deliveries."]
    delivered_at: Annotated[
        datetime | None,
        "When every target had every notice. Null before, and where a delivery was given up.",
    ]
    waiting: Annotated[
        list[str], "Targets that have not got a notice, also if its delivery was given up."
    ]
    fault: Annotated[str | None, "Why the last attempt at such a notice failed."]
    notices: Annotated[list[dict[str, Any]], "Its rows of `alert_notices`."]


ALERTS = Table(
    "alerts",
    "One row per alert that was ever raised.",
    ("id",),
    AlertRow,
    ("id",),
    (("raised_at",),),
    ("raised_at",),
)
NOTICES = Table(
    "alert_notices",
    "One row per notice of an alert to a target.",
    ("id",),
    NoticeRow,
    ("id",),
    (("alert_id",), ("target", "delivered_at")),
    ("next_attempt_at",),
)
CURSORS = "alert_cursors"
"""The log position up to which each watcher has looked at orders."""

OPEN = "cleared_at IS NULL"
WAITING = "delivered_at IS NULL AND given_up_at IS NULL"


def create(session: Session) -> None:
    """Create the tables, unless they exist. A rule has one open alert per subject."""
    for table in (ALERTS, NOTICES):
        session.create(table)
    session.execute(
        f"CREATE UNIQUE INDEX IF NOT EXISTS alerts_open ON {ALERTS.name} (watcher, rule, subject) "
        f"WHERE {OPEN}"
    )
    session.execute(
        f"CREATE TABLE IF NOT EXISTS {CURSORS} (watcher TEXT PRIMARY KEY, position BIGINT NOT NULL)"
    )


@dataclass
class Counts:
    """Numbers of alerts by rule, and of notices by target."""

    open_by_rule: Counter[str] = field(default_factory=Counter)
    undelivered: Counter[str] = field(default_factory=Counter)
    given_up: Counter[str] = field(default_factory=Counter)


def mark(session: Session) -> tuple[int, int]:
    """How many alerts are open, and the number of the last one. It changes with every alert that is
    raised or cleared."""
    ((is_open, last),) = session.execute(
        f"SELECT (SELECT COUNT(*) FROM {ALERTS.name} WHERE {OPEN}), (SELECT COALESCE(MAX(id), 0) "
        f"FROM {ALERTS.name})"
    )
    return int(is_open), int(last)


def counts(session: Session) -> Counts:
    """Count what is open, undelivered and given up."""

    def counted(by: str, table: Table[Any], where: str) -> Counter[str]:
        rows = session.execute(
            f"SELECT {by}, COUNT(*) FROM {table.name} WHERE {where} GROUP BY {by}"
        )
        return Counter({name: int(count) for name, count in rows})

    return Counts(
        counted("rule", ALERTS, OPEN),
        counted("target", NOTICES, WAITING),
        counted("target", NOTICES, "given_up_at IS NOT NULL"),
    )
