"""How a fill changes the rows of a simulated exchange, and which numbers they accept."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from orderledger.domain.exact import EXACT
from orderledger.domain.values import Liquidity, Side
from orderledger.simulation.market.rows import OrderStatus, SimulatedFill, SimulatedOrder, SimulatedPosition

Number = Decimal | str | int


def executed(
    order: SimulatedOrder,
    position: SimulatedPosition,
    *,
    quantity: Decimal,
    price: Decimal,
    fill_id: int,
    liquidity: Liquidity,
    fee: Decimal,
    fee_currency: str,
    reason: str | None,
    at: datetime,
    sequence: int,
) -> SimulatedFill:
    """The fill of an order, by an account that held `position` before."""
    return SimulatedFill(
        account=order.account,
        fill_id=fill_id,
        order_id=order.order_id,
        client_id=order.client_id,
        instrument=order.instrument,
        side=order.side,
        quantity=quantity,
        price=price,
        liquidity=liquidity,
        fee=fee,
        fee_currency=fee_currency,
        cumulated=EXACT.add(order.filled, quantity),
        position_before=position.quantity,
        realized=position.realized_by(quantity if order.side is Side.BUY else -quantity, price),
        reason=reason,
        at=at,
        sequence=sequence,
    )


def after_fill(order: SimulatedOrder, fill: SimulatedFill) -> SimulatedOrder:
    """The order after a fill. An ended order keeps its status."""
    is_done = not order.status.is_ended and fill.cumulated >= order.quantity
    return replace(
        order,
        filled=fill.cumulated,
        notional=EXACT.add(order.notional, EXACT.multiply(fill.quantity, fill.price)),
        status=OrderStatus.FILLED if is_done else order.status,
        updated_at=fill.at,
        sequence=fill.sequence,
    )


def number(value: Number) -> Decimal:
    """A finite decimal, exactly as given. TypeError for a float."""
    if isinstance(value, float):
        raise TypeError(f"{value!r} is a float")
    exact = Decimal(value)
    if not exact.is_finite():
        raise ValueError(f"{value!r} is not a finite number")
    return exact


def positive(value: Number) -> Decimal:
    """A number above zero."""
    exact = number(value)
    if exact <= 0:
        raise ValueError(f"{value!r} is not more than nothing")
    return exact


def positive_or_none(value: Number | None) -> Decimal | None:
    """A number above zero, or None."""
    return None if value is None else positive(value)
