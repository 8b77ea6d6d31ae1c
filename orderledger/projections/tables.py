"""All tables of the views. A view is declared in the module that is named like it."""

from collections.abc import Container, Iterable

from orderledger.projections.account_events import ACCOUNT_EVENTS
from orderledger.projections.anomalies import ANOMALIES
from orderledger.projections.cash import CASH
from orderledger.projections.certificates import CERTIFICATES
from orderledger.projections.exposure import EXPOSED_ORDERS
from orderledger.projections.halts import HALTS
from orderledger.projections.instruments import INSTRUMENTS
from orderledger.projections.marks import MARKS
from orderledger.projections.names import ORDER_NAMES
from orderledger.projections.orders import ORDERS
from orderledger.projections.pnl_of_fills import PNL_OF_FILLS
from orderledger.projections.position_tables import CHECKPOINTS, INNER, LOTS, POSITIONS
from orderledger.projections.proposals import PROPOSALS
from orderledger.projections.renames import RENAMES
from orderledger.projections.trades import TRADES
from orderledger.projections.view import AnyTable

__all__ = [
    "ACCOUNT_EVENTS",
    "ANOMALIES",
    "BY_NAME",
    "CASH",
    "CERTIFICATES",
    "CHECKPOINTS",
    "ENTRIES",
    "EXPOSED_ORDERS",
    "HALTS",
    "INNER",
    "INSTRUMENTS",
    "LOTS",
    "MARKS",
    "ORDERS",
    "ORDER_NAMES",
    "PNL_OF_FILLS",
    "POSITIONS",
    "PROPOSALS",
    "READ_BY",
    "RENAMES",
    "TABLES",
    "TRADES",
    "VIEWS",
    "tables_behind",
    "tables_of",
]

TABLES: tuple[AnyTable, ...] = (
    ORDERS,
    TRADES,
    POSITIONS,
    LOTS,
    CHECKPOINTS,
    ANOMALIES,
    PROPOSALS,
    INSTRUMENTS,
    MARKS,
    ACCOUNT_EVENTS,
    CASH,
    RENAMES,
    CERTIFICATES,
    HALTS,
)
"""The views, which follow the log."""

BY_NAME: dict[str, AnyTable] = {table.name: table for table in (*TABLES, ORDER_NAMES)}
"""The views, and the index of names."""

VIEWS = {name: table for name, table in BY_NAME.items() if name not in INNER}
"""The views that can be rebuilt by name. Each has a version."""

ENTRIES = TRADES.narrowed(
    (
        *("account", "fill_id", "instrument", "side", "quantity", "price"),
        *("fee", "fee_currency", "fees", "position_side", "position_id"),
        *("at", "position", "rank", "state"),
    )
)
"""The columns of trades that positions follow from."""

READ_BY: dict[str, tuple[AnyTable, ...]] = {
    POSITIONS.name: (TRADES, ACCOUNT_EVENTS, INSTRUMENTS),
    TRADES.name: (ACCOUNT_EVENTS,),
}
"""The tables whose rows the fold of a view reads in addition to events."""


def tables_of(views: Container[str]) -> tuple[AnyTable, ...]:
    """The tables of these views."""
    return tuple(table for table in BY_NAME.values() if INNER.get(table.name, table.name) in views)


def tables_behind(views: Iterable[str]) -> tuple[AnyTable, ...]:
    """The tables that are needed to build these views: their own, and those that their folds
    read."""
    names = set(views)
    return tables_of(names | {table.name for view in names for table in READ_BY.get(view, ())})
