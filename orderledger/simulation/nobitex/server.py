"""A simulated Nobitex on loopback with the real protocol: for tests, the demo and dry runs. Needs
the extra `fake`."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from aiohttp import web

from orderledger import OrderType, Side
from orderledger.extend.values import EXACT, ZERO, Clock
from orderledger.simulation.market import (
    ExchangeSimulator,
    OrderStatus,
    Reason,
    Refusal,
    SimulatedFill,
    SimulatedOrder,
)
from orderledger.simulation.nobitex.pairs import Pairs
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.keyed import keyed
from orderledger.simulation.servers.polled import RIAL_MARKET, USDT_MARKET, PolledServer, rounded
from orderledger.simulation.servers.simulated import SimulatedVenue
from orderledger.venues.nobitex.adapter import NOBITEX

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
ENDS_OF_NAMES = {"RLS": "IRT", "USDT": "USDT"}
BRIEF = ("type", "price", "amount", "matchedAmount", "market")
"""All that rows have without `details=2`."""
STEP = Decimal("1E-10")


class NobitexServer(PolledServer):
    """A refusal of an order comes with HTTP 200."""

    table = NOBITEX
    first_order_id = 70_001
    first_fill_id = 810_001
    client_ids = "unique_while_open"
    actions = {  # noqa: RUF012  (declared by PolledServer)
        "GET /v2/options": "instrument_list",
        "GET /v3/orderbook/{symbol}": "order_book",
        "GET /market/orders/list": "orders",
        "POST /market/orders/status": "one_order",
        "POST /market/orders/add": "place",
        "POST /market/orders/update-status": "cancel",
        "GET /market/trades/list": "trades",
        "POST /users/wallets/list": "balances",
    }
    key_header = ("Authorization", "Token {key}")
    size_field = "pageSize"
    terms = {  # noqa: RUF012
        "side": "type",
        "order_type": "execution",
        "base": "srcCurrency",
        "quote": "dstCurrency",
        "quantity": "amount",
        "limit_price": "price",
        "stop_price": "stopPrice",
        "client_id": "clientOrderId",
    }
    id_fields = ("id", "order")
    client_id_field = "clientOrderId"
    reasons = {  # noqa: RUF012
        Reason.DUPLICATE_ORDER: "DuplicateClientOrderId",
        Reason.UNKNOWN_INSTRUMENT: "InvalidMarketPair",
        Reason.INCORRECT_PRICE: "InvalidOrderPrice",
        "insufficient_funds": "OverValueOrder",
    }
    other_reason = "ParseError"
    too_many = ("TooManyRequests", 429)
    not_known = ("NotFound", 404)
    too_late = ("UpdateStatusFailed", 200)

    def __init__(self, exchange: ExchangeSimulator, **options: Any) -> None:
        super().__init__(exchange, **options)
        self.pairs = Pairs(exchange)

    async def place(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if asked.get("mode") != "oco":
            return await super().place(request)
        given = {term: asked.get(field) for term, field in self.terms.items()}
        markets = self.table.markets
        symbol = markets.symbol_of(str(given["base"]).upper(), str(given["quote"]).upper())
        placed = self.pairs.place(
            self.account, markets.instrument(symbol), given, asked.get("stopLimitPrice")
        )
        if isinstance(placed, Refusal):
            return self.not_placed(self.reasons.get(placed.reason, self.other_reason), asked)
        return self.ok(orders=[self.row(order) for order in placed])

    def refuse_key(self) -> web.Response:
        return self.answer({"detail": "Invalid token."}, status=401)

    def refuse_more(self, seconds: int) -> web.Response:
        return self.refused(*self.too_many, backOff=seconds, limit=60)

    def ok(self, **fields: Any) -> web.Response:
        return self.answer({"status": "ok", **fields})

    def refused(self, word: str, status: int, **fields: Any) -> web.Response:
        document = {"status": "failed", "code": word, "message": f"{word}.", **fields}
        return self.answer(document, status=status)

    def not_placed(self, reason: str, asked: Mapping[str, Any]) -> web.Response:
        return self.refused(reason, 200, clientOrderId=asked.get("clientOrderId"))

    def shown(self, order: SimulatedOrder) -> web.Response:
        return self.ok(order=self.row(order))

    def canceled(self, order: SimulatedOrder) -> web.Response:
        return self.ok(updatedStatus="Canceled", order=self.row(self.end(order)))

    async def orders(self, request: web.Request) -> web.Response:
        orders = self.own_orders(is_open=request.query.get("status", "open") == "open")
        chosen, has_next = self.page_of(request, orders)
        rows = [self.row(order) for order in chosen]
        if request.query.get("details") != "2":
            rows = [{name: row[name] for name in BRIEF} for row in rows]
        return self.ok(hasNext=has_next, orders=rows)

    async def trades(self, request: web.Request) -> web.Response:
        chosen, has_next = self.page_of(request, self.exchange.fills(self.account)[::-1])
        return self.ok(hasNext=has_next, trades=[self.trade_row(fill) for fill in chosen])

    async def balances(self, request: web.Request) -> web.Response:
        rows = [
            {
                "id": 4159,
                "currency": code.lower(),
                "balance": held,
                "blockedBalance": ZERO,
                "activeBalance": held,
            }
            for code, held in self.held_by_code().items()
        ]
        return self.ok(wallets=rows)

    async def instrument_list(self, request: web.Request) -> web.Response:
        names = {}
        for traded in self.instruments:
            base, quote = self.codes_of(traded.name)
            names[f"{base}{ENDS_OF_NAMES[quote]}"] = traded
        lots = {name: traded.lot for name, traded in names.items()}
        ticks = {name: traded.tick for name, traded in names.items()}
        return self.ok(coins=[], nobitex={"amountPrecisions": lots, "pricePrecisions": ticks})

    async def order_book(self, request: web.Request) -> web.Response:
        """Prices and quantities in pairs. Source: docs/market-data.md, "orderbook-v3". It does not
        say how an unknown symbol is refused."""
        name = self.listed_as(request.match_info["symbol"])
        if name is None:
            return self.refused("InvalidMarketPair", 200)
        bids, asks = (self.levels(name, side) for side in (Side.BUY, Side.SELL))
        return self.ok(
            lastUpdate=int(self.exchange.clock.now().timestamp() * 1000),
            lastTradePrice=self._last_price(name),
            bids=bids,
            asks=asks,
        )

    def _last_price(self, instrument: str) -> Decimal:
        """Of the account's last trade, else the price at which the market opened."""
        fills = [one for one in self.exchange.fills(self.account) if one.instrument == instrument]
        opened = next(one.price for one in self.instruments if one.name == instrument)
        return fills[-1].price if fills else opened

    def row(self, order: SimulatedOrder) -> dict[str, Any]:
        """An order with `details=2`."""
        limit, is_market = order.limit_price, order.order_type in (OrderType.MARKET, OrderType.STOP)
        return {
            "id": order.order_id,
            "type": str(order.side),
            "execution": EXECUTIONS[order.order_type],
            "tradeType": "Spot",
            **self._market(order.instrument),
            "price": "market" if is_market else limit,
            **({"param1": order.stop_price} if order.stop_price is not None else {}),
            "amount": order.quantity,
            "totalPrice": order.notional,
            "totalOrderPrice": EXACT.multiply(order.quantity, limit or ZERO),
            "matchedAmount": order.filled or "0E-10",
            "unmatchedAmount": order.unfilled,
            "clientOrderId": order.client_id,
            **({"pairId": pair} if (pair := self.pairs.others.get(order.order_id)) else {}),
            "partial": ZERO < order.filled < order.quantity,
            "fee": ZERO,
            "status": WORDS[order.status],
            "averagePrice": rounded(order.average_price, STEP),
            "created_at": order.created_at.isoformat(),
        }

    def trade_row(self, fill: SimulatedFill) -> dict[str, Any]:
        """A row of the list of trades."""
        return {
            "id": fill.fill_id,
            "orderId": fill.order_id,
            **self._market(fill.instrument),
            "timestamp": fill.at.isoformat(),
            "type": str(fill.side),
            "price": fill.price,
            "amount": fill.quantity,
            "total": EXACT.multiply(fill.quantity, fill.price),
            "fee": fill.fee,
        }

    def _market(self, instrument: str) -> dict[str, str]:
        """The currencies as people are shown them, not as codes."""
        base, quote = self.codes_of(instrument)
        shown = "\ufdfc" if quote == "RLS" else "Tether"
        return {"market": f"{base}-{quote}", "srcCurrency": f"Coin {base}", "dstCurrency": shown}


def simulated(faults: Faults, clock: Clock) -> SimulatedVenue:
    """One account that trades against the rial and against USDT."""
    return keyed(NobitexServer, "nobitex:fake", [RIAL_MARKET, USDT_MARKET], faults, clock)
