"""The alerts of a ledger, as a list and in the status. They do not follow the log: time raises and clears them, too."""

from typing import Any

from orderledger.infrastructure.storage import alert_tables
from orderledger.infrastructure.storage.alert_rows import listed, shown
from orderledger.infrastructure.storage.alert_tables import ListedAlertRow
from orderledger.infrastructure.storage.store import reaching
from orderledger.ledger import Ledger
from orderledger.projections.view import RowList


def alerts(ledger: Ledger, *, order: str = "asc", **asked: Any) -> RowList[ListedAlertRow]:
    """Alerts with their deliveries, as the command `alerts` lists them: the oldest first."""
    rows = [shown(alert, notices) for alert, notices in listed(ledger.store.database, **asked)]
    return RowList(rows if order == "asc" else rows[::-1])


def status(ledger: Ledger) -> dict[str, Any]:
    """The status of the ledger, and of its alerts."""
    with reaching(ledger.store.url or "the store"), ledger.store.database.reading() as session:
        is_open, last = alert_tables.mark(session)
    return {**ledger.status(), "alerts": {"open": is_open, "last": last}}
