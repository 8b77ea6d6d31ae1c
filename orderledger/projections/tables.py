"""The tables of the views: their columns, keys and meanings. The database's tables, the JSON of the views and the
reference docs all follow from what is written here."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from orderledger.domain.values import (
    Anomaly,
    Certainty,
    Liquidity,
    OrderType,
    Origin,
    Pending,
    Role,
    Side,
    Status,
    TimeInForce,
)

Kind = Literal["text", "number", "time", "json", "flag", "count"]
Row = dict[str, Any]
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: Kind
    meaning: str
    is_shown: bool = True
    words: tuple[str, ...] = ()
    """All that can stand in it, where that is known."""


@dataclass(frozen=True)
class Table:
    """`order_by` is how rows are listed. `time` holds the columns that `since` and `until` compare: the first that has a value.
    Times are UTC; numbers are exact decimals in the instrument's own units."""

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    order_by: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = ()
    time: tuple[str, ...] = ("at",)

    def key_of(self, row: Row) -> Key:
        return tuple(map(row.__getitem__, self.key))

    def time_of(self, row: Row) -> datetime | None:
        """The time that `since` and `until` compare."""
        return next((row[name] for name in self.time if row[name] is not None), None)

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        return {column.name: column.kind for column in self.columns}

    def shown(self, row: Row) -> Row:
        """The row as a view shows it: without what only the ledger itself needs."""
        return {name: value for name, value in row.items() if name not in self._hidden} if self._hidden else row

    @cached_property
    def _hidden(self) -> frozenset[str]:
        return frozenset(column.name for column in self.columns if not column.is_shown)


STREAM = Column("stream", "text", "Stream of the order in the log.")

ORDERS = Table(
    "orders",
    "One row per order, open or ended.",
    ("stream",),
    (
        Column("account", "text", "Trading account."),
        Column(
            "client_order_id",
            "text",
            "Our id, or the first that reports gave of an order from elsewhere.",
        ),
        Column(
            "working_client_order_id",
            "text",
            "Our id of the leg in force: the last accepted replacement's, else the order's own.",
        ),
        Column("venue_order_id", "text", "The venue's id now."),
        Column("venue_order_ids", "json", "All venue ids the order has borne, in order of appearance."),
        Column("aliases", "json", "Other names under which the venue speaks of it."),
        Column("origin", "text", "own or external.", words=tuple(Origin)),
        Column("instrument", "text", "Instrument."),
        Column("side", "text", "buy or sell.", words=tuple(Side)),
        Column("order_type", "text", "market, limit, stop, stop_limit, trailing_stop or other.", words=tuple(OrderType)),
        Column("time_in_force", "text", "day, gtc, ioc, fok or gtd.", words=tuple(TimeInForce)),
        Column("expire_at", "time", "When a gtd order expires."),
        Column("post_only", "flag", "Whether it may only add liquidity."),
        Column("reduce_only", "flag", "Whether it may only reduce a position."),
        Column("quantity", "number", "Total quantity in force."),
        Column("limit_price", "number", "Limit price in force."),
        Column("stop_price", "number", "Stop price in force."),
        Column("status", "text", "Status by FIX precedence.", words=tuple(Status)),
        Column("pending", "text", "cancel or replace, while one is outstanding.", words=tuple(Pending)),
        Column("certainty", "text", "confirmed or unresolved.", words=tuple(Certainty)),
        Column("cum_quantity", "number", "Sum of the fills that stand."),
        Column("leaves_quantity", "number", "What can still be filled."),
        Column("average_price", "number", "Average price of the fills that stand, to 34 digits."),
        Column("reported_cum_quantity", "number", "What the venue last claimed to have filled."),
        Column("fees", "json", "Fees of the fills that stand, by currency. The name is empty where nobody said one."),
        Column("strategy", "text", "Strategy that requested it."),
        Column("links", "json", "Proposal, trade, role, parent and group it belongs to."),
        Column("tags", "json", "Free labels."),
        Column("anomalies", "json", "Codes of what is odd about it now."),
        Column("reason", "text", "Why it ended."),
        Column("requested_at", "time", "When we asked for it."),
        Column("submitted_at", "time", "When it was handed to the venue."),
        Column("acknowledged_at", "time", "When the venue accepted it."),
        Column("pending_since", "time", "When the outstanding cancel or replace was asked for."),
        Column("absent_at", "time", "When the venue, asked, did not know it. Null once it was heard of again."),
        Column("last_fill_at", "time", "When it was last filled."),
        Column("ended_at", "time", "When it ended."),
        Column("updated_at", "time", "When the newest fact about it happened."),
        Column("is_open", "flag", "Whether it has not ended."),
        Column("version", "count", "Events in its stream."),
        STREAM,
    ),
    ("account", "requested_at", "stream"),
    (("account", "client_order_id"), ("is_open",)),
    ("requested_at", "updated_at"),
)

