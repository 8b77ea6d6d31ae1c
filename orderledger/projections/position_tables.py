"""The tables of positions: the view, its open lots, and its checkpoints."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypedDict

from orderledger.projections.account_events import ACCOUNT_EVENTS
from orderledger.projections.cash import CASH
from orderledger.projections.renames import RENAMES
from orderledger.projections.view import HIDDEN, Table


class OfPosition(TypedDict):
    """The columns that identify a position."""

    account: Annotated[str, "Trading account."]
    instrument: Annotated[str, "Instrument."]
    position_side: Annotated[str, "Position side: long, short or net.", ("long", "short", "net")]
    position_id: Annotated[str, "The venue's id of the position, empty where it gives none."]


PositionKey = tuple[str, str, str, str]
"""Account, instrument, position side and position id."""


class StoredPositionRow(OfPosition):
    """One row per position and method."""

    method: Annotated[str, "Which lots a closing fill closes: average, fifo or lifo."]
    position_quantity: Annotated[
        Decimal | None, "Signed: positive is long. Null where the side of a fill is not known."
    ]
    average_open_price: Annotated[
        Decimal | None,
        "Average price of the open lots, 0 when flat. Null where `reason` says why.",
    ]
    realized_pnl: Annotated[
        Decimal | None, "Realized P&L before fees, in `currency`. Null where `reason` says why."
    ]
    fees: Annotated[dict[str, str], "Fees by currency."]
    funding: Annotated[dict[str, str], "Funding by currency, positive when received."]
    currency: Annotated[str | None, "Settlement currency."]
    multiplier: Annotated[Decimal, "Units of the underlying in one unit of quantity."]
    inverse: Annotated[bool, "Whether quantity is worth quantity * multiplier / price."]
    fills: Annotated[int, "Active fills."]
    bought_quantity: Annotated[Decimal, "Sum bought."]
    sold_quantity: Annotated[Decimal, "Sum sold."]
    reason: Annotated[
        str | None,
        "Why figures are null: position_side_unknown, kind_conflict or impossible_price.",
    ]
    anomalies: Annotated[
        list[str] | None, "Codes of what its entries contradict. Null for none.", HIDDEN
    ]
    last_at: Annotated[datetime | None, "When the newest fill or adjustment happened."]
    last_rank: Annotated[str | None, "Its rank among those of its time.", HIDDEN]
    book: Annotated[
        dict[str, Any],
        "The state from which the next fill continues: open lots (signed quantity, and its "
        "cost before the multiplier), the numbers of their rows in `position_lots`, what all "
        "of them cost and what was realized, the numbers of entries and of fees, and the "
        "digest of the last checkpoint. Where fees were paid in the coin that was traded, their "
        "worth; what was moved since the opening balance, by currency. Where sides or modes were "
        "reported, also what is known of them.",
        HIDDEN,
    ]


class LotsRow(OfPosition):
    """One row per pack of lots."""

    method: Annotated[str, "fifo or lifo."]
    number: Annotated[int, "Counts the rows of one position and method, from 1."]
    lots: Annotated[
        list[list[str]],
        "Lots, oldest first: signed quantity, and its cost before the multiplier.",
    ]
    below: Annotated[
        int,
        "By lifo, the number of the row with the lots that were opened before these, 0 for none.",
    ]
    digest: Annotated[str, "BLAKE2b of the other columns, checked before the row is used."]


class CheckpointRow(OfPosition):
    """One row per checkpoint."""

    number: Annotated[int, "Counts the checkpoints of one position, from 1."]
    at: Annotated[datetime, "When the newest of those fills and adjustments happened."]
    rank: Annotated[str, "Its rank among those of its time."]
    books: Annotated[
        list[dict[str, Any]], "As `book` of the position was, by average, fifo and lifo."
    ]
    before: Annotated[str, "The digest of the checkpoint before, empty for the first."]
    digest: Annotated[str, "BLAKE2b of the other columns, checked before the row is used."]


POSITIONS = Table(
    "positions",
    "One row per account, instrument, position side, position id and method (average, fifo, "
    "lifo): position and P&L.",
    ("account", "instrument", "position_side", "position_id", "method"),
    StoredPositionRow,
    ("account", "instrument", "position_side", "position_id", "method"),
    version=18,
)

LOTS = Table(
    "position_lots",
    "Of a position with many open lots, those between the oldest and the newest (fifo) or under "
    "the newest (lifo), 16 to a row. Rows stay when their lots are closed, for the checkpoints.",
    ("account", "instrument", "position_side", "position_id", "method", "number"),
    LotsRow,
    ("account", "instrument", "position_side", "position_id", "method", "number"),
)

CHECKPOINTS = Table(
    "position_checkpoints",
    "The books of a position after every 64 of its fills and adjustments: a late fill is folded "
    "from the one before it.",
    ("account", "instrument", "position_side", "position_id", "number"),
    CheckpointRow,
    ("account", "instrument", "position_side", "position_id", "number"),
)

INNER = {
    LOTS.name: POSITIONS.name,
    CHECKPOINTS.name: POSITIONS.name,
    CASH.name: ACCOUNT_EVENTS.name,
    RENAMES.name: ACCOUNT_EVENTS.name,
}
"""Tables that belong to a view: they share its version, and are rebuilt with it."""
