"""A simulated OKX on loopback: orders of swaps by REST, algo orders (see `okx_algo`), and Cancel
All After. Needs the extra `fake`.

Source: okx.com/docs-v5, "Cancel All After": `timeOut` is 0, which switches it off, or 10 to 120
seconds; each request restarts it; at its end all pending orders are canceled. With a `tag` it
covers the orders with this tag only.
"""

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from orderledger.simulation.ccxt.braked import (
    Asked,
    BrakedServer,
    Denied,
    milliseconds,
    rounded,
)
from orderledger.simulation.ccxt.okx_algo import AlgoOrders, algo_routes
from orderledger.simulation.ccxt.trade_lists import okx_fills
from orderledger.simulation.market import OrderStatus, Reason, SimulatedOrder

SHORTEST, LONGEST = 10, 120
PARAMETER = ("51000", "Parameter timeOut error")
REFUSALS = {
    Reason.DUPLICATE_ORDER: ("51016", "Client order ID already exists."),
    Reason.UNKNOWN_ORDER: ("51603", "Order does not exist"),
    Reason.TOO_LATE_TO_CANCEL: ("51400", "Cancellation failed as the order has been canceled."),
    "insufficient_margin": ("51008", "Order failed. Insufficient balance."),
}
STATES = {
    OrderStatus.FILLED: "filled",
    OrderStatus.CANCELED: "canceled",
    OrderStatus.EXPIRED: "canceled",
    OrderStatus.REJECTED: "canceled",
}
TYPES = {
    "limit": ("gtc", False),
    "post_only": ("gtc", True),
    "ioc": ("ioc", False),
    "market": ("ioc", False),
}


