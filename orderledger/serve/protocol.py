"""uvicorn's HTTP protocol with limits on header size and header time."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from orderledger.serve.settings import ServerLimits


class BoundedProtocol(HttpToolsProtocol):
    """One connection. A request that sends its headers too slowly, or too many of them, ends it."""

    limits = ServerLimits()

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._head = 0
        self._is_in_head = True
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._begin_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_deadline()
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
        if self._deadline is not None:
            self._end_deadline()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._is_in_head = True

    def _size_of_head(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _begin_deadline(self) -> None:
        self._deadline = self.loop.call_later(self.limits.head_seconds, self.transport.abort)

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def protocol_of(limits: ServerLimits) -> type[asyncio.Protocol]:
    """The protocol with these limits."""
    return type("Protocol", (BoundedProtocol,), {"limits": limits})
