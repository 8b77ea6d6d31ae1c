"""A simulated Wallex on loopback, speaking the real protocol: for tests, the demo and dry runs.
Needs the extra `fake`."""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from uuid import UUID

from aiohttp import web

from orderledger import OrderType, Side
from orderledger.extend.values import EXACT, ZERO, Clock, total
from orderledger.simulation.market import (
    Reason,
    Refusal,
    SimulatedFill,
    SimulatedInstrument,
    SimulatedOrder,
)
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.keyed import SPOT_HAPPENINGS, KeyedServer, keyed
from orderledger.simulation.servers.simulated import SimulatedVenue
from orderledger.venues.wallex.vocabulary import MARKETS, ORDER_TYPES

TYPES = {order_type: word.upper() for word, order_type in ORDER_TYPES.items()}
CODES = {currency: code for code, currency in MARKETS.currencies.items()}
FIELDS: dict[str, str] = {
    Reason.DUPLICATE_ORDER: "client_id",
    Reason.UNKNOWN_INSTRUMENT: "symbol",
    Reason.INCORRECT_PRICE: "price",
    Reason.INCORRECT_STOP_PRICE: "stop_Price",
}
STEP = Decimal("1E-16")
TRADED = (
    SimulatedInstrument(
        name="BTC/IRT", price=Decimal(5_200_000_000), tick=Decimal(1), lot=Decimal("0.000001")
    ),
    SimulatedInstrument(
        name="ETH/USDT", price=Decimal(2500), tick=Decimal("0.01"), lot=Decimal("0.0001")
    ),
)


def handle(order: SimulatedOrder | SimulatedFill) -> str:
    """The order's only name: its client id, or one that the venue has made."""
    return order.client_id or f"LIMIT-{UUID(int=order.order_id)}"


