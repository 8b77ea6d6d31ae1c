"""Legs of a Tradier order, in the terms of the ledger.

They are the legs of a combination that we requested, or the orders of a group. We sent the group,
or requested its orders one by one.

Only a request has legs and links. So an order that was not requested here stays one order whose
quantity counts the contracts of all its legs.
"""

from collections.abc import Sequence

from orderledger.extend.views import Row
from orderledger.venues.tradier.context import TradierContext
from orderledger.venues.tradier.rows import TradierOrder
from orderledger.venues.tradier.tags import GROUP_ID_ALIAS, known_as, order_name, requested
from orderledger.venues.tradier.vocabulary import GROUPS

OTHER_SIDE = {"buy": "sell", "sell": "buy"}


def requested_legs(row: TradierOrder, context: TradierContext) -> Sequence[Row]:
    """The legs of our request for this order, with the sides on which it trades them. Empty if it
    is not a combination of ours."""
    order = known_as(context.records, context.account, row.venue_order_id)
    if order is None or order.get("origin") != "own":
        order = requested(context.records, context.account, row.tag)
    if order is None or not order.get("legs"):
        return ()
    is_sold = order.get("side") == "sell"
    return [
        {**leg, "traded": OTHER_SIDE[str(leg["side"])] if is_sold else str(leg["side"])}
        for leg in order["legs"]
    ]


def leg_number(line: TradierOrder, legs: Sequence[Row]) -> int | None:
    """The number of the requested leg that a row of a leg is about. None if that is not clear."""
    found = [
        number
        for number, leg in enumerate(legs)
        if leg["instrument"] == line.instrument and leg["traded"] == line.side
    ]
    return found[0] if len(found) == 1 else None


def sent_together(row: TradierOrder, context: TradierContext) -> list[Row]:
    """The orders that we sent as the group with the tag of this row, by their place."""
    found: list[Row] = []
    while row.tag is not None:
        name = order_name(row.tag, len(found))
        own = requested(context.records, context.account, name)
        if own is None:
            break
        found.append(own)
    return found


def name_legs(row: TradierOrder, context: TradierContext) -> None:
    """Give each leg of a group that we sent the names of its order. A leg is found by its place and
    its terms. The legs of another group with the same tag get none."""
    sent = sent_together(row, context) if row.kind in GROUPS else []
    for place, leg in enumerate(row.legs if sent else ()):
        found = _place_among(leg, place, sent)
        if found is None or row.tag is None:
            continue
        name = order_name(row.tag, found)
        names, _ = context.named(name, leg.venue_order_id, leg.created_at)
        if names:
            leg.aliases = {**names, GROUP_ID_ALIAS: order_name(row.venue_order_id, found)}


def _place_among(leg: TradierOrder, place: int, sent: Sequence[Row]) -> int | None:
    fitting = [number for number, own in enumerate(sent) if _fits(leg, own)]
    same = [number for number in fitting if _has_prices_of(leg, sent[number])]
    if len(same) == 1:
        return same[0]
    if place in fitting:
        return place
    return fitting[0] if len(fitting) == 1 else None


def _fits(leg: TradierOrder, own: Row) -> bool:
    stated = {"instrument": leg.instrument, "side": leg.side, "order_type": leg.order_type}
    return all(value is None or value == own.get(name) for name, value in stated.items())


def _has_prices_of(leg: TradierOrder, own: Row) -> bool:
    return (leg.limit_price, leg.stop_price) == (own.get("limit_price"), own.get("stop_price"))


def own_orders(row: TradierOrder, context: TradierContext) -> list[TradierOrder]:
    """The legs of a group that are orders of ours. They are known by their place in a group that
    we sent, by their id, or by a tag of their own."""
    if row.kind not in GROUPS:
        return []
    whole = known_as(context.records, context.account, row.venue_order_id)
    return [leg for leg in row.legs if leg.aliases or _is_own(leg, whole, row, context)]


def _is_own(
    leg: TradierOrder, whole: Row | None, row: TradierOrder, context: TradierContext
) -> bool:
    own = known_as(context.records, context.account, leg.venue_order_id)
    if own is None and leg.tag not in (None, row.tag):
        own = requested(context.records, context.account, leg.tag)
    is_other = whole is None or (own is not None and own["stream"] != whole["stream"])
    return own is not None and own.get("origin") == "own" and is_other
