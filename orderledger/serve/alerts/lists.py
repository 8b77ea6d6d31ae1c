"""The alerts of a ledger, as a list and in the status. They do not follow from the log alone:
time raises and clears them, too.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from orderledger import Ledger
from orderledger.extend.store import Session, reaching
from orderledger.extend.values import Clock, SystemClock
from orderledger.extend.views import parameters
from orderledger.rows import RowList
from orderledger.serve.alerts.feeds import status_age
from orderledger.serve.alerts.rules import KINDS
from orderledger.serve.alerts.tables import (
    ALERTS,
    NOTICES,
    OPEN,
    AlertRow,
    ListedAlertRow,
    NoticeRow,
    mark,
)

SILENT_SECONDS = 30.0
"""A watcher without a check for this long, or for three of its intervals, does not run."""
FORGOTTEN_SECONDS = 86_400.0
"""A watcher without a check for this long is not reported as missing any more: it may have
another name now.
"""

LISTED = 100_000
"""Alerts that a list has at most."""
AT_ONCE = 500
"""Alerts whose notices are read at once."""
GRAVITY = "CASE severity WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END"
ORDERS = {
    "gravest": f"CASE WHEN {OPEN} THEN 0 ELSE 1 END, {GRAVITY}, id DESC",
    "newest": "id DESC",
    "desc": "id DESC",
    "asc": "id",
}
"""The orders of a list. `gravest`: the open ones first, of them the critical ones, then warnings,
of each the newest first."""


def alerts(
    ledger: Ledger,
    *,
    open_only: parameters.OpenOnly = False,
    rule: Annotated[str | None, "Only alerts of this rule."] = None,
    account: parameters.Account = None,
    order: Annotated[
        str,
        "gravest: open ones first, critical before warning before info, of each the newest first. "
        "desc or newest: the latest first. asc: the oldest first.",
        tuple(ORDERS),
    ] = "gravest",
    limit: Annotated[int | None, "Maximum number of alerts.", parameters.Between(1)] = None,
) -> RowList[ListedAlertRow]:
    """List alerts with their deliveries, the gravest first.

    `waiting` names the targets that have not got a notice yet, and `fault` says why. `notices` has
    every delivery. Alerts are not part of the log.
    """
    given = {"rule": rule, "account": account}
    asked = {name: value for name, value in given.items() if value is not None}
    conditions = [*(f"{name} = ?" for name in asked), *([OPEN] if open_only else [])]
    tail = f"ORDER BY {ORDERS[order]} LIMIT {int(limit or LISTED)}"
    with reaching("the table of alerts"), ledger.internals.store.database.reading() as session:
        rows: list[AlertRow] = session.select(
            ALERTS, " AND ".join(conditions), list(asked.values()), tail=tail
        )
        notices: dict[int, list[NoticeRow]] = {row["id"]: [] for row in rows}
        for notice in _notices(session, sorted(notices)):
            notices[notice["alert_id"]].append(notice)
    return RowList(_listed(row, notices[row["id"]]) for row in rows)


def _notices(session: Session, alerts: Sequence[int]) -> Iterator[NoticeRow]:
    for start in range(0, len(alerts), AT_ONCE):
        some = alerts[start : start + AT_ONCE]
        condition = f"alert_id IN ({', '.join('?' * len(some))})"
        yield from session.select(NOTICES, condition, some, tail="ORDER BY id")


def _listed(alert: AlertRow, notices: Sequence[NoticeRow]) -> ListedAlertRow:
    times = [notice["delivered_at"] for notice in notices]
    waiting = [notice for notice in notices if notice["delivered_at"] is None]
    rule = KINDS.get(alert["kind"])
    return {
        **alert,
        "page": "orders" if rule is None else rule.page,
        "attempts": sum(notice["attempts"] for notice in notices),
        "delivered_at": max((at for at in times if at is not None), default=None)
        if None not in times
        else None,
        "waiting": sorted({notice["target"] for notice in waiting}),
        "fault": next((notice["fault"] for notice in waiting if notice["fault"]), None),
        "notices": [
            {name: value for name, value in notice.items() if name not in ("watcher", "alert_id")}
            for notice in notices
        ],
    }


def status(ledger: Ledger, clock: Clock | None = None) -> dict[str, Any]:
    """The status of the ledger and of its alerts: how many are open, and when a watcher last
    checked.
    """
    with (
        reaching(ledger.internals.store.url or "the store"),
        ledger.internals.store.database.reading() as session,
    ):
        is_open, last = mark(session)
    found = ledger.status()
    return {
        **found,
        "alerts": {
            "open": is_open,
            "last": last,
            **_watched(found["watchers"], (clock or SystemClock()).now()),
        },
    }


def _watched(watchers: Mapping[str, Mapping[str, Any]], now: datetime) -> dict[str, Any]:
    """Whether each watcher runs, and the last check of the one that has been silent for longest."""
    ages = {name: status_age(one, now) or 0.0 for name, one in watchers.items()}
    expected = [
        name
        for name, one in watchers.items()
        if one["is_running"] and ages[name] <= FORGOTTEN_SECONDS
    ]
    is_watched = all(
        ages[name] <= max(SILENT_SECONDS, 3 * watchers[name]["look_seconds"]) for name in expected
    )
    looked = [watchers[name]["at"] for name in expected] or [
        max((one["at"] for one in watchers.values()), default=None)
    ]
    return {"is_watched": bool(expected) and is_watched, "looked_at": min(looked)}
