"""uvicorn's HTTP protocol with limits on header size and header time."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from orderledger.serve.settings import ServerLimits

LIVENESS = b"/health/live"
"""Answered even if requests occupy all connections."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. A request that sends its headers too slowly, or too many of them, ends it.

    If all connections are open, a new one ends the one that has waited longest for a request or for
    the end of its headers.
    """

    limits = ServerLimits()
    waiting: "dict[BoundedProtocol, None]"
    """Connections without a whole request, longest first. Shared by those of a server."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._head = 0
        self._is_in_head = True
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if len(self.connections) >= self.limits.connections and self.waiting:
            next(iter(self.waiting))._make_room()
        super().connection_made(transport)
        self.waiting[self] = None
        self._begin_deadline()

    def _make_room(self) -> None:
        """End this connection, which has no whole request."""
        self.waiting.pop(self)
        self.connections.discard(self)
        is_idle = not self._head and not self.transport.get_write_buffer_size()
        (self.transport.close if is_idle else self.transport.abort)()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_deadline()
        self.waiting.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_in_head:
            self._head += len(data)
        super().data_received(data)
        if self._is_in_head and self._head:  # a part of a request
            if self._deadline is None:
                self._begin_deadline()
            if self._head > self.limits.head_bytes:
                self.transport.abort()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["abort"] = self.transport.abort  # type: ignore[typeddict-unknown-key]

    def on_headers_complete(self) -> None:
        if self._head > self.limits.head_bytes and self._size_of_head() > self.limits.head_bytes:
            self.transport.abort()
        self._is_in_head, self._head = False, 0
        self.waiting.pop(self, None)
        self._end_deadline()
        self.limit_concurrency = None if self.url == LIVENESS else self.limits.connections
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._is_in_head = True

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete and self in self.connections:
            self.waiting[self] = None

    def _size_of_head(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _begin_deadline(self) -> None:
        self._deadline = self.loop.call_later(self.limits.head_seconds, self.transport.abort)

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def protocol_of(limits: ServerLimits) -> type[asyncio.Protocol]:
    """The protocol with these limits, for one server."""
    return type("Protocol", (BoundedProtocol,), {"limits": limits, "waiting": {}})
