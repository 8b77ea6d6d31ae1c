"""The lists and documents of the API: which question each answers. Parameters, checks and the
OpenAPI document follow from the signatures of the questions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cached_property
from typing import Any

from orderledger import Ledger, LedgerError
from orderledger.audit.queries import Audit
from orderledger.extend.runtime import rows_json
from orderledger.extend.views import (
    LogMethods,
    MetricMethods,
    ReconciliationMethods,
    bound_to,
    paging,
    questions,
)
from orderledger.gateway.published import breakers
from orderledger.rows import ReconciledOrderRow, RowList
from orderledger.serve.alerts.lists import alerts
from orderledger.serve.overview import accounts, breaks
from orderledger.serve.parameters import (
    AFTER,
    AFTER_POSITION,
    COUNT,
    LIMIT,
    ORDER,
    columns_parameter,
)
from orderledger.serve.problems import Problem, invalid
from orderledger.serve.schemas import columns_of_row

PAGE_ROWS = 200
"""Rows of a page, unless `limit` says otherwise."""
MOST_POINTS = 100_000
"""Points of a curve that one answer may have. The command line and Python give all."""
Asked = dict[str, Any]
Question = Callable[..., Any]


@dataclass(frozen=True)
class Collection:
    """A list. `path`: under /api. `answer` asks the ledger. `is_of_log`: its rows change with the
    log alone, so that an answer may be kept, and has an ETag. `is_fold`: the log is folded for
    it."""

    path: str
    question: Question
    row: Any
    parameters: tuple[questions.Parameter, ...]
    answer: Callable[[Ledger, Asked], paging.Page] = field(repr=False)
    is_of_log: bool = True
    is_fold: bool = False

    @property
    def meaning(self) -> str:
        return questions.summary_of(self.question)

    @cached_property
    def by_name(self) -> Mapping[str, questions.Parameter]:
        return {parameter.name: parameter for parameter in self.parameters}


@dataclass(frozen=True)
class Single:
    """One object that answers a question. `path`: under /api."""

    path: str
    question: Question
    is_of_log: bool = True

    @cached_property
    def by_name(self) -> Mapping[str, questions.Parameter]:
        return {one.name: one for one in questions.parameters_of(self.question)}

    def body(self, ledger: Ledger, asked: Asked) -> bytes:
        """The object as JSON."""
        return rows_json.row_json(shown(_ask(self.question, ledger, asked)))


def shown(found: Any) -> dict[str, Any]:
    """The result of a question as an object."""
    if not is_dataclass(found):
        return dict(found)
    return {one.name: _plain(getattr(found, one.name)) for one in fields(found)}


def _plain(value: Any) -> Any:
    return f"{value:.4f}" if isinstance(value, float) else value


def _ask(question: Question, ledger: Ledger, asked: Asked) -> Any:
    """The result of a question. Raises Problem for arguments that do not go together."""
    names = [
        asked.pop(one.becomes) for one in questions.parameters_of(question) if one.is_positional
    ]
    try:
        return bound_to(question, ledger)(*names, **asked)
    except LedgerError:
        raise
    except ValueError as fault:
        raise Problem("invalid_request", str(fault)) from None


def _of_view(path: str, question: Question) -> Collection:
    """A list of the rows of a view, in keyset pages."""
    of_pages = (
        LIMIT,
        AFTER,
        ORDER,
        COUNT,
        columns_parameter(columns_of_row(questions.row_of(question))),
    )

    def answer(ledger: Ledger, asked: Asked) -> paging.Page:
        try:
            return ledger.views.page(question.__name__, **asked)
        except paging.InvalidCursor as fault:
            raise invalid("after", str(fault)) from None

    parameters = (*_without(question, "limit"), *of_pages)
    return Collection(path, question, questions.row_of(question), parameters, answer)


def _without(question: Question, *names: str) -> tuple[questions.Parameter, ...]:
    return tuple(one for one in questions.parameters_of(question) if one.name not in names)


def _computed(
    path: str,
    question: Question,
    *,
    is_of_log: bool = True,
    is_fold: bool = False,
    most: int | None = None,
    left_out: Sequence[str] = (),
) -> Collection:
    """A list of rows that are computed for each question. Its cursor counts rows. `most`: the bound
    of its counts here. `left_out`: parameters that are not offered here."""
    paging = (LIMIT, AFTER, COUNT, columns_parameter(columns_of_row(questions.row_of(question))))
    given = _without(question, "limit", *left_out)
    if most is not None:
        given = tuple(replace(one, most=most) if one.kind == "count" else one for one in given)
    answer = _paged(path, question)
    return Collection(
        path, question, questions.row_of(question), (*given, *paging), answer, is_of_log, is_fold
    )


def _paged(path: str, question: Question) -> Callable[[Ledger, Asked], paging.Page]:
    def answer(ledger: Ledger, asked: Asked) -> paging.Page:
        limit, with_count, columns = (
            asked.pop("limit", PAGE_ROWS),
            asked.pop("with_count", False),
            asked.pop("columns", None),
        )
        try:
            begin = paging.offset_of(path, asked.pop("after", None))
        except paging.InvalidCursor as fault:
            raise invalid("after", str(fault)) from None
        position = ledger.log.position()
        rows = _ask(question, ledger, asked)
        page = rows[begin : begin + limit]
        if columns is not None:
            page = [{name: row[name] for name in row if name in columns} for row in page]
        following = paging.offset_cursor(path, begin + limit) if len(rows) > begin + limit else None
        return paging.Page(RowList(page), following, len(rows) if with_count else None, position)

    return answer


def _reconciled_orders(ledger: Ledger, asked: Asked) -> paging.Page:
    columns = asked.pop("columns", None)
    try:
        page = ledger.reconciliations.orders(**asked)
    except paging.InvalidCursor as fault:
        raise invalid("after", str(fault)) from None
    if columns is None:
        return page
    return replace(
        page,
        rows=RowList({name: row[name] for name in row if name in columns} for row in page.rows),
    )


def _events(ledger: Ledger, asked: Asked) -> paging.Page:
    return ledger.log.page(**asked)


COLLECTIONS = (
    _of_view("orders", Ledger.orders),
    _of_view("trades", Ledger.trades),
    _of_view("proposals", Ledger.proposals),
    _of_view("anomalies", Ledger.anomalies),
    _of_view("account-events", LogMethods.account_events),
    _of_view("certificates", ReconciliationMethods.certificates),
    _of_view("instruments", Ledger.instruments),
    _of_view("marks", Ledger.marks),
    _of_view("halts", Ledger.halts),
    _computed("positions", Ledger.positions),
    _computed("pnl", Ledger.pnl),
    _computed("pnl-of-fills", Ledger.pnl_of_fills, is_fold=True),
    _computed("equity", Ledger.equity, is_fold=True, most=MOST_POINTS),
    _computed("lots", Ledger.lots, is_fold=True),
    _computed("disposals", Ledger.disposals, is_fold=True),
    _computed("balances", Ledger.balances),
    _computed("valuation", Ledger.valuation),
    _computed("exposure", Ledger.exposure),
    _computed("latency", MetricMethods.latency),
    _computed("accounts", accounts, is_of_log=False),
    _computed("breakers", breakers, is_of_log=False),
    _computed("doubts", Ledger.doubts, is_of_log=False),
    _computed("reconciliation", ReconciliationMethods.by_account),
    Collection(
        "reconciliation/orders",
        ReconciliationMethods.orders,
        ReconciledOrderRow,
        (
            *questions.parameters_of(ReconciliationMethods.orders),
            columns_parameter(columns_of_row(ReconciledOrderRow)),
        ),
        _reconciled_orders,
    ),
    _computed("breaks", breaks, is_of_log=False),
    _computed("alerts", alerts, is_of_log=False),
    _computed("history", Ledger.history),
    Collection(
        "events",
        Ledger.events,
        questions.row_of(Ledger.events),
        (
            *_without(Ledger.events, "after", "limit"),
            LIMIT,
            AFTER_POSITION,
            ORDER,
            columns_parameter(columns_of_row(questions.row_of(Ledger.events))),
        ),
        _events,
    ),
    _computed("restate", Audit.restate, is_fold=True),
    _computed("audit", Audit.findings, is_fold=True),
    _computed("order-records", Audit.order_records, is_fold=True),
    # `fees` names a file, and the server's files are not the client's.
    _computed("what-if", Audit.what_if, is_fold=True, left_out=("fees",)),
)
"""Every list, in the order of the documentation."""

SINGLES = (Single("recover", Ledger.recover, is_of_log=False), Single("why", Audit.why))
"""Every question that is answered with one object, except those in the path of an order."""

BY_PATH = {collection.path: collection for collection in COLLECTIONS}
HISTORY = BY_PATH["history"]
