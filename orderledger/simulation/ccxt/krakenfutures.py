"""Simulated futures of Kraken on loopback: orders by REST, and both brakes. Needs the extra
`fake`.

Sources: docs.kraken.com, futures. "Cancel all orders": of the account, or of one symbol. "Dead
man's switch": a timer in seconds that each request restarts, and 0 switches off; at its end all
orders of the user are canceled. "Get Specific Orders' Status": open orders, and those that ended
within the last 5 seconds. ccxt 4.5.90 sends this query by GET; the page says POST.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from orderledger.simulation.ccxt.braked import Asked, BrakedServer, Denied
from orderledger.simulation.market import OrderStatus, Reason, SimulatedOrder

API = "/derivatives/api/v3"
SHOWN = timedelta(seconds=5)
REFUSALS = {
    Reason.DUPLICATE_ORDER: "clientOrderIdAlreadyExist",
    Reason.POST_ONLY_WOULD_MATCH: "postWouldExecute",
    Reason.UNKNOWN_ORDER: "notFound",
    Reason.TOO_LATE_TO_CANCEL: "notFound",
    "insufficient_margin": "insufficientAvailableFunds",
}
STATES = {
    OrderStatus.FILLED: "FULLY_EXECUTED",
    OrderStatus.CANCELED: "CANCELLED",
    OrderStatus.EXPIRED: "CANCELLED",
    OrderStatus.REJECTED: "REJECTED",
}


class KrakenFuturesServer(BrakedServer):
    """One account at simulated futures of Kraken."""

    key_header = "APIKey"

    @staticmethod
    def symbol_of(instrument: str) -> str:
        """ccxt's `ETH/USD:USD` as `PF_ETHUSD`."""
        return f"PF_{instrument.partition(':')[0].replace('/', '').replace('BTC', 'XBT')}"

    def refused(self, reason: str) -> Denied:
        status = REFUSALS.get(reason, reason)
        return Denied(self._success(sendStatus={"status": status, "orderEvents": []}))

    def refuse_key(self) -> web.Response:
        return self.answer({"result": "error", "error": "authenticationError"})

    def routes(self) -> Iterable[web.RouteDef]:
        return (
            web.get(f"{API}/instruments", self.public(self._listed)),
            web.post(f"{API}/sendorder", self.keyed(self._place)),
            web.post(f"{API}/cancelorder", self.keyed(self._cancel_one)),
            web.post(f"{API}/cancelallorders", self.keyed(self._cancel_all)),
            web.post(f"{API}/cancelallordersafter", self.keyed(self._cancel_after)),
            web.get(f"{API}/openorders", self.keyed(self._open_orders)),
            web.get(f"{API}/orders/status", self.keyed(self._statuses)),
            web.get(f"{API}/fills", self.keyed(self._nothing)),
            web.get(f"{API}/openpositions", self.keyed(self._nothing)),
            web.get(f"{API}/accounts", self.keyed(self._nothing)),
            web.get("/api/history/v3/{rest:.*}", self.keyed(self._history)),
            web.get("/api/history/v2/{rest:.*}", self.keyed(self._history)),
        )

    async def _listed(self, asked: Asked) -> Any:
        rows = [
            {
                "symbol": symbol,
                "type": "flexible_futures",
                "tickSize": one.tick,
                "contractSize": 1,
                "tradeable": True,
                "contractValueTradePrecision": -int(one.lot.as_tuple().exponent),
            }
            for symbol, one in self.instruments.items()
        ]
        return self._success(instruments=rows)

    async def _place(self, asked: Asked) -> Any:
        order = self.submitted(
            asked["symbol"],
            client_id=asked.get("cliOrdId"),
            side=asked["side"],
            quantity=asked["size"],
            limit_price=asked["limitPrice"],
            post_only=asked["orderType"] == "post",
            time_in_force="ioc" if asked["orderType"] == "ioc" else "gtc",
        )
        event = {"type": "PLACE", "order": self._order(order), "reducedQuantity": None}
        sent = {"order_id": str(order.order_id), "status": "placed", "orderEvents": [event]}
        return self._success(sendStatus=sent | {"receivedTime": _written(order.created_at)})

    async def _cancel_one(self, asked: Asked) -> Any:
        order = self.named(asked.get("order_id"), asked.get("cliOrdId"))
        is_there = order is not None and not order.status.is_ended
        if is_there and order is not None:
            self.exchange.request_cancel(self.account, order_id=order.order_id)
        status = {"status": "cancelled" if is_there else "notFound"}
        return self._success(cancelStatus=status | {"order_id": asked.get("order_id")})

    async def _cancel_all(self, asked: Asked) -> Any:
        symbol = asked.get("symbol")
        open_orders = self.exchange.open_orders(self.account)
        self.cancel(None if symbol is None else self.instruments[symbol].name)
        gone = [
            {"order_id": str(one.order_id)}
            for one in open_orders
            if self.exchange.order(one.order_id).status.is_ended
        ]
        status = {
            "receivedTime": _written(self.exchange.clock.now()),
            "cancelOnly": symbol or "all",
            "status": "cancelled" if gone else "noOrdersToCancel",
            "cancelledOrders": gone,
            "orderEvents": [],
        }
        return self._success(cancelStatus=status)

    async def _cancel_after(self, asked: Asked) -> Any:
        ends_at = self.restart_switch(int(asked["timeout"]))
        status = {
            "currentTime": _written(self.exchange.clock.now()),
            "triggerTime": "0" if ends_at is None else _written(ends_at),
        }
        return self._success(status=status)

    async def _open_orders(self, asked: Asked) -> Any:
        rows = [
            {
                "order_id": str(one.order_id),
                "cliOrdId": one.client_id,
                "symbol": self.symbol_of(one.instrument),
                "side": str(one.side),
                "orderType": "lmt",
                "limitPrice": one.limit_price,
                "filledSize": one.filled,
                "unfilledSize": one.left,
                "reduceOnly": False,
                "status": "partiallyFilled" if one.filled else "untouched",
                "receivedTime": _written(one.created_at),
                "lastUpdateTime": _written(one.updated_at),
            }
            for one in self.exchange.open_orders(self.account)
        ]
        return self._success(openOrders=rows)

    async def _statuses(self, asked: Asked) -> Any:
        until = self.exchange.clock.now() - SHOWN
        found = [
            {"order": self._order(one), "status": STATES.get(one.status, "ENTERED_BOOK")}
            for one in self.exchange.orders(self.account)
            if str(one.order_id) in str(asked)
            and (not one.status.is_ended or one.updated_at >= until)
        ]
        return self._success(orders=found)

    async def _nothing(self, asked: Asked) -> Any:
        flex = {"type": "multiCollateralMarginAccount", "currencies": {}}
        return self._success(fills=[], openPositions=[], accounts={"flex": flex})

    async def _history(self, asked: Asked) -> Any:
        """The events of orders that ended ("Get order events")."""
        elements = [
            {
                "uid": f"event-{one.order_id}",
                "timestamp": int(one.updated_at.timestamp() * 1_000),
                "event": {
                    "OrderCancelled": {
                        "order": {
                            "uid": str(one.order_id),
                            "clientId": one.client_id,
                            "tradeable": self.symbol_of(one.instrument),
                            "direction": "Buy" if one.side == "buy" else "Sell",
                            "quantity": one.quantity,
                            "filled": one.filled,
                            "timestamp": int(one.created_at.timestamp() * 1_000),
                            "limitPrice": one.limit_price,
                            "orderType": "Limit",
                            "reduceOnly": False,
                            "lastUpdateTimestamp": int(one.updated_at.timestamp() * 1_000),
                        },
                        "reason": "cancelled",
                    }
                },
            }
            for one in self.exchange.orders(self.account)
            if one.status is OrderStatus.CANCELED
        ]
        return {"accountUid": "1", "len": len(elements), "elements": elements}

    def _order(self, order: SimulatedOrder) -> Asked:
        return {
            "orderId": str(order.order_id),
            "cliOrdId": order.client_id,
            "type": "lmt",
            "symbol": self.symbol_of(order.instrument),
            "side": str(order.side),
            "quantity": order.quantity,
            "filled": order.filled,
            "limitPrice": order.limit_price,
            "reduceOnly": False,
            "timestamp": _written(order.created_at),
            "lastUpdateTimestamp": _written(order.updated_at),
        }

    def _success(self, **content: Any) -> Asked:
        now = _written(self.exchange.clock.now())
        return {"result": "success", "serverTime": now, **content}


def _written(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
