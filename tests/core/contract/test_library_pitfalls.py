"""The pitfalls of the eventsourcing library that a test can show: its commits, its locks and its
end."""

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError, OperationalError

from orderledger import Ledger, OutcomeUnknown, StoreError, StoreUnreachable, parse_document
from orderledger.infrastructure.clock import SteppingClock
from orderledger.infrastructure.storage.table_names import EVENTS_TABLE
from tests.core.contract.library import recorder_of
from tests.core.contract.streams import MADE_AT, fill, lives, parsed, request

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def ledger(durable_store_url: str) -> Iterator[Ledger]:
    with Ledger.open(durable_store_url, clock=SteppingClock(MADE_AT)) as ledger:
        yield ledger


def test_positions_become_visible_in_order(postgres_schema_url: str) -> None:
    """Pitfall 1: a reader that follows the log while many write misses nothing."""
    with Ledger.open(postgres_schema_url) as one, Ledger.open(postgres_schema_url) as other:
        seen: list[int] = []
        is_over = threading.Event()

        def follow() -> None:
            while not is_over.is_set() or seen[-1:] != [recorder_of(one).last_position()]:
                rows = recorder_of(one).rows_after(seen[-1] if seen else 0, 1_000)
                seen.extend(row.position for row in rows)

        def write(number: int) -> None:
            (one, other)[number % 2].record_many(parsed(*lives(20, f"sim:{number}")))

        with ThreadPoolExecutor(9) as pool:
            following = pool.submit(follow)
            for writing in [pool.submit(write, number) for number in range(8)]:
                writing.result()
            is_over.set()
            following.result(timeout=30)
        assert seen == [event["position"] for event in one.events()]
        assert len(seen) == 8 * 80


@pytest.mark.slow
def test_an_append_waits_for_one_whose_positions_are_not_visible_yet(
    postgres_schema_url: str,
) -> None:
    """Pitfall 1: else the later position would be visible first, and a reader would pass over the
    earlier one."""
    insert = (
        f"INSERT INTO {EVENTS_TABLE} (originator_id, originator_version, topic, state) VALUES "
        "('s', 1, 't', '')"
    )
    with (
        Ledger.open(postgres_schema_url, lock_timeout=1, update_views=False) as ledger,
        psycopg.connect(postgres_schema_url) as other,
    ):
        other.execute(insert)
        with pytest.raises(StoreUnreachable, match="another process has locked the store"):
            ledger.record(parsed(request("C-1"))[0])
        other.rollback()
        assert ledger.record(parsed(request("C-1"))[0]).outcome == "recorded"


