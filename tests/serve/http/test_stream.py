"""The stream of changes, read inside this process: each change once, in order, and no work without
readers."""

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any

import pytest
from starlette.applications import Starlette

from orderledger import Ledger
from orderledger.serve import streaming
from orderledger.serve.app import make_app
from orderledger.serve.settings import ServerLimits, ServiceSettings
from tests.serve.http.harness import client_of, day

PATIENCE = 60.0


class Reader:
    """A client of the stream. `events`: what it has read, in blocks."""

    def __init__(self, app: Starlette, query: str, headers: dict[str, str]) -> None:
        self._pieces: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self._leaving = asyncio.Event()
        self._buffer = b""
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/api/stream",
            "raw_path": b"/api/stream",
            "query_string": query.encode(),
            "headers": [
                (b"host", b"127.0.0.1:8350"),
                *((name.encode(), value.encode()) for name, value in headers.items()),
            ],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8350),
            "state": {},
        }
        self.task = asyncio.ensure_future(app(scope, self._receive, self._send))
        self.begin: MutableMapping[str, Any] = {}

    async def _receive(self) -> dict[str, Any]:
        await self._leaving.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        self._pieces.put_nowait(message)

    async def start(self) -> None:
        self.begin = await asyncio.wait_for(self._pieces.get(), PATIENCE)

    async def block(self) -> str:
        """The next block of lines: an event, or a comment."""
        while b"\n\n" not in self._buffer:
            message = await asyncio.wait_for(self._pieces.get(), PATIENCE)
            self._buffer += message["body"]
            assert message.get("more_body"), "the stream has ended"
        first, _, self._buffer = self._buffer.partition(b"\n\n")
        return first.decode()

    async def event(self, *kinds: str) -> dict[str, str]:
        """The next event of one of these kinds, as its fields."""
        while True:
            fields = dict(line.split(": ", 1) for line in (await self.block()).splitlines())
            if fields.get("event") in kinds:
                return fields

    async def leave(self) -> None:
        self._leaving.set()
        await asyncio.wait_for(self.task, PATIENCE)


@asynccontextmanager
async def reading(app: Starlette, query: str, **headers: str) -> AsyncIterator[Reader]:
    reader = Reader(app, query, headers)
    await reader.start()
    try:
        yield reader
    finally:
        await reader.leave()


@asynccontextmanager
async def service(ledger: Ledger, **limits: int) -> AsyncIterator[Starlette]:
    app = make_app(ledger, ServiceSettings(limits=ServerLimits(**limits)))
    try:
        yield app
    finally:
        app.state.service.answers.close()


def test_each_event_is_sent_once_also_while_others_are_recorded(ledger: Ledger) -> None:
    async def run() -> None:
        async with service(ledger) as app, reading(app, "view=events&after=0") as reader:
            headers = dict(reader.begin["headers"])
            assert reader.begin["status"] == 200
            assert headers[b"content-type"].startswith(b"text/event-stream")
            assert headers[b"cache-control"] == b"no-store"
            position = 0
            for _ in range(3):
                ledger.record_many(more(ledger))
                for event in list(ledger.events())[position:]:
                    fields = await reader.event("event")
                    row = json.loads(fields["data"])
                    position = event["position"]
                    assert int(fields["id"]) == row["position"] == position
                    assert (row["name"], row["stream"]) == (event["name"], event["stream"])

    asyncio.run(run())


def more(ledger: Ledger) -> list[Any]:
    """Messages of one more order."""
    number = len(ledger.orders())
    own_id = {"client_order_id": f"C-{number}"}
    return [message.model_copy(update=own_id) for message in islice(day(1), 2)]


def test_changed_orders_are_sent_as_they_are_now(ledger: Ledger) -> None:
    async def run() -> None:
        async with service(ledger) as app, reading(app, "view=orders") as reader:
            await reader.event("status")
            ledger.record_many(more(ledger))
            fields = await reader.event("rows")
            data = json.loads(fields["data"])
            assert int(fields["id"]) == data["position"] == ledger.log.position()
            assert data["gone"] == []
            (row,) = data["rows"]
            assert row["client_order_id"] == "C-30"
            assert row["status"] == ledger.order("C-30")["status"]

    asyncio.run(run())


