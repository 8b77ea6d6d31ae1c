"""The columns of the tables for people. `--json` has all there are."""

from typing import Any, NamedTuple

Row = dict[str, Any]


class Columns(NamedTuple):
    """From left to right, the most important ones first: those that a row means nothing without, then those for which there
    may be room."""

    first: tuple[str, ...]
    then: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return self.first + self.then


ORDERS = Columns(
    ("order", "instrument", "side", "quantity", "limit_price", "cum_quantity", "status"),
    ("account", "average_price", "leaves_quantity", "anomalies", "strategy", "updated_at", "venue_order_id", "order_type",
     "pending_since", "origin"),
)  # fmt: skip
RECOVERED = Columns(ORDERS.first, ("finding", "account", "submitted_at", *ORDERS.then[1:]))
STORY = Columns(("version", "at", "event", "what"), ("text", "source", "recorded_at", "position"))
TRADES = Columns(
    ("at", "order", "instrument", "side", "quantity", "price"),
    ("fee", "fee_currency", "account", "fill_id", "strategy", "liquidity", "state", "position"),
)  # fmt: skip
PNL = Columns(
    ("account", "instrument", "strategy", "day", "position_quantity", "average_open_price", "realized_pnl", "net_pnl"),
    ("unrealized_pnl", "mark_price", "currency", "fees", "funding", "open_buy_quantity", "open_sell_quantity",
     "unresolved_orders", "reported_quantity", "fills", "bought_quantity", "sold_quantity", "method"),
)  # fmt: skip
ANOMALIES = Columns(("order", "code", "detail", "detected_at"), ("cleared_at", "account", "position"))
PROPOSALS = Columns(
    ("proposal_id", "kind", "instrument", "side", "quantity", "limit_price", "state", "orders"),
    ("cum_quantity", "strategy", "account", "order_type", "reason", "proposed_at", "decided_at"),
)  # fmt: skip
INSTRUMENTS = Columns(
    ("account", "instrument", "currency", "mark_price", "reported_quantity"),
    ("multiplier", "inverse", "tick", "lot", "marked_at"),
)  # fmt: skip
ACCOUNT_EVENTS = Columns(
    ("kind", "account", "from_at", "to_at", "quantity", "currency"), ("at", "instrument", "price", "reason", "position")
)
CERTIFICATES = Columns(
    ("at", "account", "breaks_open"), ("orders", "fills", "positions", "covered_from", "covered_to", "position")
)
BREAKS = Columns(("kind", "account", "subject", "text", "is_settled"), ("repairs", "since"))
COLLECTORS = Columns(
    ("collector", "account", "is_up", "messages", "gaps", "breaks_open"),
    ("fault", "last_message_age_seconds", "reconciled", "events_appended", "duplicates", "refused", "garbled", "venue",
     "venue_lag_seconds", "recording_seconds_max"),
)  # fmt: skip


def value_of(row: Row, column: str) -> Any:
    """What stands in a column: of an order its name, and all that is known of its status, in one place."""
    if column == "order":
        return row["client_order_id"] or row["stream"].partition("/")[2]  # else the name by which the venue first spoke of it
    if column == "status":
        return ", ".join(filter(None, (row["status"], row["pending"] and f"{row['pending']} pending", _doubt(row))))
    return row.get(column)


def _doubt(order: Row) -> str | None:
    return "unresolved" if order["certainty"] == "unresolved" else None
