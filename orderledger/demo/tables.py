"""The demo's tables: few columns, numbers aligned to the right, no terms to look up."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from rich import box
from rich.table import Table

from orderledger.demo.reconciling import LookupResult
from orderledger.demo.words import clock, money, number, price, sentence, standing, terms
from orderledger.extend.views import Row, finding

RECEIVED_BY = {
    "strategy": "us",
    "operator": "us",
    "venue_push": "push",
    "venue_poll": "asking",
    "reconciliation": "asking",
}
FINDINGS = {"unresolved": "unresolved", "in_flight": "in flight", "open": "open"}


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> Table:
    """A plain table. `>` at the start of a column's name aligns it to the right, `~` allows
    wrapping."""
    made = Table(
        box=box.SIMPLE_HEAD,
        title=f"\n{title}" if title else None,
        title_justify="left",
        title_style="bold italic",
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for name in columns:
        is_number, is_text = name.startswith(">"), name.startswith("~")
        made.add_column(
            name.lstrip(">~"), justify="right" if is_number else "left", no_wrap=not is_text
        )
    for row in rows:
        made.add_row(*row)
    return made


def recovered(orders: list[Row]) -> Table:
    """The orders that a restart finds."""
    rows = [
        (o["client_order_id"], FINDINGS[finding(o)], standing(o), o["strategy"] or "", terms(o))
        for o in orders
    ]
    return table(
        ("order", "found", "~as far as the ledger knows", "strategy", "~terms in force"), rows
    )


def answered(answers: list[LookupResult]) -> Table:
    """The results of the queries."""
    rows = [
        (a.client_order_id, a.believed, a.reported, str(a.recorded), str(a.known), a.now)
        for a in answers
    ]
    return table(
        ("order", "~the ledger had", "~the venue says", ">new facts", ">known", "~now"), rows
    )


def began_at(order: Row) -> datetime:
    """The time when an order was requested or first reported."""
    began: datetime = order["requested_at"] or order["acknowledged_at"] or order["updated_at"]
    return began


def blotter(orders: list[Row]) -> Table:
    """All orders, open and ended."""
    rows = [
        (
            clock(began_at(order)),
            order["client_order_id"],
            order["strategy"] or "by hand",
            terms(order),
            order["status"].replace("_", " ")
            + (f": {order['reason'].replace('_', ' ')}" if order["reason"] else ""),
            number(order["cum_quantity"]),
            price(order["average_price"]),
        )
        for order in sorted(orders, key=began_at)
    ]
    return table(
        ("time", "order", "strategy", "~terms", "~status", ">filled", ">average"),
        rows,
        title="Blotter",
    )


def trade_history(trades: list[Row]) -> Table:
    """All active fills."""
    rows = [
        (
            clock(trade["at"]),
            clock(trade["recorded_at"]),
            RECEIVED_BY[trade["source"]],
            trade["fill_id"],
            trade["client_order_id"],
            trade["side"],
            number(trade["quantity"]),
            trade["instrument"],
            number(trade["price"]),
            money(trade["fee"]),
            trade["liquidity"] or "",
        )
        for trade in trades
    ]
    columns = (
        "filled",
        "recorded",
        "heard by",
        "fill",
        "order",
        "side",
        ">quantity",
        "instrument",
        ">price",
        ">fee",
        "as",
    )
    return table(columns, rows, title="Trade history")


def pnl(rows_by_method: dict[str, list[Row]]) -> Table:
    """Positions with P&L, realized by three methods side by side."""
    average, fifo, lifo = (rows_by_method[method] for method in ("average", "fifo", "lifo"))
    rows = [
        (
            row["instrument"],
            number(row["position_quantity"]),
            price(row["average_open_price"]) if row["position_quantity"] else "",
            number(row["mark_price"]),
            money(row["realized_pnl"]),
            money(first["realized_pnl"]),
            money(last["realized_pnl"]),
            money(sum(row["fees"].values(), Decimal(0))),
            money(row["net_pnl"]),
            money(row["unrealized_pnl"]),
        )
        for row, first, last in zip(average, fifo, lifo, strict=True)
    ]
    realized = (">realized", ">by FIFO", ">by LIFO")
    columns = (
        "instrument",
        ">position",
        ">open at",
        ">mark",
        *realized,
        ">fees",
        ">net",
        ">unrealized",
    )
    return table(
        columns,
        rows,
        title="Positions and P&L in USD: average cost, with FIFO and LIFO beside it; net is "
        "realized less fees",
    )


def pnl_by_strategy(rows: list[Row]) -> Table:
    """P&L by strategy."""
    shown = [
        (
            row["strategy"] or "by hand",
            row["instrument"],
            number(row["position_quantity"]),
            str(row["fills"]),
            *(money(row[name]) for name in ("realized_pnl", "net_pnl")),
        )
        for row in rows
    ]
    columns = ("strategy", "instrument", ">position", ">fills", ">realized", ">net")
    return table(columns, shown, title="By strategy")


def proposals(rows: Iterable[Sequence[str]]) -> Table:
    """Proposals with their orders and fills."""
    return table(
        ("proposal", "~it proposed", "~decided", "orders", ">fills", ">filled"),
        rows,
        title="Proposals, their orders, their trades",
    )


def anomalies(rows: list[Row]) -> Table:
    """The anomalies, with the time when each was cleared."""
    shown = [
        (
            clock(row["detected_at"]),
            row["client_order_id"] or "",
            row["code"],
            row["detail"],
            clock(row["cleared_at"]) or "stands",
        )
        for row in rows
    ]
    return table(
        ("found", "order", "anomaly", "~what was found", "cleared"), shown, title="Anomalies"
    )


def history(events: list[Row], *, killed_at: int) -> Table:
    """The events of one order, with a line where one process ended and the next began."""
    rows: list[tuple[str, ...]] = []
    is_before = True
    for event in events:
        if is_before and event["position"] > killed_at:
            rows.append(
                ("", "", "", "", "-------- the process is killed; the next one continues --------")
            )
            is_before = False
        cells = (
            str(event["position"]),
            clock(event["at"]),
            clock(event["recorded_at"]),
            RECEIVED_BY[event["source"]],
        )
        rows.append((*cells, sentence(event)))
    return table((">log", "happened", "recorded", "from", "~what happened"), rows)
