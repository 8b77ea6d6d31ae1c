"""A simulated Tradier on loopback: orders, positions and order entry over HTTP, and the account
stream. Needs the extra `fake`.

An order is received first, and decided on moments later; nothing is filled until a test fills it or
`trade_at` gives a price.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from aiohttp import web

from orderledger.simulation.market import Change, ExchangeSimulator, SimulatedOrder
from orderledger.simulation.servers import Faults, documents
from orderledger.simulation.servers.server import Handler, VenueServer
from orderledger.simulation.servers.socket import VenueSocket
from orderledger.simulation.tradier.desk import Desk, Faulty, preview
from orderledger.simulation.tradier.rows import TradierRowWriter, written_at

ORDERS = "/v1/accounts/{number}/orders"
ORDER = ORDERS + "/{id}"
USUAL_PAGE = 25
MONTH = timedelta(days=31)
SESSION_SECONDS = 300.0


class TradierServer(VenueServer):
    """Accounts of the simulated exchange are Tradier's account numbers; client ids are tags.

    `limit` requests of a kind (queries, orders) are answered in `window_seconds`. An order is
    decided on `decide_seconds` after its receipt: `judge` gives the reason to reject it, or None.
    `end_session()` moves today's orders to the previous session.
    """

    websocket_path = "/v1/accounts/events"

    def __init__(
        self,
        exchange: ExchangeSimulator,
        *,
        token: str = "token-of-the-fake",
        faults: Faults | None = None,
        port: int = 0,
        limit: int = 10_000,
        window_seconds: float = 60.0,
        decide_seconds: float = 0.0,
        judge: Callable[[SimulatedOrder], str | None] = lambda order: None,
        epoch: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(exchange, faults=faults, port=port)
        self.token = token
        self.writer = TradierRowWriter(exchange)
        self.desk = Desk(exchange, self.writer, judge)
        self.session_began_at: datetime | None = None
        self.shows_old_open_orders = True
        self.most_on_page = 100
        self.history: list[dict[str, Any]] = []
        self._limit = limit
        self._window_seconds = window_seconds
        self._decide_seconds = decide_seconds
        self._epoch = epoch
        self._windows: dict[str, tuple[float, int]] = {}
        self._sessions: dict[str, float] = {}

    @property
    def url(self) -> str:
        """The base of all paths."""
        return f"{self.http_url}/v1"

    def routes(self) -> Iterable[web.RouteDef]:
        return (
            web.get(ORDERS, self._limited(self._orders)),
            web.get(ORDER, self._limited(self._order)),
            web.post(ORDERS, self._limited(self._place)),
            web.put(ORDER, self._limited(self._change)),
            web.delete(ORDER, self._limited(self._cancel)),
            web.get("/v1/accounts/{number}/positions", self._limited(self._positions)),
            web.get("/v1/accounts/{number}/history", self._limited(self._history)),
            web.get("/v1/markets/quotes", self._limited(self._quotes)),
            web.post("/v1/accounts/events/session", self._limited(self._session)),
        )

    def decimal(self, number: Decimal) -> str:
        return documents.as_float(number)

    async def name_of(self, request: web.Request) -> str:
        asked = request.query.get("filter")
        return f"{request.method} {request.path}" + (f"?filter={asked}" if asked else "")

    def end_session(self) -> None:
        """Move today's orders to the previous session."""
        self.session_began_at = self.exchange.clock.now()

    def trade_at(self, instrument: str, price: Decimal | str) -> None:
        """From now on the instrument trades at this price: orders that cross it are filled."""
        self.desk.prices[instrument] = Decimal(price)
        self.desk.match()

    async def converse(self, socket: VenueSocket) -> None:
        """One client: it names its session first, then it receives events."""
        unsubscribe: Callable[[], None] | None = None
        try:
            async for text in socket.texts():
                asked = json.loads(text)
                born = self._sessions.get(asked.get("sessionid"))
                if born is None or self._epoch() - born > SESSION_SECONDS:
                    await socket.close(1008, "session not found")
                    return
                if unsubscribe is None:
                    unsubscribe = self.exchange.subscribe(
                        lambda change: self._push_change(socket, change)
                    )
                    self.push(socket, self._heartbeat())
        finally:
            if unsubscribe is not None:
                unsubscribe()

    def _push_change(self, socket: VenueSocket, change: Change) -> None:
        if change.order is not None:
            self.push(socket, self.writer.event(change.order))

    def _heartbeat(self) -> dict[str, Any]:
        return {
            "event": "heartbeat",
            "status": "active",
            "timestamp": written_at(self.exchange.clock.now()),
        }

    def _limited(self, handler: Callable[[web.Request], Awaitable[web.Response]]) -> Handler:
        """Handle a request after checking the token and the limits, which are in the headers of
        every answer.
        """

        async def limited(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Authorization") != f"Bearer {self.token}":
                return self.answer(
                    _fault("Invalid Access Token", "invalid_access_token"), status=401
                )
            if "application/json" not in request.headers.get("Accept", ""):
                return web.Response(text="<orders/>", content_type="application/xml")
            number = request.match_info.get("number")
            if number is not None and number not in self.exchange.accounts:
                return self.answer({"errors": {"error": "Account not found"}}, status=404)
            headers, has_left = self._counted(
                "trading" if "orders" in request.path and request.method != "GET" else "standard"
            )
            if not has_left:
                return self.answer(
                    _fault("Rate limit quota violation", "QuotaViolation"),
                    status=429,
                    headers=headers,
                )
            answer = await handler(request)
            answer.headers.update(headers)
            return answer

        return limited

    def _counted(self, kind: str) -> tuple[dict[str, str], bool]:
        """Count one more request in the window, which begins with its first one."""
        began, used = self._windows.get(kind, (0.0, 0))
        if self._epoch() >= began + self._window_seconds:
            began, used = self._epoch(), 0
        has_left = used < self._limit
        used += has_left
        self._windows[kind] = (began, used)
        numbers = {"Allowed": self._limit, "Used": used, "Available": self._limit - used}
        expiry = int((began + self._window_seconds) * 1000)
        return {
            f"X-Ratelimit-{name}": str(number)
            for name, number in {**numbers, "Expiry": expiry}.items()
        }, has_left

    async def _orders(self, request: web.Request) -> web.Response:
        orders = [
            order
            for order in self.listed(self.exchange.orders(request.match_info["number"]))
            if order.parent_id is None
        ]
        chosen = [order for order in orders if self._is_asked(order, request)]
        page = int(request.query.get("page", 1))
        limit = min(int(request.query.get("limit", USUAL_PAGE)), self.most_on_page)
        rows = [
            self.writer.row(order, has_tags=request.query.get("includeTags") == "true")
            for order in chosen[(page - 1) * limit : page * limit]
        ]
        return self.answer(
            {"orders": {"order": rows[0] if len(rows) == 1 else rows} if rows else "null"}
        )

    def _is_asked(self, order: SimulatedOrder, request: web.Request) -> bool:
        """Orders of the current session, unless days are requested; these go back a month."""
        if "filter" not in request.query:
            is_new = self.session_began_at is None or order.created_at >= self.session_began_at
            return is_new or (
                self.shows_old_open_orders
                and not order.status.is_ended
                and order.time_in_force == "gtc"
            )
        today, day = self.exchange.clock.now().date(), order.created_at.date()
        start = date.fromisoformat(
            request.query.get("start", request.query.get("date", today.isoformat()))
        )
        end = date.fromisoformat(
            request.query.get("end", request.query.get("date", today.isoformat()))
        )
        return max(start, today - MONTH) <= day <= end

    async def _order(self, request: web.Request) -> web.Response:
        order = self._named(request)
        if order is None:
            return self.answer({"errors": {"error": "Order not found"}}, status=404)
        return self.answer(
            {"order": self.writer.row(order, has_tags=request.query.get("includeTags") == "true")}
        )

    async def _history(self, request: web.Request) -> web.Response:
        """Days only, and no ids."""
        rows = [
            {
                "amount": one.amount,
                "date": f"{one.at:%Y-%m-%dT00:00:00Z}",
                "type": "ach",
                "ach": {"description": "ACH", "quantity": 0},
            }
            for one in self.exchange.transfers(request.match_info["number"])
            if f"{one.at:%Y-%m-%d}" >= request.query.get("start", "")
        ]
        types = [kind for kind in request.query.get("type", "").split(",") if kind]
        rows += [row for row in self.history if not types or row["type"] in types]
        return self.answer({"history": {"event": rows} if rows else "null"})

    async def _positions(self, request: web.Request) -> web.Response:
        rows = self.writer.positions(request.match_info["number"])
        return self.answer(
            {"positions": {"position": rows[0] if len(rows) == 1 else rows} if rows else "null"}
        )

    async def _quotes(self, request: web.Request) -> web.Response:
        """Source: docs.tradier.com, "Get Quotes". One quote is not in a list."""
        prices = {**self.marks, **self.desk.prices}
        rows = [
            {"symbol": name, "type": "stock", "last": prices[name], "bid": 0, "ask": 0}
            for name in request.query.get("symbols", "").split(",")
            if name in prices
        ]
        return self.answer(
            {"quotes": {"quote": rows[0] if len(rows) == 1 else rows} if rows else "null"}
        )

    async def _session(self, request: web.Request) -> web.Response:
        """One session at a time: the previous one is cut off."""
        self._sessions.clear()
        self.cut_all_that_listen()
        session = f"session-{self.connections}-{len(self._asked)}"
        self._sessions[session] = self._epoch()
        return self.answer({"stream": {"sessionid": session, "url": self.websocket_url}})

    def cut_all_that_listen(self) -> None:
        """End the sockets that have sent a session, but not those that are about to."""
        for socket in list(self.sockets):
            if socket.sent:
                socket.cut()

    async def _place(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        try:
            if form.get("preview") == "true":
                return self.answer(preview(form))
            order = self.desk.receive(request.match_info["number"], form)
        except Faulty as fault:
            errors = fault.errors[0] if len(fault.errors) == 1 else fault.errors
            return self.answer({"errors": {"error": errors}}, status=400)
        self._soon(self.desk.decide, order.order_id)
        return self.answer({"order": {"id": order.order_id, "status": "ok", "partner_id": "fake"}})

    async def _change(self, request: web.Request) -> web.Response:
        order, form = (
            self._named(request),
            {name: str(value) for name, value in (await request.post()).items()},
        )
        if order is None or order.status.is_ended:
            return web.Response(status=400, text="order already in finalized state")
        try:
            self.desk.change(order, form)
        except (Faulty, ValueError):
            return self.answer({"errors": {"error": "price is not valid"}}, status=400)
        return self.answer({"order": {"id": order.order_id, "status": "ok"}})

    async def _cancel(self, request: web.Request) -> web.Response:
        order = self._named(request)
        if order is None or order.status.is_ended:
            return web.Response(status=400, text="order already in finalized state")
        self._soon(self.desk.cancel, order.order_id)
        return self.answer({"order": {"id": order.order_id, "status": "ok"}})

    def _named(self, request: web.Request) -> SimulatedOrder | None:
        return self.desk.named(request.match_info["number"], request.match_info["id"])

    def _soon(self, act: Callable[[int], None], order_id: int) -> None:
        """Received does not mean executed: the answer comes first."""

        def now() -> None:
            with suppress(ValueError):  # ended in the meantime
                act(order_id)

        asyncio.get_running_loop().call_later(self._decide_seconds, now)


def _fault(message: str, code: str) -> dict[str, Any]:
    return {"fault": {"faultstring": message, "detail": {"errorcode": code}}}
