"""The views: rows, tables, queries, folds, and what was known at a moment."""

from orderledger.infrastructure.views import parameters
from orderledger.infrastructure.views.arguments import (
    asked_of,
    check_argument,
    check_period,
    groups_of,
    zone_of,
)
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
from orderledger.infrastructure.views.queries import Queries
from orderledger.infrastructure.views.questions import (
    Between,
    Parameter,
    Word,
    parameters_of,
    row_of,
    summary_of,
)
from orderledger.infrastructure.views.reading import check_times, one_order
from orderledger.infrastructure.views.scopes import check_scope
from orderledger.infrastructure.views.stored_views import StoredViews
from orderledger.infrastructure.views.views import AsOf, FoldedViews, Views, folded, was_known
from orderledger.projections import queries
from orderledger.projections.account_events import ACCOUNT_EVENTS
from orderledger.projections.agreement import AGREEMENTS
from orderledger.projections.anomalies import ANOMALIES
from orderledger.projections.certificates import CERTIFICATES
from orderledger.projections.equity import POINTS
from orderledger.projections.equity_points import FEWEST_POINTS
from orderledger.projections.exposure import EXPOSED_ORDERS
from orderledger.projections.fold import Fold
from orderledger.projections.halts import HALTS, halt_row
from orderledger.projections.histogram import Histogram
from orderledger.projections.instruments import INSTRUMENTS, defined, marked, reported_quantities
from orderledger.projections.latency import GROUPS as LATENCY_GROUPS
from orderledger.projections.names import ORDER_NAMES, MemoryNames
from orderledger.projections.orders import ORDERS, order_row
from orderledger.projections.pnl import GROUPS as PNL_GROUPS
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
from orderledger.projections.queries import OF_PART, PAGED
from orderledger.projections.recovery import finding
from orderledger.projections.sentences import (
    OrderLogEvent,
    account_sentence,
    order_sentence,
    proposal_sentence,
)
from orderledger.projections.store import MemoryRows, Source, moment_of
from orderledger.projections.tables import BY_NAME, TABLES
from orderledger.projections.tracked import NoDuplicates
from orderledger.projections.trades import TRADES
from orderledger.projections.view import ROWS_IN_NOTEBOOKS, Column, Kind, Row, Table, columns_of
from orderledger.projections.whole_order import WholeOrder
from orderledger.projections.wording import SOURCES as SOURCE_WORDS
from orderledger.projections.wording import listed, moment, order_name, span, word

__all__ = [
    "ACCOUNT_EVENTS",
    "AGREEMENTS",
    "ANOMALIES",
    "BY_NAME",
    "CERTIFICATES",
    "CHECKPOINTS",
    "ENTRIES",
    "EVENT_NAMES",
    "EXPOSED_ORDERS",
    "FEWEST_POINTS",
    "HALTS",
    "INNER",
    "INSTRUMENTS",
    "LATENCY_GROUPS",
    "LONGEST_PAGE",
    "LOTS",
    "METHODS",
    "OF_PART",
    "OF_POSITION",
    "ORDERS",
    "ORDERS_OF_PAGES",
    "ORDER_NAMES",
    "PAGED",
    "PNL_GROUPS",
    "PNL_OF_FILLS",
    "POINTS",
    "POSITIONS",
    "POSITION_KEY",
    "ROWS_IN_NOTEBOOKS",
    "SOURCES",
    "SOURCE_WORDS",
    "TABLES",
    "TRADES",
    "AsOf",
    "Between",
    "Column",
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
    "NoDuplicates",
    "OrderLogEvent",
    "Page",
    "Parameter",
    "Position",
    "PositionFold",
    "Queries",
    "Row",
    "Source",
    "StoredViews",
    "Table",
    "Terms",
    "Views",
    "WholeOrder",
    "Word",
    "account_sentence",
    "asked_of",
    "check_argument",
    "check_period",
    "check_scope",
    "check_times",
    "columns_of",
    "defined",
    "equity_in",
    "event_row_of",
    "finding",
    "folded",
    "groups_of",
    "halt_row",
    "listed",
    "marked",
    "moment",
    "moment_of",
    "offset_cursor",
    "offset_of",
    "one_order",
    "order_name",
    "order_row",
    "order_sentence",
    "parameters",
    "parameters_of",
    "place_of",
    "position_anomalies",
    "position_of",
    "position_rows",
    "processes",
    "proposal_sentence",
    "queries",
    "rate_of",
    "reported_quantities",
    "results",
    "row_of",
    "span",
    "stored_event_rows",
    "submitted",
    "summary_of",
    "terms_of",
    "was_known",
    "word",
    "zone_of",
]
