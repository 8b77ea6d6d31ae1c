"""Checks the terms of an order before it is recorded as sent: its prices, and that the order entry
supports every term.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Literal, get_args

from orderledger.extend.events import Order
from orderledger.extend.values import plain
from orderledger.gateway.limits import Denial
from orderledger.rows import OrderRow
from orderledger.venues.base.order_entry import EntryAbilities

PRICES = ("limit_price", "stop_price")
NEEDS_LIMIT = frozenset({"limit", "stop_limit", "take_profit_limit"})
NEEDS_STOP = frozenset({"stop", "stop_limit", "take_profit", "take_profit_limit"})
MAY_HAVE_STOP = NEEDS_STOP | {"trailing_stop", "other"}
Condition = Literal[
    "post_only",
    "reduce_only",
    "position_side",
    "position_id",
    "quote_quantity",
    "legs",
    "display_quantity",
    "trail_offset",
    "trigger_source",
]
CONDITIONS: tuple[Condition, ...] = get_args(Condition)
"""Terms that an order has besides its type, prices and time in force."""

TAKES_AT_ONCE = frozenset({"ioc", "fok"})


def is_conditional(order: Order) -> bool:
    """Whether an order was requested with a trigger: a stop, a take-profit or a trailing stop."""
    request = order.terms.request
    return request is not None and (
        request.stop_price is not None or request.trail_offset is not None
    )


def fault_of_terms(order: OrderRow, abilities: EntryAbilities) -> Denial | None:
    """The first reason not to send such an order: its terms contradict each other, or the entry
    does not send one of them.

    A price of 0 or less is always refused: some spreads and futures trade below 0, but no order
    entry here supports them.
    """
    return next(_faults_of_terms(order, abilities), None)


def fault_of_trigger(order: OrderRow) -> Denial | None:
    """The first reason why the gateway cannot watch the trigger price of an order."""
    return next(_faults_of_trigger(order), None)


def _faults_of_trigger(order: OrderRow) -> Iterator[Denial]:
    order_type = str(order["order_type"])
    if order_type in NEEDS_STOP and order["stop_price"] is None:
        yield Denial("incorrect_stop_price", f"a {order_type} order needs a stop_price")
    if order_type in NEEDS_LIMIT and order["limit_price"] is None:
        yield Denial("incorrect_limit_price", f"a {order_type} order needs a limit_price")
    yield from _faults_of_trailing(order)
    if order["trigger_source"] not in (None, "mark"):
        yield Denial(
            "unsupported_term",
            f"trigger_source {order['trigger_source']}: the gateway compares with the mark",
        )
    if order["quantity"] is None:
        yield Denial("unsupported_term", "a trigger that the gateway watches needs a quantity")
    yield from _faults_of_prices(order)


def fault_of_prices(prices: Mapping[str, Any]) -> Denial | None:
    """The first price of 0 or less."""
    return next(_faults_of_prices(prices), None)


def _faults_of_terms(order: OrderRow, abilities: EntryAbilities) -> Iterator[Denial]:
    order_type, in_force = str(order["order_type"]), order["time_in_force"]
    if order_type not in abilities.order_types:
        yield Denial(
            "unsupported_order_type",
            f"order_type {order_type} is not one of {_listed(abilities.order_types)}",
        )
    if in_force is not None and in_force not in abilities.times_in_force:
        known = _listed(abilities.times_in_force)
        yield Denial("unsupported_time_in_force", f"time_in_force {in_force} is not one of {known}")
    for name in CONDITIONS:
        if order[name] not in (None, False) and name not in abilities.conditions:
            yield Denial(
                "unsupported_term", f"{name} {order[name]}: this order entry does not send {name}"
            )
    if order["limit_price"] is None and order_type in NEEDS_LIMIT:
        yield Denial("incorrect_limit_price", f"a {order_type} order needs a limit_price")
    if order["limit_price"] is None and order_type in abilities.needs_limit:
        yield Denial(
            "incorrect_limit_price",
            f"a {order_type} order needs a limit_price at this venue, the worst price at which it "
            "may trade: state it, or set market_slippage",
        )
    if order["stop_price"] is None and order_type in NEEDS_STOP:
        yield Denial("incorrect_stop_price", f"a {order_type} order needs a stop_price")
    if order["stop_price"] is not None and order_type not in MAY_HAVE_STOP:
        yield Denial("incorrect_stop_price", f"a {order_type} order cannot have a stop_price")
    yield from _faults_of_trailing(order)
    if (order["expire_at"] is None) == (in_force == "gtd"):
        yield Denial("incorrect_expire_at", "expire_at is required for gtd, and allowed only there")
    if order["post_only"] and in_force in TAKES_AT_ONCE:
        yield Denial(
            "unsupported_time_in_force",
            f"a post-only order cannot be {in_force}",
        )
    yield from _faults_of_prices(order)


def _faults_of_trailing(order: OrderRow) -> Iterator[Denial]:
    if str(order["order_type"]) == "trailing_stop" and order["trail_offset"] is None:
        yield Denial("incorrect_trail_offset", "a trailing_stop order needs a trail_offset")


def _faults_of_prices(prices: Mapping[str, Any]) -> Iterator[Denial]:
    for name in PRICES:
        price = prices.get(name)
        if price is not None and Decimal(price) <= 0:
            yield Denial(
                f"incorrect_{name}",
                f"{name} {plain(Decimal(price))}: a price must be greater than 0",
            )


def _listed(words: frozenset[str]) -> str:
    return ", ".join(sorted(words))
