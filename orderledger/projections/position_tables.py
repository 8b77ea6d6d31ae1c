"""The tables of positions: the view, its open lots, and its checkpoints."""

from orderledger.projections.view import Column, Table

OF_ONE = (
    Column("account", "text", "Trading account."),
    Column("instrument", "text", "Instrument."),
    Column(
        "position_side",
        "text",
        "Position side: long, short or net.",
        words=("long", "short", "net"),
    ),
    Column("position_id", "text", "The venue's id of the position, empty where it gives none."),
)
"""The columns that tell positions apart."""

POSITIONS = Table(
    "positions",
    "One row per account, instrument, position side, position id and method (average, fifo, "
    "lifo): position and P&L.",
    ("account", "instrument", "position_side", "position_id", "method"),
    (
        *OF_ONE,
        Column("method", "text", "Which lots a closing fill closes: average, fifo or lifo."),
        Column(
            "position_quantity",
            "number",
            "Signed: positive is long. Null where the side of a fill is not known.",
        ),
        Column(
            "average_open_price",
            "number",
            "Average price of the open lots, 0 when flat. Null where `reason` says why.",
        ),
        Column(
            "realized_pnl",
            "number",
            "Realized P&L before fees, in `currency`. Null where `reason` says why.",
        ),
        Column("fees", "json", "Fees by currency."),
        Column("funding", "json", "Funding by currency, positive when received."),
        Column("currency", "text", "Settlement currency."),
        Column("multiplier", "number", "Units of the underlying in one unit of quantity."),
        Column("inverse", "flag", "Whether quantity is worth quantity * multiplier / price."),
        Column("fills", "count", "Active fills."),
        Column("bought_quantity", "number", "Sum bought."),
        Column("sold_quantity", "number", "Sum sold."),
        Column(
            "reason", "text", "Why figures are null: position_side_unknown or impossible_price."
        ),
        Column(
            "anomalies",
            "json",
            "Codes of what its entries contradict. Null for none.",
            is_shown=False,
        ),
        Column("last_at", "time", "When the newest fill or adjustment happened."),
        Column("last_rank", "text", "Its rank among those of its time.", is_shown=False),
        Column(
            "book",
            "json",
            "The state from which the next fill continues: open lots (signed quantity, and its "
            "cost before the multiplier), the numbers of their rows in `position_lots`, what all "
            "of them cost and what was realized, the numbers of entries and of fees, and the "
            "digest of the last checkpoint. Where sides or modes were told, also what is known of "
            "them.",
            is_shown=False,
        ),
    ),
    ("account", "instrument", "position_side", "position_id", "method"),
    version=14,
)

LOTS = Table(
    "position_lots",
    "Of a position with many open lots, those between the oldest and the newest (fifo) or under "
    "the newest (lifo), 16 to a row. Rows stay when their lots are closed, for the checkpoints.",
    ("account", "instrument", "position_side", "position_id", "method", "number"),
    (
        *OF_ONE,
        Column("method", "text", "fifo or lifo."),
        Column("number", "count", "Counts the rows of one position and method, from 1."),
        Column(
            "lots",
            "json",
            "Lots, oldest first: signed quantity, and its cost before the multiplier.",
        ),
        Column(
            "below",
            "count",
            "By lifo, the number of the row with the lots that were opened before these, 0 for "
            "none.",
        ),
        Column("digest", "text", "BLAKE2b of the other columns, checked before the row is used."),
    ),
    ("account", "instrument", "position_side", "position_id", "method", "number"),
)

CHECKPOINTS = Table(
    "position_checkpoints",
    "The books of a position after every 64 of its fills and adjustments: a late fill is folded "
    "from the one before it.",
    ("account", "instrument", "position_side", "position_id", "number"),
    (
        *OF_ONE,
        Column("number", "count", "Counts the checkpoints of one position, from 1."),
        Column("at", "time", "When the newest of those fills and adjustments happened."),
        Column("rank", "text", "Its rank among those of its time."),
        Column("books", "json", "As `book` of the position was, by average, fifo and lifo."),
        Column("before", "text", "The digest of the checkpoint before, empty for the first."),
        Column("digest", "text", "BLAKE2b of the other columns, checked before the row is used."),
    ),
    ("account", "instrument", "position_side", "position_id", "number"),
)

INNER = {LOTS.name: POSITIONS.name, CHECKPOINTS.name: POSITIONS.name}
"""Tables that belong to a view: they share its version, and are rebuilt with it."""
