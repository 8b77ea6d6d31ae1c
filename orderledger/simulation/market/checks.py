"""A simulated venue's checks before it accepts an order, and its refusals."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Literal, Required, TypedDict

from orderledger import OrderType, Side, TimeInForce
from orderledger.simulation.market.instruments import SimulatedInstrument, is_multiple
from orderledger.simulation.market.numbers import Number, number
from orderledger.simulation.market.rows import Kind, SimulatedOrder

TAKES_PROFIT = (OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)
WITH_LIMIT = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT)
WITH_STOP = (OrderType.STOP, OrderType.STOP_LIMIT, *TAKES_PROFIT)


ClientIds = Literal["any", "unique_while_open", "unique"]
Judge = Callable[[Kind, SimulatedOrder], str | None]


class OrderTerms(TypedDict, total=False):
    """The terms of an order, as in `place` and `submit`.

    A limit order needs a `limit_price`. A stop order needs a `stop_price`, and waits until a match
    reaches it. Submitted `day` orders end at midnight UTC, `gtd` orders at `expire_at`, when
    `expire_due` is called. `reduce_only` is enforced where the rules say so.
    """

    instrument: Required[str]
    side: Required[Side | str]
    quantity: Required[Number]
    client_id: str | None
    limit_price: Number | None
    stop_price: Number | None
    order_type: OrderType | str
    time_in_force: TimeInForce | str
    expire_at: datetime | None
    post_only: bool
    reduce_only: bool


class Reason(StrEnum):
    """The reason for a simulated venue's refusal. A `judge` may return other words, such as
    `insufficient_margin`.
    """

    DUPLICATE_ORDER = "duplicate_order"
    UNKNOWN_INSTRUMENT = "unknown_instrument"
    UNSUPPORTED_ORDER_TYPE = "unsupported_order_type"
    INCORRECT_PRICE = "incorrect_price"
    INCORRECT_STOP_PRICE = "incorrect_stop_price"
    INCORRECT_QUANTITY = "incorrect_quantity"
    INCORRECT_EXPIRE_AT = "incorrect_expire_at"
    REDUCE_ONLY_WOULD_INCREASE = "reduce_only_would_increase"
    POST_ONLY_WOULD_MATCH = "post_only_would_match"
    UNKNOWN_ORDER = "unknown_order"
    TOO_LATE_TO_CANCEL = "too_late_to_cancel"
    TOO_LATE_TO_REPLACE = "too_late_to_replace"
    NOT_ACCEPTED_YET = "not_accepted_yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The venue has not executed the request, and nothing has changed.

    `reason`: a `Reason`, or a word of the venue's `judge`. `order`: the one that the request named,
    or that has its client id.
    """

    reason: str
    order: SimulatedOrder | None = None


def accept_all(kind: Kind, order: SimulatedOrder) -> None:
    """The judge that refuses nothing."""


@dataclass(kw_only=True)
class EntryRules:
    """A venue's checks at order entry besides ticks and lots. May be changed while it is used.

    `order_types`: the supported types. `has_reduce_only`: whether it refuses a reduce-only order
    that has no position to reduce. `client_ids`: whether a client id may be reused in its
    account; at Nobitex it is free again after a fill, at Tradier always. `client_id_as`: the form
    in which the venue stores a client id, such as `str.lower` or its first characters; no venue of
    this package documents this, but others do it. `judge(kind, order)`: the venue's own reason to
    refuse to place (PLACED), cancel (CANCELED) or modify (MODIFIED) the order, or None. It receives
    a new order after all other checks, as the row that would be placed.
    """

    order_types: frozenset[OrderType] = frozenset({OrderType.MARKET, *WITH_LIMIT, *WITH_STOP})
    has_reduce_only: bool = False
    client_ids: ClientIds = "any"
    client_id_as: Callable[[str], str] = str
    judge: Judge = accept_all


def parsed(value: Number | None) -> Decimal | None:
    """A finite number, unchanged; None for None and for text that is not a number. TypeError for
    a float.
    """
    try:
        return None if value is None else number(value)
    except (ValueError, InvalidOperation):
        return None


def why_not_order(
    terms: OrderTerms, instrument: SimulatedInstrument | None, supported: frozenset[OrderType]
) -> Reason | None:
    """Check the type, the prices that it needs, and all numbers. Without a listed `instrument`
    any tick and lot is valid.
    """
    order_type = terms.get("order_type", OrderType.LIMIT)
    if order_type not in supported:
        return Reason.UNSUPPORTED_ORDER_TYPE
    limit_price, stop_price = terms.get("limit_price"), terms.get("stop_price")
    has_limit, has_stop = limit_price is not None, stop_price is not None
    if has_limit != (order_type in WITH_LIMIT):
        return Reason.INCORRECT_PRICE
    if has_stop != (order_type in WITH_STOP) or (
        has_stop and not _is_price(parsed(stop_price), instrument)
    ):
        return Reason.INCORRECT_STOP_PRICE
    return why_not_numbers(
        parsed(terms["quantity"]), parsed(limit_price), instrument, has_price=has_limit
    )


def why_not_numbers(
    quantity: Decimal | None,
    limit_price: Decimal | None,
    instrument: SimulatedInstrument | None,
    *,
    has_price: bool,
) -> Reason | None:
    """Check that the quantity is above zero in whole lots, and the price, if there is one, in whole
    ticks."""
    if (
        quantity is None
        or quantity <= 0
        or (instrument is not None and not is_multiple(quantity, of=instrument.lot))
    ):
        return Reason.INCORRECT_QUANTITY
    return Reason.INCORRECT_PRICE if has_price and not _is_price(limit_price, instrument) else None


def _is_price(price: Decimal | None, instrument: SimulatedInstrument | None) -> bool:
    return (
        price is not None
        and price > 0
        and (instrument is None or is_multiple(price, of=instrument.tick))
    )