def test_of_a_commit_that_failed_another_ledgers_event_is_no_part(
    durable_store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pitfall 3: what stands at the version is compared byte for byte with what was to stand
    there."""
    ours, theirs = parsed(fill("C-1", "F-1", 1), fill("C-1", "F-2", 2))
    with (
        Ledger.open(durable_store_url, update_views=False) as one,
        Ledger.open(durable_store_url, update_views=False) as other,
    ):
        one.record(parsed(request("C-1"))[0])

        def fail(*arguments: Any) -> Any:
            other.record(theirs)
            raise OperationalError("the line was cut before anything was sent")

        monkeypatch.setattr(recorder_of(one), "append", fail)
        with pytest.raises((StoreUnreachable, OutcomeUnknown), match="cut before"):
            one.record(ours)
        monkeypatch.undo()
        assert one.record(ours).outcome == "recorded"
        assert {trade["fill_id"] for trade in one.trades()} == {"F-1", "F-2"}


@pytest.mark.parametrize(
    "error", [OperationalError("the answer got lost"), IntegrityError("a retry met its own event")]
)
def test_a_commit_whose_answer_got_lost_counts_once(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Pitfall 3: the events are compared with what is stored before anybody is told otherwise."""
    recorder, append = recorder_of(ledger), recorder_of(ledger).append
    is_lost = [True]

    def losing(*arguments: Any) -> Any:
        positions = append(*arguments)
        if is_lost:
            is_lost.clear()
            raise error
        return positions

    monkeypatch.setattr(recorder, "append", losing)
    outcome = ledger.record(parse_document(fill("C-1", "F-1")))
    assert (outcome.outcome, is_lost) == (
        "recorded" if isinstance(error, OperationalError) else "duplicate",
        [],
    )
    assert [event["name"] for event in ledger.events()].count("fill_recorded.v1") == 1
    assert ledger.record(parse_document(fill("C-1", "F-1"))).outcome == "duplicate"


def test_a_failed_commit_leaves_no_trace_in_memory(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pitfall 4: what did not become durable is not known afterwards, whatever was decided
    before."""
    ledger.record(parse_document(request("C-1")))
    recorder, append = recorder_of(ledger), recorder_of(ledger).append

    def failing(*_: Any) -> Any:
        raise OperationalError("disk full")

    monkeypatch.setattr(recorder, "append", failing)
    messages = parsed(fill("C-1", "F-1"), fill(None, "F-2", venue_order_id="V-1"), request("C-2"))
    for message in messages:
        with pytest.raises(StoreError, match="disk full"):
            ledger.record(message)
    with pytest.raises(StoreError, match="disk full"):
        ledger.record_soon(messages[0]).result(60)
    monkeypatch.setattr(recorder, "append", append)
    assert [outcome.outcome for outcome in ledger.record_many(messages)] == ["recorded"] * 3
    assert [event["version"] for event in ledger.history("C-1")] == [1, 2]
    assert ledger.views.check().differences == ()


def test_an_interrupt_in_the_middle_of_a_commit_leaves_nobody_waiting(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder, append = recorder_of(ledger), recorder_of(ledger).append
    committing, queued = threading.Event(), threading.Event()

    def interrupted(*arguments: Any) -> Any:
        monkeypatch.setattr(recorder, "append", append)
        committing.set()
        queued.wait(60)
        raise KeyboardInterrupt

    monkeypatch.setattr(recorder, "append", interrupted)
    told: list[BaseException] = []

    def record() -> None:
        try:
            ledger.record(parse_document(request("C-1")))
        except BaseException as error:
            told.append(error)

    thread = threading.Thread(target=record)
    thread.start()
    committing.wait(60)
    future = ledger.record_soon(parse_document(request("C-2")))
    queued.set()
    thread.join(60)
    assert [type(error) for error in told] == [KeyboardInterrupt]
    assert future.result(60).outcome == "recorded"
    assert ledger.record(parse_document(request("C-1"))).outcome == "recorded"
    assert ledger.views.check().differences == ()


def test_a_commit_that_nobody_can_ask_about_is_told_as_unknown(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder, append = recorder_of(ledger), recorder_of(ledger).append

    def vanishing(*arguments: Any) -> Any:
        append(*arguments)
        raise OperationalError("connection lost")

    def unreachable(*_: Any) -> Any:
        raise OperationalError("still gone")

    with monkeypatch.context() as broken:
        broken.setattr(recorder, "append", vanishing)
        broken.setattr(recorder, "rows_at", unreachable)
        with pytest.raises(OutcomeUnknown):
            ledger.record(parse_document(fill("C-1", "F-1")))
    assert ledger.record(parse_document(fill("C-1", "F-1"))).outcome == "duplicate"
    assert len(ledger.trades()) == 1


CLOSING = """
import sys, threading
from orderledger import Ledger, LedgerError
from tests.core.contract.streams import lives, parsed
for attempt in range(3):
    ledger = Ledger.open(sys.argv[1])
    ledger.record_many(parsed(*lives(20)))
    def read():
        try:
            while True:
                ledger.orders(); list(ledger.events()); ledger.record_many(parsed(*lives(2)))
        except LedgerError as error:
            assert "closed" in str(error), error
    threads = [threading.Thread(target=read, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    ledger.close()
    for thread in threads:
        thread.join()
print("alive")
"""


@pytest.mark.slow
def test_closing_while_threads_read_crashes_nothing(store_url: str) -> None:
    """Pitfall 6: the library's close ends the process with a segmentation fault."""
    command = [sys.executable, "-c", CLOSING, store_url]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr, ended.stdout) == (0, "", "alive\n")


def test_sqlite_gives_no_position_twice(tmp_path: Path) -> None:
    """Pitfall 7: positions are rowids, which SQLite gives again, unless the key is
    AUTOINCREMENT."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    with Ledger.open(url) as ledger:
        ledger.record_many(parsed(*lives(2)))
        last = max(event["position"] for event in ledger.events())
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        (statement,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = ?", (EVENTS_TABLE,)
        ).fetchone()
        assert "AUTOINCREMENT" in statement
        connection.execute(f"DROP TRIGGER {EVENTS_TABLE}_no_delete")
        connection.execute(f"DELETE FROM {EVENTS_TABLE} WHERE notification_id = ?", (last,))
    connection.close()
    with Ledger.open(url) as ledger:
        assert ledger.record(parse_document(request("C-9"))).position == last + 1


@pytest.mark.slow
def test_whoever_holds_the_log_is_not_waited_for_for_ever(durable_store_url: str) -> None:
    """Pitfall 10: the library's lock timeout on PostgreSQL is infinite unless it is set."""
    with Ledger.open(durable_store_url, lock_timeout=1, update_views=False) as ledger:
        ledger.record(parse_document(request("C-1")))
        holder = holding(durable_store_url)
        began = time.monotonic()
        with pytest.raises(StoreError):
            ledger.record(parse_document(request("C-2")))
        assert time.monotonic() - began < 20
        holder.rollback()
        holder.close()
        assert ledger.record(parse_document(request("C-2"))).outcome == "recorded"


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["EXCLUSIVE", "ACCESS EXCLUSIVE"])
def test_the_whole_wait_for_postgresql_is_as_long_as_was_asked_for(
    postgres_schema_url: str, mode: str
) -> None:
    """Whatever the one who made the store asked for, whether it is reading or writing that waits,
    and nothing is left unknown."""
    Ledger.open(postgres_schema_url, update_views=False).close()
    with Ledger.open(postgres_schema_url, lock_timeout=1, update_views=False) as ledger:
        ledger.record(parse_document(request("C-1")))
        holder = holding(postgres_schema_url, mode)
        asked: list[Callable[[], object]] = [
            lambda: ledger.record(parse_document(request("C-2"))),
            lambda: ledger.record(parse_document(fill("C-1", "F-1", aliases={"index": "7"}))),
            lambda: ledger.record_soon(parse_document(request("C-2"))).result(),
        ]
        if mode == "ACCESS EXCLUSIVE":
            asked += [ledger.orders, ledger.recover, ledger.status]
        for ask in asked:
            began = time.monotonic()
            with pytest.raises(
                StoreUnreachable,
                match="another process has locked the store: waited 1 s, and nothing was written",
            ):
                ask()
            assert time.monotonic() - began < 3
        holder.rollback()
        holder.close()
        assert ledger.record(parse_document(request("C-2"))).outcome == "recorded"
        assert [len(ledger.history(name)) for name in ("C-1", "C-2")] == [1, 1]


@pytest.mark.slow
def test_a_store_of_the_version_before_takes_over_the_new_function(
    postgres_schema_url: str,
) -> None:
    Ledger.open(postgres_schema_url, update_views=False).close()
    append = f"{EVENTS_TABLE}_append"
    with psycopg.connect(postgres_schema_url) as connection:
        (body,) = connection.execute(
            f"SELECT pg_get_functiondef('{append}'::regproc)"
        ).fetchone() or ("",)
        connection.execute(
            body.replace("BEGIN\n", "BEGIN\n    SET LOCAL lock_timeout = '30s';\n", 1).encode()
        )
        connection.execute("UPDATE ledger_schema SET version = 1")
    with Ledger.open(postgres_schema_url, lock_timeout=1, update_views=False) as ledger:
        holder = holding(postgres_schema_url)
        began = time.monotonic()
        with pytest.raises(StoreUnreachable, match="waited 1 s"):
            ledger.record(parse_document(request("C-1")))
        assert time.monotonic() - began < 3
        holder.close()
        assert ledger.record(parse_document(request("C-1"))).outcome == "recorded"


def holding(url: str, mode: str = "EXCLUSIVE") -> Any:
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        return connection
    other = psycopg.connect(url)
    other.execute(f"LOCK TABLE {EVENTS_TABLE} IN {mode} MODE")
    return other
