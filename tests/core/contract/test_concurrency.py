"""Threads and event loops that share a ledger share its commits, and each gets its own outcome."""

import asyncio
import gc
import sqlite3
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from operator import attrgetter
from pathlib import Path
from queue import Queue

import pytest

from orderledger import Ledger, StoreError, StoreUnreachable, parse_document
from tests.core.contract.streams import fill, lives, opened, parsed, report, request


def test_sixteen_threads_share_commits(ledger: Ledger) -> None:
    def record(thread: int) -> list[str]:
        futures = [ledger.record_soon(message) for message in parsed(*lives(15, f"sim:{thread}"))]
        return [future.result(60).outcome for future in futures]

    with ThreadPoolExecutor(16) as pool:
        outcomes = [outcome for told in pool.map(record, range(16)) for outcome in told]
    assert outcomes == ["recorded"] * 16 * 60
    assert {(row["status"], str(row["cum_quantity"])) for row in ledger.orders()} == {
        ("filled", "10")
    }
    assert len(ledger.orders()) == 240 and len(ledger.trades()) == 480
    assert ledger.views.check().differences == ()


def test_threads_that_wait_for_each_of_their_records_share_commits(durable_store_url: str) -> None:
    with opened(durable_store_url) as shared, ThreadPoolExecutor(16) as pool:
        together = threading.Barrier(16)

        def record(thread: int) -> list[str]:
            messages = parsed(*lives(5, f"sim:{thread}"))
            together.wait(60)
            return [shared.record(message).outcome for message in messages]

        outcomes = [outcome for told in pool.map(record, range(16)) for outcome in told]
        assert outcomes == ["recorded"] * 16 * 20
        assert shared.metrics.durations()["commit"]["count"] < 0.45 * len(outcomes)


def test_sixteen_threads_on_one_order_count_each_fill_once(ledger: Ledger) -> None:
    ledger.record(parse_document(request("C-1", quantity="1000")))

    def record(_: int) -> list[str]:
        return [ledger.record(parse_document(fill("C-1", f"F-{n}", n))).outcome for n in range(25)]

    with ThreadPoolExecutor(16) as pool:
        outcomes = [outcome for told in pool.map(record, range(16)) for outcome in told]
    assert outcomes.count("recorded") == 25 and outcomes.count("duplicate") == 15 * 25
    assert ledger.order("C-1")["cum_quantity"] == 25


@pytest.mark.slow
def test_sixty_four_tasks_share_commits(ledger: Ledger) -> None:
    async def record(task: int) -> list[str]:
        return [
            (await ledger.arecord(message)).outcome for message in parsed(*lives(4, f"sim:{task}"))
        ]

    async def all_tasks() -> list[list[str]]:
        return await asyncio.gather(*(record(task) for task in range(64)))

    outcomes = [outcome for told in asyncio.run(all_tasks()) for outcome in told]
    assert outcomes == ["recorded"] * 64 * 16
    assert len(ledger.orders()) == 256 and len(ledger.trades()) == 512
    assert ledger.views.check().differences == ()


def test_what_is_queued_is_committed_before_the_ledger_closes(durable_store_url: str) -> None:
    ledger = opened(durable_store_url)
    futures = [ledger.record_soon(message) for message in parsed(*lives(200))]
    ledger.close()
    assert {future.result(0).outcome for future in futures} == {"recorded"}
    with opened(durable_store_url) as again:
        assert len(again.trades()) == 400


def test_what_is_offered_to_a_closed_ledger_is_answered(store_url: str) -> None:
    with opened(store_url) as ledger:
        assert ledger.record_soon(parse_document(request("C-1"))).result(10).outcome == "recorded"
    with pytest.raises(StoreUnreachable, match="the ledger is closed"):
        ledger.record_soon(parse_document(request("C-2"))).result(10)
    with pytest.raises(StoreUnreachable, match="the ledger is closed"):
        asyncio.run(asyncio.wait_for(ledger.arecord(parse_document(request("C-3"))), 10))
    with pytest.raises(StoreUnreachable, match="the ledger is closed"):
        ledger.recording.preview([parse_document(request("C-4"))])


