"""The REST of a simulated Lighter: lists by page, with the venue's lag and tokens, and order
entry by transactions.
"""

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from aiohttp import web

from orderledger.extend.values import Clock
from orderledger.simulation.lighter.rows import PRICE_DECIMALS, SIZE_DECIMALS, Rows, money
from orderledger.simulation.lighter.transactions import Transactions
from orderledger.simulation.market import ExchangeSimulator, SimulatedFill, SimulatedOrder
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.server import VenueServer
from orderledger.venues.base.fields import Document
from orderledger.venues.lighter.markets import Markets
from orderledger.venues.lighter.tokens import READ_ONLY, SIGNED, ends_of

MARKETS = {0: "ETH", 1: "BTC", 2048: "ETH/USDC"}
INVALID_PARAMETER, MOST_INDEXES = 20001, 20

Handler = Callable[[web.Request, str], Awaitable[web.Response]]


class Refused(Exception):
    """A refusal."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(code, message, status)
        self.document = {"code": code, "message": message}
        self.status = status


class LighterRest(VenueServer):
    """The REST half of `LighterServer`, which documents the parameters."""

    def __init__(
        self,
        exchange: ExchangeSimulator,
        accounts: Mapping[str, int],
        *,
        clock: Clock,
        markets: Mapping[int, str] = MARKETS,
        faults: Faults | None = None,
        port: int = 0,
        rest_lag: timedelta = timedelta(0),
        requests_per_minute: int | None = None,
        window_seconds: float = 60.0,
        needs_market: bool = False,
        is_coarse: bool = False,
    ) -> None:
        super().__init__(exchange, faults=faults, port=port)
        exchange.rules.client_ids = "unique_while_open"
        exchange.rules.has_reduce_only = True
        self.clock = clock
        self.markets = Markets(dict(markets), 1)
        self.rest_lag = rest_lag
        self.requests_per_minute = requests_per_minute
        self.window_seconds = window_seconds
        self.needs_market = needs_market
        self.is_coarse = is_coarse
        self.words: dict[int, str] = {}
        self.extra_rows: list[Any] = []
        self.refused_tokens: set[str] = set()
        self.lacks: set[str] = set()
        self.hanging: Counter[str] = Counter()
        self.transactions = Transactions(exchange)
        self._accounts = dict(accounts)
        self._names = {index: name for name, index in accounts.items()}
        self._rows = self._rows_of(self.markets)
        self._recent: deque[float] = deque()

    def _rows_of(self, markets: Markets) -> Rows:
        return Rows(markets, self._accounts, self.exchange.children, self.transactions.worst_price)

    def list_market(self, index: int, symbol: str) -> None:
        """Open a market."""
        self.markets = self.markets.learned(
            {"order_books": [{"market_id": index, "symbol": symbol}]}
        )
        self._rows = self._rows_of(self.markets)

    def add_account(self, account: str, index: int) -> None:
        """Open an account."""
        self._accounts[account] = index
        self._names[index] = account
        self.exchange.open_account(account)

    def forget(self, account: str) -> None:
        """Close the account."""
        del self._names[self._accounts[account]]

    def routes(self) -> Iterable[web.RouteDef]:
        calls: dict[str, Handler] = {
            "accountActiveOrders": self._active_orders,
            "accountInactiveOrders": self._inactive_orders,
            "accountOrders": self._account_orders,
            "trades": self._trades,
            "positionFunding": self._fundings,
            "account": self._account,
        }
        yield web.get("/", self._status)
        yield web.get("/api/v1/orderBookDetails", self._order_book_details)
        yield web.get("/api/v1/nextNonce", self._next_nonce)
        yield web.post("/api/v1/sendTx", self._send_tx)
        yield web.get("/api/v1/tx", self._tx)
        for name, handler in calls.items():
            yield web.get(f"/api/v1/{name}", self._private(handler))

    async def name_of(self, request: web.Request) -> str:
        return request.path.removeprefix("/api/v1/")

    # REST

    def _private(self, handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answered(request: web.Request) -> web.Response:
            try:
                self._count()
                by_value = request.query.get("value") if request.path.endswith("/account") else None
                if await self.name_of(request) in self.lacks:
                    raise Refused(404, "page not found", status=404)
                account = self._named(by_value or request.query.get("account_index", ""))
                self._check_token(
                    request.headers.get("authorization") or request.query.get("auth", ""), account
                )
                return await handler(request, account)
            except Refused as refused:
                return self.answer(refused.document, status=refused.status)

        return answered

    def _count(self) -> None:
        now = time.monotonic()
        while self._recent and self._recent[0] <= now - self.window_seconds:
            self._recent.popleft()
        if self.requests_per_minute is not None and len(self._recent) >= self.requests_per_minute:
            raise Refused(23000, "too many requests")
        self._recent.append(now)

    def _named(self, index: str) -> str:
        if not index.isdigit() or int(index) not in self._names:
            raise Refused(21100, "account not found")
        return self._names[int(index)]

    def _check_token(self, token: str, account: str) -> None:
        ends_at = ends_of(token)
        index = str(self._accounts[account])
        parts = token.split(":")
        has_shape = (SIGNED.fullmatch(token) and parts[1] == index) or (
            READ_ONLY.fullmatch(token) and parts[1] == index
        )
        if (
            not has_shape
            or ends_at is None
            or ends_at <= self.clock.now()
            or token in self.refused_tokens
        ):
            raise Refused(20013, f"invalid auth token {token}")

    async def _order_book_details(self, _: web.Request) -> web.Response:
        steps = {
            "supported_size_decimals": SIZE_DECIMALS,
            "supported_price_decimals": PRICE_DECIMALS,
        }
        rows = [
            {"market_id": index, "symbol": symbol, **steps, **self._last_price(symbol)}
            for index, symbol in self.markets.symbols.items()
        ]
        spot = [row for row in rows if "/" in str(row["symbol"])]
        perpetual = [row for row in rows if row not in spot]
        return self.answer(
            {"code": 200, "order_book_details": perpetual, "spot_order_book_details": spot}
        )

    async def _status(self, request: web.Request) -> web.Response:
        """The state of the server (apidocs.lighter.xyz, reference/status)."""
        seconds = int(self.exchange.clock.now().timestamp())
        return self.answer({"status": 200, "network_id": 1, "timestamp": str(seconds)})

    def _last_price(self, symbol: str) -> dict[str, Any]:
        """Source: lighter-sdk, `PerpsOrderBookDetail`. `mark_price` is null before the first."""
        if symbol not in self.marks:
            return {}
        return {"last_trade_price": self.marks[symbol], "mark_price": f"{self.marks[symbol]:f}"}

    async def _next_nonce(self, request: web.Request) -> web.Response:
        await self._hang("nextNonce")
        key = (
            int(request.query.get("account_index", -1)),
            int(request.query.get("api_key_index", -1)),
        )
        return self.answer({"code": 200, "nonce": self.transactions.nonces[key]})

    async def _active_orders(self, request: web.Request, account: str) -> web.Response:
        market = request.query.get("market_id")
        if self.needs_market and market is None:
            raise Refused(INVALID_PARAMETER, "invalid param : field market_id is not set")
        orders = [
            order
            for order in self._visible(self.exchange.open_orders(account))
            if market in (None, str(self._rows.market(order.instrument)))
        ]
        return self.answer({"code": 200, "orders": [*self._order_rows(orders), *self.extra_rows]})

    async def _inactive_orders(self, request: web.Request, account: str) -> web.Response:
        ended = [order for order in self.exchange.orders(account) if order.status.is_ended]
        newest_first = sorted(self._visible(ended), key=lambda order: order.sequence, reverse=True)
        return self._page(request, "orders", self._order_rows(newest_first))

    async def _account_orders(self, request: web.Request, account: str) -> web.Response:
        asked = request.query.get("client_order_indexes", "").split(",")
        if len(asked) > MOST_INDEXES:
            raise Refused(INVALID_PARAMETER, "invalid param : client_order_indexes")
        found = [
            order
            for one in asked
            for order in self._visible(self.exchange.orders_by_client_id(account, one))
        ]
        return self.answer({"code": 200, "orders": self._order_rows(found)})

    async def _trades(self, request: web.Request, account: str) -> web.Response:
        wanted = request.query.get("order_index")
        fills = self.exchange.fills(account, order_id=int(wanted) if wanted else None)[::-1]
        return self._page(request, "trades", self._trade_rows(fills))

    async def _fundings(self, request: web.Request, account: str) -> web.Response:
        rows = [self._rows.funding(funding) for funding in self.exchange.fundings(account)[::-1]]
        return self._page(request, "position_fundings", rows)

    async def _account(self, _: web.Request, account: str) -> web.Response:
        row = {
            "index": self._accounts[account],
            "account_type": 0,
            "collateral": money(Decimal(10_000)),
            "positions": [
                self._rows.position(position) for position in self.exchange.positions(account)
            ],
        }
        return self.answer({"code": 200, "total": 1, "accounts": [row]})

    async def _send_tx(self, request: web.Request) -> web.Response:
        form = await request.post()
        await self._hang("sendTx")
        kind, info = int(str(form.get("tx_type", 0))), str(form.get("tx_info", "{}"))
        done = self._transacted(kind, json.loads(info))
        return self.answer(done, status=200 if done["code"] == 200 else 400)

    async def _tx(self, request: web.Request) -> web.Response:
        """A transaction by its hash; needs no token (apidocs.lighter.xyz, reference/tx)."""
        shown = self.transactions.shown(request.query.get("value", ""))
        return self.answer(shown, status=200 if shown["code"] == 200 else 400)

    async def _hang(self, call: str) -> None:
        """Leave a request unanswered, and its client waiting, if that is set."""
        if self.hanging[call] > 0:
            self.hanging[call] -= 1
            await asyncio.Event().wait()

    def _transacted(self, kind: int, order: Document) -> Document:
        """The effect of a transaction."""
        account = self._names.get(order.get("AccountIndex", -1))
        if account is None:
            return {"code": 21100, "message": "account not found"}
        return self.transactions.done(account, self.markets, kind, order)

    def _visible(self, orders: Sequence[SimulatedOrder]) -> list[SimulatedOrder]:
        """The orders that REST shows by now."""
        until = self.clock.now() - self.rest_lag
        return [order for order in orders if not self.rest_lag or order.created_at <= until]

    def _order_rows(self, orders: Sequence[SimulatedOrder]) -> list[Document]:
        return [
            self._rows.order(order, status=self.words.get(order.order_id), is_coarse=self.is_coarse)
            for order in orders
        ]

    def _trade_rows(self, fills: Sequence[SimulatedFill]) -> list[Document]:
        """One row per trade: the two fills of a self-trade share theirs."""
        by_id: dict[int, list[SimulatedFill]] = {}
        for fill in fills:
            by_id.setdefault(fill.fill_id, []).append(fill)
        return [self._rows.trade(one[0], one[1:]) for one in by_id.values()]

    def _page(self, request: web.Request, name: str, rows: list[Document]) -> web.Response:
        limit = int(request.query.get("limit", 100))
        if not 1 <= limit <= 100:
            raise Refused(INVALID_PARAMETER, "invalid param : limit")
        begin = int(request.query.get("cursor", "c0")[1:])
        page: Document = {"code": 200, name: rows[begin : begin + limit]}
        return self.answer(
            {**page, **({"next_cursor": f"c{begin + limit}"} if begin + limit < len(rows) else {})}
        )