TRADES = Table(
    "trades",
    "One row per fill. Those that were busted or corrected stay, with their state.",
    ("stream", "fill_id"),
    (
        Column("account", "text", "Trading account."),
        Column(
            "client_order_id",
            "text",
            "Our id of the order, or the first that reports gave of one from elsewhere.",
        ),
        Column("venue_order_id", "text", "The venue's id of the order, as the fill gave it, else as it was then."),
        Column("fill_id", "text", "The venue's id of the fill."),
        Column("instrument", "text", "Instrument."),
        Column("side", "text", "buy or sell.", words=tuple(Side)),
        Column("quantity", "number", "Quantity."),
        Column("price", "number", "Price."),
        Column("fee", "number", "Fee, positive when paid."),
        Column("fee_currency", "text", "Currency of the fee, null where it is what the instrument is settled in."),
        Column("liquidity", "text", "maker or taker.", words=tuple(Liquidity)),
        Column("at", "time", "When it happened."),
        Column("recorded_at", "time", "When it was recorded."),
        Column("source", "text", "Where the report came from."),
        Column("position", "count", "Place in the log."),
        Column("strategy", "text", "Strategy of the order."),
        Column("links", "json", "Proposal, trade, role, parent and group of the order."),
        Column("state", "text", "active, busted or corrected.", words=("active", "busted", "corrected")),
        STREAM,
    ),
    ("at", "position"),
    (("account", "instrument", "at", "position"), ("state",)),
)

POSITIONS = Table(
    "positions",
    "One row per account, instrument and method (average, fifo, lifo): position and P&L.",
    ("account", "instrument", "method"),
    (
        Column("account", "text", "Trading account."),
        Column("instrument", "text", "Instrument."),
        Column("method", "text", "Which lots a closing fill closes: average, fifo or lifo."),
        Column("position_quantity", "number", "Signed: positive is long."),
        Column("average_open_price", "number", "Average price of the open lots, 0 when flat."),
        Column("realized_pnl", "number", "Realized P&L before fees, in `currency`."),
        Column("fees", "json", "Fees by currency."),
        Column("funding", "json", "Funding by currency, positive when received."),
        Column("currency", "text", "What the instrument is settled in."),
        Column("multiplier", "number", "Units of the underlying in one unit of quantity."),
        Column("inverse", "flag", "Whether quantity is worth quantity * multiplier / price."),
        Column("fills", "count", "Fills that stand."),
        Column("bought_quantity", "number", "Sum bought."),
        Column("sold_quantity", "number", "Sum sold."),
        Column("last_at", "time", "When the newest fill or adjustment happened."),
        Column("last_position", "count", "Its place in the log.", is_shown=False),
        Column(
            "book",
            "json",
            "What the next fill goes on from: open lots (signed quantity, and its cost before the multiplier), the numbers of "
            "their rows in `position_lots`, what all of them cost and what was realized, the numbers of entries and of fees.",
            is_shown=False,
        ),
    ),
    ("account", "instrument", "method"),
)

LOTS = Table(
    "position_lots",
    "Of a position with many open lots, those between the oldest and the newest (fifo) or under the newest (lifo), 16 to a row. "
    "Rows stay when their lots are closed, for the checkpoints.",
    ("account", "instrument", "method", "number"),
    (
        Column("account", "text", "Trading account."),
        Column("instrument", "text", "Instrument."),
        Column("method", "text", "fifo or lifo."),
        Column("number", "count", "Counts the rows of one position and method, from 1."),
        Column("lots", "json", "Lots, oldest first: signed quantity, and its cost before the multiplier."),
        Column("below", "count", "By lifo, the number of the row with the lots that were opened before these, 0 for none."),
    ),
    ("account", "instrument", "method", "number"),
)

CHECKPOINTS = Table(
    "position_checkpoints",
    "The books of a position after every 64 of its fills and adjustments: a late fill is folded from the one before it.",
    ("account", "instrument", "number"),
    (
        Column("account", "text", "Trading account."),
        Column("instrument", "text", "Instrument."),
        Column("number", "count", "Counts the checkpoints of one position, from 1."),
        Column("at", "time", "When the newest of those fills and adjustments happened."),
        Column("position", "count", "Its place in the log."),
        Column("books", "json", "As `book` of the position was, by average, fifo and lifo."),
    ),
    ("account", "instrument", "number"),
)

ANOMALIES = Table(
    "anomalies",
    "One row per anomaly ever detected.",
    ("position",),
    (
        Column("position", "count", "Place in the log."),
        Column("account", "text", "Trading account."),
        Column(
            "client_order_id",
            "text",
            "Our id of the order, or the first that reports gave of one from elsewhere.",
        ),
        Column("code", "text", "What is odd.", words=tuple(Anomaly)),
        Column("detail", "text", "What was found, in a sentence."),
        Column("detected_at", "time", "When it was detected."),
        Column("cleared_at", "time", "When it no longer was odd, null while it stands."),
        STREAM,
    ),
    ("position",),
    (("stream", "code"),),
    ("detected_at",),
)

