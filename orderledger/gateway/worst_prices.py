"""The limit price of market orders at venues that have none: Hyperliquid and Lighter take them as
immediate-or-cancel at the worst price that the sender accepts.

The request states that price, or the setting `market_slippage` says how far it is from the mark, or
from the trigger price of a stop. It is recorded with the request, and the tag `gateway.limit_from`
says where it comes from. Nothing is derived otherwise.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

from orderledger import Request, Side
from orderledger.extend.values import EXACT, ONE, plain
from orderledger.venues.base.order_entry import EntryAbilities

LIMIT_FROM = "gateway.limit_from"
FIGURES = 5
"""Significant figures of a derived price without a known tick: Hyperliquid takes no more
(Hyperliquid's page "Tick and lot size")."""


def with_worst_price(
    request: Request,
    abilities: EntryAbilities,
    slippage: Decimal | None,
    mark: Decimal | None,
    tick: Decimal | None,
) -> Request:
    """The request, with a derived limit price if the venue needs one and the settings allow it."""
    reference = mark if request.stop_price is None else request.stop_price
    if (
        request.order_type not in abilities.needs_limit
        or request.limit_price is not None
        or slippage is None
        or reference is None
    ):
        return request
    of = "mark" if request.stop_price is None else "stop_price"
    source = f"{of} {plain(reference)}, market_slippage {plain(slippage)}"
    price = _worst(reference, slippage, request.side, tick)
    tags = {**request.tags, LIMIT_FROM: source}
    return request.model_copy(update={"limit_price": price, "tags": tags})


def _worst(reference: Decimal, slippage: Decimal, side: Side, tick: Decimal | None) -> Decimal:
    """The price at this distance, rounded towards the reference."""
    is_buy = side is Side.BUY
    factor = EXACT.add(ONE, slippage) if is_buy else EXACT.subtract(ONE, slippage)
    price = EXACT.multiply(reference, factor)
    rounding = ROUND_FLOOR if is_buy else ROUND_CEILING
    if tick:
        steps = EXACT.divide(price, tick).to_integral_value(rounding)
        return EXACT.multiply(steps, tick).normalize(EXACT)
    return Context(prec=FIGURES, rounding=rounding).plus(price)
