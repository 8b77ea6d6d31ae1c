"""The sections of a statement: their rows, and the columns shown to people. Rows of a view are
unchanged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypedDict

from orderledger.extend.views import Row, columns_of
from orderledger.serve.statement.balances import BalanceChangeRow


class SummaryRow(TypedDict):
    """The result of the period in one settlement currency. An amount that cannot be known is
    null."""

    currency: Annotated[str | None, "Settlement currency, null if no definition gives it."]
    realized_pnl: Annotated[Decimal | None, "Realized in the period, before fees."]
    net_pnl: Annotated[Decimal | None, "Change of net P&L: realized - fees + funding."]
    unrealized_pnl_start: Annotated[Decimal | None, "Unrealized P&L when the period began."]
    unrealized_pnl_end: Annotated[Decimal | None, "Unrealized P&L when it ended."]
    equity_start: Annotated[
        Decimal | None, "Net and unrealized P&L since the ledger began, when the period began."
    ]
    equity_end: Annotated[Decimal | None, "The same at the end of the period."]
    equity_change: Annotated[Decimal | None, "The difference of the two."]
    drawdown: Annotated[
        Decimal | None,
        "Largest fall of equity from a peak in the period, at any fill, mark or payment.",
    ]
    drawdown_from_at: Annotated[datetime | None, "When that peak was reached."]
    drawdown_to_at: Annotated[datetime | None, "When the fall was largest."]


class PaidRow(TypedDict):
    """Fees and funding of the period in the currency in which they were paid."""

    currency: Annotated[
        str,
        "Currency. Empty for fees without a currency, if the settlement currency is unknown.",
    ]
    fees: Annotated[Decimal, "Fees, positive when paid."]
    funding: Annotated[Decimal, "Funding, positive when received."]


class EquityRow(TypedDict):
    """Equity at the end of an hour, a day, a month or a year."""

    currency: Annotated[str, "Settlement currency."]
    at: Annotated[datetime, "The end of the hour, day, month or year."]
    equity: Annotated[Decimal | None, "Net and unrealized P&L since the ledger began."]
    drawdown: Annotated[Decimal | None, "Distance below the peak since the period began."]


class ResultRow(TypedDict):
    """P&L of one position in the period."""

    account: Annotated[str, "Trading account."]
    instrument: Annotated[str, "Instrument."]
    position_side: Annotated[str, "Position side: long, short or net."]
    position_id: Annotated[str, "The venue's id of the position, empty if it gives none."]
    currency: Annotated[str | None, "Settlement currency when the period ended."]
    fills: Annotated[int, "Fills in the period."]
    bought_quantity: Annotated[Decimal, "Sum bought in the period."]
    sold_quantity: Annotated[Decimal, "Sum sold in the period."]
    position_start: Annotated[
        Decimal | None,
        "Position when the period began. Null where the side of a fill is not known.",
    ]
    position_end: Annotated[Decimal | None, "Position when it ended."]
    realized_pnl: Annotated[Decimal | None, "Realized in the period, before fees."]
    fees: Annotated[dict[str, Decimal], "Fees of the period, by currency."]
    funding: Annotated[dict[str, Decimal], "Funding of the period, by currency."]
    net_pnl: Annotated[Decimal | None, "Change of net P&L."]
    unrealized_pnl_start: Annotated[Decimal | None, "Unrealized P&L when the period began."]
    unrealized_pnl_end: Annotated[Decimal | None, "Unrealized P&L when it ended."]
    anomalies: Annotated[
        list[str], "Why an amount is unknown: e.g. currency_unknown, rate_unknown or mark_unknown."
    ]


class BreakRow(TypedDict):
    """A difference to a venue that was not settled by the last certificate of the account."""

    account: Annotated[str, "Trading account."]
    id: Annotated[str, "The break."]
    since: Annotated[datetime, "Since when it is known."]
    certified_at: Annotated[datetime, "When the certificate was made."]


@dataclass(frozen=True)
class Section:
    """`columns`: those shown to people; JSON and CSV have all. `what`: a sentence about its
    rows.
    """

    name: str
    title: str
    what: str
    columns: tuple[str, ...]
    rows: Sequence[Row]


def _own(row: type) -> tuple[str, ...]:
    return tuple(column.name for column in columns_of(row))


OWN_ROWS: dict[str, type] = {
    "summary": SummaryRow,
    "paid": PaidRow,
    "equity": EquityRow,
    "balances": BalanceChangeRow,
    "results": ResultRow,
    "breaks": BreakRow,
}
"""Sections with rows of their own. The others show rows of a view."""

ORDER_COLUMNS = (
    "account", "client_order_id", "instrument", "side", "quantity", "limit_price", "cum_quantity",
    "average_price", "status",
    "certainty", "requested_at", "ended_at",
)  # fmt: skip
POSITION_COLUMNS = (
    "account", "instrument", "position_side", "position_quantity", "average_open_price",
    "mark_price", "unrealized_pnl",
    "realized_pnl", "net_pnl",
    "currency", "reported_quantity",
)  # fmt: skip
SECTIONS: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "summary": ("Summary", "", "The result by settlement currency.", _own(SummaryRow)),
    "paid": ("Fees and funding", "", "By the currency in which they were paid.", _own(PaidRow)),
    "equity": (
        "Equity",
        "",
        "P&L only, at the end of each hour, day, month or year.",
        _own(EquityRow),
    ),
    "balances": ("Balances", "", (
        "By account and currency. An account without an opening balance has no equity: "
        "the other sections show its P&L only."
    ), _own(BalanceChangeRow)),
    "results": ("P&L by instrument", "", "The changes in the period.", _own(ResultRow)),
    "positions_start": ("Positions at the start", "positions", "When the period began.",
    POSITION_COLUMNS),
    "positions_end": ("Positions at the end", "positions", "When the period ended.",
    POSITION_COLUMNS),
    "trades": (
        "Trades", "trades", "Active fills that happened in the period.",
        ("at", "account", "client_order_id", "fill_id", "instrument", "side", "quantity", "price",
        "fee", "fee_currency"),
    ),
    "orders": ("Orders", "orders", "Requested in the period, in their state at its end.",
        ORDER_COLUMNS),
    "open_orders": ("Open orders", "orders",
        "Not ended when the period ended, whenever they were requested.",
        ORDER_COLUMNS),
    "unresolved_orders": ("Unresolved orders", "orders", ("With an unknown outcome "
                                                         "when the period ended."), ORDER_COLUMNS),
    "account_events": (
        "Funding, adjustments and gaps", "account_events", "In the period.",
        ("at", "account", "kind", "instrument", "quantity", "price", "currency", "from_at", "to_at",
        "reason"),
    ),
    "breaks": ("Open breaks", "", ("In the last certificate of each account when "
                                  "the period ended."), _own(BreakRow)),
    "certificates": (
        "Certificates", "certificates", "Reconciliations in the period.",
        ("at", "account", "orders", "fills", "positions", "covered_from", "covered_to",
        "open_breaks"),
    ),
    "anomalies": (
        "Anomalies", "anomalies", "Detected in the period, or open when it ended.",
        ("detected_at", "account", "client_order_id", "code", "detail", "cleared_at"),
    ),
}  # fmt: skip
"""In the order of the page: title, the view whose rows it shows, a description of them, and the
columns shown to people.
"""


def section(name: str, rows: Sequence[Row]) -> Section:
    """The section of this name with its rows."""
    title, _, what, columns = SECTIONS[name]
    return Section(name, title, what, columns, rows)
