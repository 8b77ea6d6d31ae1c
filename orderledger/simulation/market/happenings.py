"""Random events at a simulated venue, for soak tests: one seed, one history."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from orderledger import Liquidity, OrderType, Side
from orderledger.simulation.market.instruments import SimulatedInstrument
from orderledger.simulation.market.rows import OrderStatus, SimulatedOrder
from orderledger.simulation.market.scripted import ScriptedExchange

HAPPENINGS: Mapping[str, int] = {
    "place": 30,
    "place_stop": 3,
    "trigger": 3,
    "partial_fill": 25,
    "fill": 15,
    "cancel": 12,
    "modify": 8,
    "reject": 3,
    "expire": 3,
    "liquidate": 1,
    "fund": 2,
}
"""The possible events, with weights. A venue's simulation selects those that the venue supports."""

MOST_OPEN = 20
"""With this many open orders of an instrument in an account, one is canceled instead of placing
another.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """The account and instrument of the next change, and its random numbers."""

    exchange: ScriptedExchange
    chance: random.Random
    account: str
    instrument: SimulatedInstrument
    client_id: str | None
    with_new_id: bool

    def open_orders(self) -> list[SimulatedOrder]:
        return [
            order
            for order in self.exchange.open_orders(self.account)
            if order.instrument == self.instrument.name
        ]

    def one_of(self, *statuses: OrderStatus) -> SimulatedOrder | None:
        orders = [order for order in self.open_orders() if order.status in statuses]
        return self.chance.choice(orders) if orders else None

    def position(self) -> Decimal:
        return self.exchange.position(self.account, self.instrument.name).quantity

    def some_price(self) -> Decimal:
        return self.instrument.price + self.chance.randint(-20, 20) * self.instrument.tick

    def some_lots(self) -> Decimal:
        return self.chance.randint(1, self.instrument.most_lots) * self.instrument.lot


def step(
    exchange: ScriptedExchange,
    chance: random.Random,
    accounts: Sequence[str],
    instruments: Sequence[SimulatedInstrument],
    *,
    happenings: Mapping[str, int] = HAPPENINGS,
    client_id: Callable[[int], str | None] = lambda number: f"C-{number}",
    with_new_id: bool = True,
) -> str:
    """Make one random change, and return its name. A change that is impossible now becomes a new
    order.

    `client_id(number)` gives the client id of a new order, from a unique number. `with_new_id`:
    whether a modify at this venue changes the order's id.
    """
    scene = _Scene(
        exchange=exchange,
        chance=chance,
        account=chance.choice(accounts),
        instrument=chance.choice(instruments),
        client_id=client_id(exchange.sequence + 1),
        with_new_id=with_new_id,
    )
    happening = chance.choices(list(happenings), list(happenings.values()))[0]
    if happening.startswith("place") and len(scene.open_orders()) >= MOST_OPEN:
        happening = "cancel"
    if _ACTS[happening](scene):
        return happening
    _place(scene)
    return "place"


def _place(scene: _Scene, *, is_stop: bool = False) -> bool:
    order_type, price = (
        (OrderType.STOP_LIMIT if is_stop else OrderType.LIMIT),
        (scene.some_price() if is_stop else None),
    )
    side, quantity = scene.chance.choice(list(Side)), scene.some_lots()
    scene.exchange.place(
        scene.account,
        client_id=scene.client_id,
        instrument=scene.instrument.name,
        side=side,
        quantity=quantity,
        order_type=order_type,
        limit_price=price or scene.some_price(),
        stop_price=price,
        post_only=not is_stop and scene.chance.random() < 0.2,
    )
    return True


def _fill(scene: _Scene, *, is_partial: bool = False) -> bool:
    order = scene.one_of(OrderStatus.OPEN)
    if order is None:
        return False
    lots = int(order.left / scene.instrument.lot)
    quantity = (
        scene.chance.randint(1, lots - 1) * scene.instrument.lot
        if is_partial and lots > 1
        else order.left
    )
    scene.exchange.fill(
        order,
        quantity,
        price=order.limit_price or scene.instrument.price,
        liquidity=scene.chance.choice(list(Liquidity)),
    )
    return True


def _cancel(scene: _Scene) -> bool:
    order = scene.one_of(OrderStatus.OPEN, OrderStatus.WAITING)
    return order is not None and bool(scene.exchange.cancel(order))


def _expire(scene: _Scene) -> bool:
    order = scene.one_of(OrderStatus.OPEN)
    return order is not None and bool(scene.exchange.expire(order))


def _reject(scene: _Scene) -> bool:
    order = scene.one_of(OrderStatus.OPEN)
    if order is None or order.filled or len(order.legs) > 1:
        return False  # an order that works with new terms was accepted
    return bool(scene.exchange.reject(order, reason="margin"))


def _trigger(scene: _Scene) -> bool:
    order = scene.one_of(OrderStatus.WAITING)
    return order is not None and bool(scene.exchange.trigger(order))


def _modify(scene: _Scene) -> bool:
    order = scene.one_of(OrderStatus.OPEN)
    if order is None:
        return False
    scene.exchange.modify(order, limit_price=scene.some_price(), with_new_id=scene.with_new_id)
    return True


def _liquidate(scene: _Scene) -> bool:
    held = scene.position()
    return bool(held) and bool(
        scene.exchange.liquidate(
            scene.account, scene.instrument.name, abs(held), scene.some_price()
        )
    )


def _fund(scene: _Scene) -> bool:
    amount = Decimal(scene.chance.choice((-1, 1)) * scene.chance.randint(1, 9999)).scaleb(-4)
    return bool(scene.position()) and bool(
        scene.exchange.fund(scene.account, scene.instrument.name, amount)
    )


_ACTS: dict[str, Callable[[_Scene], bool]] = {
    "place": _place,
    "place_stop": partial(_place, is_stop=True),
    "trigger": _trigger,
    "partial_fill": partial(_fill, is_partial=True),
    "fill": _fill,
    "cancel": _cancel,
    "modify": _modify,
    "reject": _reject,
    "expire": _expire,
    "liquidate": _liquidate,
    "fund": _fund,
}
