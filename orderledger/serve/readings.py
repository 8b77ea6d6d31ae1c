"""Reads the values of the metrics from the views, in one transaction. The database adds up the
orders.
"""

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from orderledger.extend.store import Session, Store, reaching, stored
from orderledger.extend.values import HELD
from orderledger.extend.views import (
    Row,
    StoredViews,
    derived_anomalies,
    is_held,
    queries,
    tables,
)
from orderledger.serve.alerts import tables as alert_tables

HELD_BY_GATEWAY = (
    "submitted_at IS NULL AND acknowledged_at IS NULL AND first_fill_at IS NULL "
    "AND CAST(tags AS TEXT) LIKE ?"
)
"""An order that a gateway holds is not at the venue, and cannot be filled. The same condition as
`is_held`."""

HELD_TAG = f'%"{HELD}"%'

ORDERS_STATEMENT = f"""
SELECT account, COALESCE(instrument, ''), COALESCE(position_side, 'net'), COALESCE(side, ''),
  COUNT(*) - SUM(held), SUM(held),
  SUM(CASE WHEN certainty = 'unresolved' THEN 1 ELSE 0 END),
  SUM(CASE WHEN certainty <> 'unresolved' AND status = 'pending_new' THEN 1 - held ELSE 0 END),
  SUM(CASE WHEN pending IS NOT NULL THEN 1 ELSE 0 END),
  MIN(CASE WHEN certainty = 'unresolved'
    THEN COALESCE(pending_since, submitted_at, requested_at, updated_at) END),
  SUM(CASE WHEN outstanding IS NULL AND legs IS NULL AND held = 0
    THEN CAST(quantity AS DOUBLE PRECISION) - CAST(cum_quantity AS DOUBLE PRECISION) END),
  SUM(CASE WHEN quantity IS NULL THEN 1 - held ELSE 0 END)
FROM (SELECT orders.*, CASE WHEN {HELD_BY_GATEWAY} THEN 1 ELSE 0 END AS held
  FROM orders WHERE is_open = ?) AS open_orders
GROUP BY account, COALESCE(instrument, ''), COALESCE(position_side, 'net'), COALESCE(side, '')
ORDER BY 1, 2, 3, 4
"""
"""SQLite stores numbers as text, and reads DOUBLE PRECISION as REAL."""

LAST_CERTIFICATES = (
    f"position IN (SELECT MAX(position) FROM {tables.CERTIFICATES.name} GROUP BY account)"
)


class OpenOrders(NamedTuple):
    """Open orders of one account, instrument, position side and side. `side` and `instrument` are
    empty where they are unknown.

    `held`: those that a gateway holds; `orders` and `in_flight` do not count them. `leaves`: the
    quantity that may still fill, None if it is unknown; without orders that are being replaced.
    """

    account: str
    instrument: str
    position_side: str
    side: str
    orders: int
    held: int
    unresolved: int
    in_flight: int
    pending: int
    unresolved_since: datetime | None
    leaves: float | None


@dataclass
class Reading:
    """The views at a log position. `is_current`: False if they are of another version, and then no
    row of them is read.

    `replaced`: rows of the open orders with an outstanding replace, which may fill more than their
    quantity, and of combinations, which fill other instruments.
    """

    position: int
    is_current: bool
    seconds: float = 0.0
    orders: list[OpenOrders] = field(default_factory=list)
    replaced: list[Row] = field(default_factory=list)
    anomalies: Counter[str] = field(default_factory=Counter)
    gaps: Counter[str] = field(default_factory=Counter)
    halts: list[Row] = field(default_factory=list)
    certificates: list[Row] = field(default_factory=list)
    pnl: list[Row] = field(default_factory=list)
    instruments: list[Row] = field(default_factory=list)


def read(store: Store) -> Reading:
    """Read the views in their current state, without updating them. Raises StoreError."""
    began = time.perf_counter()
    with reaching(store.url or "the store"), store.database.reading() as session:
        position, outdated = stored(session)
        reading = Reading(position, is_current=not outdated)
        if reading.is_current:
            _read_views(StoredViews(session, store.rate_rules), reading)
    reading.seconds = time.perf_counter() - began
    return reading


def read_alerts(store: Store) -> alert_tables.Counts:
    """Count the alerts, which do not follow from the log alone. Raises StoreError."""
    with reaching(store.url or "the store"), store.database.reading() as session:
        return alert_tables.counts(session)


def _read_views(views: StoredViews, reading: Reading) -> None:
    session = views.session
    is_open = session.to_sql("flag", True)
    summed = session.execute(ORDERS_STATEMENT, (HELD_TAG, is_open))
    reading.orders = [_open_orders(row) for row in summed]
    replaced = session.select(
        tables.EXPOSED_ORDERS,
        "is_open = ? AND (outstanding IS NOT NULL OR legs IS NOT NULL)",
        (is_open,),
    )
    reading.replaced = [row for row in replaced if not is_held(row)]
    reading.anomalies = _counted(session, "code", "anomalies", "cleared_at IS NULL")
    reading.anomalies.update(row["code"] for row in derived_anomalies(views, tables.ANOMALIES))
    reading.gaps = _counted(session, "account", "account_events", "kind = 'gap' AND to_at IS NULL")
    reading.halts = session.select(tables.HALTS, "resumed_at IS NULL")
    reading.certificates = session.select(tables.CERTIFICATES, LAST_CERTIFICATES)
    reading.pnl = queries.pnl(views)
    reading.instruments = views.rows(tables.INSTRUMENTS)


def _open_orders(row: tuple[Any, ...]) -> OpenOrders:
    (
        account,
        instrument,
        position_side,
        side,
        orders,
        held,
        unresolved,
        in_flight,
        pending,
        since,
        leaves,
        unknown,
    ) = row
    moment = datetime.fromisoformat(since) if isinstance(since, str) else since
    left = None if unknown else float(leaves or 0)
    counts = int(orders), int(held), int(unresolved), int(in_flight), int(pending)
    return OpenOrders(account, instrument, position_side, side, *counts, moment, left)


def _counted(session: Session, by: str, table: str, where: str) -> Counter[str]:
    rows = session.execute(
        f"SELECT {by}, COUNT(*) FROM {table} WHERE {where} GROUP BY {by} ORDER BY {by}"
    )
    return Counter({name: int(count) for name, count in rows})
