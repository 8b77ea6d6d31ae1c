"""Changes of positions in a dry run."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from orderledger.extend.values import EXACT, ZERO
from orderledger.extend.views import Row

MOVING = {
    "fill_id",
    "instrument",
    "side",
    "position_side",
    "position_id",
    "at",
    "quantity",
    "price",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A change of a position in a dry run: an added fill, a removed fill (`fills` is -1), or an
    adjustment (`fills` is 0)."""

    venue_order_id: str | None
    fill_id: str
    instrument: str | None
    at: datetime
    quantity: Decimal
    fills: int
    price: Decimal = ZERO
    position_side: str | None = None
    position_id: str | None = None


def moved(fill: Row, venue_order_id: str | None, *, fills: int) -> Move:
    """The change by an added fill (`fills` is 1) or a removed one (-1)."""
    is_added = (fill["side"] == "buy") == (fills > 0)
    return Move(
        venue_order_id=venue_order_id,
        fill_id=fill["fill_id"],
        instrument=fill["instrument"],
        at=fill["at"],
        quantity=fill["quantity"] if is_added else EXACT.copy_negate(fill["quantity"]),
        fills=fills,
        price=fill["price"],
        position_side=fill["position_side"],
        position_id=fill["position_id"],
    )


def as_trade(move: Move, position: int) -> Row:
    """An added fill as a row of the trade history. `position` orders fills of the same time."""
    return {
        "fill_id": move.fill_id,
        "side": "buy" if move.quantity > ZERO else "sell",
        "quantity": abs(move.quantity),
        "price": move.price,
        "fee": None,
        "position_side": move.position_side,
        "position_id": move.position_id,
        "at": move.at,
        "position": position,
    }