def test_a_reader_that_resumes_gets_what_it_has_missed(ledger: Ledger) -> None:
    async def run() -> None:
        last = ledger.log.position()
        async with (
            service(ledger) as app,
            reading(app, "view=events", **{"last-event-id": str(last - 2)}) as reader,
        ):
            assert [(await reader.event("event"))["id"] for _ in range(2)] == [
                str(last - 1),
                str(last),
            ]

    asyncio.run(run())


def test_a_filter_leaves_out_other_events(ledger: Ledger) -> None:
    async def run() -> None:
        wanted = [row["position"] for row in ledger.events() if row["account"] == "sim:1"]
        async with service(ledger) as app, reading(app, "after=0&account=sim%3A1") as reader:
            found = [int((await reader.event("event"))["id"]) for _ in wanted]
            assert found == wanted

    asyncio.run(run())


def test_a_position_that_the_log_does_not_have_ends_the_stream_with_the_last_one(
    ledger: Ledger,
) -> None:
    async def run() -> None:
        async with service(ledger) as app, reading(app, "after=1000000") as reader:
            fields = await reader.event("went_back")
            assert int(fields["id"]) == ledger.log.position()
            assert json.loads(fields["data"])["position"] == ledger.log.position()

    asyncio.run(run())


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "\u00b2"])
def test_a_last_event_id_is_a_log_position(ledger: Ledger, last: str) -> None:
    async def run() -> None:
        async with client_of(ledger) as client:
            answer = await client.get("/api/stream", headers={b"last-event-id": last.encode()})
            assert (answer.status_code, answer.json()["field"]) == (400, "Last-Event-ID")

    asyncio.run(run())


def test_places_of_readers_that_left_are_free_again(ledger: Ledger) -> None:
    async def run() -> None:
        async with service(ledger, readers=1) as app:
            for _ in range(3):
                async with reading(app, "") as reader:
                    assert reader.begin["status"] == 200
                    async with reading(app, "") as refused:
                        assert refused.begin["status"] == 503

    asyncio.run(run())


@pytest.mark.parametrize("view", ["events", "orders"])
def test_without_readers_nothing_runs(ledger: Ledger, view: str) -> None:
    async def run() -> None:
        async with service(ledger) as app:
            before = asyncio.all_tasks()
            for _ in range(3):
                async with (
                    reading(app, f"view={view}") as one,
                    reading(app, f"view={view}") as other,
                ):
                    await one.event("status")
                    await other.event("status")
                    await one.leave()
                    ledger.record_many(more(ledger))
                    await other.event("event", "rows")
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                assert asyncio.all_tasks() <= before

    asyncio.run(run())


def test_a_quiet_stream_has_a_sign_of_life_now_and_then(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def comments(seconds: float) -> int:
        count = 0
        async with service(ledger) as app, reading(app, "") as reader:
            await reader.event("status")
            try:
                async with asyncio.timeout(seconds):
                    while True:
                        count += (await reader.block()).startswith(":")
            except TimeoutError:
                return count

    assert asyncio.run(comments(1.5)) == 0
    monkeypatch.setattr(streaming, "HEARTBEAT_SECONDS", 0.3)
    assert 1 <= asyncio.run(comments(1.5)) <= 5


def test_when_the_server_stops_each_reader_is_told_its_position(ledger: Ledger) -> None:
    async def run() -> None:
        async with service(ledger) as app, reading(app, "") as reader:
            await reader.event("status")
            app.state.service.streams.stop()
            fields = await reader.event("bye")
            assert json.loads(fields["data"])["position"] == ledger.log.position()
        async with service(ledger) as app:
            app.state.service.streams.stop()
            async with reading(app, "") as reader:
                assert reader.begin["status"] == 503

    asyncio.run(run())
