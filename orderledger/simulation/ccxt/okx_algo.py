"""The algo orders of a simulated OKX: orders with ids and lists of their own, which make ordinary
orders.

Sources: okx.com/docs-v5. "Place algo order", "Cancel algo order" (a list), "Algo order list" (one
`ordType`, or `conditional,oco`) and "Algo order details" give the requests and states. A triggered
order is `effective` and names the ordinary order in `ordIdList`. "Order details": that order has
`algoId` and `algoClOrdId`, and the client id is empty. "Error Code": 51603 for an unknown order,
51400 and 51402 for a cancel of one that has ended, 51065 for a used `algoClOrdId`. 51277 to 51280
refuse a take-profit or a stop-loss whose price has been passed. A trigger order waits until its
price "is crossed", from either side.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from itertools import count
from typing import Any

from aiohttp import web

from orderledger.simulation.ccxt.braked import Asked, Denied, milliseconds
from orderledger.simulation.market import (
    Change,
    ExchangeSimulator,
    Refusal,
    SimulatedInstrument,
    SimulatedOrder,
)

FIRST_ID = 700_000_001
MARKET = "-1"
"""The price of an order that is sent at the market."""
UNKNOWN = {"code": "51603", "msg": "Order does not exist", "data": []}
GONE = "Cancellation failed as the order has been completed or does not exist"
TRIGGERS = ("triggerPx", "slTriggerPx", "tpTriggerPx")
PRICES = ("orderPx", "slOrdPx", "tpOrdPx")
RATIOS = ("callbackRatio", "callbackSpread", "activePx")
KINDS = ("trigger", "conditional", "move_order_stop")
PASSED = {
    ("tpTriggerPx", "buy"): ("51277", "TP trigger price cannot be higher than the last price."),
    ("slTriggerPx", "buy"): ("51278", "SL trigger price cannot be lower than the last price."),
    ("tpTriggerPx", "sell"): ("51279", "TP trigger price cannot be lower than the last price."),
    ("slTriggerPx", "sell"): ("51280", "SL trigger price cannot be higher than the last price."),
}
"""The refusal of a price that has been passed, by its field and the side."""
WORDS = ("tdMode", "triggerPxType", "slTriggerPxType", "tpTriggerPxType", "tgtCcy")


@dataclass(slots=True, kw_only=True)
class AlgoOrder:
    """An algo order, as it was asked for. `made`: the ordinary order. `rises`: whether the price
    has to rise to the trigger price."""

    algo_id: int
    asked: Mapping[str, Any]
    created_at: int
    updated_at: int
    rises: bool
    state: str = "live"
    made: int | None = None
    triggered_at: int | None = None

    @property
    def client_id(self) -> str:
        return str(self.asked.get("algoClOrdId") or "")

    @property
    def trigger_price(self) -> Decimal | None:
        return next((Decimal(self.asked[one]) for one in TRIGGERS if self.asked.get(one)), None)

    @property
    def limit_price(self) -> str | None:
        """None at the market."""
        found = next((self.asked[one] for one in PRICES if self.asked.get(one)), MARKET)
        return None if found == MARKET else found

    def is_reached(self, price: Decimal) -> bool:
        stop = self.trigger_price
        return stop is not None and (price >= stop if self.rises else price <= stop)


@dataclass(slots=True)
class AlgoOrders:
    """The algo orders of one account, the oldest first. A trade at or beyond the trigger price
    triggers one (`last`, the default of `triggerPxType`); a trailing stop only by `trigger`."""

    exchange: ExchangeSimulator
    account: str
    instruments: Mapping[str, SimulatedInstrument]
    orders: list[AlgoOrder] = field(default_factory=list)
    _ids: Any = field(default_factory=partial(count, FIRST_ID))
    _last: dict[str, Decimal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.exchange.subscribe(self._note)

    # Requests

    async def place(self, asked: Asked) -> Any:
        client_id = asked.get("algoClOrdId")
        if client_id and any(one.client_id == client_id for one in self.orders):
            refused = {"algoClOrdId": client_id, "sCode": "51065", "sMsg": "algoClOrdId exists"}
            raise Denied({"code": "1", "msg": "", "data": [refused]})
        instrument, now = self.instruments[asked["instId"]], self._now()
        order = AlgoOrder(
            algo_id=next(self._ids), asked=asked, created_at=now, updated_at=now, rises=False
        )
        last = self._last.get(instrument.name, instrument.price)
        order.rises = order.trigger_price is not None and order.trigger_price > last
        self._check_side(order, last)
        self.orders.append(order)
        return _data({**self._named_in(order), "sCode": "0", "sMsg": ""})

    def _check_side(self, order: AlgoOrder, last: Decimal) -> None:
        """The direction of a stop-loss or a take-profit. Raises Denied if its price has been
        passed."""
        side = str(order.asked["side"])
        field = next((one for one in TRIGGERS if order.asked.get(one)), "")
        if (field, side) not in PASSED:
            return
        order.rises = (side == "buy") is (field == "slTriggerPx")
        if order.is_reached(last) and order.trigger_price != last:
            code, text = PASSED[field, side]
            refused = {"algoClOrdId": order.client_id, "sCode": code, "sMsg": text}
            raise Denied({"code": "1", "msg": "", "data": [refused]})

    async def query(self, asked: Asked) -> Any:
        order = self._named(asked)
        if order is None:
            raise Denied(UNKNOWN)
        return _data(self.row(order))

    async def pending(self, asked: Asked) -> Any:
        kinds = asked["ordType"].split(",")
        return _data(
            *(
                self.row(one)
                for one in self.orders
                if one.state == "live" and one.asked["ordType"] in kinds
            )
        )

    async def cancel(self, asked: Asked) -> Any:
        """ccxt cancels one at a time."""
        (wanted,) = asked["orders"]
        order = self._named(wanted)
        if order is None or order.state != "live":
            refused = {**wanted, "sCode": "51400" if order is None else "51402", "sMsg": GONE}
            raise Denied({"code": "1", "msg": "", "data": [refused]})
        order.state, order.updated_at = "canceled", self._now()
        return _data({**self._named_in(order), "sCode": "0", "sMsg": ""})

    # The trigger

    def trigger(self, order: AlgoOrder) -> SimulatedOrder | None:
        """Make the ordinary order. None if it is refused."""
        price = order.limit_price
        made = self.exchange.submit(
            self.account,
            client_id=None,
            instrument=self.instruments[order.asked["instId"]].name,
            side=order.asked["side"],
            quantity=order.asked["sz"],
            order_type="market" if price is None else "limit",
            limit_price=price,
            time_in_force="ioc" if price is None else "gtc",
            reduce_only=str(order.asked.get("reduceOnly")).lower() == "true",
        )
        order.updated_at = order.triggered_at = self._now()
        if isinstance(made, Refusal):
            order.state = "order_failed"
            return None
        order.state, order.made = "effective", made.order_id
        return made

    def maker_of(self, order_id: int) -> dict[str, str]:
        """The fields of an ordinary order that name the algo order which has made it."""
        found = next((one for one in self.orders if one.made == order_id), None)
        return {"algoId": "", "algoClOrdId": ""} if found is None else self._named_in(found)

    def _note(self, change: Change) -> None:
        """Note a trade. Orders are triggered once the exchange has done with what it does now."""
        if change.fill is not None:
            self._last[change.fill.instrument] = change.fill.price
            with suppress(RuntimeError):
                asyncio.get_running_loop().call_soon(self._check)

    def _check(self) -> None:
        for order in list(self.orders):
            price = self._last.get(self.instruments[order.asked["instId"]].name)
            if order.state == "live" and price is not None and order.is_reached(price):
                self.trigger(order)

    # Rows

    def row(self, order: AlgoOrder) -> dict[str, Any]:
        """The row of a query or a list."""
        asked, made = order.asked, [] if order.made is None else [str(order.made)]
        return {
            **{name: asked.get(name, "") for name in (*TRIGGERS, *PRICES[1:], *RATIOS, *WORDS)},
            "instType": "SWAP",
            "instId": asked["instId"],
            "ordType": asked["ordType"],
            "side": asked["side"],
            "posSide": "net",
            "sz": asked["sz"],
            "ordPx": asked.get("orderPx", ""),
            "reduceOnly": str(asked.get("reduceOnly", False)).lower(),
            **self._named_in(order),
            "state": order.state,
            "ordId": made[0] if made else "",
            "ordIdList": made,
            "actualSz": asked["sz"] if made else "0",
            "triggerTime": "" if order.triggered_at is None else str(order.triggered_at),
            "cTime": str(order.created_at),
            "uTime": str(order.updated_at),
        }

    def _named(self, asked: Asked) -> AlgoOrder | None:
        name, client_id = asked.get("algoId"), asked.get("algoClOrdId")
        found = (
            one
            for one in self.orders
            if (str(one.algo_id) == name if name else one.client_id == client_id)
        )
        return next(found, None)

    def _named_in(self, order: AlgoOrder) -> dict[str, str]:
        return {"algoId": str(order.algo_id), "algoClOrdId": order.client_id, "clOrdId": ""}

    def _now(self) -> int:
        return milliseconds(self.exchange.clock.now())


def algo_routes(orders: AlgoOrders, keyed: Any) -> Iterable[web.RouteDef]:
    """The routes of algo orders. `keyed` makes a handler of a method."""
    trade = "/api/v5/trade"
    return (
        web.post(f"{trade}/order-algo", keyed(orders.place)),
        web.get(f"{trade}/order-algo", keyed(orders.query)),
        web.get(f"{trade}/orders-algo-pending", keyed(orders.pending)),
        web.post(f"{trade}/cancel-algos", keyed(orders.cancel)),
    )


def _data(*found: Any) -> Any:
    return {"code": "0", "msg": "", "data": list(found)}
