"""Answers put together from the rows of the views."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from heapq import merge
from operator import itemgetter
from typing import Any, Literal, get_args

from orderledger.domain.exact import ZERO, total
from orderledger.projections.account_equity import (
    AccountCurve,
    AccountCurves,
    account_equity_rows,
    in_order,
    is_cash,
    is_opening,
)
from orderledger.projections.account_events import ACCOUNT_EVENTS
from orderledger.projections.anomalies import ANOMALIES
from orderledger.projections.assets import asset_rows
from orderledger.projections.balances import BALANCES, balances
from orderledger.projections.certificates import CERTIFICATES
from orderledger.projections.disposals import DISPOSALS, DisposalRow, disposal_rows
from orderledger.projections.entries import Entry, concerns, has_position, is_account_entry
from orderledger.projections.equity import OF_FILL, POINTS, CurveEntry, OfEach, equity_rows, moments
from orderledger.projections.equity_points import EquityPointRow
from orderledger.projections.exposure import EXPOSED_ORDERS, ExposureRow, exposure_row, of_legs
from orderledger.projections.fee_worths import Conversion, fee_worths, fees_paid
from orderledger.projections.fill_changes import (
    FillEvents,
    changed_positions,
    dated_entries,
    orders_with_changed_fills,
)
from orderledger.projections.halts import HALTS
from orderledger.projections.instruments import (
    INSTRUMENTS,
    InstrumentRow,
    StoredInstrumentRow,
    modes_of,
    reported_quantities,
)
from orderledger.projections.latency import GROUPS as LATENCY_GROUPS
from orderledger.projections.latency import TIMED_ORDERS, LatencyRow, latency_rows
from orderledger.projections.marks import MARKS
from orderledger.projections.open_lots import LOTS_SHOWN, LotRow, lot_rows
from orderledger.projections.orders import ORDERS, OrderRow, StoredOrderRow, is_held
from orderledger.projections.pnl import (
    ASSET,
    CURRENCY_UNKNOWN,
    GROUPS,
    NOTHING_PAID,
    Marks,
    PnlGroupRow,
    PnlPartRow,
    PnlRow,
    PositionChange,
    PositionRow,
    WorkingQuantities,
    pnl_of_period,
    pnl_row,
)
from orderledger.projections.pnl_groups import group_rows, rows_by
from orderledger.projections.pnl_of_fills import OF_TRADES, FillPnlRow, fill_rows
from orderledger.projections.position_tables import POSITIONS, PositionKey, StoredPositionRow
from orderledger.projections.positions import (
    LOT_CHOICES,
    Definition,
    Definitions,
    LotChoice,
    Worths,
    terms_of,
)
from orderledger.projections.proposals import PROPOSALS, ProposalRow, StoredProposalRow
from orderledger.projections.rates import RateRules
from orderledger.projections.renames import RENAMES, under_latest
from orderledger.projections.results import Result
from orderledger.projections.results import other_results as results_of_others
from orderledger.projections.sides import SIDE_UNKNOWN, Part, part_now, when
from orderledger.projections.store import Source
from orderledger.projections.trades import TRADES, TradeRow
from orderledger.projections.valuation import valuation
from orderledger.projections.view import AnyTable, Table

__all__ = ["BALANCES", "DISPOSALS", "LOTS_SHOWN", "Conversion", "Result", "balances", "valuation"]

WORKING_ORDERS = ORDERS.narrowed(
    (
        *(
            "account",
            "instrument",
            "side",
            "position_side",
            "position_id",
            "leaves_quantity",
            "quantity",
            "cum_quantity",
            "outstanding",
            "legs",
            "certainty",
        ),
        *("requested_at", "first_fill_at", "is_open", "stream"),
        *("tags", "submitted_at", "acknowledged_at"),
    )
)
"""The columns of orders that positions need."""

POSITION_REASONS = POSITIONS.narrowed(
    ("account", "instrument", "position_side", "position_id", "method", "reason")
)
"""The columns of positions that show which of them are unknown."""

OfPart = Literal["position_side", "position_id"]
OF_PART: tuple[OfPart, ...] = get_args(OfPart)
OF_INSTRUMENT = ("account", "instrument")
UNDEFINED = Definition()
LINKED_ORDERS = ORDERS.narrowed(
    ("account", "client_order_id", "cum_quantity", "links", "requested_at", "stream")
)
"""The columns of orders that proposals need."""

TRADED = (
    *(
        "account",
        "instrument",
        "strategy",
        "fill_id",
        "side",
        "quantity",
        "price",
        "fee",
        "fee_currency",
        "fees",
    ),
    *("position_side", "position_id", "at", "position", "rank"),
)
"""The columns of a trade that P&L needs."""


MARKED = ("account", "instrument", "at", "price", "position")
"""The columns of a mark that P&L needs."""


STREAMED: dict[str, AnyTable] = {
    table.name: table for table in (ORDERS, TRADES, ANOMALIES, MARKS, ACCOUNT_EVENTS, CERTIFICATES)
}
"""The views whose rows can be read one after the other."""


def streamed(view: str, where: dict[str, Any]) -> tuple[AnyTable, dict[str, Any]]:
    """The table of a view that is streamed, and the values that its rows must have. Raises
    ValueError for another view."""
    if view not in STREAMED:
        raise ValueError(f"{view!r} is not a view that is streamed: {', '.join(STREAMED)}")
    where = dict(where)
    if view == "trades":
        where["state"] = _state_of_trades(
            where.get("state"), include_busted=where.pop("include_busted", False)
        )
    if view == "orders" and where.pop("open_only", False):
        where["is_open"] = True
    return STREAMED[view], where


PAGED: dict[str, AnyTable] = {
    table.name: table
    for table in (
        ORDERS,
        TRADES,
        ANOMALIES,
        PROPOSALS,
        INSTRUMENTS,
        ACCOUNT_EVENTS,
        CERTIFICATES,
        MARKS,
        HALTS,
    )
}
"""The views that are read in pages."""

OPEN_WHILE_MISSING = {
    ANOMALIES.name: ("open_only", "cleared_at"),
    HALTS.name: ("active_only", "resumed_at"),
}
"""The flag of a view that asks for what has not ended, and the column that is then missing."""

LINKED = ("orders", "cum_quantity")
"""The columns of proposals that come from their orders."""


def paged(view: str, where: dict[str, Any]) -> tuple[AnyTable, dict[str, Any], tuple[str, ...]]:
    """The table of a view that is read in pages, the values that its rows must have, and the
    columns that they must not have. Raises ValueError for another view."""
    if view not in PAGED:
        raise ValueError(f"{view!r} is not a view that is read in pages: {', '.join(PAGED)}")
    where = dict(where)
    flag, column = OPEN_WHILE_MISSING.get(view, ("", ""))
    missing = (column,) if where.pop(flag, False) else ()
    return (*streamed(view, where), missing) if view in STREAMED else (PAGED[view], where, missing)


def columns_shown(table: AnyTable, columns: Sequence[str] | None) -> tuple[str, ...]:
    """The columns of a page, in the order of the view. Raises ValueError for one that the view has
    not."""
    known = (*table.public.names, *(LINKED if table is PROPOSALS else ()))
    if columns is None:
        return known
    if unknown := [name for name in columns if name not in known]:
        raise ValueError(
            f"columns: {unknown[0]!r:.100} is not a column of {table.name}: {', '.join(known)}"
        )
    return tuple(name for name in known if name in columns)


def columns_needed(table: AnyTable, shown: tuple[str, ...]) -> tuple[str, ...]:
    """The columns of the table from which those of a page follow."""
    is_linked = table is PROPOSALS and any(name in LINKED for name in shown)
    needed = {*shown, *(("account", "proposal_id") if is_linked else ())}
    return tuple(name for name in table.names if name in needed)


def rows_shown(
    source: Source, table: AnyTable, rows: Sequence[Any], shown: tuple[str, ...]
) -> list[dict[str, object]]:
    """The rows of a page with these columns."""
    if table is PROPOSALS and any(name in LINKED for name in shown):
        rows = with_orders(source, rows)
    return [{name: row[name] for name in shown} for row in rows]


def orders(source: Source, *, limit: int | None = None, **where: Any) -> list[OrderRow]:
    """Rows of the order view: at most `limit`, the last updated."""
    return source.rows(ORDERS.public, newest=limit, **where)


def trades(
    source: Source, *, include_busted: bool = False, state: str | None = None, **where: Any
) -> list[TradeRow]:
    """Rows of the trade view: the fills that stand, and on request those that were busted or
    corrected."""
    state = _state_of_trades(state, include_busted=include_busted)
    return [TRADES.shown(row) for row in source.rows(TRADES, state=state, **where)]


def _state_of_trades(state: str | None, *, include_busted: bool) -> str | None:
    return "active" if state is None and not include_busted else state


def proposals(source: Source, **where: Any) -> list[ProposalRow]:
    """Rows of the proposal view, each with the orders that are linked to it and their fills."""
    return with_orders(source, source.rows(PROPOSALS, **where), where.get("account"))


def with_orders(
    source: Source, rows: Sequence[StoredProposalRow], account: str | None = None
) -> list[ProposalRow]:
    """Proposals with the orders that are linked to them, and what these have filled."""
    linked: dict[tuple[str, str], list[OrderRow]] = {}
    for order in source.each(LINKED_ORDERS, account=account) if rows else ():
        proposal_id = (order["links"] or {}).get("proposal_id")
        if proposal_id is not None:
            linked.setdefault((order["account"], proposal_id), []).append(order)
    return [_carried_out(row, linked.get((row["account"], row["proposal_id"]), [])) for row in rows]


def _carried_out(proposal: StoredProposalRow, orders: list[OrderRow]) -> ProposalRow:
    filled = total(order["cum_quantity"] for order in orders)
    return {
        **proposal,
        "orders": [order["client_order_id"] for order in orders],
        "cum_quantity": filled,
    }


def positions(source: Source, *, method: LotChoice = "average", **where: Any) -> list[PositionRow]:
    """P&L rows, with the exposure that open and unresolved orders may add."""
    instruments, unknown = _instruments(source, where), _unknown(source, where)
    orders = _open_orders(source, WORKING_ORDERS, where)
    working = _by_position(
        (order for order in orders if order["leaves_quantity"] is not None), instruments, where
    )
    held = {_key(row): row for row in whole_pnl(source, method, **where)}
    reported = {
        (*of, *part): quantity
        for of, row in instruments.items()
        for part, quantity in reported_quantities(row).items()
    }
    reported = {key: quantity for key, quantity in reported.items() if _is_asked(key, where)}
    more = sorted(
        key
        for key in {**working, **{key: None for key, quantity in reported.items() if quantity}}
        if key not in held
    )
    flat = {key: _flat(key, method, instruments.get(key[:2]), unknown.get(key[:2])) for key in more}
    return [
        {**row, **_exposure(working.get(key, [])), "reported_quantity": reported.get(key)}
        for key, row in {**held, **flat}.items()
    ]


def exposure(source: Source, **where: Any) -> list[ExposureRow]:
    """Rows of the exposure view: of each position that is open, or not known, or that an open order
    may change."""
    instruments, unknown = _instruments(source, where), _unknown(source, where)
    working = _by_position(_open_orders(source, EXPOSED_ORDERS, where), instruments, where)
    held = {_key(row): row for row in whole_pnl(source, "average", **where)}
    exposed = sorted(
        {*working, *(key for key, row in held.items() if row["position_quantity"] != ZERO)}
    )

    def of(key: PositionKey) -> ExposureRow:
        instrument = instruments.get(key[:2])
        row = held.get(key) or _flat(key, "average", instrument, unknown.get(key[:2]))
        return exposure_row(row, terms_of(instrument), working.get(key, []))

    return [of(key) for key in exposed]


def _open_orders(
    source: Source, table: Table[StoredOrderRow], where: dict[str, Any]
) -> Iterator[StoredOrderRow]:
    """Open orders, combinations by leg. All are read: a leg has another instrument than its
    order."""
    asked, instrument = _of_instrument(where), where.get("instrument")
    rows = [
        row
        for row in source.rows(table, is_open=True, **{**asked, "instrument": None})
        if not is_held(row)
    ]
    renamed = under_latest(by_leg(rows), source.rows(RENAMES, account=asked.get("account")))
    return (row for row in renamed if instrument in (None, row["instrument"]))


def by_leg(orders: Iterable[StoredOrderRow]) -> Iterator[StoredOrderRow]:
    """The orders, each combination as one order for each leg."""
    return (part for order in orders for part in (of_legs(order) if order["legs"] else (order,)))


def _key(row: PnlRow | PositionChange | StoredPositionRow) -> PositionKey:
    return row["account"], row["instrument"], row["position_side"], row["position_id"]


def _instruments(
    source: Source, where: dict[str, Any]
) -> dict[tuple[str, str], StoredInstrumentRow]:
    return {
        (row["account"], row["instrument"]): row
        for row in source.rows(INSTRUMENTS, **_of_instrument(where))
    }


def _of_instrument(where: dict[str, Any]) -> dict[str, Any]:
    """Without the columns that only positions have."""
    return {name: value for name, value in where.items() if name not in OF_PART}


def _is_asked(key: PositionKey, where: dict[str, Any]) -> bool:
    return all(
        where.get(name) in (None, value) for name, value in zip(OF_PART, key[2:], strict=True)
    )


def _unknown(source: Source, where: dict[str, Any]) -> dict[tuple[str, str], str]:
    """Why no position of an instrument is known, by account and instrument, where that is so."""
    rows = source.rows(POSITION_REASONS, method="average", **_of_instrument(where))
    return {
        (row["account"], row["instrument"]): row["reason"]
        for row in rows
        if row["reason"] == SIDE_UNKNOWN
    }


def _by_position(
    orders: Iterable[StoredOrderRow],
    instruments: dict[tuple[str, str], StoredInstrumentRow],
    where: dict[str, Any],
) -> dict[PositionKey, list[StoredOrderRow]]:
    """Orders by the position that they open or close. One without a side counts in the net one."""
    found: dict[PositionKey, list[StoredOrderRow]] = {}
    modes = {key: modes_of(row) for key, row in instruments.items()}
    for order in orders:
        if order["instrument"] is not None:
            of = (order["account"], order["instrument"])
            key = (*of, *part_now(order, modes.get(of, ())))
            if _is_asked(key, where):
                found.setdefault(key, []).append(order)
    return found


def latency(source: Source, *, by: tuple[str, ...], **where: Any) -> list[LatencyRow]:
    """Rows of the latency view, by account or as asked. Raises ValueError for an unknown group."""
    if unknown := [name for name in by if name not in LATENCY_GROUPS]:
        raise ValueError(f"{unknown[0]!r} is not a group: {', '.join(LATENCY_GROUPS)}")
    return latency_rows(source.each(TIMED_ORDERS, **where), by)


def pnl(
    source: Source,
    *,
    method: LotChoice = "average",
    by: tuple[str, ...] = OF_INSTRUMENT,
    timezone: tzinfo = UTC,
    since: datetime | None = None,
    until: datetime | None = None,
    strategy: str | None = None,
    **where: Any,
) -> list[Any]:
    """`PnlRow`s of whole positions, or `PnlGroupRow`s if groups, a strategy or a period is
    requested. Raises ValueError for an unknown method or group."""
    if by == OF_INSTRUMENT and since is None and until is None and strategy is None:
        return whole_pnl(source, method, **where)
    where |= {"timezone": timezone, "since": since, "until": until, "strategy": strategy}
    return grouped_pnl(source, by=by, method=method, **where)


def whole_pnl(source: Source, method: LotChoice, **where: Any) -> list[PnlRow]:
    """P&L of whole positions, since the ledger began."""
    _check_method(method)
    marks = _marks(source.rows(INSTRUMENTS, account=where.get("account")))
    if method == "hifo":
        return _folded_pnl(source, method, marks, **where)
    rows = source.rows(POSITIONS, method=method, **where)
    paid = fees_paid(source, rows)
    return [pnl_row(row, marks, paid=paid.get(_key(row), NOTHING_PAID)) for row in rows]


def _folded_pnl(source: Source, method: LotChoice, marks: Marks, **where: Any) -> list[PnlRow]:
    """The same by a method that is not kept: from all entries, those of other instruments too,
    whose results may be carried into these."""
    account = where.get("account")
    definitions = _definitions_of(source, account, fee_worths(source, account))
    entries = _entries(source, None, account=account)
    folded = rows_by(entries, definitions, OF_INSTRUMENT, method)
    instrument = where.get("instrument")
    return [
        pnl_row(row, marks)
        for row in sorted(folded, key=_key)
        if instrument in (None, row["instrument"]) and _is_asked(_key(row), where)
    ]


def conversion(source: Source, account: str, instrument: str) -> Conversion:
    """How fees and funding of an instrument count in its net P&L."""
    rows = source.rows(INSTRUMENTS, account=account)
    defined = next((row for row in rows if row["instrument"] == instrument), None)
    return Conversion(account, terms_of(defined), _marks(rows), fee_worths(source, account))


def grouped_pnl(
    source: Source,
    *,
    by: tuple[str, ...],
    method: LotChoice = "average",
    timezone: tzinfo = UTC,
    since: datetime | None = None,
    until: datetime | None = None,
    strategy: str | None = None,
    **where: Any,
) -> list[PnlGroupRow]:
    """P&L by any of `GROUPS`, of a strategy or a period."""
    _check_method(method)
    if unknown := [name for name in by if name not in GROUPS]:
        raise ValueError(f"{unknown[0]!r} is not a group: {', '.join(GROUPS)}")
    account, is_of_day = where.get("account"), "day" in by
    is_of_period = since is not None or until is not None
    if strategy is None and "strategy" not in by and not is_of_day and not is_of_period:
        return group_rows(whole_pnl(source, method, **where), by)
    instruments = source.rows(INSTRUMENTS, account=account)
    marks = _marks(instruments) if until is None else _marks_at(source, until, account)
    definitions = _definitions_of(source, account, fee_worths(source, account))
    apart = (*by, *(("strategy",) if strategy else ()))
    entries = _entries(source, strategy, until=until, **_of_instrument(where))
    folded = rows_by(entries, definitions, apart, method, timezone=timezone, since=since)
    opening = _marks_at(source, since, account) if since is not None and not is_of_day else {}
    is_valued_twice = is_of_period and not is_of_day

    def shown(row: PositionChange) -> PnlPartRow:
        amounts = (
            pnl_of_period(row, opening, marks)
            if is_valued_twice
            else pnl_row(row, marks, is_of_day=is_of_day)
        )
        return {**amounts, "strategy": row["strategy"], "day": row["day"]}

    asked = (row for row in folded if _is_asked(_key(row), where))
    return group_rows(map(shown, asked), by, is_of_period=is_valued_twice)


def _marks(rows: Iterable[StoredInstrumentRow]) -> Marks:
    return {
        (row["account"], row["instrument"]): mark
        for row in rows
        if (mark := row["mark_price"]) is not None
    }


def _marks_at(source: Source, moment: datetime, account: str | None) -> Marks:
    """The last mark of each instrument at or before a moment. Not one before a split."""
    split: dict[tuple[str, str], datetime] = {}
    for event in source.rows(ACCOUNT_EVENTS, account=account, kind="split"):
        if event["at"] <= moment:
            split[event["account"], event["instrument"] or ""] = event["at"]
    marks = (
        ((row["account"], row["instrument"]), row) for row in source.last_marks(moment, account)
    )
    return {key: row["price"] for key, row in marks if key not in split or row["at"] >= split[key]}


def lots(source: Source, *, method: LotChoice, **where: Any) -> Iterator[LotRow]:
    """Rows of the open lots. Raises ValueError for a method that there is not."""
    _check_method(method)
    definitions = _definitions_of(source, where.get("account"))
    if method != "hifo":
        return lot_rows(_entries(source, None, **where), definitions, method)
    rows = lot_rows(_entries(source, None, account=where.get("account")), definitions, method)
    return (row for row in rows if where.get("instrument") in (None, row["instrument"]))


def disposals(
    source: Source,
    *,
    method: LotChoice,
    since: datetime | None = None,
    until: datetime | None = None,
    account: str | None = None,
    instrument: str | None = None,
) -> Iterator[DisposalRow]:
    """Rows of the lots that were closed, from `since` on and before `until`. All entries of the
    account are read: results may be carried from other instruments."""
    _check_method(method)
    instruments = source.rows(INSTRUMENTS, account=account)
    terms = {(row["account"], row["instrument"]): terms_of(row) for row in instruments}
    marks, worths = _marks(instruments), fee_worths(source, account)

    def conversion_of(account: str, instrument: str) -> Conversion:
        key = account, instrument
        return Conversion(account, terms.get(key) or terms_of(None), marks, worths)

    entries = _entries(source, None, account=account, until=until)
    rows = disposal_rows(entries, _definitions_of(source, account), conversion_of, method)
    asked = (
        row
        for row in rows
        if instrument in (None, row["instrument"]) and _is_since(row["disposed_at"], since)
    )
    return iter(sorted(asked, key=itemgetter(*DISPOSALS.order_by)))


def _is_since(at: datetime, since: datetime | None) -> bool:
    return since is None or at >= since


def pnl_of_fills(
    source: Source, *, by_strategy: bool = False, **where: Any
) -> Iterator[FillPnlRow]:
    """Realized P&L of each active fill, in the order in which the fills happened, one at a time."""
    strategy = where.pop("strategy", None)
    definitions = _definitions_of(source, where.get("account"))
    entries = _entries(source, strategy, columns=(*OF_TRADES, *OF_PART), **where)
    return fill_rows(entries, definitions, by_strategy=by_strategy or strategy is not None)


def other_results(
    source: Source, fees: Conversion, *, account: str, instrument: str
) -> Iterator[Result]:
    """The results of account events, in the order in which they happened."""
    entries = _entries(source, None, account=account, instrument=instrument)
    return results_of_others(entries, _definitions_of(source, account), fees)


def entries_of(source: Source, account: str, instrument: str, part: Part) -> Iterator[Entry]:
    """All that changed the quantity of a position, in the order in which it happened."""
    modes = modes_of(_instruments(source, {"account": account}).get((account, instrument)))
    of: dict[str, Any] = {"account": account, "instrument": instrument}
    for entry in _entries(source, None, columns=tuple(dict.fromkeys((*TRADED, *OF_FILL))), **of):
        is_funding = "fill_id" not in entry and entry["kind"] == "funding"
        if not is_funding and concerns(entry, part, modes):
            yield entry


def equity(
    source: Source,
    *,
    method: LotChoice = "average",
    points: int | None = POINTS,
    since: datetime | None = None,
    until: datetime | None = None,
    events_of: FillEvents,
    **where: Any,
) -> list[EquityPointRow]:
    """Rows of the equity curve, by settlement currency. `events_of`: the known events of some
    orders. Raises ValueError for a method that there is not."""
    _check_method(method)
    entries, definitions, changing = _curve_entries(source, until, events_of, **where)
    asked: dict[str, Any] = {"since": since, "points": points, "changing": changing}
    if where.get("instrument") is not None:
        asked["of_each"] = ("instrument",)
    return equity_rows(entries, definitions, method, **asked)


def equity_moments(
    source: Source,
    *,
    method: LotChoice,
    of_each: OfEach,
    events_of: FillEvents,
    account: str | None = None,
) -> Iterator[EquityPointRow]:
    """Every moment of equity curves: of each account, or of each of its instruments."""
    entries, definitions, changing = _curve_entries(source, None, events_of, account=account)
    return moments(entries, definitions, method, changing, of_each)


def _curve_entries(
    source: Source, until: datetime | None, events_of: FillEvents, **where: Any
) -> tuple[Iterator[CurveEntry], Definitions, list[tuple[str, str]]]:
    """The entries of curves in the order of time, and the positions whose fills change."""
    strategy, account = where.pop("strategy", None), where.get("account")
    definitions = _definitions_of(source, account, fee_worths(source, account))
    changed = orders_with_changed_fills(source, account)
    renames = source.rows(RENAMES, account=account) if changed else ()
    of_changed = dated_entries(events_of(changed), strategy, until, renames=renames, **where)
    dated = sorted(of_changed, key=when)
    columns = tuple(dict.fromkeys((*TRADED, *OF_FILL, "stream")))
    entries = _entries(source, strategy, columns=columns, until=until, **where)
    others = (row for row in entries if "fill_id" not in row or row["stream"] not in changed)
    marks = source.each(MARKS, columns=MARKED, account=account, until=until)
    changing = changed_positions(dated)
    parts: Iterable[Iterable[CurveEntry]] = (others if changed else entries, dated, marks)
    return merge(*parts, key=when), definitions, sorted(changing)


def account_equity(
    source: Source,
    currency: str,
    rules: RateRules,
    *,
    points: int | None = POINTS,
    since: datetime | None = None,
    until: datetime | None = None,
    account: str | None = None,
    events_of: FillEvents,
) -> list[EquityPointRow]:
    """Rows of the equity curves of accounts, in one currency. `events_of`: the known events of some
    orders."""
    changed = orders_with_changed_fills(source, account)
    renames = source.rows(RENAMES, account=account) if changed else ()
    of_changed = dated_entries(events_of(changed), None, until, renames=renames)
    dated = sorted(of_changed, key=when)
    columns = tuple(dict.fromkeys((*TRADED, *OF_FILL, "stream")))
    events = [
        row
        for row in source.each(ACCOUNT_EVENTS, account=account, until=until)
        if is_account_entry(row) or is_cash(row)
    ]
    trades = source.each(TRADES, columns=columns, state="active", account=account, until=until)
    parts: tuple[Iterable[Any], ...] = (
        (row for row in events if is_opening(row)),
        (row for row in events if not is_opening(row)),
        (row for row in trades if has_position(row) and row["stream"] not in changed),
        dated,
        source.each(MARKS, columns=MARKED, account=account, until=until),
    )
    curves = _account_curves(source, currency, rules, account, changed_positions(dated))
    return account_equity_rows(merge(*parts, key=in_order), curves, since=since, points=points)


def _account_curves(
    source: Source,
    currency: str,
    rules: RateRules,
    account: str | None,
    changing: Iterable[tuple[str, str]],
) -> AccountCurves:
    instruments: dict[str, list[StoredInstrumentRow]] = {}
    for row in source.rows(INSTRUMENTS, account=account):
        instruments.setdefault(row["account"], []).append(row)
    changes: dict[str, list[str]] = {}
    for name, instrument in changing:
        changes.setdefault(name, []).append(instrument)
    definitions = _definitions_of(source, account)
    return AccountCurves(
        lambda name: AccountCurve(
            name,
            currency,
            definitions,
            instruments.get(name, ()),
            rules,
            changes.get(name, ()),
        )
    )


def pnl_by_asset(
    source: Source,
    at: datetime,
    parities: Sequence[tuple[str, str]],
    *,
    by: tuple[str, ...],
    method: LotChoice,
    in_currency: str | None = None,
    account: str | None = None,
    **where: Any,
) -> list[PnlGroupRow]:
    """P&L by account and coin. Raises ValueError for other groups, filters and methods."""
    _check_method(method)
    others = [name for name in by if name not in ("account", ASSET)]
    others += [name for name, value in where.items() if value is not None]
    if others:
        raise ValueError(f"{others[0]!r} does not go with by asset")
    rules = source.rate_rules.with_parities(parities)
    return asset_rows(source, at, rules, method=method, currency=in_currency, account=account)


def _check_method(method: str) -> None:
    if method not in LOT_CHOICES:
        raise ValueError(f"{method!r} is not a method: {', '.join(LOT_CHOICES)}")


def _entries(
    source: Source, strategy: str | None, *, columns: tuple[str, ...] = TRADED, **where: Any
) -> Iterator[Entry]:
    """Trades and account events in the order in which they happened, read as they are needed."""
    found = source.each(TRADES, columns=columns, state="active", strategy=strategy, **where)
    trades = (row for row in found if has_position(row))
    if strategy is not None:
        return trades
    events = source.each(ACCOUNT_EVENTS, **where)
    parts: Iterable[Iterable[Entry]] = (trades, (row for row in events if is_account_entry(row)))
    return merge(*parts, key=when)


def _definitions_of(
    source: Source, account: str | None, worths: Worths | None = None
) -> Definitions:
    """`worths`: of fees in third coins, where net P&L is asked for."""
    rows = {
        (row["account"], row["instrument"]): row
        for row in source.rows(INSTRUMENTS, account=account)
    }
    unknown = _unknown(source, {"account": account})
    premiums: dict[int, dict[str, Decimal]] = {}
    defined = {
        key: Definition(
            terms_of(rows.get(key)),
            modes_of(rows.get(key)),
            unknown.get(key),
            worths,
            lambda name, account=key[0]: terms_of(rows.get((account, name))),  # type: ignore[misc]
            premiums,
        )
        for key in {**rows, **unknown}
    }
    return lambda account, instrument: defined.get((account, instrument), UNDEFINED)


def _exposure(orders: list[StoredOrderRow]) -> WorkingQuantities:
    return {
        "open_buy_quantity": _leaves(orders, "buy"),
        "open_sell_quantity": _leaves(orders, "sell"),
        "unresolved_orders": sum(order["certainty"] == "unresolved" for order in orders),
    }


def _leaves(orders: list[StoredOrderRow], side: str) -> Decimal:
    return total(order["leaves_quantity"] or ZERO for order in orders if order["side"] == side)


def _flat(
    key: PositionKey, method: LotChoice, defined: InstrumentRow | None, unknown: str | None
) -> PnlRow:
    """The row of a position without entries. `unknown`: why the positions of its instrument are
    unknown, or None."""
    mark, currency = (defined["mark_price"], defined["currency"]) if defined else (None, None)
    zero, missing = (None if unknown else ZERO), CURRENCY_UNKNOWN if currency is None else None
    account, instrument, position_side, position_id = key
    return {
        "account": account,
        "instrument": instrument,
        "position_side": position_side,
        "position_id": position_id,
        "position_quantity": zero,
        "average_open_price": zero,
        "realized_pnl": zero,
        "bought_quantity": ZERO,
        "sold_quantity": ZERO,
        "fees": {},
        "funding": {},
        "net_pnl": None if currency is None else zero,
        "unrealized_pnl": None if mark is None else zero,
        "mark_price": mark,
        "currency": currency,
        "anomalies": [one for one in (unknown, missing) if one],
        "reason": unknown or missing,
        "method": method,
        "fills": 0,
    }
