"""Orders with several option legs at Tradier (class `multileg`).

Tradier's page "Place a multileg order" has up to four legs, and a net price. With the type `debit`
we pay it, with `credit` we receive it. So a combination is bought for a debit, and sold for a
credit.
"""

from decimal import Decimal
from typing import Any

from orderledger import Side
from orderledger.extend.values import EXACT, plain
from orderledger.extend.views import Row
from orderledger.venues.errors import NotSent
from orderledger.venues.tradier.vocabulary import SIDES, STANDARD_OPTION

ROOT_ENDS = 15
"""Expiry, call or put, and strike: the characters after the root of an option's symbol."""
SIDE_TAG = "tradier.side"
"""Tag of a request that chooses Tradier's words: `sell_short`; for legs `sell_to_close,buy_to_open`
and the like."""
MOST_LEGS = 4
OTHER = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}


def multileg_form(order: Row, quantity: Decimal) -> dict[str, str]:
    """The fields of a multileg order, without duration and tag. Raises NotSent for terms that
    Tradier does not support."""
    legs = order["legs"]
    if len(legs) > MOST_LEGS:
        raise NotSent("unsupported_term", f"{len(legs)} legs: Tradier takes at most {MOST_LEGS}")
    names = [str(_of(leg, "instrument")) for leg in legs]
    others = [name for name in names if not STANDARD_OPTION.fullmatch(name)]
    if others:
        raise NotSent("unknown_instrument", f"{others[0]!r} is not a standard option")
    roots = {name[:-ROOT_ENDS] for name in names}
    if len(roots) > 1:
        raise NotSent("unknown_instrument", f"the legs have several roots: {sorted(roots)}")
    words = _words(order)
    form = {"class": "multileg", "symbol": roots.pop(), **_priced(order)}
    for number, (leg, name, word) in enumerate(zip(legs, names, words, strict=True)):
        contracts = EXACT.multiply(quantity, Decimal(_of(leg, "ratio")))
        form[f"side[{number}]"] = word
        form[f"quantity[{number}]"] = plain(contracts)
        form[f"option_symbol[{number}]"] = name
    return form


def _priced(order: Row) -> dict[str, str]:
    if order["order_type"] == "market":
        return {"type": "market"}
    if order["order_type"] != "limit":
        raise NotSent(
            "unsupported_order_type", f"a combination cannot be {order['order_type']} at Tradier"
        )
    word = "debit" if order["side"] == Side.BUY else "credit"
    return {"type": word, "price": plain(Decimal(order["limit_price"]))}


def _words(order: Row) -> list[str]:
    """Tradier's word for the side of each leg. Legs open positions, unless the order is
    `reduce_only`."""
    sides = [Side(_of(leg, "side")) for leg in order["legs"]]
    if order["side"] == Side.SELL:
        sides = [OTHER[side] for side in sides]
    chosen = (order.get("tags") or {}).get(SIDE_TAG)
    if chosen is None:
        ending = "close" if order["reduce_only"] else "open"
        return [f"{side}_to_{ending}" for side in sides]
    words = str(chosen).split(",")
    if [SIDES.get(word) for word in words] != sides:
        named = ", ".join(map(str, sides))
        raise NotSent("incorrect_side", f"the tag {SIDE_TAG} is {chosen!r}, the sides are {named}")
    return words


def _of(leg: Any, name: str) -> Any:
    """A field of a leg: of a row, or of a request."""
    return leg[name] if isinstance(leg, dict) else getattr(leg, name)
