"""The orders that work for one leg of an emulated group: how each ended, and what it may still
fill."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from orderledger import Certainty, OrderStatus
from orderledger.extend.events import Order
from orderledger.extend.values import EXACT, HELD, ZERO, exposure
from orderledger.gateway.emulation.marking import PART_OF, tags_of
from orderledger.venues.base.refusals import WOULD_TRIGGER

RESIZE = "resize"
"""Prefix of the request ids of cancels by which the emulator makes an order smaller."""
CANCEL = "cancel"
"""Prefix of the request ids of all other cancels."""
OUR_ENDS = frozenset({"parent_ended", "group_done", "resized", "other_filled", "other_ended"})
"""Reasons of the denials by which the emulator ends an order that it held."""
NOT_REACHED = frozenset(
    {"not_connected", "fenced", "no_nonce", "no_instruments", "never_arrived", "not_listed"}
)
"""Reasons of denials after which the same order may be sent again: the venue was not reached."""
HALTED = "halted"
WAITED = frozenset({HALTED, "rate_limited", "not_sent_in_time"})
"""Reasons of denials of orders that waited for their turn. Others are sent in their place."""
NEVER_WORKED = frozenset({OrderStatus.DENIED, OrderStatus.REJECTED})
NOT_COUNTED = OUR_ENDS | NOT_REACHED | WAITED | {"withdrawn"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An order of a leg: the requested one, or one that works for it.

    `leaves`: what it may still fill at the venue, in the worst case. `is_settled`: no answer is
    outstanding, so that it may be changed. `is_refused`: the venue or a check did not take it.
    `is_untaken`: that, or the venue was not reached. `is_given_up`: canceled or expired by somebody
    else than the emulator, or denied or rejected for good. `is_resized`: canceled by the emulator.
    `cancel_is_asked`: a cancel of a held order is in the log. `is_halted`: a halt ended its wait.
    `has_passed`: the venue refused it because the market had passed its trigger price.
    """

    name: str
    quantity: Decimal
    filled: Decimal
    leaves: Decimal
    is_open: bool
    is_held: bool
    is_settled: bool
    is_refused: bool = False
    is_untaken: bool = False
    is_given_up: bool = False
    is_resized: bool = False
    cancel_is_asked: bool = False
    is_halted: bool = False
    has_passed: bool = False
    ended_at: datetime | None = None


def was_passed(order: Order) -> bool:
    """Whether the venue refused an order because the market had passed its trigger price."""
    return order.status is OrderStatus.REJECTED and order.reason == WOULD_TRIGGER


def part_of_leg(order: Order, is_fired: bool, ended_lately: Container[str]) -> Part:
    """One order of a leg. `is_fired`: it replaces a trigger order. `ended_lately`: orders of which
    fills may still be reported."""
    is_open, is_held = not order.is_ended, HELD in tags_of(order) and order.is_held
    is_resized, is_refused, is_given_up = _how_ended(order, is_fired)
    is_given_up |= _is_not_taken(order)
    is_unreached = order.status is OrderStatus.DENIED and order.reason in NOT_REACHED | WAITED
    is_confirmed = order.certainty is Certainty.CONFIRMED and order.confirmed_at is not None
    leaves = _leaves(order) if is_open else _uncounted(order, order.client_order_id in ended_lately)
    return Part(
        name=order.client_order_id or "",
        quantity=order.quantity or ZERO,
        filled=order.cum_quantity,
        leaves=ZERO if is_held else leaves,
        is_open=is_open,
        is_held=is_open and is_held,
        is_settled=order.pending is None and is_confirmed,
        is_refused=is_refused,
        is_untaken=is_refused or is_unreached,
        is_given_up=is_given_up,
        is_resized=is_resized,
        cancel_is_asked=is_open and is_held and order.pending is not None,
        is_halted=order.status is OrderStatus.DENIED and order.reason == HALTED,
        has_passed=was_passed(order),
        ended_at=order.ended_at,
    )


def _how_ended(order: Order, is_fired: bool) -> tuple[bool, bool, bool]:
    """Whether an order was resized, refused, or given up; see `Part`. `is_fired`: it replaces a
    trigger order. If the venue cancels such an order, e.g. because nobody trades, that counts as a
    refusal, and another one is sent."""
    if not order.is_ended:
        return False, False, False
    ids, status = list(order.requests.ids()), order.status
    is_resized = any(one.startswith(f"{RESIZE}-") for one in ids)
    is_canceled = any(not one.startswith((f"{RESIZE}-", "replace-")) for one in ids)
    if order.cum_quantity >= (order.quantity or ZERO):
        return is_resized, False, False
    is_ended_by_venue = status is OrderStatus.CANCELED and not is_resized
    is_denied = status is OrderStatus.DENIED
    is_refused = (
        status is OrderStatus.REJECTED
        or (is_denied and order.reason not in NOT_COUNTED)
        or (is_ended_by_venue and is_fired and not is_canceled)
    )
    is_given_up = (
        is_canceled
        or (is_denied and order.reason == "withdrawn")
        or status in (OrderStatus.EXPIRED, OrderStatus.DONE_FOR_DAY)
        or (is_ended_by_venue and not is_fired)
    )
    return is_resized, is_refused, is_given_up


def _is_not_taken(order: Order) -> bool:
    """Whether a requested order was denied or rejected for good: the caller knows it as ended, so
    nothing works for it later. An order that was held may be replaced by another one, unless it was
    denied before it was ever sent."""
    if PART_OF in tags_of(order) or order.status not in NEVER_WORKED or order.reason in OUR_ENDS:
        return False
    if HELD not in tags_of(order):
        return True
    is_retried = order.submitted_at is not None or order.reason in NOT_REACHED
    return order.status is OrderStatus.DENIED and not is_retried


def _leaves(order: Order) -> Decimal:
    working = exposure.working_of(order)
    if working is None:
        return ZERO
    return (
        EXACT.subtract(order.quantity or ZERO, order.cum_quantity)
        if (working.leaves is None)
        else working.leaves
    )


def _uncounted(order: Order, is_lately: bool) -> Decimal:
    """Quantity that an ended order may have filled beyond its recorded fills. An end may overtake
    fills, until the venue has stated the filled quantity after the end, or some time has passed."""
    missing = EXACT.subtract(order.quantity or ZERO, order.cum_quantity)
    if missing <= ZERO or order.submitted_at is None or order.status in NEVER_WORKED:
        return ZERO
    if order.claims.is_filled:
        return missing
    claim = order.claims.numbers.get("cum_quantity")
    claimed_at, ended_at = None if claim is None else claim.at, order.end_at
    if claim is None or claimed_at is None or ended_at is None or claimed_at < ended_at:
        return missing if is_lately else ZERO
    return min(missing, max(ZERO, EXACT.subtract(claim.value, order.cum_quantity)))
