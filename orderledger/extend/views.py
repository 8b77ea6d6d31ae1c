"""The views: rows, tables, queries, folds, and what was known at a moment."""

from orderledger.infrastructure.views import parameters, questions
from orderledger.infrastructure.views.arguments import (
    asked_of,
    check_argument,
    check_period,
    groups_of,
    zone_of,
)
from orderledger.infrastructure.views.asking import bound_to
from orderledger.infrastructure.views.building import ENTRIES, OF_POSITION, place_of
from orderledger.infrastructure.views.following import Following
from orderledger.infrastructure.views.histories import (
    EVENT_NAMES,
    SOURCES,
    event_row_of,
    stored_event_rows,
)
from orderledger.infrastructure.views.paging import (
    LONGEST_PAGE,
    ORDERS_OF_PAGES,
    InvalidCursor,
    Page,
    offset_cursor,
    offset_of,
)
from orderledger.infrastructure.views.parallel import processes, results, submitted
from orderledger.infrastructure.views.queries import Namespace
from orderledger.infrastructure.views.reading import one_order
from orderledger.infrastructure.views.scopes import check_scope
from orderledger.infrastructure.views.stored_views import StoredViews
from orderledger.infrastructure.views.views import AsOf, FoldedViews, Views, folded, was_known
from orderledger.projections import queries
from orderledger.projections.account_events import ACCOUNT_EVENTS
from orderledger.projections.anomalies import ANOMALIES
from orderledger.projections.certificates import CERTIFICATES
from orderledger.projections.entries import Entry, is_entry
from orderledger.projections.exposure import EXPOSED_ORDERS
from orderledger.projections.fold import Fold
from orderledger.projections.halts import HALTS, halt_row
from orderledger.projections.histogram import Histogram
from orderledger.projections.instruments import (
    INSTRUMENTS,
    StoredInstrumentRow,
    defined,
    marked,
    reported_quantities,
)
from orderledger.projections.names import ORDER_NAMES, MemoryNames
from orderledger.projections.orders import ORDERS, order_row
from orderledger.projections.pnl import Marks, equity_in, rate_of
from orderledger.projections.pnl_of_fills import PNL_OF_FILLS
from orderledger.projections.position_anomalies import position_anomalies
from orderledger.projections.position_fold import OF_POSITION as POSITION_KEY
from orderledger.projections.position_fold import PositionFold
from orderledger.projections.position_tables import CHECKPOINTS, INNER, LOTS, POSITIONS
from orderledger.projections.positions import (
    METHODS,
    Method,
    Position,
    Terms,
    position_of,
    position_rows,
    terms_of,
)
from orderledger.projections.recovery import finding
from orderledger.projections.store import MemoryRows
from orderledger.projections.tables import BY_NAME, TABLES
from orderledger.projections.tracked import NoDuplicates
from orderledger.projections.trades import TRADES
from orderledger.projections.view import ROWS_IN_NOTEBOOKS, Column, Kind, Row, Table, columns_of
from orderledger.projections.whole_order import WholeOrder

__all__ = [
    "ACCOUNT_EVENTS",
    "ANOMALIES",
    "BY_NAME",
    "CERTIFICATES",
    "CHECKPOINTS",
    "ENTRIES",
    "EVENT_NAMES",
    "EXPOSED_ORDERS",
    "HALTS",
    "INNER",
    "INSTRUMENTS",
    "LONGEST_PAGE",
    "LOTS",
    "METHODS",
    "OF_POSITION",
    "ORDERS",
    "ORDERS_OF_PAGES",
    "ORDER_NAMES",
    "PNL_OF_FILLS",
    "POSITIONS",
    "POSITION_KEY",
    "ROWS_IN_NOTEBOOKS",
    "SOURCES",
    "TABLES",
    "TRADES",
    "AsOf",
    "Column",
    "Entry",
    "Fold",
    "FoldedViews",
    "Following",
    "Histogram",
    "InvalidCursor",
    "Kind",
    "Marks",
    "MemoryNames",
    "MemoryRows",
    "Method",
    "Namespace",
    "NoDuplicates",
    "Page",
    "Position",
    "PositionFold",
    "Row",
    "StoredInstrumentRow",
    "StoredViews",
    "Table",
    "Terms",
    "Views",
    "WholeOrder",
    "asked_of",
    "bound_to",
    "check_argument",
    "check_period",
    "check_scope",
    "columns_of",
    "defined",
    "equity_in",
    "event_row_of",
    "finding",
    "folded",
    "groups_of",
    "halt_row",
    "is_entry",
    "marked",
    "offset_cursor",
    "offset_of",
    "one_order",
    "order_row",
    "parameters",
    "place_of",
    "position_anomalies",
    "position_of",
    "position_rows",
    "processes",
    "queries",
    "questions",
    "rate_of",
    "reported_quantities",
    "results",
    "stored_event_rows",
    "submitted",
    "terms_of",
    "was_known",
    "zone_of",
]
