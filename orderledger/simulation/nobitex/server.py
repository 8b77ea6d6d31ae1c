"""A simulated Nobitex on loopback, speaking the real protocol: for tests, the demo and dry runs.
Needs the extra `fake`."""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from aiohttp import web

from orderledger import OrderType
from orderledger.extend.values import EXACT, ZERO, Clock
from orderledger.simulation.market import (
    OrderStatus,
    Reason,
    Refusal,
    SimulatedFill,
    SimulatedInstrument,
    SimulatedOrder,
)
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.keyed import KeyedServer, keyed
from orderledger.simulation.servers.simulated import SimulatedVenue
from orderledger.venues.nobitex.vocabulary import (
    MARKETS,
    ORDER_TYPES,
    QUOTES_OF_NAMES,
)

WORDS = {
    OrderStatus.RECEIVED: "New",
    OrderStatus.WAITING: "Inactive",
    OrderStatus.OPEN: "Active",
    OrderStatus.FILLED: "Done",
    OrderStatus.CANCELED: "Canceled",
    OrderStatus.EXPIRED: "Canceled",
    OrderStatus.REJECTED: "Rejected",
}
EXECUTIONS = {
    OrderType.LIMIT: "Limit",
    OrderType.MARKET: "Market",
    OrderType.STOP_LIMIT: "StopLimit",
    OrderType.STOP: "StopMarket",
}
REFUSALS = {
    Reason.DUPLICATE_ORDER: "DuplicateClientOrderId",
    Reason.UNKNOWN_INSTRUMENT: "InvalidMarketPair",
    Reason.INCORRECT_PRICE: "InvalidOrderPrice",
    "insufficient_funds": "OverValueOrder",
}
ENDS_OF_NAMES = {code: end for end, code in QUOTES_OF_NAMES.items()}
STEP = Decimal("1E-10")


MARKETS_TRADED = (
    SimulatedInstrument(
        name="BTC/IRR", price=Decimal(52_000_000_000), tick=Decimal(10), lot=Decimal("0.000001")
    ),
    SimulatedInstrument(
        name="ETH/USDT", price=Decimal(2500), tick=Decimal("0.01"), lot=Decimal("0.0001")
    ),
)


