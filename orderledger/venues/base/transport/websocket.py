"""A websocket that reconnects, and reports when it was disconnected."""

import asyncio
import contextlib
import inspect
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from orderledger.extend.runtime import EventLogger
from orderledger.venues.base.transport.backoff import Backoff
from orderledger.venues.base.transport.ending import happens_within
from orderledger.venues.base.transport.http import LOOPBACK
from orderledger.venues.base.transport.line import Closed, Event, Frame, Line, Opened
from orderledger.venues.base.transport.secrecy import Secrecy
from orderledger.venues.errors import VenueError

MOST_BYTES = 16 * 1024 * 1024
CONNECT_SECONDS = 10.0
GOODBYE_SECONDS = 2.0
NO_CONNECTION = (OSError, EOFError, TimeoutError, WebSocketException)
"""Errors of connecting. EOFError: in websockets 14, a server that disconnects in the handshake."""
SETTLED_SECONDS = 2.0
"""After a connection that lasted this long, reconnect at once."""
PATIENCE_SECONDS = 1.0
"""The longest pause after a connection that received a frame, however short it was."""

logger = EventLogger(__name__)
# At DEBUG level the library logs every frame, tokens included.
_library_logger = logging.getLogger(f"{__name__}.library")
_library_logger.setLevel(logging.INFO)

__all__ = ["Closed", "Event", "Frame", "Opened", "Send", "Socket"]

Send = Callable[[str], Awaitable[None]]
Outcome = TypeVar("Outcome")


class Socket:
    """One websocket, which reconnects whenever it breaks.

    `greet(send)` is awaited after each connect and sends the subscriptions; if it raises a
    VenueError, the connection counts as failed. `ping()` is a text to send every `ping_every`
    seconds; without it, a ping of the protocol is sent, whose answer does not count as a frame. A
    connection without a frame for `quiet_for` seconds is closed. The first reconnect is immediate,
    the next ones wait for `backoff`. Frames are read no faster than they are consumed, up to 16 MiB
    each. `now` gives aware UTC. `secrets` never appear in a reason or a log.
    """

    def __init__(
        self,
        url: str,
        *,
        greet: Callable[[Send], Awaitable[None]],
        ping: Callable[[], str] | None = None,
        ping_every: float = 25.0,
        quiet_for: float = 60.0,
        backoff: Backoff,
        now: Callable[[], datetime],
        secrets: Iterable[str] = (),
    ) -> None:
        self.fault: str | None = None
        """Why the last attempt to connect failed; None while connected."""
        self._url = url
        self._greet = greet
        self._ping = ping
        self._ping_every = ping_every
        self._quiet_for = quiet_for
        self._backoff = backoff
        self._now = now
        self._secrecy = Secrecy(secrets)
        self._connection: ClientConnection | None = None
        self._given_up: str | None = None
        self._closing = asyncio.Event()

    async def events(self) -> AsyncIterator[Event]:
        """Opened, its frames, Closed, and so on, until `aclose`. Closed comes once for each
        Opened, and not after `aclose`.
        """
        pause = 0.0
        try:
            while not await happens_within(self._closing, pause):
                connection = await self._unless_closing(self._connected())
                if connection is None:
                    pause = self._backoff.next()
                    continue
                line = Line(connection, quiet_for=self._quiet_for, now=self._now)
                async with contextlib.aclosing(self._events_on(line)) as line_events:
                    async for event in line_events:
                        yield event
                pause = self._pause_after(line)
        finally:
            self._let_go()

    async def send(self, text: str) -> bool:
        """Send a text on the current connection. False if there is none: `greet` will send it on
        the next one.
        """
        connection = self._connection
        if connection is None:
            return False
        with contextlib.suppress(ConnectionClosed):
            await connection.send(text)
            return True
        return False

    def renew(self, reason: str) -> None:
        """Close the current connection, if there is one. Closed follows with this reason, then a
        new connection.
        """
        if self._connection is not None:
            self._given_up = reason
            self._connection.transport.abort()

    async def aclose(self) -> None:
        """End `events` after the frames received so far, and close the connection properly
        within two seconds.
        """
        self._closing.set()
        if self._connection is not None:
            await self._connection.close()

    async def _events_on(self, line: Line) -> AsyncGenerator[Event, None]:
        pinging = asyncio.create_task(self._keep_pinging(line.connection))
        yield Opened(at=line.well_at)
        try:
            while True:
                yield await line.next()
        except ConnectionClosed as error:
            reason = self._given_up or _text_of(error)
        except TimeoutError:
            reason = f"no frame for {self._quiet_for:g} s"
        finally:
            pinging.cancel()
        self._let_go()
        if not self._closing.is_set():
            yield Closed(at=line.well_at, reason=self._secrecy.hide(reason))

    async def _connected(self) -> ClientConnection | None:
        """A connection after a successful `greet`, or None; `fault` states why."""
        try:
            connection = await connect(self._url, **_options(self._url))
        except NO_CONNECTION as error:
            self._failed(
                f"no connection to {urlsplit(self._url).hostname}: {type(error).__name__}: {error}"
            )
            return None
        try:
            async with asyncio.timeout(self._quiet_for):
                await self._greet(connection.send)
        except (*NO_CONNECTION, VenueError) as error:
            connection.transport.abort()
            self._failed(f"{type(error).__name__}: {error}")
            return None
        except BaseException:
            connection.transport.abort()
            raise
        self._connection, self._given_up, self.fault = connection, None, None
        return connection

    def _failed(self, fault: str) -> None:
        self.fault = self._secrecy.hide(fault)
        logger.debug("disconnected", why=self.fault)

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.transport.abort()
            self._connection = None

    def _pause_after(self, line: Line) -> float:
        """None after a connection that lasted, else the pause. A connection that is cut at once
        must not be reopened in a tight loop.
        """
        if line.lasted >= SETTLED_SECONDS:
            self._backoff.reset()
            return 0.0
        pause = self._backoff.next()
        return min(pause, PATIENCE_SECONDS) if line.is_alive else pause

    async def _keep_pinging(self, connection: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(self._ping_every)
                await (connection.ping() if self._ping is None else connection.send(self._ping()))

    async def _unless_closing(self, work: Coroutine[Any, Any, Outcome]) -> Outcome | None:
        """The result of the work, or None if `aclose` came first."""
        tasks = [asyncio.create_task(work), asyncio.create_task(self._closing.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return await tasks[0] if tasks[0].done() else None
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _options(url: str) -> dict[str, Any]:
    options: dict[str, Any] = {
        "open_timeout": CONNECT_SECONDS,
        "close_timeout": GOODBYE_SECONDS,
        # A slow consumer also delays the answers to pings: silence is measured here, by frames.
        "ping_interval": None,
        "max_size": MOST_BYTES,
        "logger": _library_logger,
    }
    if (
        urlsplit(url).hostname in LOOPBACK and "proxy" in inspect.signature(connect).parameters
    ):  # from websockets 15 on
        options["proxy"] = None
    return options


def _text_of(error: ConnectionClosed) -> str:
    """The close code, and a reason if there is one: the venue's, else ours, for instance for a
    frame that is too large.
    """
    frame = error.rcvd or error.sent
    return f"{frame.code}: {frame.reason or 'closed'}" if frame else "1006: cut without a reason"
