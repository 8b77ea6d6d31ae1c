"""The lists of the API: their rows, parameters and queries. Routes, checks and the OpenAPI document
follow from this table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import orderledger
from orderledger import Ledger, RowList
from orderledger.extend.views import (
    LATENCY_GROUPS,
    PAGED,
    PNL_GROUPS,
    InvalidCursor,
    Page,
    Table,
    offset_cursor,
    offset_of,
)
from orderledger.gateway.published import BreakerRow, breakers
from orderledger.serve.alerts.lists import alerts
from orderledger.serve.alerts.tables import ListedAlertRow
from orderledger.serve.filters import (
    ACCOUNT,
    ACTIVE,
    AFTER_POSITION,
    AGREEMENT,
    ALL_TRADES,
    ID,
    INSTRUMENT,
    METHOD,
    OF_EVENTS,
    OF_LOG,
    OPEN_ALERTS,
    OPEN_ANOMALIES,
    OPEN_ORDERS,
    ORDER_OF_ALERTS,
    ORDER_OF_RECONCILED,
    POINTS_OF_CURVE,
    RULE,
    SEARCH,
    STRATEGY,
    groups,
)
from orderledger.serve.overview import AccountRow, BreakRow, accounts, breaks
from orderledger.serve.parameters import (
    AFTER,
    COUNT,
    LIMIT,
    ORDER,
    PERIOD,
    TIMES,
    Parameter,
    columns_parameter,
    filter_of,
)
from orderledger.serve.problems import invalid
from orderledger.serve.schemas import columns_of_row

PAGE_ROWS = 200
"""Rows of a page, unless `limit` says otherwise."""
Asked = dict[str, Any]


@dataclass(frozen=True)
class Collection:
    """A list. `path`: under /api. `row`: the class of its rows. `answer` asks the ledger.
    `is_of_log`: its rows change with the log alone, so that an answer may be kept, and has an ETag.
    `is_fold`: all trades are folded for it."""

    path: str
    meaning: str
    row: type
    parameters: tuple[Parameter, ...]
    answer: Callable[[Ledger, Asked], Page]
    is_of_log: bool = True
    is_fold: bool = False

    @cached_property
    def by_name(self) -> Mapping[str, Parameter]:
        return {parameter.name: parameter for parameter in self.parameters}


def _of_view(
    view: str, path: str, row: type, *flags: Parameter, has_period: bool = True
) -> Collection:
    """A list of the rows of a view, in keyset pages."""
    table = PAGED[view]
    names = tuple(columns_of_row(row))
    parameters = (
        *_filters(table),
        *flags,
        *(PERIOD if has_period else ()),
        *TIMES,
        LIMIT,
        AFTER,
        ORDER,
        COUNT,
        columns_parameter(names),
    )

    def answer(ledger: Ledger, asked: Asked) -> Page:
        try:
            return ledger.page(view, **asked)
        except InvalidCursor as fault:
            raise invalid("after", str(fault)) from None

    return Collection(path, table.meaning, row, parameters, answer)


def _filters(table: Table) -> tuple[Parameter, ...]:
    """A filter for each column that is shown, except for JSON."""
    shown = (column for column in table.columns if column.is_shown and column.kind != "json")
    return tuple(
        filter_of(column.name, column.kind, column.meaning, column.words) for column in shown
    )


def _computed(
    path: str,
    meaning: str,
    row: type,
    ask: Callable[..., RowList[Any]],
    *parameters: Parameter,
    is_of_log: bool = True,
    is_fold: bool = False,
) -> Collection:
    """A list of rows that are computed for each question. Its cursor counts rows."""
    paging = (LIMIT, AFTER, COUNT, columns_parameter(columns_of_row(row)))
    return Collection(
        path,
        meaning,
        row,
        (*parameters, *(TIMES if is_of_log else ()), *paging),
        _paged(path, ask),
        is_of_log,
        is_fold,
    )


def _paged(path: str, ask: Callable[..., RowList[Any]]) -> Callable[[Ledger, Asked], Page]:
    def answer(ledger: Ledger, asked: Asked) -> Page:
        limit, with_count, columns = (
            asked.pop("limit", PAGE_ROWS),
            asked.pop("with_count", False),
            asked.pop("columns", None),
        )
        try:
            begin = offset_of(path, asked.pop("after", None))
        except InvalidCursor as fault:
            raise invalid("after", str(fault)) from None
        position = ledger.position()
        rows = ask(ledger, **asked)
        shown = rows[begin : begin + limit]
        if columns is not None:
            shown = [{name: row[name] for name in row if name in columns} for row in shown]
        following = offset_cursor(path, begin + limit) if len(rows) > begin + limit else None
        return Page(RowList(shown), following, len(rows) if with_count else None, position)

    return answer


def _reconciled_orders(ledger: Ledger, asked: Asked) -> Page:
    columns = asked.pop("columns", None)
    try:
        page = ledger.reconciled_orders(**asked)
    except InvalidCursor as fault:
        raise invalid("after", str(fault)) from None
    if columns is None:
        return page
    return replace(
        page,
        rows=RowList({name: row[name] for name in row if name in columns} for row in page.rows),
    )


def _of_history(ledger: Ledger, *, id: str, **asked: Any) -> RowList[Any]:
    return ledger.history(id, **asked)


def _events(ledger: Ledger, asked: Asked) -> Page:
    return ledger.events_page(**asked)


COLLECTIONS = (
    _of_view("orders", "orders", orderledger.OrderRow, OPEN_ORDERS, SEARCH),
    _of_view("trades", "trades", orderledger.TradeRow, ALL_TRADES),
    _of_view("proposals", "proposals", orderledger.ProposalRow),
    _of_view("anomalies", "anomalies", orderledger.AnomalyRow, OPEN_ANOMALIES),
    _of_view("account_events", "account-events", orderledger.AccountEventRow),
    _of_view("certificates", "certificates", orderledger.CertificateRow),
    _of_view("instruments", "instruments", orderledger.InstrumentRow, has_period=False),
    _of_view("halts", "halts", orderledger.HaltRow, ACTIVE),
    _computed(
        "positions",
        "Positions with their P&L, and the quantities that open and unresolved orders may add.",
        orderledger.PositionRow,
        Ledger.positions,
        ACCOUNT,
        INSTRUMENT,
        METHOD,
    ),
    _computed(
        "pnl",
        "P&L by account and instrument, or by any of account, instrument, strategy and day.",
        orderledger.PnlGroupRow,
        Ledger.pnl,
        ACCOUNT,
        INSTRUMENT,
        STRATEGY,
        METHOD,
        groups(PNL_GROUPS),
    ),
    _computed(
        "equity",
        "Equity and drawdown after each fill, funding, adjustment and mark, by settlement "
        "currency.",
        orderledger.EquityPointRow,
        Ledger.equity,
        ACCOUNT,
        INSTRUMENT,
        STRATEGY,
        METHOD,
        POINTS_OF_CURVE,
        *PERIOD,
        is_fold=True,
    ),
    _computed(
        "exposure",
        "What each position and its P&L may become, with the open orders that make it up.",
        orderledger.ExposureRow,
        Ledger.exposure,
        ACCOUNT,
        INSTRUMENT,
    ),
    _computed(
        "latency",
        "How long the steps of orders took, in microseconds.",
        orderledger.LatencyRow,
        Ledger.latency,
        ACCOUNT,
        INSTRUMENT,
        STRATEGY,
        groups(LATENCY_GROUPS),
        *PERIOD,
    ),
    _computed(
        "accounts",
        "A row for each account: its orders, its feed and its breaks.",
        AccountRow,
        accounts,
        ACCOUNT,
        Parameter(
            "minutes",
            "count",
            "New, changed and ended orders are counted over so many minutes.",
            least=1,
            most=527_040,
        ),
        is_of_log=False,
    ),
    _computed(
        "breakers",
        "The breakers of gateways: limit, present value, and since when each has halted trading.",
        BreakerRow,
        breakers,
        ACCOUNT,
        is_of_log=False,
    ),
    _computed(
        "doubts",
        "Open orders whose outcome is unknown: the age of each doubt, and the commands that "
        "settle it. The oldest first.",
        orderledger.DoubtRow,
        Ledger.doubts,
        ACCOUNT,
        is_of_log=False,
    ),
    _computed(
        "reconciliation",
        "A row for each account: how many orders agree with the venue's reports, and when the "
        "account was last reconciled.",
        orderledger.ReconciliationRow,
        Ledger.reconciliation,
        ACCOUNT,
    ),
    Collection(
        "reconciliation/orders",
        "Orders beside the venue's newest report about each. Whether they differ is decided over "
        "all orders.",
        orderledger.ReconciledOrderRow,
        (
            ACCOUNT,
            AGREEMENT,
            *TIMES,
            LIMIT,
            AFTER,
            ORDER_OF_RECONCILED,
            COUNT,
            columns_parameter(columns_of_row(orderledger.ReconciledOrderRow)),
        ),
        _reconciled_orders,
    ),
    _computed(
        "breaks",
        "Open differences with the venue, the oldest first.",
        BreakRow,
        breaks,
        ACCOUNT,
        is_of_log=False,
    ),
    _computed(
        "alerts",
        "Alerts with their deliveries: what was raised and cleared. They are no part of the log.",
        ListedAlertRow,
        alerts,
        OPEN_ALERTS,
        RULE,
        ACCOUNT,
        ORDER_OF_ALERTS,
        is_of_log=False,
    ),
    _computed(
        "history",
        "The events of one order, as recorded.",
        orderledger.EventRow,
        _of_history,
        ID,
        ACCOUNT,
        *OF_EVENTS,
        *PERIOD,
    ),
    Collection(
        "events",
        "The log. A page may have few rows although more follow: a search reads a bounded part of "
        "the log at a time.",
        orderledger.EventRow,
        (
            ACCOUNT,
            *OF_EVENTS,
            *OF_LOG,
            *PERIOD,
            LIMIT,
            AFTER_POSITION,
            ORDER,
            columns_parameter(columns_of_row(orderledger.EventRow)),
        ),
        _events,
    ),
)
"""Every list, in the order of the documentation."""

BY_PATH = {collection.path: collection for collection in COLLECTIONS}
HISTORY = BY_PATH["history"]
