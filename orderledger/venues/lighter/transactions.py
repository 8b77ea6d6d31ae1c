"""The terms of an order in Lighter's transactions: whole numbers of the smallest steps."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from orderledger.extend.values import EXACT, plain
from orderledger.extend.views import Row
from orderledger.venues.errors import NotSent

TYPES = {
    "limit": 0,
    "market": 1,
    "stop": 2,
    "stop_limit": 3,
    "take_profit": 4,
    "take_profit_limit": 5,
}
"""Order types of `signer_client.py` in lighter-sdk 1.1.8."""
TRIGGERS = frozenset({"stop", "stop_limit", "take_profit", "take_profit_limit"})
AT_MARKET = frozenset({"market", "stop", "take_profit"})
"""Types that execute at once when their time comes: the SDK sends them as immediate-or-cancel."""
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
    order_type = order["order_type"]
    if order_type not in TYPES:
        raise NotSent("unsupported_order_type", f"{order_type} is not one of {', '.join(TYPES)}")
    if order["limit_price"] is None or (order_type in TRIGGERS) != (
        order["stop_price"] is not None
    ):
        raise NotSent(
            "incorrect_price",
            f"a {order_type} order with the wrong prices: Lighter needs a limit_price for each "
            "order, and a stop_price for triggers",
        )
    if order.get("trigger_source") not in (None, "mark"):
        raise NotSent("unsupported_term", "Lighter compares the trigger price with the mark")
    time_in_force, expiry = _lifetime(order)
    return Create(
        base_amount=scaled("incorrect_quantity", order["quantity"], scale.lot),
        price=scaled("incorrect_price", order["limit_price"], scale.tick),
        is_ask=order["side"] == "sell",
        order_type=TYPES[order_type],
        time_in_force=time_in_force,
        is_reduce_only=bool(order["reduce_only"]),
        trigger_price=0
        if order["stop_price"] is None
        else scaled("incorrect_stop_price", order["stop_price"], scale.tick),
        expiry=expiry,
    )


def new_terms(order: Row, request: Row) -> tuple[Decimal, Decimal | None, Decimal | None]:
    """Quantity, limit price and stop price of a changed order. The request comes first, then a
    replace that awaits its answer, then the terms in force.
    """
    asked = order.get("pending_request") or {}
    pending = asked if asked.get("kind") == "replace" else {}
    found: list[Decimal | None] = []
    for name in ("quantity", "limit_price", "stop_price"):
        stated = request.get(name) if request.get(name) is not None else pending.get(name)
        found.append(order[name] if stated is None else Decimal(stated))
    quantity, limit, stop = found
    assert quantity is not None
    return quantity, limit, stop


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
    """Time in force and expiry. At Lighter, good till canceled ends after 28 days. A market order
    has no expiry; one that waits for its trigger price has."""
    order_type, in_force = order["order_type"], order["time_in_force"]
    if order_type in AT_MARKET:
        is_known = in_force in (None, "ioc" if order_type == "market" else "gtc")
        if not is_known or order["post_only"]:
            raise NotSent(
                "unsupported_time_in_force", f"a {order_type} order cannot be {in_force} there"
            )
        return IMMEDIATE, AT_ONCE if order_type == "market" else IN_28_DAYS
    match in_force:
        case "ioc" if order_type == "limit":
            return IMMEDIATE, AT_ONCE
        case None | "gtc":
            return (POST_ONLY if order["post_only"] else GOOD_TILL_TIME), IN_28_DAYS
        case "gtd" if order["expire_at"] is not None:
            milliseconds = (order["expire_at"] - EPOCH) // timedelta(milliseconds=1)
            return (POST_ONLY if order["post_only"] else GOOD_TILL_TIME), milliseconds
    raise NotSent("unsupported_time_in_force", f"{in_force} is not one of gtc, gtd, ioc")
