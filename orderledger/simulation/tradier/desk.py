"""How a simulated Tradier handles orders: forms are read, orders are received, and decided on
moments later.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Any

from orderledger import OrderType, Side, TimeInForce
from orderledger.simulation.market import ExchangeSimulator, OrderStatus, SimulatedOrder
from orderledger.simulation.tradier.groups import Groups, faults_of_group
from orderledger.simulation.tradier.rows import TradierRowWriter
from orderledger.venues.tradier.tags import FITS
from orderledger.venues.tradier.vocabulary import (
    DURATIONS,
    GROUPS,
    NET_PRICED,
    ORDER_TYPES,
    SIDES,
    SPREADS,
)

Form = Mapping[str, str]
MOST_LEGS = 4


class Faulty(ValueError):
    """A form with errors, one or several."""

    def __init__(self, *errors: str) -> None:
        super().__init__(*errors)
        self.errors = list(errors)


class Desk:
    """Receives, decides, fills. `judge` gives the reason to reject an order, or None. `prices`:
    where instruments trade; an order that crosses its instrument's price is filled there
    completely. Without a price nothing fills by itself. `errors`: if given, every form is
    refused with these, so that the order never gets an id.
    """

    def __init__(
        self,
        exchange: ExchangeSimulator,
        writer: TradierRowWriter,
        judge: Callable[[SimulatedOrder], str | None],
    ) -> None:
        self.exchange = exchange
        self.writer = writer
        self.judge = judge
        self.groups = Groups(exchange, writer)
        self.prices: dict[str, Decimal] = {}
        self.errors: list[str] = []

    def named(self, account: str, order_id: str) -> SimulatedOrder | None:
        """The order that a request names. None if the account has none that it may name."""
        with suppress(LookupError, ValueError):
            order = self.exchange.order(int(order_id))
            is_ours = order.account == account and self.groups.may_be_named(order)
            return order if is_ours else None
        return None

    def receive(self, account: str, form: Form) -> SimulatedOrder:
        """An order with its legs that is only received. Raises Faulty."""
        if self.errors:
            raise Faulty(*self.errors)
        kind = form.get("class", "")
        if kind in SPREADS | GROUPS:
            return self._receive_compound(account, form, kind)
        if kind not in ("equity", "option"):
            raise Faulty(f"class '{kind}' is not valid")
        return self._receive_single(account, form, "", kind)

    def decide(self, order_id: int) -> None:
        """The decision on a received order and its legs."""
        order = self.exchange.order(order_id)
        legs = self.exchange.children(order_id)
        reason = self.judge(order)
        for one in [order, *legs]:
            if one.status is not OrderStatus.RECEIVED:
                continue
            if reason is not None:
                self.exchange.reject(one, reason=reason)
            elif not self.groups.is_held(one):
                self.exchange.accept(one)
        self.match()

    def cancel(self, order_id: int) -> None:
        """End the order, and those of its legs that have not ended."""
        for one in [*self.exchange.children(order_id), self.exchange.order(order_id)]:
            if not one.status.is_ended:
                self.exchange.cancel(one)

    def change(self, order: SimulatedOrder, form: Form) -> None:
        """New prices. Raises Faulty for a quantity, which cannot be changed, or if there is no
        price.
        """
        if "quantity" in form:
            raise Faulty("quantity cannot be changed")
        price, stop = _number_or_none(form, "price"), _number_or_none(form, "stop")
        if (price is None and stop is None) or any(
            one is not None and one <= 0 for one in (price, stop)
        ):
            raise Faulty("price is not valid")
        self.exchange.modify(order, limit_price=price, stop_price=stop, with_new_id=False)
        self.match()

    def match(self) -> None:
        """Fill the orders that cross the price of their instrument, and trigger the stops that it
        reaches. A fill may place or cancel orders of its group."""
        for account in self.exchange.accounts:
            for known in self.exchange.open_orders(account):
                price = self.prices.get(known.instrument)
                order = self._triggered(self.exchange.order(known.order_id), price)
                if (
                    price is None
                    or order.status is not OrderStatus.OPEN
                    or self.exchange.children(order.order_id)
                ):
                    continue
                if (
                    order.limit_price is None
                    or (order.limit_price - price) * (1 if order.side is Side.BUY else -1) >= 0
                ):
                    self.exchange.fill(order, price=price)

    def _triggered(self, order: SimulatedOrder, price: Decimal | None) -> SimulatedOrder:
        """The order, after its stop was triggered if the price reaches it."""
        if price is None or order.stop_price is None or order.status is not OrderStatus.WAITING:
            return order
        is_reached = (
            price >= order.stop_price if order.side is Side.BUY else price <= order.stop_price
        )
        return self.exchange.trigger(order) if is_reached else order

    def _receive_compound(self, account: str, form: Form, kind: str) -> SimulatedOrder:
        indexes = [str(index) for index in range(MOST_LEGS) if f"side[{index}]" in form]
        if not indexes:
            raise Faulty("side[0] is required", "quantity[0] is required")
        faults = faults_of_group(kind, form, indexes) if kind in GROUPS else []
        if faults:
            raise Faulty(*faults)
        first = indexes[0]
        terms = {
            "class": kind,
            "type": form.get("type", "market"),
            "duration": form.get("duration", "day"),
        }
        parent = self.exchange.place(
            account,
            client_id=_tag(form),
            instrument=form.get("symbol") or form.get(f"symbol[{first}]") or "UNKNOWN",
            side=_side(form, f"[{first}]"),
            quantity=_spreads(form, indexes)
            if kind in SPREADS
            else _number(form, f"quantity[{first}]"),
            limit_price=_number_or_none(form, "price"),
            order_type=ORDER_TYPES.get(terms["type"], OrderType.OTHER),
            time_in_force=TimeInForce.DAY,
            is_accepted=False,
        )
        self.writer.terms[parent.order_id] = terms
        for index in indexes:
            self._receive_single(account, form, f"[{index}]", "", parent)
        return parent

    def _receive_single(
        self, account: str, form: Form, suffix: str, kind: str, parent: SimulatedOrder | None = None
    ) -> SimulatedOrder:
        word = form.get(f"type{suffix}") or form.get("type", "market")
        if word not in ORDER_TYPES:
            raise Faulty(f"type '{word}' is not valid")
        instrument = form.get(f"option_symbol{suffix}") or form.get(f"symbol{suffix}")
        if not instrument:
            raise Faulty("symbol is required")
        order = self.exchange.place(
            account,
            client_id=_tag(form) if parent is None else None,
            instrument=instrument,
            side=_side(form, suffix),
            quantity=_number(form, f"quantity{suffix}"),
            limit_price=None if word in NET_PRICED else _number_or_none(form, f"price{suffix}"),
            stop_price=_number_or_none(form, f"stop{suffix}"),
            order_type=ORDER_TYPES[word],
            time_in_force=DURATIONS.get(_duration(form, suffix), TimeInForce.DAY),
            parent_id=parent.order_id if parent is not None else None,
            is_accepted=False,
        )
        terms = {
            "type": word,
            "side": form[f"side{suffix}"],
            "duration": _duration(form, suffix),
        }
        self.writer.terms[order.order_id] = {**terms, **({"class": kind} if kind else {})}
        return order


def preview(form: Form) -> dict[str, Any]:
    """The answer to a trial: no id."""
    return {
        "order": {
            "status": "ok",
            "commission": Decimal(0),
            "cost": Decimal(0),
            "fees": Decimal(0),
            "result": True,
        }
    }


def _tag(form: Form) -> str | None:
    tag = form.get("tag")
    if tag is not None and not FITS.fullmatch(tag):
        raise Faulty("tag may contain letters, numbers and '-' only")
    return tag


def _side(form: Form, suffix: str) -> Side:
    word = form.get(f"side{suffix}", "")
    if word not in SIDES:
        raise Faulty(f"side{suffix} '{word}' is not valid")
    return SIDES[word]


def _duration(form: Form, suffix: str) -> str:
    """The duration of an order of a group, or of the whole form."""
    return form.get(f"duration{suffix}") or form.get("duration", "day")


def _number(form: Form, name: str) -> Decimal:
    found = _number_or_none(form, name)
    if found is None or found <= 0:
        raise Faulty(f"{name} is required")
    return found


def _number_or_none(form: Form, name: str) -> Decimal | None:
    try:
        return Decimal(form[name]) if form.get(name) else None
    except InvalidOperation:
        raise Faulty(f"{name} is not a number") from None


def _spreads(form: Form, indexes: list[str]) -> Decimal:
    """The order's size as a multiple of its smallest leg."""
    return min(_number(form, f"quantity[{index}]") for index in indexes)
