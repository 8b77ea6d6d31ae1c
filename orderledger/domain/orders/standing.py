"""The status of an order, and everything that follows from it."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from orderledger.domain.exact import EXACT, ZERO
from orderledger.domain.values import ENDS, Certainty, Pending, Status, later

if TYPE_CHECKING:
    from orderledger.domain.orders.order import Order

DONE_FOR_DAY, FILLED, NEW = Status.DONE_FOR_DAY, Status.FILLED, Status.NEW
PENDING_NEW, PARTIALLY_FILLED = Status.PENDING_NEW, Status.PARTIALLY_FILLED
"""Module-level names: access to an enum member is slow on Python 3.11."""
OPEN = frozenset({PENDING_NEW, NEW, PARTIALLY_FILLED, Status.SUSPENDED, Status.STOPPED})


class Standing(NamedTuple):
    """The status of an order with derived values. `ended_at`: time of the fact that ended it, of
    the last fill, or of the end of its day.

    `pending`: request that awaits an answer. A filled order may still be replaced; an order that
    ended otherwise may not. `certainty`: `unresolved` from an unknown outcome until the venue
    confirms a state; absence and silence end nothing. `leaves_quantity`: None if the quantity is
    unknown.
    """

    status: Status
    is_ended: bool
    ended_at: datetime | None
    pending: Pending | None
    certainty: Certainty
    leaves_quantity: Decimal | None


def standing_of(order: "Order") -> Standing:
    """Derive all values once."""
    status = status_of(order)
    if is_ended_as(order, status):
        return Standing(
            status, True, ended_at_as(order, status), order.pending, Certainty.CONFIRMED, ZERO
        )
    quantity = order.quantity
    leaves_quantity = (
        None if quantity is None else max(ZERO, EXACT.subtract(quantity, order.cum_quantity))
    )
    certainty = Certainty.UNRESOLVED if _is_silent(order) else Certainty.CONFIRMED
    return Standing(status, False, None, order.pending, certainty, leaves_quantity)


def status_of(order: "Order") -> Status:
    """The status by FIX precedence (FIX 4.4 vol. 4 app. D), except that an ended order is no longer
    suspended or stopped."""
    end, session = order.end, order.session_status
    if session is DONE_FOR_DAY and end is None:
        return DONE_FOR_DAY
    if order.is_filled:
        return FILLED
    if end is not None:
        return end
    if session is not None:
        return session
    if order.cum_quantity > ZERO:
        return PARTIALLY_FILLED
    return NEW if order.is_worked else PENDING_NEW


def is_ended_as(order: "Order", status: Status) -> bool:
    """Check whether the status is an end. A good-till-canceled order that is done for the day works
    again the next day."""
    if status in OPEN:
        return False
    return status is not DONE_FOR_DAY or order.is_filled or not order.is_kept_overnight


def ended_at_as(order: "Order", status: Status) -> datetime | None:
    """The time when the order reached this end."""
    if status in ENDS:
        return order.end_at
    if status is FILLED or order.is_kept_overnight:
        return _filled_at(order)
    return order.session.latest(is_kept_overnight=False).at


def _filled_at(order: "Order") -> datetime | None:
    """The time when the fills reached the quantity: of the last fill, or of the reduction of the
    quantity to the filled one."""
    filled_at, setting = order.last_fill_at, order.terms.set_quantity
    if filled_at is None or setting is None or setting.when.at <= filled_at:
        return filled_at
    return later(filled_at, order.terms.at_most_since(order.cum_quantity))


def _is_silent(order: "Order") -> bool:
    """Check whether the venue did not know the order when queried, or was silent after a message
    without an answer."""
    unresolved = order.unresolved
    if order.absent_at is not None or unresolved is None:
        return order.absent_at is not None
    asked, confirmed = order.asked, order.confirmed
    is_since_asked = asked is not None and asked < unresolved
    return confirmed is None or (is_since_asked and unresolved > confirmed)