PROPOSALS = Table(
    "proposals",
    "One row per proposal.",
    ("account", "proposal_id"),
    (
        Column("account", "text", "Trading account."),
        Column("proposal_id", "text", "Id of the proposal."),
        Column("kind", "text", "entry or exit.", words=tuple(Role)),
        Column("strategy", "text", "Strategy that made it."),
        Column("instrument", "text", "Instrument."),
        Column("side", "text", "buy or sell.", words=tuple(Side)),
        Column("quantity", "number", "Quantity proposed."),
        Column("order_type", "text", "Order type proposed.", words=tuple(OrderType)),
        Column("limit_price", "number", "Limit price proposed."),
        Column("stop_price", "number", "Stop price proposed."),
        Column("time_in_force", "text", "Time in force proposed.", words=tuple(TimeInForce)),
        Column("state", "text", "proposed, approved or declined.", words=("proposed", "approved", "declined")),
        Column("reason", "text", "Why it was decided so."),
        Column("links", "json", "Trade, role, parent and group it belongs to."),
        Column("tags", "json", "Free labels."),
        Column("proposed_at", "time", "When it was made."),
        Column("proposed_by", "text", "Actor of the proposal."),
        Column("source", "text", "Where the proposal came from."),
        Column("correlation_id", "text", "Correlation id of the proposal."),
        Column("causation_id", "text", "Causation id of the proposal."),
        Column("decided_at", "time", "When it was approved or declined."),
        Column("decided_by", "text", "Actor of the decision: who approved or declined it."),
        Column("decision_source", "text", "Where the decision came from."),
        Column("has_evidence", "flag", "Whether evidence was recorded with the proposal or the decision."),
    ),
    ("account", "proposed_at", "proposal_id"),
    time=("proposed_at", "decided_at"),
)

INSTRUMENTS = Table(
    "instruments",
    "One row per account and instrument: its definition and its last mark.",
    ("account", "instrument"),
    (
        Column("account", "text", "Trading account."),
        Column("instrument", "text", "Instrument."),
        Column("multiplier", "number", "Units of the underlying in one unit of quantity."),
        Column("inverse", "flag", "Whether quantity is worth quantity * multiplier / price."),
        Column("currency", "text", "What it is settled in."),
        Column("tick", "number", "Smallest step of the price."),
        Column("lot", "number", "Smallest step of the quantity."),
        Column("defined_at", "time", "When a definition was last given."),
        Column("terms_at", "json", "Of each term, when the definition in force gave it.", is_shown=False),
        Column("mark_price", "number", "Price at which open positions are valued."),
        Column("marked_at", "time", "When that price was."),
        Column("reported_quantity", "number", "What the venue last said the position is."),
        Column("reported_at", "time", "When it said so."),
    ),
    ("account", "instrument"),
)

ACCOUNT_EVENTS = Table(
    "account_events",
    "One row per funding, adjustment and gap.",
    ("position",),
    (
        Column("position", "count", "Place in the log."),
        Column("account", "text", "Trading account."),
        Column("kind", "text", "funding, adjust or gap.", words=("funding", "adjust", "gap")),
        Column("instrument", "text", "Instrument, null for a gap."),
        Column("quantity", "number", "Amount of a funding, quantity of an adjustment."),
        Column("price", "number", "Price of an adjustment."),
        Column("currency", "text", "Currency of a funding."),
        Column("at", "time", "When it happened."),
        Column("from_at", "time", "When a gap began."),
        Column("to_at", "time", "When a gap ended, null while it is not known to be covered."),
        Column("reason", "text", "Why."),
    ),
    ("at", "position"),
    (("account", "instrument", "kind"),),
)

CERTIFICATES = Table(
    "certificates",
    "One row per certificate: what agreed with the venue when they were compared.",
    ("position",),
    (
        Column("position", "count", "Place in the log."),
        Column("account", "text", "Trading account."),
        Column("at", "time", "When they were compared."),
        Column("covered_from", "time", "From here on every fill was asked for."),
        Column("covered_to", "time", "Up to here."),
        Column("orders", "count", "Open orders that agreed."),
        Column("fills", "count", "Fills that stand in the ledger."),
        Column("positions", "count", "Positions that agreed."),
        Column("open_breaks", "json", "Differences that are not settled: id, and since when they are known."),
    ),
    ("at", "position"),
    (("account",),),
)

TABLES = (ORDERS, TRADES, POSITIONS, LOTS, CHECKPOINTS, ANOMALIES, PROPOSALS, INSTRUMENTS, ACCOUNT_EVENTS, CERTIFICATES)
"""The views, which follow the log."""
INNER = {LOTS.name: POSITIONS.name, CHECKPOINTS.name: POSITIONS.name}
"""Tables that are no views of their own, but part of one: they are rebuilt with it."""

ORDER_NAMES = Table(
    "order_names",
    "Every id an order has borne. Written with the events, in the same commit: recording looks orders up by it.",
    ("account", "kind", "name"),
    (
        Column("account", "text", "Trading account."),
        Column("kind", "text", "client, request, venue or alias."),
        Column("name", "text", "The id."),
        Column("stream", "text", "Stream of the order that it stands for."),
    ),
    order_by=("account", "kind", "name"),
)

BY_NAME = {table.name: table for table in (*TABLES, ORDER_NAMES)}
