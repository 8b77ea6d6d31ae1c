"""What a dry run thinks would happen to positions."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from orderledger.domain.exact import EXACT, ZERO
from orderledger.projections.view import Row

MOVING = {"fill_id", "instrument", "side", "at", "quantity", "price"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What is only thought of would do to a position: a fill comes, or, with a negative count, one goes; an adjustment counts as
    no fill."""

    venue_order_id: str | None
    fill_id: str
    instrument: str | None
    at: datetime
    quantity: Decimal
    fills: int
    price: Decimal = ZERO


def moved(fill: Row, venue_order_id: str | None, *, fills: int) -> Move:
    """A fill that comes (`fills` is 1) or goes (-1)."""
    is_added = (fill["side"] == "buy") == (fills > 0)
    return Move(
        venue_order_id=venue_order_id,
        fill_id=fill["fill_id"],
        instrument=fill["instrument"],
        at=fill["at"],
        quantity=fill["quantity"] if is_added else EXACT.copy_negate(fill["quantity"]),
        fills=fills,
        price=fill["price"],
    )


def as_trade(move: Move, position: int) -> Row:
    """A fill that comes as a row of the trade history, at this place among others of its time."""
    return {
        "fill_id": move.fill_id,
        "side": "buy" if move.quantity > ZERO else "sell",
        "quantity": abs(move.quantity),
        "price": move.price,
        "fee": None,
        "at": move.at,
        "position": position,
    }
