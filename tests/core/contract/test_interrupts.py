"""A program that is interrupted, wherever Python may do so, and goes on: nothing is lost, doubled
or left locked."""

import asyncio
import gc
import threading
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from orderledger import Ledger, StoreUnreachable
from orderledger.infrastructure.garbage import uncollected
from tests.core.contract.interrupting import in_another_thread, interrupted
from tests.core.contract.streams import fill, parsed, request

pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # an interrupt in what is thrown away


@pytest.mark.slow
def test_what_is_recorded_may_be_interrupted_anywhere(durable_store_url: str) -> None:
    with Ledger.open(durable_store_url, update_views=False, lock_timeout=5) as ledger:
        ledger.record_many(parsed(request("C-1", quantity="100000")))
        for number in count():
            (message,) = parsed(fill("C-1", f"F-{number}", number))
            is_interrupted = interrupted(number, partial(ledger.record, message))
            assert in_another_thread(partial(ledger.record, message)).outcome in (
                "recorded",
                "duplicate",
            )
            if not is_interrupted:
                break
        assert number > 100
        assert ledger.views.check().differences == ()
        assert [row["fill_id"] for row in ledger.trades()] == [
            f"F-{place}" for place in range(number + 1)
        ]


def test_an_event_loop_that_was_interrupted_may_be_run_on(tmp_path: Path) -> None:
    with Ledger.open(str(tmp_path / "orders.db"), update_views=False) as ledger:
        for place in count():
            first, second, last = parsed(
                *(fill("C-1", f"{kind}-{place}", place) for kind in ("first", "second", "last"))
            )
            loop = asyncio.new_event_loop()
            tasks = [loop.create_task(ledger.arecord(message)) for message in (first, second)]
            is_interrupted = interrupted(
                place,
                lambda: loop.run_until_complete(asyncio.wait(tasks)),  # noqa: B023
            )
            told: list[str] = []
            while not told:
                with suppress(KeyboardInterrupt):  # of the task in which it came
                    told.append(
                        loop.run_until_complete(asyncio.wait_for(ledger.arecord(last), 10)).outcome
                    )
            assert told[0] in ("recorded", "duplicate")
            loop.run_until_complete(asyncio.wait(tasks, timeout=10))
            assert all(task.done() for task in tasks)
            answered = [task.result().outcome for task in tasks if task.exception() is None]
            assert (
                answered == ["recorded"] * len(answered)
                and len(answered) >= len(tasks) - is_interrupted
            )
            loop.close()
            if not is_interrupted:
                break
        assert place > 20  # most often 62: fewer where the thread of the ledger commits


def test_a_rebuild_that_is_interrupted_while_it_gets_its_lock_keeps_nobody_waiting(
    postgres_schema_url: str,
) -> None:
    """The server may have given it, and its connection goes on to others."""
    with (
        Ledger.open(postgres_schema_url, update_views=False) as one,
        Ledger.open(postgres_schema_url, update_views=False) as other,
    ):

        def rebuild(ledger: Ledger) -> bool:
            with ledger._store.database.rebuilding():
                return True

        for place in count():
            is_interrupted = interrupted(place, lambda: rebuild(one), files="psycopg/cursor.py")
            assert in_another_thread(lambda: rebuild(other))
            if not is_interrupted:
                break
        assert place > 5


def test_an_interrupt_leaves_the_garbage_collector_on() -> None:
    def rest() -> None:
        with uncollected():
            pass

    for place in count():
        is_interrupted = interrupted(place, rest, files="garbage.py")
        assert gc.isenabled()
        if not is_interrupted:
            break
    assert place > 2


@pytest.mark.slow
def test_a_question_may_be_interrupted_anywhere(durable_store_url: str) -> None:
    with Ledger.open(durable_store_url, update_views=False, lock_timeout=5) as ledger:
        ledger.record_many(parsed(request("C-1", quantity="100000")))
        for number in count():
            (message,) = parsed(fill("C-1", f"F-{number}", number))
            ledger.record(message)
            if not interrupted(number * 40, ledger.orders):
                break
            assert in_another_thread(lambda: ledger.order("C-1"))["cum_quantity"] == number + 1
        assert ledger.views.check().differences == ()


def test_a_ledger_that_was_interrupted_closes_at_once(tmp_path: Path) -> None:
    ledger = Ledger.open(str(tmp_path / "orders.db"), update_views=False)
    for number in range(0, 400, 7):
        interrupted(number, partial(ledger.record_many, parsed(fill("C-1", f"F-{number}", number))))
    closing = threading.Thread(target=ledger.close, daemon=True)
    closing.start()
    closing.join(5)
    assert not closing.is_alive()


def test_a_ledger_whose_closing_was_interrupted_is_closed_by_the_next_call(
    durable_store_url: str,
) -> None:
    message = parsed(fill("C-1", "F-1"))[0]
    for place in count():
        ledger = Ledger.open(durable_store_url)
        future = ledger.record_soon(message)
        is_interrupted = interrupted(place, ledger.close)
        in_another_thread(ledger.close)
        assert future.result(0).outcome in ("recorded", "duplicate")
        with pytest.raises(StoreUnreachable, match="the ledger is closed"):
            ledger.record(message)
        assert not Path(
            f"{durable_store_url.removeprefix('sqlite:///')}-wal"
        ).exists()  # SQLite's last connection removes it
        if not is_interrupted:
            break
    assert place > 5
