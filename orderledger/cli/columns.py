"""The columns of the tables for people. `--json` shows all fields."""

from collections.abc import Mapping
from typing import Any, NamedTuple

Row = Mapping[str, Any]


class PlainRow(dict[str, Any]):
    """A row whose columns have no meaning of ours: each value is shown as it is."""


class Columns(NamedTuple):
    """Columns from left to right: `first` are always needed; `then` are shown if there is room."""

    first: tuple[str, ...]
    then: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return self.first + self.then


ORDERS = Columns(
    ("order", "instrument", "side", "quantity", "limit_price", "cum_quantity", "status"),
    ("requested_at", "average_price", "updated_at", "anomalies", "strategy", "account",
    "stop_price", "quote_quantity", "legs", "display_quantity", "trail_offset", "trail_offset_type",
    "trigger_source", "venue_order_id", "position_side", "position_id", "order_type",
    "time_in_force", "fees", "reason", "origin", "links"),
)  # fmt: skip
RECOVERED = Columns(ORDERS.first, ("finding", "submitted_at", *ORDERS.then, "pending_age_seconds"))
ENVELOPE = (
    "actor",
    "on_behalf_of",
    "source",
    "evidence",
    "correlation_id",
    "causation_id",
    "text",
    "recorded_at",
)
STORY = Columns(("version", "at", "event", "what"), (*ENVELOPE, "position"))
EVENTS = Columns(("at", "stream", "event", "what"), ("position", *ENVELOPE, "version"))
TRADES = Columns(
    ("at", "order", "instrument", "side", "quantity", "price"),
    ("former_name", "fee", "fee_currency", "fees", "leg", "position_side", "position_id",
     "strategy", "state", "account", "fill_id", "liquidity", "source", "venue_order_id", "links",
     "recorded_at", "position"),
)  # fmt: skip
PNL = Columns(
    ("account", "asset", "instrument", "position_side", "strategy", "day", "position_quantity",
    "average_open_price", "realized_pnl",
     "net_pnl"),
    ("currency", "reason", "position_id", "unrealized_pnl",
     "mark_price", "anomalies", "fees", "funding", "open_buy_quantity", "open_sell_quantity",
     "unresolved_orders", "reported_quantity", "moved", "fills", "bought_quantity",
     "sold_quantity", "method"),
)  # fmt: skip
PNL_OF_FILLS = Columns(
    ("at", "instrument", "side", "quantity", "price", "closed_quantity", "realized_pnl_average"),
    ("currency", "realized_pnl_fifo", "realized_pnl_lifo", "position_quantity", "fee",
    "fee_currency", "strategy", "account", "client_order_id", "fill_id", "reason", "position"),
)  # fmt: skip
DOUBTS = Columns(
    ("account", "client_order_id", "instrument", "about", "reason", "since", "age_seconds"),
    ("venue_order_id", "absent_at"),
)
RECONCILIATION = Columns(
    ("account", "orders", "agreeing_orders", "differing_orders", "unmatched_orders",
    "reconciled_at"),
    ("certified_orders", "certified_fills", "certified_positions", "certified_balances",
    "not_reported", "open_breaks", "covered_from", "covered_to", "certificate_position"),
)  # fmt: skip
EQUITY = Columns(
    ("at", "kind", "instrument", "equity", "drawdown", "currency", "basis"),
    (
        "reason",
        "fill_id",
        "net_pnl",
        "peak",
        "client_order_id",
        "account",
        "moments",
        "venue_order_id",
        "position",
    ),
)
LOTS = Columns(
    ("at", "instrument", "quantity", "price", "cost", "currency"),
    ("position_side", "account", "position_id", "method"),
)
DISPOSALS = Columns(
    ("acquired_at", "disposed_at", "instrument", "quantity", "proceeds", "cost", "fees", "gain"),
    (
        *("held_days", "currency", "realized_pnl", "reason", "kind", "position_side", "account"),
        *("position_id", "method", "fill_id", "position"),
    ),
)
BALANCES = Columns(
    ("account", "currency", "total", "equity", "reported", "difference"),
    ("owed", "equity_reason", "opened_at", "reported_at"),
)
VALUATION = Columns(("account", "amount", "currency", "reason"), ("paths",))
ANOMALIES = Columns(
    ("order", "code", "detail", "detected_at"), ("cleared_at", "account", "position")
)
PROPOSALS = Columns(
    ("proposal_id", "kind", "instrument", "side", "quantity", "limit_price", "state"),
    ("decided_by", "proposed_at", "strategy", "orders", "cum_quantity", "proposed_by", "decided_at",
    "reason", "has_evidence",
     "decision_source", "source", "account", "correlation_id", "causation_id", "order_type",
     "stop_price", "links"),
)  # fmt: skip
INSTRUMENTS = Columns(
    ("account", "instrument", "currency", "mark_price", "reported_quantity"),
    ("multiplier", "inverse", "position_mode", "tick", "lot", "marked_at"),
)  # fmt: skip
MARKS = Columns(
    ("at", "account", "instrument", "price"), ("former_name", "recorded_at", "position")
)
ACCOUNT_EVENTS = Columns(
    ("kind", "account", "at", "instrument", "quantity", "currency"),
    ("former_name", "price", "transfer", "venue_id", "state", "position_side", "position_id",
     "cause", "terms", "from_at", "to_at", "reason", "position"),
)  # fmt: skip
CERTIFICATES = Columns(
    ("at", "account", "open_breaks"),
    (
        "orders",
        "fills",
        "positions",
        "balances",
        "not_reported",
        "covered_from",
        "covered_to",
        "position",
    ),
)
EXPOSURE = Columns(
    ("account", "instrument", "position_side", "position_quantity", "position_quantity_least",
    "position_quantity_most",
     "total_pnl", "total_pnl_least", "total_pnl_most"),
    ("currency", "reason", "position_id", "notional",
     "notional_least", "notional_most", "mark_price", "open_buy_quantity", "open_sell_quantity",
     "unresolved_buy_quantity", "unresolved_sell_quantity"),
)  # fmt: skip
EXPOSED_ORDERS = Columns(
    (
        "client_order_id",
        "account",
        "instrument",
        "side",
        "leaves_quantity_most",
        "limit_price",
        "status",
    ),
    ("venue_order_id",),
)
LATENCY_STEPS = Columns(
    ("account", "strategy", "hour", "instrument", "step", "clock", "count", "latency_us_p50",
    "latency_us_p90", "latency_us_p99",
     "latency_us_max"),
)  # fmt: skip
LATENCY_COUNTS = Columns(
    (
        "account",
        "strategy",
        "hour",
        "instrument",
        "orders",
        "rejected",
        "denied",
        "unresolved",
        "timeouts",
    ),
)
HALTS = Columns(
    ("account", "instrument", "strategy", "halted_at", "reason"),
    ("resumed_at", "actor", "cancels_orders", "text", "position"),
)
PARTS = Columns(
    ("figure", "part", "amount", "currency", "net_amount", "at", "position"),
    (
        "value",
        "client_order_id",
        "fill_id",
        "side",
        "quantity",
        "price",
        "source",
        "actor",
        "name",
        "recorded_at",
    ),
)
AUDITED = Columns(
    ("position", "at", "stream", "sentence", "findings"),
    (
        "actor",
        "source",
        "reason",
        "recorded_at",
        "correlation_id",
        "causation_id",
        "text",
        "account",
        "notes",
    ),
)
WHAT_IF = Columns(("view", "change", "account", "client_order_id", "instrument", "difference"))
RESTATED = Columns(("change", "account", "client_order_id", "instrument", "before", "after"))
RECORDS = Columns(("position", "client_order_id", "name", "fields"), ("account",))
ALERTS = Columns(
    ("id", "raised_at", "severity", "rule", "text"),
    (
        "cleared_at",
        "waiting",
        "fault",
        "account",
        "attempts",
        "delivered_at",
        "position",
        "subject",
        "kind",
        "watcher",
    ),
)
ACCOUNTS = Columns(
    ("account", "orders", "open_orders", "unresolved_orders", "is_up", "open_breaks"),
    ("held_orders", "new_orders", "changed_orders", "ended_orders", "last_update_at",
    "certified_at", "collector", "venue", "last_message_age_seconds", "messages", "gaps", "fault"),
)  # fmt: skip
OPEN_BREAKS = Columns(
    ("account", "kind", "subject", "since", "age_seconds"), ("certified_at", "position", "id")
)
RECONCILED_ORDERS = Columns(
    ("account", "client_order_id", "instrument", "agreement", "differences", "status",
    "reported_status"),
    ("cum_quantity", "reported_cum_quantity", "reported_at", "updated_at", "venue_order_id",
    "quantity", "origin", "matched_by", "matched_id", "reported_source", "reported_position"),
)  # fmt: skip
BREAKS = Columns(("kind", "account", "subject", "text", "is_settled"), ("repairs", "since"))
BREAKERS = Columns(
    ("account", "breaker", "state", "limit", "value", "is_running"),
    (
        "tripped_at",
        "reason",
        "instrument",
        "strategy",
        "currency",
        "status_age_seconds",
        "gateway",
        "cancels_orders",
    ),
)
KEYS = Columns(
    ("account", "can_trade", "can_withdraw", "address_limit", "age"), ("expires", "source")
)
SETTINGS = Columns(("key", "value", "source"))
COLLECTORS = Columns(
    ("collector", "account", "is_up", "messages", "gaps", "open_breaks"),
    ("fault", "last_message_age_seconds", "reconciled", "events_appended", "duplicates", "refused",
    "unreadable", "venue",
     "venue_lag_seconds", "recording_seconds_max"),
)  # fmt: skip


NEEDS = {"fee_currency": "fee"}
"""Columns that are shown only together with another one."""

SENTENCES = frozenset({"what", "detail", "text", "sentence"})
"""Columns of long text."""

STYLES = {
    "status": {
        "unresolved": "bold yellow", "rejected": "red", "denied": "red", "partially_filled": "cyan",
        "filled": "green",
        "canceled": "dim", "expired": "dim", "done_for_day": "dim", "suspended": "yellow",
        "stopped": "yellow",
        "pending_new": "yellow", "new": "cyan",
    },
    "finding": {"unresolved": "bold yellow", "in_flight": "yellow"},
    "state": {"approved": "green", "declined": "red", "busted": "red", "corrected": "yellow"},
    "code": {"": "yellow"},
    "anomalies": {"": "yellow"},
}  # fmt: skip
"""By column: word -> style. The first word that is in the value decides."""