class OkxServer(BrakedServer):
    """One account at a simulated OKX. `tags`: the tag of each order that has one. `algo`: the algo
    orders."""

    key_header = "OK-ACCESS-KEY"

    def __init__(self, *asked: Any, **more: Any) -> None:
        super().__init__(*asked, **more)
        self.tags: dict[int, str] = {}
        self.algo = AlgoOrders(self.exchange, self.account, self.instruments)

    @staticmethod
    def symbol_of(instrument: str) -> str:
        """ccxt's `ETH/USDT:USDT` as `ETH-USDT-SWAP`."""
        return instrument.partition(":")[0].replace("/", "-") + "-SWAP"

    def refused(self, reason: str) -> Denied:
        code, text = REFUSALS.get(reason, ("51000", reason))
        return Denied({"code": "1", "msg": "", "data": [{"sCode": code, "sMsg": text}]})

    def refuse_key(self) -> web.Response:
        return self.answer({"code": "50111", "msg": "Invalid OK-ACCESS-KEY"}, status=401)

    def routes(self) -> Iterable[web.RouteDef]:
        api = "/api/v5"
        return (
            web.get(f"{api}/public/time", self.public(self._time)),
            web.get(f"{api}/public/instruments", self.public(self._listed)),
            web.post(f"{api}/trade/order", self.keyed(self._place)),
            web.post(f"{api}/trade/batch-orders", self.keyed(self._place_many)),
            web.post(f"{api}/trade/cancel-order", self.keyed(self._cancel_one)),
            web.post(f"{api}/trade/cancel-all-after", self.keyed(self._cancel_after)),
            web.get(f"{api}/trade/order", self.keyed(self._order)),
            web.get(f"{api}/trade/orders-pending", self.keyed(self._pending)),
            web.get(f"{api}/trade/fills-history", self.keyed(self._fills)),
            *algo_routes(self.algo, self.keyed),
            web.get(api + "/{rest:.*}", self.keyed(self._nothing)),
        )

    async def _time(self, asked: Asked) -> Any:
        return _data({"ts": str(self.now())})

    async def _listed(self, asked: Asked) -> Any:
        if asked.get("instType") != "SWAP":
            return _data()
        return _data(
            *(
                {
                    "instId": symbol,
                    "instType": "SWAP",
                    "uly": symbol.removesuffix("-SWAP"),
                    "settleCcy": "USDT",
                    "ctVal": "1",
                    "ctType": "linear",
                    "ctValCcy": symbol.partition("-")[0],
                    "lotSz": one.lot,
                    "minSz": one.lot,
                    "tickSz": one.tick,
                    "state": "live",
                }
                for symbol, one in self.instruments.items()
            )
        )

    async def _place(self, asked: Asked) -> Any:
        return _data(self._placed(asked))

    async def _place_many(self, asked: Asked) -> Any:
        """ccxt sends one order as a batch. Several of which one is refused are not served."""
        return _data(*map(self._placed, asked["orders"]))

    def _placed(self, asked: Asked) -> Asked:
        in_force, post_only = TYPES[asked["ordType"]]
        order = self.submitted(
            asked["instId"],
            client_id=asked.get("clOrdId"),
            side=asked["side"],
            quantity=asked["sz"],
            order_type="market" if asked["ordType"] == "market" else "limit",
            limit_price=asked.get("px"),
            time_in_force=in_force,
            post_only=post_only,
        )
        if asked.get("tag"):
            self.tags[order.order_id] = asked["tag"]
        named = {"ordId": str(order.order_id), "clOrdId": order.client_id or ""}
        return {**named, "tag": asked.get("tag", ""), "sCode": "0", "sMsg": ""}

    async def _cancel_one(self, asked: Asked) -> Any:
        order = self._named(asked)
        self.done(self.exchange.request_cancel(self.account, order_id=order.order_id))
        named = {"ordId": str(order.order_id), "clOrdId": order.client_id or ""}
        return _data({**named, "sCode": "0", "sMsg": ""})

    async def _cancel_after(self, asked: Asked) -> Any:
        """Only whole seconds in the range are documented."""
        seconds, tag = int(asked["timeOut"]), asked.get("tag", "")
        if seconds and not SHORTEST <= seconds <= LONGEST:
            raise Denied({"code": PARAMETER[0], "msg": PARAMETER[1], "data": []})
        self.countdowns.start(tag, seconds)
        ends_at = self.now() + seconds * 1_000 if seconds else 0
        return _data({"triggerTime": str(ends_at), "tag": tag, "ts": str(self.now())})

    def cancel(self, instrument: str | None = None) -> int:
        """`instrument`: a tag, in the countdown of one."""
        orders = self.exchange.open_orders(self.account)
        for order in orders:
            if instrument in (None, self.tags.get(order.order_id)):
                self.exchange.request_cancel(self.account, order_id=order.order_id)
        return len(orders)

    async def _order(self, asked: Asked) -> Any:
        return _data(self._row(self._named(asked)))

    async def _pending(self, asked: Asked) -> Any:
        return _data(*map(self._row, self.exchange.open_orders(self.account)))

    async def _fills(self, asked: Asked) -> Any:
        symbol = asked.get("instId") or next(iter(self.instruments))
        name = self.instruments[symbol].name
        fills = [one for one in self.exchange.fills(self.account) if one.instrument == name]
        return _data(*okx_fills(fills, symbol, asked))

    async def _nothing(self, asked: Asked) -> Any:
        return _data()

    def _named(self, asked: Asked) -> SimulatedOrder:
        order = self.named(asked.get("ordId"), asked.get("clOrdId"))
        if order is None:
            code, text = REFUSALS[Reason.UNKNOWN_ORDER]
            raise Denied({"code": code, "msg": text, "data": []})
        return order

    def _row(self, order: SimulatedOrder) -> Asked:
        is_partial = order.status is OrderStatus.OPEN and order.filled
        return {
            "instType": "SWAP",
            "instId": self.symbol_of(order.instrument),
            "ordId": str(order.order_id),
            **self.algo.maker_of(order.order_id),
            "clOrdId": order.client_id or "",
            "tag": self.tags.get(order.order_id, ""),
            "px": order.limit_price,
            "sz": order.quantity,
            "ordType": "post_only" if order.post_only else str(order.order_type),
            "side": str(order.side),
            "posSide": "net",
            "accFillSz": order.filled,
            "avgPx": rounded(order.average_price),
            "state": STATES.get(order.status, "partially_filled" if is_partial else "live"),
            "reduceOnly": "false",
            "cTime": str(milliseconds(order.created_at)),
            "uTime": str(milliseconds(order.updated_at)),
        }


def _data(*found: Any) -> Any:
    return {"code": "0", "msg": "", "data": list(found)}
