"""`GET /api/stream`: server-sent events. The id of each is its log position, from which a reader
can continue.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, cast

from starlette.types import Receive, Scope, Send

from orderledger import Ledger, LogWentBack
from orderledger.extend.runtime import EventLogger, rows_json
from orderledger.extend.views import histories, questions
from orderledger.serve.alerts.lists import status as status_of
from orderledger.serve.answers import QueryPools
from orderledger.serve.callers import Caller
from orderledger.serve.change_feeds import Dropped, EventFeed, Feed, Item, OrderFeed
from orderledger.serve.frames import END_OF_EVENT, Frame, FrameMemory
from orderledger.serve.parameters import parse_query, parsed
from orderledger.serve.problems import Problem, invalid
from orderledger.serve.settings import ServiceSettings
from orderledger.serve.signal import Signal
from orderledger.serve.tokens import READ, TokenSource

HEARTBEAT_SECONDS = 15.0
STATUS_SECONDS = 2.0
ASKED_AGAIN_SECONDS = 1.0
"""Seconds between two checks whether a reader's token is still valid."""

STUCK_SECONDS = 20.0
"""A reader that reads nothing for this long is cut off."""

VIEWS = ("events", "orders")
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
PARAMETERS = (
    questions.Parameter(
        "view", "text", "events: each event of the log. orders: the orders that changed.", VIEWS
    ),
    questions.Parameter(
        "after",
        "count",
        "A log position: events after it. Default: from now on. The header Last-Event-ID takes "
        "precedence.",
    ),
    questions.Parameter("account", "text", "Only this account."),
    questions.Parameter("stream", "text", "Only this stream."),
    questions.Parameter("name", "text", "Only events of this name.", tuple(histories.EVENT_NAMES)),
    questions.Parameter("actor", "text", "Only events of this actor."),
    questions.Parameter("source", "text", "Only events of this source.", histories.SOURCES),
    questions.Parameter("correlation_id", "text", "Only events with this correlation id."),
    questions.Parameter("instrument", "text", "Only orders of this instrument."),
    questions.Parameter("strategy", "text", "Only orders of this strategy."),
)
BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}


