"""The log can be followed: by threads, tasks and other processes, without missing an event and
without getting one twice."""

import asyncio
import json
import signal
import subprocess
import threading
import time
from contextlib import aclosing
from pathlib import Path

import pytest

from orderledger import Ledger, StoreUnreachable
from tests.command_line import run
from tests.core.contract.streams import lives, parsed

PATIENCE = 60.0


def positions_followed(ledger: Ledger, into: list[int], after: int = 0) -> threading.Thread:
    """A thread that follows the log until the ledger is closed."""

    def follow() -> None:
        into.extend(row["position"] for row in ledger.events(after=after, follow=True))

    thread = threading.Thread(target=follow)
    thread.start()
    return thread


def test_who_follows_gets_each_event_once_and_ends_when_the_ledger_is_closed(
    store_url: str,
) -> None:
    found: list[int] = []
    with Ledger.open(store_url) as ledger:
        ledger.record_many(parsed(*lives(3)))
        thread = positions_followed(ledger, found)
        for message in parsed(*lives(6)[12:]):
            ledger.record(message)
        deadline = time.monotonic() + PATIENCE
        while len(found) < 24 and time.monotonic() < deadline:
            time.sleep(0.01)
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert found == list(range(1, 25))


def test_an_event_of_another_ledger_ends_a_wait(durable_store_url: str) -> None:
    with Ledger.open(durable_store_url) as ledger, Ledger.open(durable_store_url) as other:
        found: list[int] = []
        waiting = threading.Thread(
            target=lambda: found.append(ledger.internals.following.wait(0, PATIENCE))
        )
        waiting.start()
        time.sleep(0.1)
        assert found == []
        other.record(parsed(*lives(1))[0])
        began = time.monotonic()
        waiting.join(PATIENCE)
        assert found == [1]
        assert time.monotonic() - began < PATIENCE / 2


def test_a_wait_ends_with_its_time() -> None:
    with Ledger.open("memory://") as ledger:
        ledger.record(parsed(*lives(1))[0])
        assert ledger.internals.following.wait(0, PATIENCE) == 1
        assert ledger.internals.following.wait(1, 0.01) == 1
        assert asyncio.run(ledger.internals.following.await_events(1, 0.01)) == 1


def test_a_task_follows_without_blocking_its_loop(durable_store_url: str) -> None:
    async def follow() -> list[int]:
        found = []
        async with aclosing(ledger.log.aevents(after=2)) as rows:
            async for row in rows:
                found.append(row["position"])
                if len(found) == 4:
                    await ledger.arecord(parsed(*lives(2))[6])
                if len(found) == 5:
                    return found
        return found

    with Ledger.open(durable_store_url) as ledger:
        ledger.record_many(parsed(*lives(2))[:6])
        assert asyncio.run(asyncio.wait_for(follow(), PATIENCE)) == [3, 4, 5, 6, 7]


def test_a_task_that_follows_ends_when_the_ledger_is_closed() -> None:
    ledger = Ledger.open("memory://")

    async def follow() -> list[int]:
        threading.Timer(0.1, ledger.close).start()
        return [row["position"] async for row in ledger.log.aevents()]

    assert asyncio.run(asyncio.wait_for(follow(), PATIENCE)) == []


def test_who_waits_for_a_store_that_is_gone_is_told(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        ledger.record(parsed(*lives(1))[0])
        (tmp_path / "ledger.db").rename(tmp_path / "elsewhere.db")
        with pytest.raises(StoreUnreachable):
            ledger.internals.following.wait(1, PATIENCE)


def test_tail_prints_the_last_events_or_those_after_a_position(tmp_path: Path) -> None:
    db = str(tmp_path / "ledger.db")
    with Ledger.open(db) as ledger:
        ledger.record_many(parsed(*lives(5)))

    def positions(*arguments: str) -> list[int]:
        return [
            json.loads(line)["position"]
            for line in run("tail", "--db", db, "--json", *arguments).out.splitlines()
        ]

    assert positions() == list(range(11, 21))
    assert positions("-n", "3") == [18, 19, 20]
    assert positions("--after", "17") == [18, 19, 20]
    assert positions("--after", "0", "--name", "order_requested") == [1, 5, 9, 13, 17]
    assert run("tail", "--db", str(tmp_path / "none.db")).status == 3


def test_tail_follows_another_process_until_it_is_interrupted(
    tmp_path: Path, orderledger_command: Path
) -> None:
    db = str(tmp_path / "ledger.db")
    with Ledger.open(db) as ledger:
        ledger.record_many(parsed(*lives(1)))
        command = [
            str(orderledger_command),
            "tail",
            "--db",
            db,
            "--follow",
            "--after",
            "2",
            "--json",
        ]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert [json.loads(process.stdout.readline())["position"] for _ in range(2)] == [3, 4]
            ledger.record(parsed(*lives(2))[4])
            assert json.loads(process.stdout.readline())["position"] == 5
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 130
            assert process.stdout.read() == ""
