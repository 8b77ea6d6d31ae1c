"""Every event reaches NATS JetStream, in order and without a second copy, whoever is killed. With a
real `nats-server`."""

import asyncio
import json
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nats
import psutil
import pytest

from orderledger import Ledger
from orderledger.analytics.relay.sink import publications
from orderledger.simulation.servers.ports import held
from tests.command_line import run
from tests.core.contract.streams import fill, lives, opened, parsed, story
from tests.seeds import few, long

SERVER = shutil.which("nats-server")
PATIENCE = 60.0

pytestmark = pytest.mark.skipif(
    SERVER is None, reason="there is no nats-server here (Debian: apt install nats-server)"
)


@contextmanager
def server(
    folder: Path, port: int, *, payload_max: int = 1 << 20
) -> Iterator[subprocess.Popen[bytes]]:
    """A server that keeps its streams in a folder."""
    (folder / "nats.conf").write_text(f"max_payload: {payload_max}\n")
    command = [
        str(SERVER),
        "-c",
        str(folder / "nats.conf"),
        "-js",
        "-sd",
        str(folder / "nats"),
        "-a",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + PATIENCE
        while not _is_open(port):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        try:
            yield process
        finally:
            process.kill()


def _is_open(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def port() -> Iterator[int]:
    with held("127.0.0.1") as keeping:
        yield keeping.getsockname()[1]


def messages(port: int, stream: str = "ORDERLEDGER") -> list[Any]:
    """All messages of a stream, in its order."""

    async def read() -> list[Any]:
        client = await nats.connect(f"nats://127.0.0.1:{port}")
        jetstream = client.jetstream()
        found = (await jetstream.stream_info(stream)).state.messages
        subscription = await jetstream.subscribe(">", stream=stream, ordered_consumer=True)
        try:
            return [await subscription.next_msg(timeout=PATIENCE) for _ in range(found)]
        finally:
            await client.close()

    return asyncio.run(read())


def ids(port: int) -> list[int]:
    return [int(message.headers["Nats-Msg-Id"]) for message in messages(port)]


def count_at(port: int) -> int:
    async def ask() -> int:
        client = await nats.connect(f"nats://127.0.0.1:{port}")
        try:
            return int((await client.jetstream().stream_info("ORDERLEDGER")).state.messages)
        except nats.js.errors.NotFoundError:
            return 0
        finally:
            await client.close()

    return asyncio.run(ask())


def until_published(port: int, count: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while (found := count_at(port)) < count:
        assert time.monotonic() < deadline, f"{found} of {count}"
        time.sleep(0.05)


@contextmanager
def relaying(command: Path, port: int, db: str) -> Iterator[subprocess.Popen[bytes]]:
    arguments = [str(command), "relay", f"nats://127.0.0.1:{port}", "--db", db]
    with subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.slow
def test_every_event_is_published_once_under_its_position(tmp_path: Path, port: int) -> None:
    db, target = str(tmp_path / "ledger.db"), f"nats://127.0.0.1:{port}/desk"
    with opened(db) as ledger, server(tmp_path, port):
        ledger.record_many(parsed(*story(), *lives(300, "a b.c>*")))
        assert run("relay", target, "--db", db, "--once").status == 0
        ledger.record_many(parsed(*lives(3, "third:x")))
        done = run("relay", target, "--db", db, "--once")
        last = ledger.log.position()
        assert (done.status, done.out) == (
            0,
            f"12 events published, up to log position {last:,}\n",
        )
        found, told = (
            messages(port, "DESK"),
            publications(ledger.internals.store, list(ledger.internals.store.all_rows())),
        )
        assert [(int(one.headers["Nats-Msg-Id"]), one.data) for one in found] == [
            (event.position, event.body) for event in told
        ]
        printed = run("tail", "--db", db, "--after", "0", "--json").out.splitlines()
        assert [json.loads(one.data) for one in found] == list(map(json.loads, printed))
        assert {one.subject for one in found} >= {
            "desk.a%20b%2Ec%3E%2A.fill_recorded",
            "desk.sim:main.order_requested",
        }
        assert run("status", "--db", db).status == 0


def test_a_ledger_without_a_note_goes_on_after_the_last_message_of_the_stream(
    tmp_path: Path, port: int
) -> None:
    db, target = str(tmp_path / "ledger.db"), f"nats://127.0.0.1:{port}"
    with opened(db) as ledger, server(tmp_path, port):
        ledger.record_many(parsed(*lives(10)))
        assert run("relay", target, "--db", db, "--once").status == 0
        with ledger.internals.store.database.writing() as session:
            session.execute("DELETE FROM collectors")
        assert run("relay", target, "--db", db, "--once").out.startswith("0 events published")
        assert run("relay", target, "--db", db, "--once", "--after", "5").out.startswith(
            "35 events published"
        )
        assert ids(port) == list(range(1, 41))


def until_more_is_published(port: int, ledger: Ledger) -> None:
    """Wait for one event more, unless all are published."""
    until_published(port, min(count_at(port) + 1, ledger.internals.store.recorder.last_position()))


@pytest.mark.slow
@pytest.mark.parametrize("seed", few(1, 10))
def test_kills_of_the_relay_and_the_server_lose_nothing_and_repeat_nothing(
    seed: int, tmp_path: Path, port: int, orderledger_command: Path
) -> None:
    chance, db = random.Random(seed), str(tmp_path / "ledger.db")
    with opened(db) as ledger:
        ledger.record_many(parsed(*lives(1_500)))
        with server(tmp_path, port):
            for _ in range(2):
                with relaying(orderledger_command, port, db) as process:
                    until_more_is_published(port, ledger)
                    time.sleep(chance.random() * 0.3)
                    process.send_signal(signal.SIGKILL)
        with relaying(orderledger_command, port, db) as process:
            for part in range(2):
                with server(tmp_path, port) as killed:
                    until_more_is_published(port, ledger)
                    ledger.record_many(parsed(*lives(20, f"sim:{part}")))
                    time.sleep(chance.random() * 0.3)
                    killed.send_signal(signal.SIGKILL)
            with server(tmp_path, port):
                count = ledger.internals.store.recorder.last_position()
                until_published(port, count)
                assert process.poll() is None
                assert ids(port) == list(range(1, count + 1))


def test_an_event_that_is_too_large_ends_the_relay_with_its_position(
    tmp_path: Path, port: int
) -> None:
    db = str(tmp_path / "ledger.db")
    with opened(db) as ledger, server(tmp_path, port, payload_max=5_000):
        ledger.record_many(parsed(*lives(1), fill("C-9", "F-9", evidence={"raw": "x" * 9_000})))
        done = run("relay", f"nats://127.0.0.1:{port}", "--db", db)
        assert done.status == 1
        assert "event 5 has 9," in done.err
        assert "and the broker takes at most 5,000: raise its limit" in done.err


@pytest.mark.slow
@pytest.mark.parametrize("each", [500, *long([1_000])])
def test_memory_does_not_grow_with_the_log(
    each: int, tmp_path: Path, port: int, orderledger_command: Path
) -> None:
    db = str(tmp_path / "ledger.db")
    with Ledger.open(db, synchronous="OFF", update_views=False) as ledger, server(tmp_path, port):
        ledger.record_many(parsed(*(one for n in range(6) for one in lives(each, f"sim:{n}"))))
        with relaying(orderledger_command, port, db) as process:
            sizes = []
            for count in (8 * each, 24 * each):
                until_published(port, count)
                sizes.append(psutil.Process(process.pid).memory_info().rss)
    assert sizes[1] < sizes[0] + each * 24 * 2**10