class Streams:
    """The stream's readers, an ASGI application, and the feeds that they share."""

    def __init__(self, ledger: Ledger, answers: QueryPools, settings: ServiceSettings) -> None:
        self._ledger = ledger
        self._answers = answers
        self._limits = settings.limits
        self._tokens = settings.tokens
        self._signal = Signal()
        self._memory = FrameMemory(settings.limits.stream_bytes // 2)
        kept = settings.limits.stream_bytes // 4
        self._feeds: Mapping[str, Feed] = {
            "events": EventFeed(ledger, answers, self._signal, kept),
            "orders": OrderFeed(ledger, answers, self._signal, kept),
        }
        self._status = b""
        self._status_task: asyncio.Task[None] | None = None
        self._is_stopping = False
        self._log = EventLogger("orderledger.serve")
        self.readers = 0

    def stop(self) -> None:
        """End all readers, each with a last event."""
        self._is_stopping = True
        self._signal.wake_all()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = parse_query(scope["query_string"], BY_NAME, self._limits.parameters)
        view = asked.pop("view", "events")
        after = _resumed(scope["head"], asked.pop("after", None))
        keeps = _filter(view, self._feeds[view].filtered, asked)
        if scope["method"] == "HEAD":
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await send({"type": "http.response.body", "body": b""})
            return
        if self.readers >= self._limits.readers or self._is_stopping:
            raise Problem("busy", "too many readers of the stream")
        self.readers += 1
        try:
            await self._serve(scope, receive, send, self._feeds[view], after, keeps)
        finally:
            self.readers -= 1
            if not self.readers and self._status_task is not None:
                self._status_task.cancel()
                self._status_task = None

    async def _serve(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        feed: Feed,
        after: int | None,
        keeps: Callable[[Item], bool] | None,
    ) -> None:
        leaving = asyncio.ensure_future(_left(receive, self._signal))
        reader = _Reader(send, scope["caller"], self._tokens, self._memory)
        try:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await reader.write(b"retry: 1000\n\n")
            if self._status_task is None:
                self._status_task = asyncio.ensure_future(self._publish_status())
            frames = cast(AsyncGenerator[tuple[int, Frame], None], feed.read(after, keeps))
            async with aclosing(frames):
                await self._write(reader, frames, leaving)
            await reader.end()
        except TimeoutError:
            self._log.warning("reader_stuck", client=str(scope.get("client")))
            scope.get("abort", lambda: None)()
        finally:
            leaving.cancel()

    async def _write(
        self,
        reader: "_Reader",
        frames: AsyncGenerator[tuple[int, Frame], None],
        leaving: "asyncio.Future[None]",
    ) -> None:
        """Send the content of the feed, until the reader disconnects, is dropped, or the server
        stops.
        """
        try:
            async for position, frame in frames:
                if leaving.done():
                    return
                if self._is_stopping:
                    await reader.write(
                        _event("bye", {"reason": "the server stops", "position": position})
                    )
                    return
                if not reader.is_allowed():
                    await reader.write(
                        _event(
                            "bye",
                            {
                                "reason": "the token is no longer valid for reading",
                                "position": position,
                            },
                        )
                    )
                    return
                if frame.piece:
                    await reader.write_frame(frame)
                elif reader.status is not self._status:
                    reader.status = self._status
                    await reader.write(self._status)
                else:
                    await self._signal.wait(min(reader.seconds_to_heartbeat(), ASKED_AGAIN_SECONDS))
                if reader.seconds_to_heartbeat() <= 0:
                    await reader.write(b": still there\n\n")
        except LogWentBack as error:
            position = await self._answers.ask(self._ledger.log.position)
            await reader.write(
                b"id: %d\n" % position
                + _event("went_back", {"reason": str(error), "position": position})
            )
        except Dropped:
            self._log.warning("reader_dropped")
            await reader.write(
                _event("dropped", {"reason": "slower than the ledger: resume with Last-Event-ID"})
            )

    async def _publish_status(self) -> None:
        """Check the status from time to time, and send changes to the readers."""
        while True:
            with suppress(Exception):  # the store may become reachable again
                status = await self._answers.ask(partial(status_of, self._ledger))
                event = _event("status", status)
                if event != self._status:
                    self._status = event
                    self._signal.wake_all()
            await asyncio.sleep(STATUS_SECONDS)


class _Reader:
    """One reader's connection. Every write has a limit of time."""

    def __init__(
        self, send: Send, caller: Caller, tokens: TokenSource | None, memory: FrameMemory
    ) -> None:
        self._send = send
        self._memory = memory
        self.is_dropped = False
        self._caller = caller
        self._tokens = tokens
        self._written_at = self._asked_at = time.monotonic()
        self.status: bytes = b""

    def is_allowed(self) -> bool:
        """Whether the token of this connection may still read. Checks once a second."""
        now = time.monotonic()
        if self._tokens is None or now - self._asked_at < ASKED_AGAIN_SECONDS:
            return True
        self._asked_at = now
        token = self._tokens.with_digest(self._caller.digest)
        return token is not None and READ in token.roles

    async def write(self, piece: bytes) -> None:
        """Send a piece. Raises TimeoutError for a reader that reads nothing."""
        async with asyncio.timeout(STUCK_SECONDS):
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        self._written_at = time.monotonic()

    async def write_frame(self, frame: Frame) -> None:
        """Send a frame in parts. Raises Dropped after whole events."""
        self._memory.begin(self, frame)
        try:
            for part in frame.parts():
                await self.write(part)
                if self.is_dropped and part.endswith(END_OF_EVENT):
                    raise Dropped
        finally:
            self._memory.end(self)

    async def end(self) -> None:
        async with asyncio.timeout(STUCK_SECONDS):
            await self._send({"type": "http.response.body", "body": b""})

    def seconds_to_heartbeat(self) -> float:
        return self._written_at + HEARTBEAT_SECONDS - time.monotonic()


async def _left(receive: Receive, signal: Signal) -> None:
    """Wait until the client disconnects."""
    while (await receive())["type"] != "http.disconnect":
        pass
    signal.wake_all()


def _resumed(headers: Mapping[bytes, bytes], after: int | None) -> int | None:
    """The position after which the reader continues."""
    last = headers.get(b"last-event-id")
    if last is None or not last.strip():
        return after
    try:
        return cast(int, parsed(BY_NAME["after"], last.decode("ascii").strip()))
    except (UnicodeDecodeError, Problem):
        raise invalid("Last-Event-ID", "is not a log position") from None


def _filter(
    view: str, filtered: tuple[str, ...], asked: Mapping[str, Any]
) -> Callable[[Item], bool] | None:
    """The filter of a reader. None for everything. An order that no longer exists has only an
    account and a stream.
    """
    for name in asked:
        if name not in filtered:
            raise invalid(name, f"is not a filter of view={view}: {', '.join(filtered)}")
    if not asked:
        return None
    wanted = [
        (filtered.index(name), histories.EVENT_NAMES[value] if name == "name" else value)
        for name, value in asked.items()
    ]

    def keeps(item: Item) -> bool:
        values = item.values
        return all(values[index] == value for index, value in wanted if index < len(values))

    return keeps


def _event(name: str, document: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), rows_json.row_json(document))
