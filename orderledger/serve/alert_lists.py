"""The alerts of a ledger, as a list and in the status. They do not follow the log: time raises and
clears them, too."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from orderledger.infrastructure.clock import Clock, SystemClock
from orderledger.infrastructure.storage import alert_tables
from orderledger.infrastructure.storage.alert_rows import ORDERS, listed, shown
from orderledger.infrastructure.storage.alert_tables import ListedAlertRow
from orderledger.infrastructure.storage.store import reaching
from orderledger.infrastructure.views.parameters import Account, OpenOnly
from orderledger.infrastructure.views.questions import Between
from orderledger.ledger import Ledger
from orderledger.projections.view import RowList
from orderledger.serve.alerts.feeds import status_age

SILENT_SECONDS = 30.0
"""A watcher that has not looked for so long, or for three of its intervals, does not run."""
FORGOTTEN_SECONDS = 86_400.0
"""A watcher that has not looked for so long is not missed any more: it may have another name
now."""


def alerts(
    ledger: Ledger,
    *,
    open_only: OpenOnly = False,
    rule: Annotated[str | None, "Only alerts of this rule."] = None,
    account: Account = None,
    order: Annotated[
        str,
        "gravest: open ones first, critical before warning before info, of each the newest first. "
        "desc or newest: the latest first. asc: the oldest first.",
        tuple(ORDERS),
    ] = "gravest",
    limit: Annotated[int | None, "At most so many alerts.", Between(1)] = None,
) -> RowList[ListedAlertRow]:
    """List alerts with their deliveries, the gravest first.

    `waiting` names the targets that have not got a notice yet, and `fault` says why. `notices` has
    every delivery. Alerts are not part of the log.
    """
    where = {"rule": rule, "account": account}
    found = listed(ledger.store.database, order=order, open_only=open_only, limit=limit, **where)
    return RowList(shown(alert, notices) for alert, notices in found)


def status(ledger: Ledger, clock: Clock | None = None) -> dict[str, Any]:
    """The status of the ledger and of its alerts: how many are open, and when a watcher last
    looked."""
    with reaching(ledger.store.url or "the store"), ledger.store.database.reading() as session:
        is_open, last = alert_tables.mark(session)
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
    """Whether each watcher runs, and when the one that has been silent for longest last looked."""
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
