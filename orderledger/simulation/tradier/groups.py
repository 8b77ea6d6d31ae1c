"""Advanced orders of a simulated Tradier: `oto`, `oco` and `otoco`.

Source: docs.tradier.com, "Getting Started with Advanced Orders". When the first order is filled,
OTO places the second, OCO cancels the second, and OTOCO places an OCO. The page does not say what
happens while an order is filled in part, so nothing happens then.
"""

from collections.abc import Mapping, Sequence

from orderledger.simulation.market import Change, ExchangeSimulator, OrderStatus, SimulatedOrder
from orderledger.simulation.tradier.rows import TradierRowWriter

ORDERS_OF = {"oto": 2, "oco": 2, "otoco": 3}
TRIGGERS = frozenset({"oto", "otoco"})
"""The first order of these places the others."""
RESTS = ("limit", "stop", "stop_limit")
"""Types of all orders of a group, but the second of an OTO may also be `market`."""


class Groups:
    """Follows the orders of each group as they are filled. `takes_leg_ids`: whether a request may
    name one order of a group. No page of Tradier says so."""

    takes_leg_ids = True

    def __init__(self, exchange: ExchangeSimulator, writer: TradierRowWriter) -> None:
        self._exchange = exchange
        self._writer = writer
        exchange.subscribe(self._follow)

    def is_held(self, order: SimulatedOrder) -> bool:
        """Check whether an order waits for the first one of its group to be filled."""
        if order.parent_id is None or self._kind(order.parent_id) not in TRIGGERS:
            return False
        first = self._exchange.children(order.parent_id)[0]
        return order.order_id != first.order_id and first.status is not OrderStatus.FILLED

    def may_be_named(self, order: SimulatedOrder) -> bool:
        """Check whether a request may name this order by its id."""
        return self.takes_leg_ids or order.parent_id is None

    def _follow(self, change: Change) -> None:
        order = change.order
        if order is None or order.parent_id is None or order.status is not OrderStatus.FILLED:
            return
        kind, legs = self._kind(order.parent_id), self._exchange.children(order.parent_id)
        if kind in TRIGGERS and order.order_id == legs[0].order_id:
            self._place(legs[1:])
        elif kind in ("oco", "otoco"):
            self._cancel_others(order, legs)

    def _place(self, legs: Sequence[SimulatedOrder]) -> None:
        for leg in legs:
            if leg.status is OrderStatus.RECEIVED:
                self._exchange.accept(leg)

    def _cancel_others(self, order: SimulatedOrder, legs: Sequence[SimulatedOrder]) -> None:
        for leg in legs:
            if leg.order_id != order.order_id and not leg.status.is_ended:
                self._exchange.cancel(leg)

    def _kind(self, order_id: int) -> str:
        return self._writer.kind(self._exchange.order(order_id))


def faults_of_group(kind: str, form: Mapping[str, str], indexes: Sequence[str]) -> list[str]:
    """The sentences by which Tradier refuses the form of a group. Its pages state the rules, not
    their sentences."""
    count = ORDERS_OF[kind]
    if len(indexes) != count:
        return [f"class '{kind}' needs {count} orders"]
    words = [form.get(f"type[{index}]", "") for index in indexes]
    faults = [
        f"type[{index}] '{word}' is not valid"
        for number, (index, word) in enumerate(zip(indexes, words, strict=True))
        if word not in (RESTS if kind != "oto" or number == 0 else (*RESTS, "market"))
    ]
    if kind != "oto":
        faults += _faults_of_pair(form, indexes[-2:])
    return faults


def _faults_of_pair(form: Mapping[str, str], pair: Sequence[str]) -> list[str]:
    """Two orders that cancel each other differ in type, and in nothing of these else."""
    one, other = pair
    faults = [
        f"{name} must be the same"
        for name in ("symbol", "option_symbol", "duration")
        if form.get(f"{name}[{one}]") != form.get(f"{name}[{other}]")
    ]
    if form.get(f"type[{one}]") == form.get(f"type[{other}]"):
        faults.append("type must be different")
    return faults
