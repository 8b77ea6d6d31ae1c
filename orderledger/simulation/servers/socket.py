"""One websocket of a simulated venue, seen from the server."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import WSMsgType, web

from orderledger.simulation.servers.faults import Faults

MOST_WAITING = 100_000
"""A client that leaves this many frames unread is cut off."""
REORDER_SECONDS = 0.1
"""How long a frame is held back for a next one to overtake it."""


class VenueSocket:
    """A client's connection. Frames go out one after the other, in the order of `push`, through the
    faults.

    `notes` belongs to the venue's server: what the client subscribed to, for instance.
    """

    def __init__(
        self, response: web.WebSocketResponse, request: web.Request, *, faults: Faults
    ) -> None:
        self.notes: dict[str, Any] = {}
        self.sent = 0
        self._response = response
        self._request = request
        self._faults = faults
        self._held: list[str] = []
        self._waiting: asyncio.Queue[tuple[str, asyncio.Future[None]]] = asyncio.Queue(MOST_WAITING)
        self._pump = asyncio.create_task(self._keep_sending())

    @property
    def is_closed(self) -> bool:
        """From now on nothing reaches the client."""
        return (
            self._response.closed
            or self._request.transport is None
            or self._request.transport.is_closing()
        )

    async def texts(self) -> AsyncIterator[str]:
        """The client's messages, until it disconnects."""
        async for message in self._response:
            if message.type is WSMsgType.TEXT:
                yield message.data

    def push(self, text: str) -> asyncio.Future[None]:
        """Send a frame after the waiting ones. The future is done when the frame was sent, or
        will never be.
        """
        handled = asyncio.get_running_loop().create_future()
        try:
            self._waiting.put_nowait((text, handled))
        except asyncio.QueueFull:
            self.cut()
            handled.set_result(None)
        return handled

    def cut(self) -> None:
        """Close the connection without a close frame: the client sees close code 1006."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection properly."""
        await self._response.close(code=code, message=reason.encode())

    def end(self) -> None:
        """Send nothing more."""
        self._pump.cancel()
        while not self._waiting.empty():
            _, handled = self._waiting.get_nowait()
            if not handled.done():
                handled.set_result(None)

    async def _keep_sending(self) -> None:
        while True:
            try:
                async with asyncio.timeout(REORDER_SECONDS if self._held else None):
                    text, handled = await self._waiting.get()
            except TimeoutError:  # no later frame overtook it
                await self._send_held()
                continue
            try:
                if not self.is_closed:
                    await self._send_through_faults(text)
            finally:
                if not handled.done():
                    handled.set_result(None)

    async def _send_through_faults(self, text: str) -> None:
        match self._faults.of_frame():
            case "drop":
                self.cut()
                return
            case "reorder":
                self._held.append(text)
                return
            case "delay":
                await asyncio.sleep(self._faults.chance.uniform(0, self._faults.delay_seconds))
            case "repeat":
                await self._send(text)
            case "malformed":
                text = text[: len(text) // 2]
        await self._send(text)
        await self._send_held()

    async def _send_held(self) -> None:
        held, self._held = self._held, []
        for text in held:
            await self._send(text)

    async def _send(self, text: str) -> None:
        try:
            await self._response.send_str(text)
            self.sent += 1
        except (ConnectionError, RuntimeError):  # disconnected in the meantime
            self.cut()
