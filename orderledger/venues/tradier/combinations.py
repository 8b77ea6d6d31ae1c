"""Legs of a Tradier order, in the terms of the ledger.

They are the legs of a combination that we requested, or the orders of a group that we requested one
by one.

Only a request has legs and links. So an order that was not requested here stays one order whose
quantity counts the contracts of all its legs.
"""

from collections.abc import Sequence

from orderledger.extend.views import Row
from orderledger.venues.tradier.context import TradierContext
from orderledger.venues.tradier.rows import TradierOrder
from orderledger.venues.tradier.tags import known_as, requested
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


def own_orders(row: TradierOrder, context: TradierContext) -> list[TradierOrder]:
    """The legs of a group that are orders of ours: by their id, or by a tag of their own."""
    if row.kind not in GROUPS:
        return []
    whole = known_as(context.records, context.account, row.venue_order_id)
    return [leg for leg in row.legs if _is_own(leg, whole, row, context)]


def _is_own(
    leg: TradierOrder, whole: Row | None, row: TradierOrder, context: TradierContext
) -> bool:
    own = known_as(context.records, context.account, leg.venue_order_id)
    if own is None and leg.tag not in (None, row.tag):
        own = requested(context.records, context.account, leg.tag)
    is_other = whole is None or (own is not None and own["stream"] != whole["stream"])
    return own is not None and own.get("origin") == "own" and is_other
