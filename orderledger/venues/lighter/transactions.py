"""The terms of an order in Lighter's transactions: whole numbers of the smallest steps."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from orderledger.extend.values import EXACT, plain
from orderledger.extend.views import Row
from orderledger.venues.errors import NotSent

LIMIT, STOP_LIMIT = 0, 3
IMMEDIATE, GOOD_TILL_TIME, POST_ONLY = 0, 1, 2
IN_28_DAYS, AT_ONCE = -1, 0
"""Expiry of an order: the SDK's value for 28 days, and that of an order which does not rest."""

LARGEST_PRICE = 2**32 - 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The units of a market's prices and quantities."""

    tick: Decimal | None
    lot: Decimal | None
    UNKNOWN: ClassVar["Scale"]


Scale.UNKNOWN = Scale(tick=None, lot=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """A new order."""

    base_amount: int
    price: int
    is_ask: bool
    order_type: int
    time_in_force: int
    is_reduce_only: bool
    trigger_price: int
    expiry: int


def created(order: Row, scale: Scale) -> Create:
    """The terms of a new order. Raises NotSent for terms that Lighter does not support."""
    if order["order_type"] not in ("limit", "stop_limit"):
        raise NotSent(
            "unsupported_order_type",
            f"{order['order_type']} is not supported: send a limit order, with ioc to execute at "
            "once",
        )
    if order["limit_price"] is None or (order["order_type"] == "stop_limit") != (
        order["stop_price"] is not None
    ):
        raise NotSent("incorrect_price", f"a {order['order_type']} order with the wrong prices")
    time_in_force, expiry = _lifetime(order)
    return Create(
        base_amount=scaled("incorrect_quantity", order["quantity"], scale.lot),
        price=scaled("incorrect_price", order["limit_price"], scale.tick),
        is_ask=order["side"] == "sell",
        order_type=STOP_LIMIT if order["order_type"] == "stop_limit" else LIMIT,
        time_in_force=time_in_force,
        is_reduce_only=bool(order["reduce_only"]),
        trigger_price=0
        if order["stop_price"] is None
        else scaled("incorrect_stop_price", order["stop_price"], scale.tick),
        expiry=expiry,
    )


def scaled(reason: str, number: Decimal, step: Decimal | None) -> int:
    """A number in steps; 0 while the step is unknown. Raises NotSent if it is not a whole number
    of them, or too large.
    """
    if step is None:
        return 0
    steps = EXACT.divide(Decimal(number), step)
    if steps != steps.to_integral_value() or not 0 < steps <= (
        LARGEST_PRICE if "price" in reason else 2**48
    ):
        raise NotSent(
            reason,
            f"{plain(Decimal(number))} is not a multiple of {plain(step)} that Lighter accepts",
        )
    return int(steps)


def _lifetime(order: Row) -> tuple[int, int]:
    """Time in force and expiry. At Lighter, good till canceled ends after 28 days."""
    match order["time_in_force"]:
        case "ioc":
            return IMMEDIATE, AT_ONCE
        case None | "gtc":
            return (POST_ONLY if order["post_only"] else GOOD_TILL_TIME), IN_28_DAYS
        case "gtd" if order["expire_at"] is not None:
            milliseconds = (order["expire_at"] - EPOCH) // timedelta(milliseconds=1)
            return (POST_ONLY if order["post_only"] else GOOD_TILL_TIME), milliseconds
    raise NotSent(
        "unsupported_time_in_force", f"{order['time_in_force']} is not one of gtc, gtd, ioc"
    )