class NobitexServer(KeyedServer):
    """Client ids are `clientOrderId`."""

    first_order_id = 70_001
    first_fill_id = 810_001
    client_ids = "unique_while_open"

    def routes(self) -> Iterable[web.RouteDef]:
        return (
            web.get("/v2/options", self._options),
            web.get("/market/orders/list", self.keyed(self._orders)),
            web.post("/market/orders/status", self.keyed(self._order)),
            web.post("/market/orders/add", self.keyed(self._add)),
            web.post("/market/orders/update-status", self.keyed(self._update)),
            web.get("/market/trades/list", self.keyed(self._trades)),
            web.post("/users/wallets/list", self.keyed(self._wallets)),
        )

    def is_known(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Token {self.key}"

    def refuse_key(self) -> web.Response:
        return self.answer({"detail": "Invalid token."}, status=401)

    def refuse_more(self, seconds: int) -> web.Response:
        said = {
            "status": "failed",
            "code": "TooManyRequests",
            "message": "Too many requests",
            "backOff": seconds,
            "limit": 60,
        }
        return self.answer(said, status=429)

    async def _orders(self, request: web.Request) -> web.Response:
        """Without `details=2` a row says next to nothing."""
        orders = self.own_orders(is_open=request.query.get("status", "open") == "open")
        chosen, has_next = self.page(
            orders, request.query.get("page"), request.query.get("pageSize")
        )
        rows = [order_row(order) for order in chosen]
        if request.query.get("details") != "2":
            rows = [
                {name: row[name] for name in ("type", "price", "amount", "matchedAmount", "market")}
                for row in rows
            ]
        return self.answer({"status": "ok", "hasNext": has_next, "orders": rows})

    async def _order(self, request: web.Request) -> web.Response:
        """By id; by client id only while the order has not ended."""
        order = self.asked(await request.json(), "id")
        return (
            self.not_found()
            if order is None
            else self.answer({"status": "ok", "order": order_row(order)})
        )

    def asked(self, asked: dict[str, Any], name: str) -> SimulatedOrder | None:
        if asked.get(name) is not None:
            return self.named(asked[name])
        client_id = asked.get("clientOrderId")
        return next(
            (
                order
                for order in self.own_orders(is_open=True)
                if client_id and order.client_id == client_id
            ),
            None,
        )

    def not_found(self) -> web.Response:
        return self.answer(
            {"status": "failed", "code": "NotFound", "message": "No order matches the query."},
            status=404,
        )

    async def _add(self, request: web.Request) -> web.Response:
        asked = await request.json()
        order = self.entered(
            str(asked.get("srcCurrency")).upper(),
            str(asked.get("dstCurrency")).upper(),
            MARKETS,
            side=asked.get("type"),
            order_type=ORDER_TYPES.get(str(asked.get("execution")).replace("_", ""))
            or OrderType.OTHER,
            quantity=asked.get("amount", ""),
            limit_price=asked.get("price"),
            stop_price=asked.get("stopPrice"),
            client_id=asked.get("clientOrderId"),
        )
        if isinstance(order, Refusal):
            return self.refused(
                REFUSALS.get(order.reason, "ParseError"), clientOrderId=asked.get("clientOrderId")
            )
        return self.answer({"status": "ok", "order": order_row(order)})

    async def _update(self, request: web.Request) -> web.Response:
        order = self.asked(await request.json(), "order")
        if order is None:
            return self.not_found()
        canceled = self.exchange.request_cancel(self.account, order_id=order.order_id)
        if isinstance(canceled, Refusal):
            return self.refused("UpdateStatusFailed")
        return self.answer(
            {"status": "ok", "updatedStatus": "Canceled", "order": order_row(canceled)}
        )

    def refused(self, code: str, **more: Any) -> web.Response:
        """A refusal of what was asked comes with HTTP 200."""
        return self.answer({"status": "failed", "code": code, "message": f"{code}.", **more})

    async def _trades(self, request: web.Request) -> web.Response:
        fills = self.exchange.fills(self.account)[::-1]
        chosen, has_next = self.page(
            fills, request.query.get("page"), request.query.get("pageSize")
        )
        return self.answer(
            {"status": "ok", "hasNext": has_next, "trades": [trade_row(fill) for fill in chosen]}
        )

    async def _wallets(self, request: web.Request) -> web.Response:
        codes = {currency: code.lower() for code, currency in MARKETS.currencies.items()}
        rows = [
            {
                "id": 4159,
                "currency": codes.get(name, name.lower()),
                "balance": held,
                "blockedBalance": ZERO,
                "activeBalance": held,
            }
            for name, held in self.held().items()
        ]
        return self.answer({"status": "ok", "wallets": rows})

    async def _options(self, request: web.Request) -> web.Response:
        names = {}
        for traded in self.instruments:
            base, quote = codes_of(traded.name)
            names[f"{base}{ENDS_OF_NAMES[quote]}"] = traded
        lots, ticks = (
            {name: getattr(traded, term) for name, traded in names.items()}
            for term in ("lot", "tick")
        )
        return self.answer(
            {
                "status": "ok",
                "coins": [],
                "nobitex": {"amountPrecisions": lots, "pricePrecisions": ticks},
            }
        )


def codes_of(instrument: str) -> tuple[str, str]:
    """Nobitex's codes of an instrument."""
    base, _, quote = (MARKETS.symbol(instrument) or "").rpartition("-")
    return base, quote


def order_row(order: SimulatedOrder) -> dict[str, Any]:
    """An order with `details=2`."""
    limit, average = order.limit_price, order.average_price or ZERO
    return {
        "id": order.order_id,
        "type": str(order.side),
        "execution": EXECUTIONS[order.order_type],
        "tradeType": "Spot",
        **_market(order.instrument),
        "price": "market" if order.order_type in (OrderType.MARKET, OrderType.STOP) else limit,
        **({"param1": order.stop_price} if order.stop_price is not None else {}),
        "amount": order.quantity,
        "totalPrice": order.notional,
        "totalOrderPrice": EXACT.multiply(order.quantity, limit or ZERO),
        "matchedAmount": order.filled or "0E-10",
        "unmatchedAmount": order.unfilled,
        "clientOrderId": order.client_id,
        "partial": ZERO < order.filled < order.quantity,
        "fee": ZERO,
        "status": WORDS[order.status],
        "averagePrice": average.quantize(STEP, rounding=ROUND_HALF_EVEN, context=EXACT),
        "created_at": order.created_at.isoformat(),
    }


def trade_row(fill: SimulatedFill) -> dict[str, Any]:
    """A row of the list of trades."""
    return {
        "id": fill.fill_id,
        "orderId": fill.order_id,
        **_market(fill.instrument),
        "timestamp": fill.at.isoformat(),
        "type": str(fill.side),
        "price": fill.price,
        "amount": fill.quantity,
        "total": EXACT.multiply(fill.quantity, fill.price),
        "fee": fill.fee,
    }


def _market(instrument: str) -> dict[str, str]:
    """The currencies as people are shown them, not as codes."""
    base, quote = codes_of(instrument)
    return {
        "market": f"{base}-{quote}",
        "srcCurrency": f"Coin {base}",
        "dstCurrency": "\ufdfc" if quote == "RLS" else "Tether",
    }


def simulated(faults: Faults, clock: Clock) -> SimulatedVenue:
    """One account that trades against the rial and against USDT."""
    return keyed(NobitexServer, "nobitex:fake", MARKETS_TRADED, faults, clock)
