"""Everything that can be read as a table: every view, the log, and the P&L of each fill."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypedDict

from orderledger.extend.views import Column, Table, queries, tables


class EventColumns(TypedDict):
    """The columns of the log: those of `EventRow`, with JSON as text."""

    position: Annotated[int, "Log position."]
    account: Annotated[str, "Trading account."]
    stream: Annotated[str, "Stream of the event."]
    version: Annotated[int, "Number of the event in its stream."]
    name: Annotated[str, "Name of the event."]
    recorded_at: Annotated[datetime, "When it was recorded."]
    at: Annotated[datetime, "When it happened."]
    source: Annotated[str, "Its source."]
    actor: Annotated[str | None, "Who."]
    on_behalf_of: Annotated[str | None, "The party it was sent for, as stated by the actor."]
    correlation_id: Annotated[str | None, "The sender's id of the operation it belongs to."]
    causation_id: Annotated[str | None, "The sender's id of its cause."]
    text: Annotated[str | None, "A sentence."]
    payload: Annotated[dict[str, Any], "Fields of the event."]
    evidence: Annotated[dict[str, Any] | None, "Payload of the venue, unchanged."]
    attributed_from: Annotated[
        dict[str, Any] | None,
        "Stream and version of the first report, for a copy made by attribution.",
    ]


EVENTS = Table("events", "One row per event: the log.", ("position",), EventColumns, ("position",))


class MomentColumns(TypedDict):
    """The columns of `equity`: those of `EquityPointRow`, with the method and the order."""

    method: Annotated[str, "Lot choice: average, fifo, hifo or lifo."]
    rank: Annotated[int, "Order of the moments."]
    account: Annotated[str, "Trading account."]
    at: Annotated[datetime, "When it happened."]
    position: Annotated[int, "Log position."]
    kind: Annotated[
        str,
        "Cause of the change: fill, funding, adjust, mark, bust, correction, split, settle or "
        "delivery.",
    ]
    instrument: Annotated[str, "Instrument of that change."]
    client_order_id: Annotated[str | None, "Our id of the order, of a fill."]
    venue_order_id: Annotated[str | None, "The venue's id of the order, of a fill."]
    fill_id: Annotated[str | None, "The venue's id of the fill."]
    currency: Annotated[str | None, "Settlement currency, null where no definition gives it."]
    net_pnl: Annotated[
        Decimal | None, "Realized less fees plus funding. Null where an amount cannot be converted."
    ]
    equity: Annotated[
        Decimal | None,
        "Net with unrealized P&L. Null where an open position has no mark, or net P&L is null.",
    ]
    peak: Annotated[Decimal, "The highest equity until then, at least 0."]
    drawdown: Annotated[Decimal | None, "How far equity was below its peak. Null where equity is."]


PNL_OF_FILLS, BALANCES = tables.PNL_OF_FILLS, queries.BALANCES
DISPOSALS = replace(
    queries.DISPOSALS,
    key=("method", *queries.DISPOSALS.key),
    order_by=("method", *queries.DISPOSALS.order_by),
)
LOTS = replace(
    queries.LOTS_SHOWN,
    meaning="One row per open lot and method, oldest first. Computed when asked.",
    key=("method", *queries.LOTS_SHOWN.key),
    order_by=("method", *queries.LOTS_SHOWN.order_by),
)
"""Open and closed lots by each method, as `positions` has a row for each method."""

EQUITY = Table(
    "equity",
    "One row per method and moment of the P&L curve of an account: each fill, bust, correction, "
    "funding, adjustment, split, settlement and mark that changed it. Computed when asked.",
    ("method", "rank", "currency"),
    MomentColumns,
    ("method", "rank"),
)
"""All moments of `Ledger.equity` of each account, where `points` leaves out none."""

NOTIONAL = Column(
    "notional", "number", "Quantity times price, before the multiplier of the instrument."
)
"""An additional column of tables with a quantity and a price of fills."""

DERIVED: Mapping[str, tuple[str, ...]] = {
    "orders": ("average_price",),
    "positions": ("average_open_price", "realized_pnl"),
    PNL_OF_FILLS.name: ("realized_pnl_average", "realized_pnl_fifo", "realized_pnl_lifo"),
    BALANCES.name: ("total", "equity", "difference"),
    LOTS.name: ("price", "cost"),
    DISPOSALS.name: ("proceeds", "cost", "realized_pnl", "fees", "gain"),
    EQUITY.name: ("net_pnl", "equity", "peak", "drawdown"),
}
"""Figures that come from a division have up to 34 digits, too many for a column of 38-digit
decimals. They are always doubles, each with its exact text in a separate column.
"""

EXACT_TEXT = "_exact"
"""Suffix of the column with the exact text of a derived figure."""

OF_FILLS = ("trades", PNL_OF_FILLS.name)

RELATIONS: Mapping[str, Table[Any]] = {
    **{
        name: table.public
        for name, table in tables.BY_NAME.items()
        if name not in tables.INNER and table is not tables.ORDER_NAMES
    },
    **{table.name: table for table in (PNL_OF_FILLS, BALANCES, LOTS, DISPOSALS, EQUITY)},
    EVENTS.name: EVENTS,
}
"""All tables by name, with the columns that a view shows."""


def columns_shown(table: Table[Any]) -> tuple[Column, ...]:
    """The columns of a table as `ledger.tables.read` and SQL show it."""
    columns = [one for column in table.columns for one in _with_exact_text(table, column)]
    return (*columns, NOTIONAL) if table.name in OF_FILLS else tuple(columns)


def is_derived(table: Table[Any], column: Column) -> bool:
    return column.name in DERIVED.get(table.name, ())


def _with_exact_text(table: Table[Any], column: Column) -> Iterator[Column]:
    yield column
    if is_derived(table, column):
        yield Column(f"{column.name}{EXACT_TEXT}", "text", f"The exact text of `{column.name}`.")