def test_an_event_loop_that_ended_before_its_commit_does_not_stop_the_others(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ledger.db"

    async def give_up(ledger: Ledger) -> None:
        task = asyncio.ensure_future(ledger.arecord(parse_document(request("C-1"))))
        await asyncio.sleep(0.1)
        task.cancel()

    with opened(f"sqlite:///{path}") as ledger:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        asyncio.run(give_up(ledger))
        other.execute("ROLLBACK")
        other.close()
        assert ledger.record_soon(parse_document(request("C-2"))).result(10).outcome == "recorded"
        assert [row["client_order_id"] for row in ledger.orders()] == ["C-1", "C-2"]


def test_a_callback_that_ends_its_thread_leaves_nobody_waiting(tmp_path: Path) -> None:
    def leave(_: object) -> None:
        sys.exit("the program's own fault")

    first, second, third = parsed(request("C-1"), request("C-2"), request("C-3"))
    path = tmp_path / "orders.db"
    with (
        Ledger.open(str(path), update_views=False) as ledger,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")  # so that the callback is there before the commit
        future = ledger.record_soon(first)
        future.add_done_callback(leave)
        other.execute("ROLLBACK")
        assert future.result(10).outcome == "recorded"
        assert ledger.record_soon(second).result(10).outcome == "recorded"
        assert asyncio.run(asyncio.wait_for(ledger.arecord(third), 10)).outcome == "recorded"


def test_a_callback_that_closes_the_ledger_is_refused_and_it_stays_open(tmp_path: Path) -> None:
    first, second = parsed(request("C-1"), request("C-2"))
    said: Queue[str] = Queue()
    path = tmp_path / "orders.db"

    def close(_: object) -> None:
        try:
            ledger.close()
        except RuntimeError as error:
            said.put(str(error))

    with (
        Ledger.open(str(path), update_views=False) as ledger,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")  # so that the callback is there before the commit
        ledger.record_soon(first).add_done_callback(close)
        other.execute("ROLLBACK")
        assert "cannot close a ledger during the ledger's own work" in said.get(timeout=10)
        assert ledger.record(second).outcome == "recorded"


def test_where_there_is_no_room_for_a_thread_everybody_is_answered(tmp_path: Path) -> None:
    first, second = parsed(request("C-1"), request("C-2"))
    with Ledger.open(str(tmp_path / "orders.db"), update_views=False) as ledger:
        before = threading.stack_size(1 << 47)  # more than there are addresses
        try:
            assert ledger.record_soon(first).result(10).outcome == "recorded"
            assert asyncio.run(asyncio.wait_for(ledger.arecord(second), 10)).outcome == "recorded"
        finally:
            threading.stack_size(before)
        assert ledger.record_soon(first).result(10).outcome == "duplicate"


@pytest.mark.parametrize(
    "question", ["orders", "trades", "pnl", "events", "recover", "views.check", "views.rebuild"]
)
def test_a_closed_ledger_says_so(store_url: str, question: str) -> None:
    ledger = opened(store_url)
    ledger.record_many(parsed(*lives(1)))
    ledger.record_soon(parse_document(request("C-8"))).result(10)
    ledger.close()
    with pytest.raises(StoreError, match="the ledger is closed"):
        list(attrgetter(question)(ledger)())
    with pytest.raises(StoreError, match="the ledger is closed"):
        ledger.record(parse_document(request("C-9")))
    with pytest.raises(StoreError, match="the ledger is closed"):
        ledger.record_soon(parse_document(request("C-9"))).result(60)


def test_one_bad_neighbour_does_not_spoil_a_commit(ledger: Ledger) -> None:
    """A refused command, a duplicate and new facts in one batch each get their own answer."""
    batch = [
        request("C-1"),
        request("C-1", quantity="2"),
        request("C-1", 5),
        report("submit", "C-9", 1),
        fill("C-1", "F-1"),
        fill("C-1", "F-1"),
        fill("C-1", "F-1", quantity="2"),
    ]
    outcomes = [
        (outcome.outcome, outcome.reason, outcome.anomalies)
        for outcome in ledger.record_many(parsed(*batch))
    ]
    assert outcomes == [
        ("recorded", None, ()),
        ("refused", "duplicate_client_order_id", ()),
        ("duplicate", None, ()),
        ("refused", "unknown_order", ()),
        ("recorded", None, ()),
        ("duplicate", None, ()),
        ("recorded", None, ("fill_id_reused",)),
    ]


def test_event_loops_that_are_over_are_not_kept(tmp_path: Path) -> None:
    with Ledger.open(str(tmp_path / "orders.db"), update_views=False) as ledger:
        loops = []
        for message in parsed(*(request(f"C-{number}") for number in range(3))):
            with asyncio.Runner() as runner:
                loops.append(weakref.ref(runner.get_loop()))
                assert runner.run(ledger.arecord(message)).outcome == "recorded"
        gc.collect()
        assert [loop() for loop in loops[:-1]] == [None, None]
