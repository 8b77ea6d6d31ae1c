"""Readers of the stream share one limit of memory. The slowest is dropped first, and can resume."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from starlette.applications import Starlette

from orderledger import Ledger
from orderledger.serve.app import make_app
from orderledger.serve.frames import PART_BYTES, Frame, FrameMemory
from orderledger.serve.settings import ServerLimits, ServiceSettings
from tests.serve.http.harness import day
from tests.serve.http.processes import events_of


class ReaderOfApp:
    """A client inside this process. It reads nothing while `may_read` is not set."""

    def __init__(self, app: Starlette, query: str, *, reads: bool = True) -> None:
        self._received = b""
        self.may_read = asyncio.Event()
        self.is_waiting = asyncio.Event()
        if reads:
            self.may_read.set()
        path, headers = "/api/stream", [(b"host", b"localhost")]
        scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode()}
        scope |= {"query_string": query.encode(), "headers": headers, "http_version": "1.1"}
        scope |= {"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2), "scheme": "http"}
        self.task = asyncio.ensure_future(app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def _send(self, message: Any) -> None:
        if b"id: " in message.get("body", b""):
            self.is_waiting.set()
            await self.may_read.wait()
        self._received += message.get("body", b"")

    def events(self) -> list[tuple[str, int | None]]:
        whole = self._received.rpartition(b"\n\n")[0] + b"\n\n"
        found: Iterator[Any] = events_of(iter(whole.decode().splitlines()))
        return [(name, position) for name, position, _ in found]

    def positions(self) -> list[int]:
        return [at for name, at in self.events() if name == "event" and at is not None]

    async def until(self, position: int) -> None:
        async with asyncio.timeout(30):
            while position not in self.positions():
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


def test_the_slowest_reader_is_dropped_and_resumes_without_a_gap() -> None:
    async def read(ledger: Ledger) -> None:
        app = make_app(ledger, ServiceSettings(limits=ServerLimits(stream_bytes=2)))
        slow = ReaderOfApp(app, "after=0", reads=False)
        await slow.is_waiting.wait()
        quick = ReaderOfApp(app, "after=10")
        await quick.until(last)
        slow.may_read.set()
        async with asyncio.timeout(30):
            await slow.task
        assert slow.events()[-1] == ("dropped", None)
        seen = slow.positions()
        resumed = ReaderOfApp(app, f"after={seen[-1]}")
        await resumed.until(last)
        assert seen and seen + resumed.positions() == list(range(1, last + 1))
        for reader in (quick, resumed):
            await reader.stop()
        app.state.service.answers.close()

    with Ledger.open("memory://") as ledger:
        ledger.record_many(day(300))
        last = ledger.log.position()
        asyncio.run(read(ledger))


def test_readers_at_the_same_place_share_a_frame() -> None:
    async def read(ledger: Ledger) -> None:
        app = make_app(ledger, ServiceSettings())
        readers = [ReaderOfApp(app, "after=0", reads=False) for _ in range(20)]
        for reader in readers:
            await reader.is_waiting.wait()
        memory = app.state.service.streams._memory
        assert len(memory._sending) == 20 and len(memory._readers) == 1
        for reader in readers:
            reader.may_read.set()
            await reader.until(last)
            await reader.stop()
        assert memory.bytes == 0
        app.state.service.answers.close()

    with Ledger.open("memory://") as ledger:
        ledger.record_many(day(30))
        last = ledger.log.position()
        asyncio.run(read(ledger))


@pytest.mark.parametrize("size", [10, 5_000, PART_BYTES, 3 * PART_BYTES])
def test_parts_of_a_frame_are_its_bytes(size: int) -> None:
    piece = b"".join(b"id: %d\ndata: %b\n\n" % (number, b"x" * size) for number in range(9))
    parts = list(Frame(piece).parts())
    assert b"".join(parts) == piece
    assert all(len(part) <= PART_BYTES for part in parts)
    if size < PART_BYTES // 2:
        assert all(part.endswith(b"\n\n") for part in parts)


class Silent:
    is_dropped = False


def test_the_reader_that_sends_its_frame_longest_is_dropped_first() -> None:
    memory = FrameMemory(25)
    first, second, third = Silent(), Silent(), Silent()
    shared, own = Frame(b"0123456789"), Frame(b"01234567890123456789")
    memory.begin(first, shared)
    memory.begin(second, shared)
    memory.end(first)
    memory.begin(first, shared)
    assert memory.bytes == 10
    memory.begin(third, own)
    assert (second.is_dropped, first.is_dropped, third.is_dropped) == (True, True, False)
    memory.end(second)
    memory.end(third)
    assert memory.bytes == 0
