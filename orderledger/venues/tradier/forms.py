"""The forms that place single orders at Tradier."""

from decimal import Decimal

from orderledger.extend.values import plain
from orderledger.extend.views import Row
from orderledger.venues.errors import NotSent
from orderledger.venues.tradier.multileg import ROOT_ENDS, SIDE_TAG, multileg_form
from orderledger.venues.tradier.tags import tag_for
from orderledger.venues.tradier.vocabulary import SHARE, SIDES, STANDARD_OPTION

ORDER_TYPES = {"market": "market", "limit": "limit", "stop": "stop", "stop_limit": "stop_limit"}
DURATIONS = {None: "day", "day": "day", "gtc": "gtc"}
DURATION_TAG = "tradier.duration"
"""Tag of a request that chooses `pre` or `post`."""


def form_of(order: Row) -> dict[str, str]:
    """The form that places an order. Raises NotSent for terms that Tradier does not support."""
    order_type, duration = ORDER_TYPES.get(order["order_type"]), _duration(order)
    if order_type is None:
        raise NotSent(
            "unsupported_order_type",
            f"{order['order_type']} is not one of {', '.join(ORDER_TYPES)}",
        )
    if order["post_only"]:
        raise NotSent("unsupported_order_type", "Tradier has no post-only orders")
    quantity = Decimal(order["quantity"])
    if quantity != quantity.to_integral_value():
        raise NotSent(
            "incorrect_quantity", f"{plain(quantity)} is not a whole number of shares or contracts"
        )
    if order.get("legs"):
        return {
            **multileg_form(order, quantity),
            "duration": duration,
            "tag": tag_for(order["client_order_id"]),
        }
    prices = {"price": order["limit_price"], "stop": order["stop_price"]}
    return {
        **_instrument(order["instrument"]),
        "side": _side(order),
        "quantity": plain(quantity),
        "type": order_type,
        "duration": duration,
        **{name: plain(Decimal(price)) for name, price in prices.items() if price is not None},
        "tag": tag_for(order["client_order_id"]),
    }


def _instrument(name: str) -> dict[str, str]:
    if STANDARD_OPTION.fullmatch(name):
        return {"class": "option", "symbol": name[:-ROOT_ENDS], "option_symbol": name}
    if SHARE.fullmatch(name):
        return {"class": "equity", "symbol": name}
    raise NotSent("unknown_instrument", f"{name!r} is neither a share nor a standard option")


def _side(order: Row) -> str:
    """Tradier's word for the side. An option's order opens a position, unless it is
    `reduce_only`."""
    side, chosen = str(order["side"]), (order.get("tags") or {}).get(SIDE_TAG)
    if chosen is not None:
        if SIDES.get(chosen) != side:
            raise NotSent(
                "incorrect_side", f"the tag {SIDE_TAG} is {chosen!r}, but the side is {side}"
            )
        return str(chosen)
    if STANDARD_OPTION.fullmatch(order["instrument"]):
        return f"{side}_to_{'close' if order['reduce_only'] else 'open'}"
    return "buy_to_cover" if side == "buy" and order["reduce_only"] else side


def _duration(order: Row) -> str:
    chosen = (order.get("tags") or {}).get(DURATION_TAG)
    if chosen in ("pre", "post"):
        return str(chosen)
    if order["time_in_force"] not in DURATIONS:
        raise NotSent(
            "unsupported_time_in_force", f"{order['time_in_force']} is not one of day, gtc"
        )
    return DURATIONS[order["time_in_force"]]
