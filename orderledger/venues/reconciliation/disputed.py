"""Ends that the venue dates before a query that showed the order working.

Our clock dates queries. If it is ahead of the venue's, an order that ended just after a query seems
to work after its end. The next answer that reports the end proves it for the time of that query.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from orderledger import Anomaly, Message
from orderledger.extend.messages import Report
from orderledger.rows import OrderRow
from orderledger.venues.base.answered import observed_end
from orderledger.venues.reconciliation.book import history_of
from orderledger.venues.reconciliation.breaks import updated_at
from orderledger.venues.reconciliation.concluding import was_taken_back

if TYPE_CHECKING:
    from orderledger import Ledger


def disputed_end(
    book: "Ledger", row: OrderRow, report: Report, asked_at: datetime
) -> Message | None:
    """The end in a report as of the query, for an order whose recorded end does not count. None
    for other orders and reports, and if such an end was reverted."""
    if not row["is_open"] or Anomaly.STATUS_CONFLICT not in row["anomalies"]:
        return None
    queries = (event["payload"].get("asked_at") for event in history_of(book, row))
    shown = (datetime.fromisoformat(str(at)) for at in queries if at is not None)
    end = observed_end(report, max([asked_at, updated_at(row), *shown]))
    return None if end is None or was_taken_back(book, row) else end