class WallexServer(KeyedServer):
    """Client ids are handles. An order that has ended shows a status that means nothing, as at the
    real venue."""

    first_order_id = 501
    client_ids = "unique"
    happenings = {name: often for name, often in SPOT_HAPPENINGS.items() if name != "reject"}  # noqa: RUF012

    def routes(self) -> Iterable[web.RouteDef]:
        return (
            web.get("/v1/markets", self._markets),
            web.get("/v1/account/openOrders", self.keyed(self._open)),
            web.get("/v1/account/orders", self.keyed(self._orders)),
            web.post("/v1/account/orders", self.keyed(self._place)),
            web.get("/v1/account/orders/{name}", self.keyed(self._order)),
            web.delete("/v1/account/orders/{name}", self.keyed(self._cancel)),
            web.get("/v1/account/balances", self.keyed(self._balances)),
        )

    def is_known(self, request: web.Request) -> bool:
        return request.headers.get("x-api-key") == self.key

    def refuse_key(self) -> web.Response:
        return self.refused("Unauthenticated.", 401)

    def refuse_more(self, seconds: int) -> web.Response:
        answer = self.refused("Too Many Attempts.", 429)
        answer.headers["Retry-After"] = str(seconds)
        return answer

    def done(self, result: Any, *, status: int = 200) -> web.Response:
        return self.answer({"success": True, "message": "ok", "result": result}, status=status)

    def refused(self, message: str, status: int, **faults: str) -> web.Response:
        result = {name: [fault] for name, fault in faults.items()}
        return self.answer(
            {"success": False, "message": message, "result": result, "code": status}, status=status
        )

    async def _open(self, request: web.Request) -> web.Response:
        """In the older shape: the orders within an object."""
        return self.done({"orders": self._page(request, self.own_orders(is_open=True))})

    async def _orders(self, request: web.Request) -> web.Response:
        return self.done(self._page(request, self.own_orders()))

    def _page(self, request: web.Request, orders: list[SimulatedOrder]) -> list[dict[str, Any]]:
        rows, _ = self.page(orders, request.query.get("page"), request.query.get("per_page"))
        return [self.row(order) for order in rows]

    async def _order(self, request: web.Request) -> web.Response:
        order = self.called(request.match_info["name"])
        return (
            self.refused("Order not found.", 404) if order is None else self.done(self.row(order))
        )

    async def _place(self, request: web.Request) -> web.Response:
        asked = await request.json()
        order = self.entered(
            *(MARKETS.codes(str(asked.get("symbol"))) or ("", "")),
            MARKETS,
            side=str(asked.get("side")).lower(),
            order_type=ORDER_TYPES.get(str(asked.get("type")).lower(), OrderType.OTHER),
            quantity=asked.get("quantity", ""),
            limit_price=asked.get("price"),
            stop_price=asked.get("stop_Price"),
            client_id=asked.get("client_id"),
        )
        if isinstance(order, Refusal):
            field = FIELDS.get(order.reason, "quantity")
            return self.refused(
                "The given data was invalid.", 422, **{field: f"The {field} is invalid."}
            )
        return self.done(self.row(order), status=201)

    async def _cancel(self, request: web.Request) -> web.Response:
        order = self.called(request.match_info["name"])
        if order is None:
            return self.refused("Order not found.", 404)
        canceled = self.exchange.request_cancel(self.account, order_id=order.order_id)
        return (
            self.refused("Order is not active.", 400)
            if isinstance(canceled, Refusal)
            else self.done(self.row(canceled))
        )

    def called(self, name: str) -> SimulatedOrder | None:
        return next((order for order in self.own_orders() if handle(order) == name), None)

    async def _balances(self, request: web.Request) -> web.Response:
        held = {CODES.get(name, name): quantity for name, quantity in self.held().items()}
        rows = {
            code: {"asset": code, "fiat": code == "TMN", "value": quantity, "locked": ZERO}
            for code, quantity in held.items()
        }
        return self.done({"balances": rows})

    async def _markets(self, request: web.Request) -> web.Response:
        rows = {}
        for traded in self.instruments:
            base, quote = MARKETS.codes(MARKETS.symbol(traded.name) or "") or ("", "")
            steps = {
                name: -step.adjusted()
                for name, step in (("tickSize", traded.tick), ("stepSize", traded.lot))
            }
            rows[f"{base}{quote}"] = {
                "symbol": f"{base}{quote}",
                "baseAsset": base,
                "quoteAsset": quote,
                **steps,
            }
        return self.done({"symbols": rows})

    def row(self, order: SimulatedOrder) -> dict[str, Any]:
        """An order with its fills."""
        fills = self.exchange.fills(self.account, order_id=order.order_id)
        average, limit = order.average_price or ZERO, order.limit_price
        return {
            "symbol": MARKETS.symbol(order.instrument),
            "type": TYPES[order.order_type],
            "side": order.side.name,
            "clientOrderId": handle(order),
            "price": limit,
            "origQty": order.quantity,
            "executedQty": order.filled,
            "executedPrice": average.quantize(STEP, rounding=ROUND_HALF_EVEN, context=EXACT),
            "executedSum": order.notional,
            "executedPercent": int(order.filled * 100 / order.quantity),
            "sum": EXACT.multiply(order.quantity, limit or ZERO),
            "fee": total(fill.fee for fill in fills),
            "status": "FILLED" if order.status.is_ended else "NEW",
            "active": not order.status.is_ended,
            "transactTime": int(order.created_at.timestamp()),
            "created_at": order.created_at.isoformat(),
            "updated_at": order.updated_at.isoformat(),
            "stopPrice": order.stop_price,
            "stopPriceCondition": None,
            "fills": [_fill(fill) for fill in fills],
        }


def _fill(fill: SimulatedFill) -> dict[str, Any]:
    return {
        "price": fill.price,
        "quantity": fill.quantity,
        "fee": fill.fee,
        "feeAsset": CODES.get(fill.fee_currency, fill.fee_currency),
        "isBuyer": fill.side is Side.BUY,
        "sum": EXACT.multiply(fill.price, fill.quantity),
        "symbol": MARKETS.symbol(fill.instrument),
        "timestamp": fill.at.isoformat(),
    }


def simulated(faults: Faults, clock: Clock) -> SimulatedVenue:
    """One account that trades against the toman and against USDT."""
    return keyed(WallexServer, "wallex:fake", TRADED, faults, clock)
