"""A simulated Wallex on loopback with the real protocol: for tests, the demo and dry runs. Needs
the extra `fake`."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from aiohttp import web

from orderledger import Side
from orderledger.extend.values import EXACT, ZERO, Clock, total
from orderledger.simulation.market import (
    Reason,
    SimulatedFill,
    SimulatedOrder,
)
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.keyed import SPOT_HAPPENINGS, keyed
from orderledger.simulation.servers.polled import TOMAN_MARKET, USDT_MARKET, PolledServer, rounded
from orderledger.simulation.servers.simulated import SimulatedVenue
from orderledger.venues.wallex.adapter import WALLEX

CODES = {currency: code for code, currency in WALLEX.markets.currencies.items()}
STEP = Decimal("1E-16")


def handle(order: SimulatedOrder | SimulatedFill) -> str:
    """The order's only name: its client id, or one that the venue has made."""
    return order.client_id or f"LIMIT-{UUID(int=order.order_id)}"


class WallexServer(PolledServer):
    """Client ids are handles. An order that has ended shows a status that means nothing, as at the
    real venue."""

    table = WALLEX
    first_order_id = 501
    client_ids = "unique"
    happenings = {name: often for name, often in SPOT_HAPPENINGS.items() if name != "reject"}  # noqa: RUF012
    actions = {  # noqa: RUF012  (declared by PolledServer)
        "GET /v1/markets": "instrument_list",
        "GET /v1/depth": "order_book",
        "GET /v1/account/openOrders": "open_orders",
        "GET /v1/account/orders": "orders",
        "POST /v1/account/orders": "place",
        "GET /v1/account/orders/{name}": "one_order",
        "DELETE /v1/account/orders/{name}": "cancel",
        "GET /v1/account/balances": "balances",
    }
    key_header = ("x-api-key", "{key}")
    size_field = "per_page"
    terms = {  # noqa: RUF012
        "symbol": "symbol",
        "side": "side",
        "order_type": "type",
        "quantity": "quantity",
        "limit_price": "price",
        "stop_price": "stop_Price",
        "client_id": "client_id",
    }
    id_fields = ("name",)
    reasons = {  # noqa: RUF012
        Reason.DUPLICATE_ORDER: "client_id",
        Reason.UNKNOWN_INSTRUMENT: "symbol",
        Reason.INCORRECT_PRICE: "price",
        Reason.INCORRECT_STOP_PRICE: "stop_Price",
    }
    other_reason = "quantity"
    wrong_key = ("Unauthenticated.", 401)
    too_many = ("Too Many Attempts.", 429)
    not_known = ("Order not found.", 404)
    too_late = ("Order is not active.", 400)
    venue_id = staticmethod(handle)

    def refuse_more(self, seconds: int) -> web.Response:
        answer = super().refuse_more(seconds)
        answer.headers["Retry-After"] = str(seconds)
        return answer

    def done(self, result: Any, *, status: int = 200) -> web.Response:
        return self.answer({"success": True, "message": "ok", "result": result}, status=status)

    def refused(self, word: str, status: int, **faults: list[str]) -> web.Response:
        document = {"success": False, "message": word, "result": faults, "code": status}
        return self.answer(document, status=status)

    def not_placed(self, reason: str, asked: Mapping[str, Any]) -> web.Response:
        faults = {reason: [f"The {reason} is invalid."]}
        return self.refused("The given data was invalid.", 422, **faults)

    def shown(self, order: SimulatedOrder) -> web.Response:
        return self.done(self.row(order))

    def placed(self, order: SimulatedOrder) -> web.Response:
        return self.done(self.row(order), status=201)

    async def open_orders(self, request: web.Request) -> web.Response:
        """In the older shape: the orders within an object."""
        rows, _ = self.page_of(request, self.own_orders(is_open=True))
        return self.done({"orders": [self.row(order) for order in rows]})

    async def orders(self, request: web.Request) -> web.Response:
        rows, _ = self.page_of(request, self.own_orders())
        return self.done([self.row(order) for order in rows])

    async def balances(self, request: web.Request) -> web.Response:
        rows = {
            code: {"asset": code, "fiat": code == "TMN", "value": held, "locked": ZERO}
            for code, held in self.held_by_code().items()
        }
        return self.done({"balances": rows})

    async def instrument_list(self, request: web.Request) -> web.Response:
        rows = {}
        for traded in self.instruments:
            base, quote = self.codes_of(traded.name)
            rows[f"{base}{quote}"] = {
                "symbol": f"{base}{quote}",
                "baseAsset": base,
                "quoteAsset": quote,
                "tickSize": -traded.tick.adjusted(),
                "stepSize": -traded.lot.adjusted(),
            }
        return self.done({"symbols": rows})

    async def order_book(self, request: web.Request) -> web.Response:
        """Source: developers.wallex.ir, basicservices/depth. The answer to an unknown symbol is not
        documented."""
        name = self.listed_as(request.query.get("symbol"))
        if name is None:
            return self.not_placed("symbol", {})
        sides = {
            word: [
                {"price": price, "quantity": quantity, "sum": EXACT.multiply(price, quantity)}
                for price, quantity in self.levels(name, side)
            ]
            for word, side in (("ask", Side.SELL), ("bid", Side.BUY))
        }
        return self.done(sides)

    def row(self, order: SimulatedOrder) -> dict[str, Any]:
        """An order with its fills."""
        fills = self.exchange.fills(self.account, order_id=order.order_id)
        return {
            "symbol": self.table.markets.symbol(order.instrument),
            "type": self.table.order_types[order.order_type],
            "side": order.side.name,
            "clientOrderId": handle(order),
            "price": order.limit_price,
            "origQty": order.quantity,
            "executedQty": order.filled,
            "executedPrice": rounded(order.average_price, STEP),
            "executedSum": order.notional,
            "executedPercent": int(order.filled * 100 / order.quantity),
            "sum": EXACT.multiply(order.quantity, order.limit_price or ZERO),
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
        "symbol": WALLEX.markets.symbol(fill.instrument),
        "timestamp": fill.at.isoformat(),
    }


def simulated(faults: Faults, clock: Clock) -> SimulatedVenue:
    """One account that trades against the toman and against USDT."""
    return keyed(WallexServer, "wallex:fake", [TOMAN_MARKET, USDT_MARKET], faults, clock)
