"""The alerts of a ledger, as a list and in the status. They do not follow from the log alone:
time raises and clears them, too.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from orderledger import Ledger, RowList
from orderledger.extend.store import ListedAlertRow, alert_tables, listed, reaching, shown
from orderledger.extend.values import Clock, SystemClock
from orderledger.serve.alerts.feeds import status_age

SILENT_SECONDS = 30.0
"""A watcher without a check for this long, or for three of its intervals, does not run."""
FORGOTTEN_SECONDS = 86_400.0
"""A watcher without a check for this long is not reported as missing any more: it may have
another name now.
"""


def alerts(ledger: Ledger, **asked: Any) -> RowList[ListedAlertRow]:
    """Alerts with their deliveries, as the command `alerts` lists them: by default the most
    severe first.
    """
    return RowList(
        shown(alert, notices) for alert, notices in listed(ledger.store.database, **asked)
    )


def status(ledger: Ledger, clock: Clock | None = None) -> dict[str, Any]:
    """The status of the ledger and of its alerts: how many are open, and when a watcher last
    checked.
    """
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
