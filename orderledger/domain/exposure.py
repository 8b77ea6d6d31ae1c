"""Exposure: the position as an interval, with all open and all unresolved orders filled or not."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

import msgspec

from orderledger.domain.exact import EXACT, ZERO
from orderledger.domain.orders.order import Order
from orderledger.domain.values import Certainty, PositionSide, Side


class Interval(NamedTuple):
    """The least and the most that a signed quantity may become. None: without a bound."""

    least: Decimal | None
    most: Decimal | None


class Working(msgspec.Struct, frozen=True, gc=False):
    """Possible fills of an order. `leaves`: the most that it may still fill; None if that is
    unknown. `price`: its limit, None for a market order. `name`: for people."""

    client_order_id: str
    name: str
    side: Side
    leaves: Decimal | None
    price: Decimal | None = None
    is_unresolved: bool = False
    strategy: str | None = None
    position_side: PositionSide | None = None
    position_id: str | None = None


def working_of(order: Order) -> Working | None:
    """Possible fills of this order. None for an order that has ended or that a gateway holds, or
    whose side is unknown.

    An order that has ended counts for as long as the venue claims more fills than it has reported:
    an end may overtake fills.
    """
    if order.attributed_to is not None or order.terms.side is None or order.is_held:
        return None
    standing = order.standing()
    leaves = unreported_fills(order) if standing.is_ended else most_leaves(order)
    if standing.is_ended and not leaves:
        return None
    request = order.terms.request
    return Working(
        order.client_order_id or "",
        order.working_client_order_id or order.names.venue_order_id or "",
        order.terms.side,
        leaves,
        order.limit_price,
        standing.certainty is Certainty.UNRESOLVED,
        request.strategy if request is not None else None,
        order.terms.position_side,
        order.terms.position_id,
    )


def workings_of(order: Order) -> Iterator[tuple[str, Working]]:
    """Possible fills of this order by instrument: of a combination, of each leg. A leg has no
    limit price of its own."""
    working = working_of(order)
    if working is None or order.terms.instrument is None:
        return
    if not order.legs:
        yield order.terms.instrument, working
    for one in order.filled_legs:
        leaves = leaves_of_leg(
            order.quantity, one.leg.ratio, one.quantity, order.requests.largest_quantity()
        )
        yield (
            one.leg.instrument,
            msgspec.structs.replace(working, side=one.side, leaves=leaves, price=None),
        )


def leaves_of_leg(
    quantity: Decimal | None, ratio: int, filled: Decimal, asked: Decimal | None
) -> Decimal | None:
    """The most that one leg of an open combination may still fill."""
    times = Decimal(ratio)
    return leaves_with(
        None if quantity is None else EXACT.multiply(quantity, times),
        filled,
        None if asked is None else EXACT.multiply(asked, times),
    )


def unreported_fills(order: Order) -> Decimal:
    """Cumulative quantity that the venue last reported, less the recorded fills. 0 for a
    combination: the venue may count a leg's units."""
    if order.legs:
        return ZERO
    claimed = order.claims.number("cum_quantity")
    return ZERO if claimed is None else max(ZERO, EXACT.subtract(claimed, order.cum_quantity))


def most_leaves(order: Order) -> Decimal | None:
    """The most that an open order may still fill: of the quantity in force and those of outstanding
    replaces the largest, less what is filled. None if the quantity is unknown."""
    return leaves_with(order.quantity, order.cum_quantity, order.requests.largest_quantity())


def leaves_with(quantity: Decimal | None, filled: Decimal, asked: Decimal | None) -> Decimal | None:
    """The most that an open order of this quantity may still fill, if a replace to the quantity
    `asked` is outstanding."""
    return (
        None
        if quantity is None
        else max(ZERO, EXACT.subtract(max(quantity, asked or ZERO), filled))
    )


def interval_of(position: Decimal, working: Iterable[Working]) -> Interval:
    """The position that may result: with all sells and no buys filled, and with all buys and no
    sells filled."""
    least: Decimal | None = position
    most: Decimal | None = position
    for one in working:
        if one.side is Side.BUY:
            most = None if most is None or one.leaves is None else EXACT.add(most, one.leaves)
        else:
            least = (
                None if least is None or one.leaves is None else EXACT.subtract(least, one.leaves)
            )
    return Interval(least, most)
