"""The views: rows, tables, queries, folds, and what was known at a moment."""

from orderledger.infrastructure.views import (
    arguments,
    histories,
    paging,
    parameters,
    questions,
)
from orderledger.infrastructure.views.asking import bound_to
from orderledger.infrastructure.views.log_methods import LogMethods
from orderledger.infrastructure.views.metric_methods import MetricMethods
from orderledger.infrastructure.views.reading import Namespace, one_order
from orderledger.infrastructure.views.reconciliation_methods import ReconciliationMethods
from orderledger.infrastructure.views.scopes import check_scope
from orderledger.infrastructure.views.stored_views import StoredViews
from orderledger.infrastructure.views.views import AsOf, FoldedViews, Views, folded, was_known
from orderledger.projections import instruments, queries, tables
from orderledger.projections.derived_anomalies import derived_anomalies
from orderledger.projections.entries import Entry, fees_in, fees_of, is_entry
from orderledger.projections.fold import Fold
from orderledger.projections.halts import halt_row
from orderledger.projections.histogram import Histogram
from orderledger.projections.names import MemoryNames
from orderledger.projections.orders import is_held, order_row
from orderledger.projections.pnl import equity_in
from orderledger.projections.position_fold import OF_POSITION as POSITION_KEY
from orderledger.projections.position_fold import PositionFold
from orderledger.projections.positions import (
    LOT_CHOICES,
    METHODS,
    Method,
    Position,
    Terms,
    position_of,
    position_rows,
    terms_of,
)
from orderledger.projections.rates import RateRules
from orderledger.projections.recovery import finding
from orderledger.projections.renames import Renames
from orderledger.projections.shares import shared
from orderledger.projections.store import MemoryRows
from orderledger.projections.tracked import NoDuplicates
from orderledger.projections.view import Column, Kind, Row, Table, columns_of
from orderledger.projections.whole_order import WholeOrder

__all__ = [
    "LOT_CHOICES",
    "METHODS",
    "POSITION_KEY",
    "AsOf",
    "Column",
    "Entry",
    "Fold",
    "FoldedViews",
    "Histogram",
    "Kind",
    "LogMethods",
    "MemoryNames",
    "MemoryRows",
    "Method",
    "MetricMethods",
    "Namespace",
    "NoDuplicates",
    "Position",
    "PositionFold",
    "RateRules",
    "ReconciliationMethods",
    "Renames",
    "Row",
    "StoredViews",
    "Table",
    "Terms",
    "Views",
    "WholeOrder",
    "arguments",
    "bound_to",
    "check_scope",
    "columns_of",
    "derived_anomalies",
    "equity_in",
    "fees_in",
    "fees_of",
    "finding",
    "folded",
    "halt_row",
    "histories",
    "instruments",
    "is_entry",
    "is_held",
    "one_order",
    "order_row",
    "paging",
    "parameters",
    "position_of",
    "position_rows",
    "queries",
    "questions",
    "shared",
    "tables",
    "terms_of",
    "was_known",
]
