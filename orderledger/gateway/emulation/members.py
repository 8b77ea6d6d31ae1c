"""The state of an emulated group, read from its orders in the log."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from orderledger import Certainty, LinkKind, OrderStatus, OrderType
from orderledger.extend.events import Order, commands
from orderledger.extend.values import EXACT, HELD, ZERO, exposure, total
from orderledger.gateway.emulation.marking import EMULATED, OTO_KINDS, PART_OF, is_emulated
from orderledger.gateway.emulation.triggers import Trigger
from orderledger.gateway.native_groups import is_native
from orderledger.venues.base.order_entry import EntryAbilities

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
MOST_ATTEMPTS = 3
"""Orders of one leg that the venue may refuse before the leg has failed."""
NEVER_WORKED = frozenset({OrderStatus.DENIED, OrderStatus.REJECTED})
NOT_COUNTED = OUR_ENDS | NOT_REACHED | WAITED | {"withdrawn"}
STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An order of a leg: the requested one, or one that works for it.

    `leaves`: what it may still fill at the venue, in the worst case. `is_settled`: no answer is
    outstanding, so that it may be changed. `is_refused`: the venue or a check did not take it.
    `is_untaken`: that, or the venue was not reached. `is_given_up`: canceled or expired by somebody
    else than the emulator, or denied or rejected for good. `is_resized`: canceled by the emulator.
    `cancel_is_asked`: a cancel of a held order is in the log. `is_halted`: a halt ended its wait.
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
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """An order of an emulated group, with all orders that work for it. `latest`: the newest of
    them. `trigger`: the condition that the gateway watches; None if the venue takes the order as
    it is."""

    order: Order
    latest: Order
    parts: tuple[Part, ...]
    trigger: Trigger | None

    @property
    def name(self) -> str:
        return self.parts[0].name

    @property
    def quantity(self) -> Decimal:
        """The quantity that was requested: the emulator changes the one in force."""
        return request_of(self.order).quantity or ZERO

    @property
    def filled(self) -> Decimal:
        return total(part.filled for part in self.parts)

    @property
    def working(self) -> Decimal:
        """Quantity that the leg may still fill at the venue."""
        return total(part.leaves for part in self.parts)

    @property
    def is_fired(self) -> bool:
        """Whether its trigger price was reached: the log has an order that works for it. If a halt
        kept that from leaving, the price is watched again."""
        return self.trigger is not None and any(not part.is_halted for part in self.parts[1:])

    @property
    def refusals(self) -> int:
        return sum(part.is_refused for part in self.parts)

    @property
    def is_over(self) -> bool:
        """Whether somebody ended it, it was denied or rejected, or it failed."""
        return self.refusals >= MOST_ATTEMPTS or any(part.is_given_up for part in self.parts)

    @property
    def is_stop(self) -> bool:
        """Whether it limits a loss; otherwise it takes a profit."""
        request = self.order.terms.request
        return request is not None and request.order_type in STOPS


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Orders that depend on each other. `kind`: oco, oto, bracket, or trigger for a single order.
    `parent`: of `oto` and `bracket`; None if the log does not have it."""

    account: str
    kind: str
    legs: tuple[Leg, ...]
    parent: Order | None = None
    has_parent: bool = False


@dataclass(slots=True)
class Members:
    """The orders of one group: those with a mark of the emulator, and the parent."""

    account: str
    key: str
    orders: dict[str, Order] = field(default_factory=dict)

    def group(
        self,
        extremes: Mapping[str, Decimal],
        abilities: EntryAbilities,
        ended_lately: Container[str] = (),
    ) -> Group:
        """The state of the group now. `extremes`: by leg, the best mark of a trailing stop.
        `ended_lately`: orders of which fills may still be reported."""
        of_legs: dict[str, list[Order]] = {}
        for name, order in self.orders.items():
            tags = tags_of(order)
            if EMULATED in tags:
                of_legs.setdefault(str(tags.get(PART_OF, name)), []).append(order)
        legs = tuple(
            _leg(name, orders, extremes.get(name), abilities, ended_lately)
            for name, orders in of_legs.items()
            if name in self.orders
        )
        first = next((request_of(leg.order) for leg in legs), None)
        links = None if first is None else first.links
        parent = None if links is None else links.parent
        kind = "trigger" if first is None else str(first.tags[EMULATED])
        return Group(
            account=self.account,
            kind=kind,
            legs=legs,
            parent=None if parent is None else self.orders.get(parent),
            has_parent=parent is not None and kind in (LinkKind.OTO, LinkKind.BRACKET),
        )


def request_of(order: Order) -> commands.OrderRequested:
    """The request of one of our orders."""
    assert order.terms.request is not None
    return cast(commands.OrderRequested, order.terms.request)


def group_of_parent(order: Order) -> str | None:
    """The group whose children wait for this order at the gateway. None if it has none, or the
    venue holds them."""
    links = None if is_native(tags_of(order)) else request_of(order).links
    return links.group if links is not None and links.kind in OTO_KINDS else None


def tags_of(order: Order) -> Mapping[str, Any]:
    return {} if order.terms.request is None else order.terms.request.tags


def _leg(
    name: str,
    orders: list[Order],
    extreme: Decimal | None,
    abilities: EntryAbilities,
    ended_lately: Container[str],
) -> Leg:
    whole = next(order for order in orders if order.client_order_id == name)
    rest = [order for order in orders if order is not whole]
    rest.sort(key=lambda order: int(str(order.client_order_id).rpartition(".")[2]))
    request = request_of(whole)
    trigger = None
    if is_emulated(request, abilities):
        trigger = Trigger(
            order_type=request.order_type,
            side=request.side,
            stop_price=whole.stop_price,
            trail_offset=whole.trail_offset,
            trail_offset_type=whole.trail_offset_type,
            extreme=extreme,
        )
    is_fired = trigger is not None
    return Leg(
        order=whole,
        latest=rest[-1] if rest else whole,
        parts=tuple(_part(order, is_fired, ended_lately) for order in (whole, *rest)),
        trigger=trigger,
    )


def _part(order: Order, is_fired: bool, ended_lately: Container[str]) -> Part:
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
