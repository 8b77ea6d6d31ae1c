"""Answers put together from the rows of the views."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from heapq import nlargest
from typing import Any, Protocol

from orderledger.domain.exact import ZERO, total
from orderledger.projections.pnl import GROUPS, group_rows, pnl_row, rows_by, settled_in
from orderledger.projections.positions import METHODS, Method, Terms, terms_of
from orderledger.projections.tables import ACCOUNT_EVENTS, INSTRUMENTS, ORDERS, POSITIONS, PROPOSALS, TRADES, Row, Table


class Source(Protocol):
    def rows(self, table: Table, *, since: datetime | None = None, until: datetime | None = None, **where: Any) -> list[Row]: ...


def orders(source: Source, *, limit: int | None = None, **where: Any) -> list[Row]:
    """Rows of the order view, of more than `limit` those of which was heard last."""
    rows = source.rows(ORDERS, **where)
    if limit is not None and limit < len(rows):
        latest = {row["stream"] for row in nlargest(limit, rows, key=_heard_of)}
        rows = [row for row in rows if row["stream"] in latest]
    return [ORDERS.shown(row) for row in rows]


def _heard_of(order: Row) -> tuple[Any, ...]:
    return order["updated_at"] is not None, order["updated_at"], order["stream"]


def trades(source: Source, *, with_busted: bool = False, state: str | None = None, **where: Any) -> list[Row]:
    """Rows of the trade view: the fills that stand, and on request those that were busted or corrected."""
    if state is None and not with_busted:
        state = "standing"
    return [TRADES.shown(row) for row in source.rows(TRADES, state=state, **where)]


def proposals(source: Source, **where: Any) -> list[Row]:
    """Rows of the proposal view, each with the orders that are linked to it, and what they have filled."""
    rows = source.rows(PROPOSALS, **where)
    linked: dict[tuple[str, str | None], list[Row]] = {}
    for order in source.rows(ORDERS, account=where.get("account")) if rows else ():
        linked.setdefault((order["account"], (order["links"] or {}).get("proposal_id")), []).append(order)
    return [_carried_out(row, linked.get((row["account"], row["proposal_id"]), [])) for row in rows]


def _carried_out(proposal: Row, orders: list[Row]) -> Row:
    filled = total(order["cum_quantity"] for order in orders)
    return {**proposal, "orders": [order["client_order_id"] for order in orders], "cum_quantity": filled}


def positions(source: Source, *, method: Method = "average", **where: Any) -> list[Row]:
    """P&L rows, and what is still working: the exposure that open and unresolved orders may become."""
    working: dict[tuple[str, str], list[Row]] = {}
    for order in source.rows(ORDERS, is_open=True, **where):
        if order["instrument"] is not None and order["leaves_quantity"] is not None:
            working.setdefault((order["account"], order["instrument"]), []).append(order)
    instruments = {(row["account"], row["instrument"]): row for row in source.rows(INSTRUMENTS, **where)}
    held = {(row["account"], row["instrument"]): row for row in pnl(source, method=method, **where)}
    told = {key: None for key, row in instruments.items() if row["reported_quantity"]}
    flat = {key: _flat(*key, method, instruments.get(key)) for key in sorted({**working, **told}) if key not in held}
    return [
        {**row, **_exposure(working.get(key, [])), **_reported(instruments.get(key))} for key, row in {**held, **flat}.items()
    ]


def pnl(
    source: Source, *, method: Method = "average", by: tuple[str, ...] = ("account", "instrument"), **where: Any
) -> list[Row]:
    """Rows of the P&L view, by account and instrument or as asked. Raises ValueError for a method or group there is not."""
    if method not in METHODS:
        raise ValueError(f"{method!r} is no method: {', '.join(METHODS)}")
    if unknown := [name for name in by if name not in GROUPS]:
        raise ValueError(f"{unknown[0]!r} is no group: {', '.join(GROUPS)}")
    strategy = where.pop("strategy", None)
    instruments = source.rows(INSTRUMENTS, account=where.get("account"))
    marks = {(row["account"], row["instrument"]): row["mark_price"] for row in instruments if row["mark_price"] is not None}
    whole = source.rows(POSITIONS, method=method, **where)
    if strategy is None and "strategy" not in by and "day" not in by:
        rows = [pnl_row(row, marks, settled_in(row)) for row in whole]
        return rows if by == ("account", "instrument") else group_rows(rows, by)
    terms = _terms_of(instruments)
    folded = rows_by(_entries(source, strategy, **where), terms, (*by, *(("strategy",) if strategy else ())), method)
    currencies = {(row["account"], row["instrument"]): settled_in(row) for row in whole}
    shown = [(row, currencies[row["account"], row["instrument"]]) for row in folded]
    rows = [
        {**pnl_row(row, marks, currency, is_of_day="day" in by), "strategy": row["strategy"], "day": row["day"]}
        for row, currency in shown
    ]
    return group_rows(rows, by)


def _entries(source: Source, strategy: str | None, **where: Any) -> list[Row]:
    trades = [
        row for row in source.rows(TRADES, state="standing", strategy=strategy, **where) if row["instrument"] and row["side"]
    ]
    if strategy is not None:
        return trades
    return trades + [row for row in source.rows(ACCOUNT_EVENTS, **where) if row["kind"] != "gap"]


def _terms_of(instruments: list[Row]) -> Callable[[str, str], Terms]:
    defined = {(row["account"], row["instrument"]): terms_of(row) for row in instruments}
    return lambda account, instrument: defined.get((account, instrument), Terms())


def _exposure(orders: list[Row]) -> Row:
    return {
        "open_buy_quantity": _leaves(orders, "buy"),
        "open_sell_quantity": _leaves(orders, "sell"),
        "unresolved_orders": sum(order["certainty"] == "unresolved" for order in orders),
    }


def _leaves(orders: list[Row], side: str) -> Decimal:
    return total(order["leaves_quantity"] for order in orders if order["side"] == side)


def _reported(instrument: Row | None) -> Row:
    return {"reported_quantity": instrument["reported_quantity"] if instrument else None}


def _flat(account: str, instrument: str, method: Method, defined: Row | None) -> Row:
    mark = defined["mark_price"] if defined else None
    numbers = dict.fromkeys(
        ("position_quantity", "average_open_price", "realized_pnl", "net_pnl", "bought_quantity", "sold_quantity"), ZERO
    )
    return {
        "account": account,
        "instrument": instrument,
        **numbers,
        "fees": {},
        "funding": {},
        "unrealized_pnl": None if mark is None else ZERO,
        "mark_price": mark,
        "currency": defined["currency"] if defined else None,
        "method": method,
        "fills": 0,
    }
