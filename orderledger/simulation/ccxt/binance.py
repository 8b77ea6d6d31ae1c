"""A simulated Binance USD-M on loopback: REST and user-data stream of the perpetuals. Needs the
extra `fake`."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from orderledger import OrderType, Side
from orderledger.extend.values import ZERO
from orderledger.simulation.ccxt.binance_algo import (
    TYPES,
    ConditionalOrders,
    algo_routes,
    refuse_conditional,
)
from orderledger.simulation.ccxt.binance_market import PublicPrices, market_routes
from orderledger.simulation.ccxt.binance_refusals import (
    NO_SUCH_ORDER,
    REFUSALS,
    UNKNOWN_ERROR,
    Denied,
    accepted,
)
from orderledger.simulation.ccxt.binance_settings import settings_routes
from orderledger.simulation.ccxt.binance_wallet import (
    MOST_ROWS,
    account_information,
    income,
    milliseconds,
    symbol_of,
)
from orderledger.simulation.ccxt.failings import Failings, free_ids_of_ended_orders
from orderledger.simulation.ccxt.trade_lists import binance_trades
from orderledger.simulation.market import (
    Change,
    ExchangeSimulator,
    Kind,
    OrderStatus,
    Reason,
    SimulatedFill,
    SimulatedInstrument,
    SimulatedOrder,
)
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.countdowns import Countdowns
from orderledger.simulation.servers.quotas import TOO_MANY, Quota, Quotas, TurnedAway
from orderledger.simulation.servers.server import Handler, VenueServer
from orderledger.simulation.servers.socket import VenueSocket

KEY_AGE = timedelta(days=90)
TOKEN, LISTEN_KEY = "token-of-the-fake", "listen-key-of-the-fake"
WORDS = {
    OrderStatus.RECEIVED: "NEW",
    OrderStatus.WAITING: "NEW",
    OrderStatus.OPEN: "NEW",
    OrderStatus.FILLED: "FILLED",
    OrderStatus.CANCELED: "CANCELED",
    OrderStatus.EXPIRED: "EXPIRED",
    OrderStatus.REJECTED: "REJECTED",
}
CANCELED_ALL = {"code": 200, "msg": "The operation of cancel all open order is done."}
WEIGHT, ORDERS_10S, ORDERS_1M = "weight", "orders_10s", "orders_1m"
ORDER = {WEIGHT: 0, ORDERS_10S: 1, ORDERS_1M: 1}
COSTS = {
    "*": {WEIGHT: 1},
    "POST /fapi/v1/order": ORDER,
    "PUT /fapi/v1/order": {**ORDER, WEIGHT: 1},
    "POST /fapi/v1/batchOrders": {WEIGHT: 5, ORDERS_10S: 5, ORDERS_1M: 5},
    "POST /fapi/v1/algoOrder": ORDER,
    "GET /fapi/v1/openAlgoOrders": {WEIGHT: 40},
    "GET /fapi/v1/allAlgoOrders": {WEIGHT: 5},
    "POST /fapi/v1/countdownCancelAll": {WEIGHT: 10},
    "GET /fapi/v1/openOrders": {WEIGHT: 40},
    "GET /fapi/v1/allOrders": {WEIGHT: 5},
    "GET /fapi/v1/userTrades": {WEIGHT: 5},
    "GET /fapi/v1/income": {WEIGHT: 30},
    "GET /fapi/v3/positionRisk": {WEIGHT: 5},
    "GET /fapi/v3/account": {WEIGHT: 5},
}
"""Weights and counts of USD-M futures (developers.binance.com, derivatives, usds-margined-futures:
the page of each endpoint). An endpoint without a row weighs 1."""
MOST_TRADES = 1_000
DEFAULT_WINDOW, LARGEST_WINDOW, AHEAD = 5_000, 60_000, 1_000
OUTSIDE_WINDOW = (-1021, "Timestamp for this request is outside of the recvWindow.")


def quotas(*, orders_10s: int = 300, ban_seconds: float = 120.0) -> Quotas:
    """The limits of an address and an account (fapi/v1/exchangeInfo, `rateLimits`)."""
    windows = [
        Quota(WEIGHT, 2400, 60.0, "X-MBX-USED-WEIGHT-1M"),
        Quota(ORDERS_10S, orders_10s, 10.0, "X-MBX-ORDER-COUNT-10S"),
        Quota(ORDERS_1M, 1200, 60.0, "X-MBX-ORDER-COUNT-1M"),
    ]
    return Quotas(windows, COSTS, ban_seconds=ban_seconds)


class BinanceServer(VenueServer):
    """The account `account` of a simulated exchange, whose instruments are named as ccxt names
    them: `ETH/USDT:USDT`. `too_late`: how many requests came outside of their window.
    `checks_time_of_queries`: as the real one; off, so that tests may give the queries any clock.
    """

    websocket_path = "/private/ws"

    def __init__(
        self,
        exchange: ExchangeSimulator,
        account: str,
        instruments: Iterable[SimulatedInstrument],
        *,
        key: str = TOKEN,
        secret: str = TOKEN,
        faults: Faults | None = None,
        port: int = 0,
    ) -> None:
        super().__init__(exchange, faults=faults, port=port)
        self.account = account
        self._key, self._secret = key, secret.encode()
        self.key_can_withdraw, self.key_has_address_limit = False, True
        self.instruments = {symbol_of(one.name): one for one in instruments}
        self.market = PublicPrices(exchange, self.instruments, self.marks)
        self.failings = Failings()
        self.conditional = ConditionalOrders(exchange, account, self.instruments, self.failings)
        self.too_late = 0
        self.checks_time_of_queries = False
        self.countdowns = Countdowns(self._cancel_symbol)
        free_ids_of_ended_orders(exchange)

    def routes(self) -> Iterable[web.RouteDef]:
        return (
            web.get("/fapi/v1/time", self._public(self._server_time)),
            *market_routes(self.market, self._public),
            web.get("/fapi/v1/exchangeInfo", self._public(self._exchange_info)),
            web.get("/fapi/v1/premiumIndex", self._public(self._premium_index)),
            web.get("/sapi/v1/account/apiRestrictions", self._signed(self._key_permissions)),
            web.get("/sapi/v1/capital/config/getall", self._signed(self._nothing)),
            web.get("/sapi/v1/margin/allPairs", self._signed(self._nothing)),
            *settings_routes(self.instruments, self._signed),
            web.get("/fapi/v1/openOrders", self._signed(self._open_orders)),
            web.get("/fapi/v1/allOrders", self._signed(self._all_orders)),
            web.get("/fapi/v1/order", self._signed(self._order)),
            *algo_routes(self.conditional, self._signed),
            web.post("/fapi/v1/order", self._signed(self._place)),
            web.put("/fapi/v1/order", self._signed(self._amend)),
            web.delete("/fapi/v1/order", self._signed(self._cancel)),
            web.post("/fapi/v1/batchOrders", self._signed(self._place_many)),
            web.delete("/fapi/v1/allOpenOrders", self._signed(self._cancel_all)),
            web.post("/fapi/v1/countdownCancelAll", self._signed(self._count_down)),
            web.get("/fapi/v1/userTrades", self._signed(self._trades)),
            web.get("/fapi/v3/positionRisk", self._signed(self._positions)),
            web.get("/fapi/v3/account", self._signed(self._account)),
            web.get("/fapi/v1/income", self._signed(self._income)),
            web.post("/fapi/v1/listenKey", self._keyed(self._listen_key)),
            web.put("/fapi/v1/listenKey", self._keyed(self._listen_key)),
        )

    async def name_of(self, request: web.Request) -> str:
        return f"{request.method} {request.path}"

    # The stream

    async def converse(self, socket: VenueSocket) -> None:
        """One client: it receives the account's events from now on."""
        ends = (
            self.exchange.subscribe(lambda change: self._push_change(socket, change)),
            self.conditional.subscribe(lambda event: self.push(socket, event)),
        )
        try:
            async for _ in socket.texts():
                pass
        finally:
            for unsubscribe in ends:
                unsubscribe()

    def _push_change(self, socket: VenueSocket, change: Change) -> None:
        if change.order is not None and change.account == self.account:
            now = milliseconds(change.order.updated_at)
            self.push(
                socket, {"e": "ORDER_TRADE_UPDATE", "E": now, "T": now, "o": self._event(change)}
            )

    def _event(self, change: Change) -> dict[str, Any]:
        order, fill = change.order, change.fill
        assert order is not None
        kinds = {
            Kind.FILLED: "TRADE",
            Kind.MODIFIED: "AMENDMENT",
            Kind.CANCELED: "CANCELED",
            Kind.EXPIRED: "EXPIRED",
        }
        return {
            "s": symbol_of(order.instrument),
            "c": self.failings.reported(order.client_id or f"web_{order.order_id}"),
            "S": order.side.name,
            "o": _type(order),
            "f": "GTX" if order.post_only else order.time_in_force.name,
            "q": order.quantity,
            "p": order.limit_price or ZERO,
            "ap": _rounded(order.average_price),
            "sp": order.stop_price or ZERO,
            "x": kinds.get(change.kind, "NEW"),
            "X": _status(order),
            "i": order.order_id,
            "l": fill.quantity if fill else ZERO,
            "z": order.filled,
            "L": fill.price if fill else ZERO,
            "N": fill.fee_currency if fill else None,
            "n": fill.fee if fill else ZERO,
            "T": milliseconds(order.updated_at),
            "t": fill.fill_id if fill else 0,
            "m": fill is not None and fill.liquidity == "maker",
            "R": order.reduce_only,
            "ps": "BOTH",
            "rp": fill.realized if fill else ZERO,
        }

    # Queries

    async def _server_time(self, asked: Mapping[str, str]) -> Any:
        return {"serverTime": milliseconds(self.exchange.clock.now())}

    async def _key_permissions(self, asked: Mapping[str, str]) -> Any:
        """Source: developers.binance.com, Wallet, "Get API Key Permission"."""
        return {
            "ipRestrict": self.key_has_address_limit,
            "createTime": milliseconds(self.exchange.clock.now() - KEY_AGE),
            "enableReading": True,
            "enableWithdrawals": self.key_can_withdraw,
            "enableInternalTransfer": False,
            "enableMargin": False,
            "enableFutures": True,
            "permitsUniversalTransfer": False,
            "enableVanillaOptions": False,
            "enableFixApiTrade": False,
            "enableFixReadOnly": False,
            "enableSpotAndMarginTrading": True,
            "enablePortfolioMarginTrading": False,
        }

    async def _premium_index(self, asked: Mapping[str, str]) -> Any:
        """Source: developers.binance.com, USD-M futures, "Mark Price"."""
        now = milliseconds(self.exchange.clock.now())
        rows = [
            {
                "symbol": symbol_of(name),
                "markPrice": price,
                "indexPrice": price,
                "estimatedSettlePrice": price,
                "lastFundingRate": "0.0001",
                "interestRate": "0.0001",
                "nextFundingTime": now,
                "time": now,
            }
            for name, price in self.marks.items()
        ]
        return [row for row in rows if asked.get("symbol") in (None, row["symbol"])]

    async def _exchange_info(self, asked: Mapping[str, str]) -> Any:
        symbols = [
            {
                "symbol": symbol,
                "pair": symbol,
                "contractType": "PERPETUAL",
                "deliveryDate": 4133404800000,
                "onboardDate": 1569398400000,
                "status": "TRADING",
                "baseAsset": one.name.partition("/")[0],
                "quoteAsset": "USDT",
                "marginAsset": "USDT",
                "filters": [
                    {
                        "filterType": "PRICE_FILTER",
                        "minPrice": one.tick,
                        "maxPrice": "1000000",
                        "tickSize": one.tick,
                    },
                    {
                        "filterType": "LOT_SIZE",
                        "minQty": one.lot,
                        "maxQty": "1000000",
                        "stepSize": one.lot,
                    },
                    {"filterType": "MIN_NOTIONAL", "notional": "5"},
                ],
                "orderTypes": ["LIMIT", "MARKET", *TYPES],
                "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
            }
            for symbol, one in self.instruments.items()
        ]
        return {
            "timezone": "UTC",
            "serverTime": milliseconds(self.exchange.clock.now()),
            "symbols": symbols,
        }

    async def _nothing(self, asked: Mapping[str, str]) -> Any:
        return []

    async def _open_orders(self, asked: Mapping[str, str]) -> Any:
        return [
            self._row(order)
            for order in self.exchange.open_orders(self.account)
            if self._is_listed(order)
        ]

    async def _all_orders(self, asked: Mapping[str, str]) -> Any:
        begin = int(asked.get("startTime", 0))
        orders = [
            one
            for one in self.exchange.orders(self.account)
            if symbol_of(one.instrument) == asked["symbol"]
        ]
        listed = [
            order
            for order in orders
            if milliseconds(order.created_at) >= begin and self._is_listed(order)
        ]
        return [self._row(order) for order in listed][-MOST_TRADES:]

    async def _order(self, asked: Mapping[str, str]) -> Any:
        order = self._named(asked, *NO_SUCH_ORDER)
        if not self._is_listed(order):
            raise Denied(*NO_SUCH_ORDER)
        return self._row(order)

    def _is_listed(self, order: SimulatedOrder) -> bool:
        return self.failings.is_listed(order, self.exchange)

    async def _trades(self, asked: Mapping[str, str]) -> Any:
        """The trades from the oldest on, within a week at most, up to the requested number."""
        if "fromId" in asked and {"startTime", "endTime"} & asked.keys():
            raise Denied(-1128, "Combination of optional parameters invalid.")
        fills = self.exchange.fills(self.account)
        listed = [one for one in fills if symbol_of(one.instrument) == asked["symbol"]]
        return [_trade(one) for one in binance_trades(listed, asked, MOST_TRADES)]

    async def _positions(self, asked: Mapping[str, str]) -> Any:
        now = milliseconds(self.exchange.clock.now())
        return [
            {
                "symbol": symbol_of(held.instrument),
                "positionSide": "BOTH",
                "positionAmt": held.quantity,
                "entryPrice": _rounded(held.average_price),
                "breakEvenPrice": _rounded(held.average_price),
                "markPrice": _rounded(held.average_price),
                "unRealizedProfit": ZERO,
                "liquidationPrice": ZERO,
                "notional": held.quantity * _rounded(held.average_price),
                "marginAsset": "USDT",
                "isolatedMargin": ZERO,
                "isolatedWallet": ZERO,
                "initialMargin": ZERO,
                "maintMargin": ZERO,
                "positionInitialMargin": ZERO,
                "openOrderInitialMargin": ZERO,
                "adl": 0,
                "updateTime": now,
            }
            for held in self.exchange.positions(self.account)
        ]

    async def _account(self, asked: Mapping[str, str]) -> Any:
        exchange = self.exchange
        return account_information(exchange, self.account, exchange.currency, exchange.clock.now())

    async def _income(self, asked: Mapping[str, str]) -> Any:
        """Flows of one type, or of all, from the oldest on, up to the requested number."""
        begin, limit = int(asked.get("startTime", 0)), int(asked.get("limit", 100))
        end = int(asked.get("endTime", 10**15))
        wanted = [
            row
            for row in income(self.exchange, self.account, self.exchange.currency)
            if begin <= row["time"] <= end
            and asked.get("incomeType") in (None, row["incomeType"])
            and asked.get("symbol") in (None, row["symbol"])
        ]
        return wanted[: min(limit, MOST_ROWS)]

    async def _listen_key(self, asked: Mapping[str, str]) -> Any:
        return {"listenKey": LISTEN_KEY}

    # Order entry

    async def _place(self, asked: Mapping[str, str]) -> Any:
        await asyncio.sleep(self.failings.engine_seconds)
        order = self._submitted(asked)
        if self.failings.fails():
            raise Denied(*UNKNOWN_ERROR, 503)
        return self._row(order)

    async def _place_many(self, asked: Mapping[str, str]) -> Any:
        answers = []
        for one in json.loads(asked["batchOrders"]):
            try:
                answers.append(self._row(self._submitted(one)))
            except Denied as denied:
                answers.append({"code": denied.code, "msg": denied.message})
        return answers

    def _submitted(self, asked: Mapping[str, str]) -> SimulatedOrder:
        if asked["symbol"] not in self.instruments:
            raise Denied(*REFUSALS[Reason.UNKNOWN_INSTRUMENT])
        refuse_conditional(asked["type"])
        in_force = asked.get("timeInForce", "GTC")
        return accepted(
            self.exchange.submit(
                self.account,
                client_id=asked.get("newClientOrderId"),
                instrument=self.instruments[asked["symbol"]].name,
                side=Side(asked["side"].lower()),
                quantity=asked["quantity"],
                limit_price=asked.get("price"),
                order_type=OrderType(asked["type"].lower()),
                time_in_force="ioc"
                if asked["type"] == "MARKET"
                else "gtc"
                if in_force == "GTX"
                else in_force.lower(),
                post_only=in_force == "GTX",
                reduce_only=asked.get("reduceOnly") == "true",
            )
        )

    async def _amend(self, asked: Mapping[str, str]) -> Any:
        order = self._named(asked, *NO_SUCH_ORDER)
        quantity, price = asked.get("quantity"), asked.get("price")
        result = self.exchange.request_replace(
            self.account, order_id=order.order_id, quantity=quantity, limit_price=price
        )
        return self._row(accepted(result))

    async def _cancel(self, asked: Mapping[str, str]) -> Any:
        order = self._named(asked, *REFUSALS[Reason.UNKNOWN_ORDER])
        return self._row(
            accepted(self.exchange.request_cancel(self.account, order_id=order.order_id))
        )

    async def _cancel_all(self, asked: Mapping[str, str]) -> Any:
        """Cancel the open orders of one symbol. The answer lists none of them."""
        self._cancel_symbol(asked["symbol"])
        return CANCELED_ALL

    async def _count_down(self, asked: Mapping[str, str]) -> Any:
        """Cancel all open orders of a symbol after a while, unless it is asked again before. 0
        switches it off."""
        symbol, milliseconds_left = asked["symbol"], int(asked["countdownTime"])
        self.countdowns.start(symbol, milliseconds_left / 1_000)
        return {"symbol": symbol, "countdownTime": str(milliseconds_left)}

    def _cancel_symbol(self, symbol: str) -> None:
        for order in list(self.exchange.open_orders(self.account)):
            if symbol_of(order.instrument) == symbol:
                self.exchange.request_cancel(self.account, order_id=order.order_id)

    def refuse_too_many(self, refusal: TurnedAway) -> web.Response:
        banned = "Way too many requests; IP banned." if refusal.status != TOO_MANY else ""
        return self.answer(
            {"code": -1003, "msg": banned or "Too many requests; current limit is exceeded."},
            status=refusal.status,
            headers={"Retry-After": str(refusal.retry_after)},
        )

    def _named(self, asked: Mapping[str, str], code: int, message: str) -> SimulatedOrder:
        order_id, client_id = asked.get("orderId"), asked.get("origClientOrderId")
        if order_id and not order_id.isdigit():
            raise Denied(
                -1100,
                "Illegal characters found in parameter 'orderId'; legal range is '^[0-9]{1,20}$'.",
            )
        order = self.exchange.named(
            self.account, order_id=int(order_id) if order_id else None, client_id=client_id
        )
        if order is None or symbol_of(order.instrument) != asked["symbol"]:
            raise Denied(code, message)
        return order

    def _row(self, order: SimulatedOrder) -> dict[str, Any]:
        return {
            "orderId": order.order_id,
            "symbol": symbol_of(order.instrument),
            "status": _status(order),
            "clientOrderId": self.failings.reported(order.client_id or f"web_{order.order_id}"),
            "price": order.limit_price or ZERO,
            "avgPrice": _rounded(order.average_price),
            "origQty": order.quantity,
            "executedQty": order.filled,
            "cumQuote": order.notional,
            "timeInForce": "GTX" if order.post_only else order.time_in_force.name,
            "type": _type(order),
            "reduceOnly": order.reduce_only,
            "closePosition": False,
            "side": order.side.name,
            "positionSide": "BOTH",
            "stopPrice": order.stop_price or ZERO,
            "workingType": "CONTRACT_PRICE",
            "origType": _type(order),
            "time": milliseconds(order.created_at),
            "updateTime": milliseconds(order.updated_at),
        }

    # Keys and signatures

    def _check_time(self, asked: Mapping[str, str]) -> None:
        """Refuse a request that arrives outside of its window (developers.binance.com, USD-M
        General Info, Timing security)."""
        now, sent_at = milliseconds(self.exchange.clock.now()), int(asked["timestamp"])
        window = int(asked.get("recvWindow", DEFAULT_WINDOW))
        if window > LARGEST_WINDOW:
            raise Denied(-1131, "recvWindow must be less than 60000")
        if sent_at >= now + AHEAD or now - sent_at > window:
            self.too_late += 1
            raise Denied(*OUTSIDE_WINDOW)

    def _public(self, handler: Callable[[Mapping[str, str]], Awaitable[Any]]) -> Handler:
        async def handle(request: web.Request) -> web.Response:
            return self.answer(await handler(dict(request.query)))

        return handle

    def _keyed(self, handler: Callable[[Mapping[str, str]], Awaitable[Any]]) -> Handler:
        async def handle(request: web.Request) -> web.Response:
            if request.headers.get("X-MBX-APIKEY") != self._key:
                return self.answer(
                    {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."},
                    status=401,
                )
            return self.answer(await handler({}))

        return handle

    def _signed(self, handler: Callable[[Mapping[str, str]], Awaitable[Any]]) -> Handler:
        """The signature covers the query and the body as sent."""

        async def handle(request: web.Request) -> web.Response:
            sent = request.rel_url.raw_query_string + await request.text()
            signed, _, signature = sent.rpartition("&signature=")
            expected = hmac.new(self._secret, signed.encode(), hashlib.sha256).hexdigest()
            if request.headers.get("X-MBX-APIKEY") != self._key:
                return self.answer(
                    {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."},
                    status=401,
                )
            if not hmac.compare_digest(signature, expected):
                return self.answer(
                    {"code": -1022, "msg": "Signature for this request is not valid."}, status=400
                )
            try:
                asked = dict(parse_qsl(signed))
                if request.method != "GET" or self.checks_time_of_queries:
                    self._check_time(asked)
                return self.answer(await handler(asked))
            except Denied as denied:
                return self.answer(
                    {"code": denied.code, "msg": denied.message}, status=denied.status
                )

        return handle


def _status(order: SimulatedOrder) -> str:
    return (
        "PARTIALLY_FILLED"
        if order.status is OrderStatus.OPEN and order.filled
        else WORDS[order.status]
    )


def _type(order: SimulatedOrder) -> str:
    return "MARKET" if order.order_type is OrderType.MARKET else "LIMIT"


def _rounded(price: Decimal | None) -> Decimal:
    return round(price, 8) if price else ZERO


def _trade(fill: SimulatedFill) -> dict[str, Any]:
    return {
        "symbol": symbol_of(fill.instrument),
        "id": fill.fill_id,
        "orderId": fill.order_id,
        "side": fill.side.name,
        "price": fill.price,
        "qty": fill.quantity,
        "realizedPnl": fill.realized,
        "quoteQty": fill.price * fill.quantity,
        "commission": fill.fee,
        "commissionAsset": fill.fee_currency,
        "time": milliseconds(fill.at),
        "positionSide": "BOTH",
        "buyer": fill.side is Side.BUY,
        "maker": fill.liquidity == "maker",
    }
