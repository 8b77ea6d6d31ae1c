"""`VenueServer`: serves a simulated exchange on loopback, with faults, over HTTP and websocket on
one port.

A simulated venue is a subclass with `routes` and `converse`. Use the exchange in the event loop
that serves.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from decimal import Decimal
from socket import socket as Socket
from typing import Any, Self

from aiohttp import web

from orderledger.simulation.market.exchange import ExchangeSimulator
from orderledger.simulation.market.rows import SimulatedOrder
from orderledger.simulation.servers import documents
from orderledger.simulation.servers.faults import Faults
from orderledger.simulation.servers.ports import held
from orderledger.simulation.servers.quotas import Quotas, TurnedAway
from orderledger.simulation.servers.socket import VenueSocket

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
HOST = "127.0.0.1"
MOST_REMEMBERED = 100_000
FAILED = (
    '{"status": "failed", "success": false, "code": 500, "message": "Internal error", "errors": '
    '{"error": "Internal error"}}'
)
"""An error in the form of several venues at once."""


class VenueServer:
    """Serves while entered: `async with SomeServer(exchange, faults=faults) as server`.

    Can be stopped and started again, on the same port, with the same exchange. Every answer and
    every frame goes through `faults`. `requests` counts requests by their name, which is the path
    unless `name_of` is overridden. `answers_instead`, a status and a text, replaces every answer.
    `rewritten` changes the text of every answer and frame. `marks`: prices of instruments, in
    quotes. `lists_after`: for this long after it was accepted, an order is missing from lists and
    unknown to queries. MEXC does so for orders that it has just confirmed
    (github.com/ccxt/ccxt/issues/21614). `quotas`: the venue's rate limits; None for a venue
    without.
    """

    websocket_path: str | None = "/ws"
    """Path of the websocket; None for a venue without one."""

    def __init__(
        self, exchange: ExchangeSimulator, *, faults: Faults | None = None, port: int = 0
    ) -> None:
        self.exchange = exchange
        self.faults = faults or Faults()
        self.port = port
        self.requests: Counter[str] = Counter()
        self.sockets: list[VenueSocket] = []
        self.connections = 0
        self.answers_instead: tuple[int, str] | None = None
        self.rewritten: Callable[[str], str] = lambda text: text
        self.lists_after = timedelta(0)
        self.marks: dict[str, Decimal] = {}
        self.quotas: Quotas | None = None
        self._asked: deque[tuple[float, str]] = deque(maxlen=MOST_REMEMBERED)
        self._last_answers: dict[tuple[str, str, bytes], web.Response] = {}
        self._late: set[asyncio.Task[None]] = set()
        self._refuses = False
        self._runner: web.AppRunner | None = None
        self._held: Socket | None = None
        """Keeps the port while the server is stopped."""

    # For venues to override.

    def routes(self) -> Iterable[web.RouteDef]:
        """The HTTP side: `web.get(path, handler)`, `web.post(…)`. Handlers return
        `self.answer(document)`."""
        return ()

    async def converse(self, socket: VenueSocket) -> None:
        """The websocket side, for one connection: ends when the client disconnects, or ends the
        connection by returning.
        """
        async for _ in socket.texts():
            pass

    async def name_of(self, request: web.Request) -> str:
        """The name under which a request is counted."""
        return request.path

    def decimal(self, number: Decimal) -> str:
        """The JSON of a Decimal in the venue's notation: see `documents`."""
        return documents.as_text(number)

    def refuse_too_many(self, refusal: TurnedAway) -> web.Response:
        """The answer to a request too many."""
        return web.Response(
            text="too many requests",
            status=refusal.status,
            headers={"Retry-After": str(refusal.retry_after)},
        )

    # For the venue's own server.

    def written(self, document: Any) -> str:
        """A document in this venue's format. Text is taken unchanged."""
        return self.rewritten(
            document if isinstance(document, str) else documents.written(document, self.decimal)
        )

    def answer(
        self, document: Any, *, status: int = 200, headers: dict[str, str] | None = None
    ) -> web.Response:
        """An answer in JSON."""
        return web.Response(
            text=self.written(document),
            status=status,
            headers=headers,
            content_type="application/json",
        )

    async def send(self, socket: VenueSocket, document: Any) -> None:
        """Send a frame, and wait until it was sent or lost."""
        await self.push(socket, document)

    def push(self, socket: VenueSocket, document: Any) -> asyncio.Future[None]:
        """Queue a frame, without waiting: for subscribers of the exchange, which are called
        synchronously."""
        return socket.push(self.written(document))

    def listed(self, orders: Iterable[SimulatedOrder]) -> list[SimulatedOrder]:
        """The orders that lists and queries show by now."""
        if not self.lists_after:
            return list(orders)
        until = self.exchange.clock.now() - self.lists_after
        return [order for order in orders if order.created_at <= until]

    # For tests.

    @property
    def http_url(self) -> str:
        """The base address of HTTP."""
        return f"http://{HOST}:{self.port}"

    @property
    def websocket_url(self) -> str:
        """The address of the websocket."""
        return f"ws://{HOST}:{self.port}{self.websocket_path}"

    def cut_all(self) -> None:
        """Cut every websocket, without a close."""
        for socket in list(self.sockets):
            socket.cut()

    def refuse_connections(self, refuses: bool) -> None:
        """Whether new websockets and all requests are cut off at once. Open websockets continue."""
        self._refuses = refuses

    def most_in(self, seconds: float = 60.0, name: str | None = None) -> int:
        """The most requests (of one name) that ever came within this many seconds: the figure
        that a venue would measure.
        """
        window: deque[float] = deque()
        most = 0
        for moment, asked in self._asked:
            if name in (None, asked):
                window.append(moment)
                while window[0] <= moment - seconds:
                    window.popleft()
                most = max(most, len(window))
        return most

    async def start(self) -> None:
        """Serve. The port is chosen once, then kept."""
        application = web.Application(middlewares=[self._middleware()])
        application.add_routes(self.routes())
        if self.websocket_path is not None:
            application.add_routes([web.get(self.websocket_path, self._serve_socket)])
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        self._release_port()
        await web.TCPSite(self._runner, HOST, self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Cut everything. The system refuses connections. The port is kept for the next start."""
        if self._runner is not None:
            await self._shut_down()
            self._held = held(HOST, self.port)

    async def close(self) -> None:
        """Cut everything, and release the port."""
        await self._shut_down()
        self._release_port()

    async def _shut_down(self) -> None:
        self.cut_all()
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    def _release_port(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _serve_socket(self, request: web.Request) -> web.StreamResponse:
        response = web.WebSocketResponse(autoping=True)
        await response.prepare(request)
        self.connections += 1
        socket = VenueSocket(response, request, faults=self.faults)
        self.sockets.append(socket)
        try:
            await self.converse(socket)
        finally:
            self.sockets.remove(socket)
            socket.end()
        if not socket.is_closed:
            await response.close()
        return response

    def _middleware(self) -> Any:
        @web.middleware
        async def through_faults(request: web.Request, handler: Handler) -> web.StreamResponse:
            if self._refuses:
                return self._cut_off(request)
            if request.path == self.websocket_path:
                return await handler(request)
            try:
                name = await self.name_of(request)
            except ConnectionError:  # the client disconnected before sending the request
                return self._cut_off(request)
            self.requests[name] += 1
            self._asked.append((time.monotonic(), name))
            refusal = self.quotas.take(name) if self.quotas is not None else None
            if refusal is not None:
                return self.refuse_too_many(refusal)
            if self.answers_instead is not None:
                status, text = self.answers_instead
                return web.Response(status=status, text=text, content_type="application/json")
            answer = await self._answered(request, handler)
            if self.quotas is not None:
                answer.headers.update(self.quotas.headers())
            return answer

        return through_faults

    async def _answered(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        fault = self.faults.of_answer()
        if fault == "server_error":
            status = self.faults.chance.choice((500, 502, 503))
            return web.Response(
                status=status, text=f"<html>{status}</html>", content_type="text/html"
            )
        if fault == "too_many_requests":
            return web.Response(status=429, text="too many requests", headers={"Retry-After": "0"})
        if fault in ("lose_request", "late_request"):
            await request.read()
            if fault == "late_request":
                self._late.add(task := asyncio.create_task(self._handle_late(request, handler)))
                task.add_done_callback(self._late.discard)
            return self._cut_off(request)
        answer = await handler(request)
        if fault == "lose_answer":
            return self._cut_off(request)
        if fault == "done_and_error":
            status = self.faults.chance.choice((500, 502, 503))
            return web.Response(status=status, text=FAILED, content_type="application/json")
        return (
            await self._spoiled(request, answer, fault)
            if isinstance(answer, web.Response)
            else answer
        )

    async def _handle_late(self, request: web.Request, handler: Handler) -> None:
        """Execute a request whose client has gone."""
        await asyncio.sleep(self.faults.late_seconds)
        await handler(request)

    async def _spoiled(
        self, request: web.Request, answer: web.Response, fault: str | None
    ) -> web.Response:
        question = (request.method, request.path_qs, await request.read())
        before, self._last_answers[question] = self._last_answers.get(question, answer), answer
        if fault == "delay":
            await asyncio.sleep(self.faults.chance.uniform(0, self.faults.delay_seconds))
        text = (before if fault == "stale" else answer).text or ""
        if fault == "malformed":
            text = text[: len(text) // 2]
        return web.Response(text=text, status=answer.status, headers=answer.headers)

    def _cut_off(self, request: web.Request) -> web.Response:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=503)
