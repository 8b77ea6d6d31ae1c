"""The conditional orders of a simulated Binance USD-M: its Algo Service, with ids of its own.

Since 2025-12-09 stop and take-profit orders are not ordinary orders. A triggered one makes an
ordinary order, which has an id of its own and the same client id.

Sources: the pages of USD-M futures at developers.binance.com. "New Algo Order", "Query Algo Order",
"Cancel Algo Order" and the two lists give the requests; "Event Algo Order Update" gives the events.
By the change log of 2025-11-06 the margin is checked at the trigger, and a waiting order cannot be
changed.

The pages state no error codes. Seen at `algoOrder`: -2013 for a query and -2011 for a cancel
(freqtrade issue 12681), also while an order triggers (nautilus_trader discussion 5378). The updates
of a triggered order have the client id of the conditional one (nautilus_trader issue 3287), and
come before the update `TRIGGERED` (issue 3664).
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import partial
from itertools import count
from typing import Any

from aiohttp import web

from orderledger import OrderType, Side
from orderledger.simulation.ccxt.binance_algo_rows import (
    ConditionalOrder,
    Row,
    content_of,
    row_of,
)
from orderledger.simulation.ccxt.binance_refusals import (
    NO_SUCH_ORDER,
    REFUSALS,
    UNKNOWN_ERROR,
    USE_ALGO_ORDERS,
    WOULD_TRIGGER,
    Denied,
    denied,
)
from orderledger.simulation.ccxt.binance_wallet import milliseconds, symbol_of
from orderledger.simulation.ccxt.failings import Failings
from orderledger.simulation.market import (
    Change,
    ExchangeSimulator,
    Reason,
    Refusal,
    SimulatedInstrument,
    SimulatedOrder,
)
from orderledger.simulation.market.checks import parsed, why_not_order

TYPES = {
    "STOP": OrderType.STOP_LIMIT,
    "STOP_MARKET": OrderType.STOP,
    "TAKE_PROFIT": OrderType.TAKE_PROFIT_LIMIT,
    "TAKE_PROFIT_MARKET": OrderType.TAKE_PROFIT,
}
FIRST_ID = 1_000_000_000_000_001
"""Ids of the Algo Service have 16 digits (nautilus_trader issue 3287), those of orders fewer."""
UNFILLED_KEPT, KEPT = timedelta(days=3), timedelta(days=90)
"""How long an order is found after its creation ("Query Algo Order")."""
MOST_ROWS = 1_000
CANCELED_ONE = {"code": "200", "msg": "success"}
CANCELED_ALL = {"code": 200, "msg": "The operation of cancel all open order is done."}
Asked = Mapping[str, str]


@dataclass(slots=True)
class ConditionalOrders:
    """The Algo Service of one account. A trade at or beyond the trigger price triggers an order
    (`CONTRACT_PRICE`, the default of `workingType`). `orders`: all, the oldest first. `triggers`:
    off, so that a test may trigger by itself.
    """

    exchange: ExchangeSimulator
    account: str
    instruments: Mapping[str, SimulatedInstrument]
    failings: Failings
    orders: list[ConditionalOrder] = field(default_factory=list)
    triggers: bool = True
    _ids: Any = field(default_factory=partial(count, FIRST_ID))
    _last: dict[str, Decimal] = field(default_factory=dict)
    _unchecked: dict[str, Decimal] = field(default_factory=dict)
    _subscribers: list[Callable[[Row], object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.exchange.subscribe(self._note)

    def subscribe(self, callback: Callable[[Row], object]) -> Callable[[], None]:
        """Call back with every `ALGO_UPDATE`. Returns a function that unsubscribes."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    # Requests

    async def place(self, asked: Asked) -> Row:
        """New Algo Order."""
        await asyncio.sleep(self.failings.engine_seconds)
        order = self._new(asked)
        last = self._last.get(order.instrument)
        if last is not None and order.is_reached(last):
            raise Denied(*WOULD_TRIGGER)
        self.orders.append(order)
        self._push(order)
        if self.failings.fails():
            raise Denied(*UNKNOWN_ERROR, 503)
        return self._row(order)

    async def query(self, asked: Asked) -> Row:
        """Query Algo Order."""
        order = self._named(asked)
        if order is None or not self._is_shown(order):
            raise Denied(*NO_SUCH_ORDER)
        return self._row(order)

    async def cancel(self, asked: Asked) -> Row:
        """Cancel Algo Order."""
        order = self._named(asked)
        if order is None or not order.is_waiting:
            raise Denied(*REFUSALS[Reason.UNKNOWN_ORDER])
        self._change(order, "CANCELED")
        named = {"algoId": order.algo_id, "clientAlgoId": self.failings.reported(order.client_id)}
        return {**named, **CANCELED_ONE}

    async def cancel_all(self, asked: Asked) -> Row:
        """Cancel All Algo Open Orders, of one symbol."""
        for order in self._of(asked["symbol"]):
            if order.is_waiting:
                self._change(order, "CANCELED")
        return CANCELED_ALL

    async def open_orders(self, asked: Asked) -> list[Row]:
        """Current All Algo Open Orders."""
        orders = self.orders if "symbol" not in asked else self._of(asked["symbol"])
        return [self._row(one) for one in orders if one.is_waiting and self._is_shown(one)]

    async def all_orders(self, asked: Asked) -> list[Row]:
        """Query All Algo Orders."""
        begin, limit = int(asked.get("startTime", 0)), int(asked.get("limit", 500))
        found = [
            self._row(one)
            for one in self._of(asked["symbol"])
            if milliseconds(one.created_at) >= begin and self._is_shown(one)
        ]
        return found[-min(limit, MOST_ROWS) :]

    # The trigger

    def trigger(self, order: ConditionalOrder) -> SimulatedOrder | None:
        """Forward an order to the matching engine, as an ordinary order. None if the engine
        refuses it."""
        self._change(order, "TRIGGERING", triggered_at=self.exchange.clock.now())
        made = self._forwarded(order)
        if isinstance(made, Refusal):
            self._change(order, "REJECTED", reason=denied(made.reason).message)
            return None
        order.order_id = made.order_id
        self._change(order, "TRIGGERED")
        self._finish(order)
        return made

    def check(self) -> None:
        """Trigger every order that the last trades have reached."""
        reached, self._unchecked = self._unchecked, {}
        for order in list(self.orders):
            price = reached.get(order.instrument)
            if order.is_waiting and price is not None and order.is_reached(price):
                self.trigger(order)

    def _forwarded(self, order: ConditionalOrder) -> SimulatedOrder | Refusal:
        in_force = order.in_force
        return self.exchange.submit(
            self.account,
            client_id=order.client_id,
            instrument=order.instrument,
            side=order.side,
            quantity=order.quantity,
            limit_price=order.limit_price,
            order_type="limit" if order.limit_price is not None else "market",
            time_in_force="ioc"
            if order.limit_price is None
            else "gtc"
            if in_force == "GTX"
            else in_force.lower(),
            post_only=in_force == "GTX",
            reduce_only=order.reduce_only,
        )

    def _note(self, change: Change) -> None:
        """Note a trade. Orders are triggered once the exchange has done with what it does now."""
        if change.order is None:
            return
        for order in self.orders:
            if order.order_id == change.order.order_id and order.status == "TRIGGERED":
                self._finish(order)
        if change.fill is not None and self.triggers:
            self._last[change.fill.instrument] = change.fill.price
            self._unchecked[change.fill.instrument] = change.fill.price
            with suppress(RuntimeError):
                asyncio.get_running_loop().call_soon(self.check)

    def _finish(self, order: ConditionalOrder) -> None:
        if order.order_id is not None and self.exchange.order(order.order_id).status.is_ended:
            self._change(order, "FINISHED")

    # Rows

    def _new(self, asked: Asked) -> ConditionalOrder:
        kind, symbol, now = asked["type"], asked["symbol"], self.exchange.clock.now()
        if asked.get("algoType") != "CONDITIONAL" or kind not in TYPES:
            raise Denied(-1116, "Invalid orderType.")
        if symbol not in self.instruments:
            raise denied(Reason.UNKNOWN_INSTRUMENT)
        self._check_terms(asked)
        algo_id = next(self._ids)
        client_id = asked.get("clientAlgoId", f"web_{algo_id}")
        if any(one.client_id == client_id and one.is_waiting for one in self.orders):
            raise denied(Reason.DUPLICATE_ORDER)
        return ConditionalOrder(
            algo_id=algo_id,
            client_id=client_id,
            instrument=self.instruments[symbol].name,
            kind=kind,
            side=Side(asked["side"].lower()),
            quantity=Decimal(asked["quantity"]),
            limit_price=parsed(asked.get("price")),
            stop_price=Decimal(asked["triggerPrice"]),
            in_force=asked.get("timeInForce", "GTC"),
            reduce_only=asked.get("reduceOnly") == "true",
            created_at=now,
            updated_at=now,
        )

    def _check_terms(self, asked: Asked) -> None:
        """Check the numbers. The margin is checked at the trigger."""
        instrument = self.instruments[asked["symbol"]]
        terms: Any = {
            "quantity": asked.get("quantity"),
            "order_type": TYPES[asked["type"]],
            "limit_price": asked.get("price"),
            "stop_price": asked.get("triggerPrice"),
        }
        reason = why_not_order(terms, instrument, frozenset(TYPES.values()))
        if reason is not None:
            raise denied(reason)

    def _named(self, asked: Asked) -> ConditionalOrder | None:
        algo_id, client_id = asked.get("algoId"), asked.get("clientAlgoId")
        found = [
            one
            for one in self.orders
            if (algo_id is not None and str(one.algo_id) == algo_id)
            or (algo_id is None and one.client_id == client_id)
        ]
        return found[-1] if found else None

    def _of(self, symbol: str) -> list[ConditionalOrder]:
        return [one for one in self.orders if symbol_of(one.instrument) == symbol]

    def _is_shown(self, order: ConditionalOrder) -> bool:
        """Whether queries and lists have the order."""
        age = self.exchange.clock.now() - order.created_at
        made = self._made(order)
        is_unfilled = made is None or not made.filled
        kept = UNFILLED_KEPT if order.status in ("CANCELED", "EXPIRED") and is_unfilled else KEPT
        return age <= kept and self.failings.is_listed(order, self.exchange)

    def _made(self, order: ConditionalOrder) -> SimulatedOrder | None:
        return None if order.order_id is None else self.exchange.order(order.order_id)

    def _change(self, order: ConditionalOrder, status: str, **other: Any) -> None:
        order.status, order.updated_at = status, self.exchange.clock.now()
        for name, value in other.items():
            setattr(order, name, value)
        self._push(order)

    def _row(self, order: ConditionalOrder) -> Row:
        name = self.failings.reported(order.client_id)
        return row_of(order, self._made(order), client_id=name)

    def _push(self, order: ConditionalOrder) -> None:
        now = milliseconds(self.exchange.clock.now())
        name = self.failings.reported(order.client_id)
        content = content_of(order, self._made(order), client_id=name)
        for callback in list(self._subscribers):
            callback({"e": "ALGO_UPDATE", "T": now, "E": now, "o": content})


def algo_routes(orders: ConditionalOrders, signed: Any) -> Iterable[web.RouteDef]:
    """The routes of conditional orders. `signed` makes a handler of a method."""
    return (
        web.post("/fapi/v1/algoOrder", signed(orders.place)),
        web.get("/fapi/v1/algoOrder", signed(orders.query)),
        web.delete("/fapi/v1/algoOrder", signed(orders.cancel)),
        web.delete("/fapi/v1/algoOpenOrders", signed(orders.cancel_all)),
        web.get("/fapi/v1/openAlgoOrders", signed(orders.open_orders)),
        web.get("/fapi/v1/allAlgoOrders", signed(orders.all_orders)),
    )


def refuse_conditional(kind: str) -> None:
    """Ordinary orders are of other types (change log of 2025-11-06)."""
    if kind in TYPES:
        raise Denied(*USE_ALGO_ORDERS)
