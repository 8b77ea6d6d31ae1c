"""The state of an emulated group, read from its orders in the log."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from orderledger import LinkKind, OrderType
from orderledger.extend.events import Order
from orderledger.extend.values import ZERO, total
from orderledger.gateway.emulation.leg_parts import Part, part_of_leg, was_passed
from orderledger.gateway.emulation.marking import (
    EMULATED,
    OTO_KINDS,
    PART_OF,
    is_emulated,
    request_of,
    tags_of,
)
from orderledger.gateway.emulation.triggers import Trigger
from orderledger.gateway.native_groups import is_native
from orderledger.venues.base.order_entry import EntryAbilities

MOST_ATTEMPTS = 3
"""Orders of one leg that the venue may refuse before the leg has failed."""
STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """An order of an emulated group, with all orders that work for it. `latest`: the newest of
    them. `trigger`: the condition that the gateway watches; None if the venue takes the order as
    it is, and has not refused it as passed."""

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
    def has_passed(self) -> bool:
        """Whether the venue refused an order of it because the market had passed its trigger price
        already: that price counts as reached."""
        return any(part.has_passed for part in self.parts)

    @property
    def is_fired(self) -> bool:
        """Whether its trigger price was reached: the log has an order that works for it. If a halt
        kept that from leaving, the price is watched again."""
        held = next((number for number, part in enumerate(self.parts) if part.has_passed), 0)
        later = self.parts[held + 1 :]
        return self.trigger is not None and any(not part.is_halted for part in later)

    @property
    def refusals(self) -> int:
        return sum(part.is_refused and not part.has_passed for part in self.parts)

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


def group_of_parent(order: Order) -> str | None:
    """The group whose children wait for this order at the gateway. None if it has none, or the
    venue holds them."""
    links = None if is_native(tags_of(order)) else request_of(order).links
    return links.group if links is not None and links.kind in OTO_KINDS else None


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
    if is_emulated(request, abilities) or any(map(was_passed, orders)):
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
        parts=tuple(part_of_leg(order, is_fired, ended_lately) for order in (whole, *rest)),
        trigger=trigger,
    )
