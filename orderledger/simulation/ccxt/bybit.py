"""A simulated Bybit on loopback: orders and executions of linear contracts by REST, and Cancel All.
Needs the extra `fake`.

Sources: bybit-exchange/docs, v5. "Cancel All Orders": of a category; for `linear` one of `symbol`,
`baseCoin` and `settleCoin` is needed; the answer lists the canceled orders. "Amend Order": a
field that is not passed is not modified, and the request is asynchronous. "Set Disconnect Cancel
All" is not served. It counts from the loss of a private websocket that subscribes to `dcp`, and
Bybit has to switch it on.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from aiohttp import web

from orderledger.simulation.ccxt.braked import (
    Asked,
    BrakedServer,
    Denied,
    milliseconds,
    rounded,
)
from orderledger.simulation.ccxt.bybit_lists import BybitLists, page_of
from orderledger.simulation.ccxt.failings import Failings
from orderledger.simulation.ccxt.trade_lists import MOST, bybit_executions
from orderledger.simulation.market import OrderStatus, Reason, SimulatedOrder

REFUSALS = {
    Reason.DUPLICATE_ORDER: (110072, "OrderLinkedID is duplicate"),
    Reason.UNKNOWN_ORDER: (110001, "order not exists or too late to cancel"),
    Reason.TOO_LATE_TO_CANCEL: (110001, "order not exists or too late to cancel"),
    "insufficient_margin": (110007, "ab not enough for new order"),
}
STATES = {
    OrderStatus.FILLED: "Filled",
    OrderStatus.CANCELED: "Cancelled",
    OrderStatus.EXPIRED: "Cancelled",
    OrderStatus.REJECTED: "Rejected",
}


class BybitServer(BrakedServer):
    """One unified account at a simulated Bybit. `most_trades`: rows of a page of executions."""

    key_header = "X-BAPI-API-KEY"
    loses_amends = False
    most_trades = MOST
    rejects = 0
    """This many orders are acknowledged, and rejected afterwards."""
    has_no_ids = False
    """Whether rows have no client ids."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.lists = BybitLists(self.symbol_of)
        self.failings = Failings()

    def restart(self) -> None:
        """Restart the service."""
        self.lists.restart(self.exchange.orders(self.account))

    @staticmethod
    def symbol_of(instrument: str) -> str:
        """ccxt's `ETH/USDT:USDT` as `ETHUSDT`."""
        return instrument.partition(":")[0].replace("/", "")

    def refused(self, reason: str) -> Denied:
        code, text = REFUSALS.get(reason, (10001, reason))
        return Denied({"retCode": code, "retMsg": text, "result": {}, "time": self.now()})

    def refuse_key(self) -> web.Response:
        return self.answer({"retCode": 10003, "retMsg": "API key is invalid."})

    def routes(self) -> Iterable[web.RouteDef]:
        return (
            web.get("/v5/market/time", self.public(self._time)),
            web.get("/v5/market/instruments-info", self.public(self._listed)),
            web.get("/v5/user/query-api", self.keyed(self._unified)),
            web.get("/v5/account/info", self.keyed(self._unified)),
            web.post("/v5/order/create", self.keyed(self._place)),
            web.post("/v5/order/amend", self.keyed(self._amend)),
            web.post("/v5/order/cancel", self.keyed(self._cancel_one)),
            web.post("/v5/order/cancel-all", self.keyed(self._cancel_all)),
            web.get("/v5/order/realtime", self.keyed(self._realtime)),
            web.get("/v5/order/history", self.keyed(self._history)),
            web.get("/v5/execution/list", self.keyed(self._executions)),
            web.get("/v5/{rest:.*}", self.keyed(self._nothing)),
        )

    async def _time(self, asked: Asked) -> Any:
        now = self.now()
        return self._result({"timeSecond": str(now // 1_000), "timeNano": f"{now}000000"})

    async def _listed(self, asked: Asked) -> Any:
        is_asked = asked.get("category") == "linear" and asked.get("status") != "PreLaunch"
        rows = [
            {
                "symbol": symbol,
                "contractType": "LinearPerpetual",
                "status": "Trading",
                "baseCoin": symbol.removesuffix("USDT"),
                "quoteCoin": "USDT",
                "settleCoin": "USDT",
                "launchTime": "1585526400000",
                "deliveryTime": "0",
                "priceFilter": {"tickSize": f"{one.tick:f}"},
                "lotSizeFilter": {"qtyStep": f"{one.lot:f}", "minOrderQty": f"{one.lot:f}"},
                "leverageFilter": {"minLeverage": "1", "maxLeverage": "100"},
            }
            for symbol, one in self.instruments.items()
            if is_asked
        ]
        return self._result({"category": asked.get("category"), "list": rows})

    async def _unified(self, asked: Asked) -> Any:
        return self._result({"uta": 1, "unified": 0, "unifiedMarginStatus": 5, "readOnly": 0})

    async def _place(self, asked: Asked) -> Any:
        in_force = asked.get("timeInForce", "GTC")
        order = self.submitted(
            asked["symbol"],
            client_id=asked.get("orderLinkId"),
            side=asked["side"].lower(),
            quantity=asked["qty"],
            limit_price=asked["price"],
            time_in_force="gtc" if in_force == "PostOnly" else in_force.lower(),
            post_only=in_force == "PostOnly",
        )
        if self.rejects:
            self.rejects -= 1
            self.exchange.reject(order, reason="EC_NoEnoughQtyToFill")
            self.lists.restart([self.exchange.order(order.order_id)])
        return self._result(_names(order))

    async def _amend(self, asked: Asked) -> Any:
        """The answer only says that the request was received. With `loses_amends` it is never
        carried out."""
        order = self.named(asked.get("orderId"), asked.get("orderLinkId"))
        if order is None:
            raise self.refused(Reason.UNKNOWN_ORDER)
        if not self.loses_amends:
            changed = {"quantity": asked.get("qty"), "limit_price": asked.get("price")}
            self.exchange.request_replace(self.account, order_id=order.order_id, **changed)
        return self._result(_names(order))

    async def _cancel_one(self, asked: Asked) -> Any:
        order = self.named(asked.get("orderId"), asked.get("orderLinkId"))
        if order is None:
            raise self.refused(Reason.UNKNOWN_ORDER)
        self.done(self.exchange.request_cancel(self.account, order_id=order.order_id))
        return self._result(_names(order))

    async def _cancel_all(self, asked: Asked) -> Any:
        if not {"symbol", "baseCoin", "settleCoin"} & asked.keys():
            raise self.refused("symbol, baseCoin or settleCoin is needed")
        symbol = asked.get("symbol")
        open_orders = self.exchange.open_orders(self.account)
        self.cancel(None if symbol is None else self.instruments[symbol].name)
        gone = [one for one in open_orders if self.exchange.order(one.order_id).status.is_ended]
        return self._result({"list": list(map(_names, gone)), "success": "1"})

    async def _realtime(self, asked: Asked) -> Any:
        return self._page(self.lists.realtime(self.exchange.orders(self.account), asked), asked)

    async def _history(self, asked: Asked) -> Any:
        return self._page(self.lists.history(self.exchange.orders(self.account), asked), asked)

    async def _executions(self, asked: Asked) -> Any:
        symbol = asked.get("symbol") or next(iter(self.instruments))
        name = self.instruments[symbol].name
        fills = [one for one in self.exchange.fills(self.account) if one.instrument == name]
        return self._result(bybit_executions(fills, symbol, asked, self.most_trades))

    async def _nothing(self, asked: Asked) -> Any:
        return self._page([], asked)

    def _page(self, orders: Sequence[SimulatedOrder], asked: Asked) -> Asked:
        shown, cursor = page_of(orders, asked)
        rows = [{**self._row(one), "orderLinkId": self._link_id(one)} for one in shown]
        return self._result({"category": "linear", "nextPageCursor": cursor, "list": rows})

    def _link_id(self, order: SimulatedOrder) -> str:
        return "" if self.has_no_ids else self.failings.reported(order.client_id or "")

    def _result(self, content: Any) -> Asked:
        return {"retCode": 0, "retMsg": "OK", "result": content, "time": self.now()}

    def _row(self, order: SimulatedOrder) -> Asked:
        is_partial = order.status is OrderStatus.OPEN and order.filled
        return {
            **_names(order),
            "symbol": self.symbol_of(order.instrument),
            "side": "Buy" if order.side == "buy" else "Sell",
            "orderType": "Limit",
            "timeInForce": "PostOnly" if order.post_only else order.time_in_force.name,
            "price": f"{order.limit_price:f}",
            "qty": f"{order.quantity:f}",
            "cumExecQty": f"{order.filled:f}",
            "cumExecValue": f"{order.notional:f}",
            "leavesQty": f"{order.left:f}",
            "avgPrice": rounded(order.average_price),
            "orderStatus": STATES.get(order.status, "PartiallyFilled" if is_partial else "New"),
            "triggerPrice": "",
            "reduceOnly": False,
            "positionIdx": 0,
            "createdTime": str(milliseconds(order.created_at)),
            "updatedTime": str(milliseconds(order.updated_at)),
        }


def _names(order: SimulatedOrder) -> Asked:
    return {"orderId": str(order.order_id), "orderLinkId": order.client_id or ""}
