"""A fake server of the smallest venue, asked and listened to through the real transport."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from orderledger.infrastructure.clock import SteppingClock
from orderledger.simulation.market import Change, ExchangeSimulator
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.server import VenueServer
from orderledger.simulation.servers.socket import VenueSocket
from orderledger.venues.base.transport import (
    Backoff,
    Closed,
    Frame,
    Http,
    Opened,
    Send,
    Socket,
)

START = datetime(2026, 5, 4, tzinfo=UTC)


class Corner(VenueServer):
    """The smallest venue: lists its orders, takes orders, and tells every socket the id of each
    order that changes."""

    def routes(self) -> Iterable[web.RouteDef]:
        return [web.get("/orders", self.orders), web.post("/orders", self.place)]

    async def orders(self, request: web.Request) -> web.Response:
        return self.answer([order.order_id for order in self.exchange.open_orders("main")])

    async def place(self, request: web.Request) -> web.Response:
        terms = await request.json()
        order = self.exchange.place(
            "main", instrument="ETH", side="buy", quantity=terms["quantity"], limit_price="1"
        )
        return self.answer({"id": order.order_id, "quantity": order.quantity})

    async def converse(self, socket: VenueSocket) -> None:
        def tell(change: Change) -> None:
            if change.order is not None:
                self.push(socket, {"id": change.order.order_id})

        await self.send(socket, {"hello": self.connections})
        leave = self.exchange.subscribe(tell)
        async for text in socket.texts():
            await self.send(socket, {"heard": text})
        leave()

    async def name_of(self, request: web.Request) -> str:
        return f"{request.method} {request.path}"


def served(use: Callable[[Corner], Awaitable[Any]], *, faults: Faults | None = None) -> Any:
    """What `use` makes of a server."""

    async def run() -> Any:
        async with Corner(ExchangeSimulator(clock=SteppingClock(START)), faults=faults) as server:
            return await use(server)

    return asyncio.run(run())


def asking(server: Corner, **options: Any) -> Http:
    return Http(
        server.http_url, **{"backoff": Backoff(random.Random(1), first=0.001, most=0.01)} | options
    )


def listening(server: Corner, greeting: str = "hi") -> Socket:
    async def greet(send: Send) -> None:
        await send(greeting)

    now = SteppingClock(START).now
    return Socket(
        server.websocket_url,
        greet=greet,
        backoff=Backoff(random.Random(1), first=0.001, most=0.01),
        now=now,
    )


async def heard(
    source: Socket, count: int, *, after: dict[int, Callable[[], object]] | None = None
) -> list[str]:
    """The first events: the texts of frames, and what became of the connection. `after` so many,
    something is done."""
    texts: list[str] = []
    async with aclosing(source.events()) as events:  # type: ignore[type-var]
        async for event in events:
            match event:
                case Opened():
                    texts.append("opened")
                case Closed():
                    texts.append("closed")
                case Frame():
                    texts.append(event.text)
            (after or {}).get(len(texts), lambda: None)()
            if len(texts) == count:
                break
    return texts


def place(server: Corner, count: int) -> Callable[[], object]:
    return lambda: [
        server.exchange.place(
            "main", instrument="ETH", side="buy", quantity=1, limit_price=1
        ).order_id
        for _ in range(count)
    ]


HELLO = ["opened", '{"hello":1}', '{"heard":"hi"}']
AGAIN = ["opened", '{"hello":2}', '{"heard":"hi"}']
