"""Signal handlers and callbacks that use the ledger they have interrupted: answered, or refused at
once, and never waited for."""

import sys
import threading
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from orderledger import Ledger, Outcome, StoreError, StoreUnreachable
from orderledger.infrastructure.storage.sqlite.connections import Datastore
from tests.core.contract.interrupting import ANYWHERE, Handler, in_another_thread
from tests.core.contract.streams import fill, parsed, request

pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # an interrupt in what is thrown away


@pytest.mark.slow
@pytest.mark.parametrize("work", ["record", "record_soon", "orders", "close"])
def test_a_signal_handler_that_closes_the_ledger_waits_for_nothing_that_it_has_interrupted(
    tmp_path: Path, work: str
) -> None:
    """Not for a thread, either, that waits for what was interrupted."""
    message, other = parsed(fill("C-1", "F-1"), fill("C-1", "F-2"))
    said: set[str] = set()
    for place in range(0, 150, 4):
        ledger = Ledger.open(str(tmp_path / f"{place}.db"))
        told: list[Future[Outcome]] = []

        def handle() -> None:
            told.append(ledger.record_soon(other))  # noqa: B023
            try:
                ledger.close()  # noqa: B023
            except RuntimeError as fault:
                said.add(str(fault))

        def run(place: int) -> None:
            sys.setprofile(Handler(place, handle))
            try:
                with suppress(StoreUnreachable):  # it was closed before
                    getattr(ledger, work)(*((message,) if work.startswith("record") else ()))  # noqa: B023
            finally:
                sys.setprofile(None)

        in_another_thread(lambda: run(place))  # noqa: B023
        in_another_thread(ledger.close)
        assert all(future.done() for future in told)
        if not told:
            break
    assert any("cannot close" in one for one in said) is (work in ("record", "orders"))


@pytest.mark.slow
def test_a_signal_handler_may_record_soon_wherever_it_has_come(tmp_path: Path) -> None:
    for place in range(90):
        with Ledger.open(str(tmp_path / f"{place}.db"), update_views=False) as ledger:
            message, other = parsed(fill("C-1", "F-1"), fill("C-1", "F-2"))
            handler = Handler(place, lambda: ledger.record_soon(other), ANYWHERE)  # noqa: B023

            def run() -> str:
                sys.setprofile(handler)  # noqa: B023
                try:
                    future = ledger.record_soon(message)  # noqa: B023
                finally:
                    sys.setprofile(None)
                return future.result(10).outcome

            assert in_another_thread(run) == "recorded"
        with Ledger.open(str(tmp_path / f"{place}.db"), update_views=False) as ledger:
            assert {row["fill_id"] for row in ledger.trades()} >= {"F-1"}


@pytest.mark.slow
def test_a_signal_handler_may_ask_and_record_and_the_commit_it_interrupts_is_whole(
    durable_store_url: str,
) -> None:
    """A transaction that is under way is nobody else's to end: a handler that runs within it is
    refused, and it goes on."""
    said: list[str] = []
    with Ledger.open(durable_store_url, update_views=False, lock_timeout=5) as ledger:

        def handle() -> None:
            for work in (lambda: ledger.record(other), ledger.orders):
                try:
                    work()
                except (RuntimeError, StoreError) as fault:
                    said.append(str(fault))
            ledger.record_soon(later)

        ledger.record_many(parsed(request("C-1", quantity="100000")))
        for number in range(0, 400, 3):
            message, other, later = parsed(
                *(fill("C-1", f"{kind}-{number}", number) for kind in ("F", "other", "later"))
            )
            sys.setprofile(Handler(number, handle))
            try:
                assert ledger.record(message).outcome == "recorded"
            finally:
                sys.setprofile(None)
            in_another_thread(lambda: ledger.record(later))  # noqa: B023
            assert ledger.record(message).outcome == "duplicate"
        assert ledger.views.check().differences == ()
        filled = [row["fill_id"] for row in ledger.trades()]
    assert said and len(filled) == len(set(filled))
    assert {f"F-{number}" for number in range(0, 400, 3)} <= set(filled)


@pytest.mark.slow
def test_a_signal_handler_that_asks_in_the_middle_of_a_question_is_answered_or_refused(
    durable_store_url: str,
) -> None:
    said: list[object] = []
    with Ledger.open(durable_store_url, update_views=False, lock_timeout=5) as ledger:

        def handle() -> None:
            try:
                said.append(len(ledger.trades()))
            except (RuntimeError, StoreError) as fault:
                said.append(str(fault))

        def ask(place: int) -> int:
            sys.setprofile(Handler(place, handle))
            try:
                return len(ledger.trades())
            finally:
                sys.setprofile(None)

        ledger.record_many(parsed(request("C-1", quantity="100000")))
        for number in range(0, 400, 7):
            ledger.record_many(parsed(fill("C-1", f"F-{number}", number)))
            assert in_another_thread(partial(ask, number)) == number // 7 + 1
        assert ledger.views.check().differences == ()
    assert any(
        "a signal handler cannot wait for the update of the views" in str(one) for one in said
    )


def test_a_callback_of_a_future_may_ask_and_record_soon_and_is_told_that_it_cannot_wait(
    durable_store_url: str,
) -> None:
    said: list[str] = []
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(request("C-1", quantity="100000")))

        def go_on(future: Future[Outcome]) -> None:
            if (
                threading.current_thread() is not threading.main_thread()
            ):  # there it was done before it had a callback
                soon, late = parsed(
                    fill("C-1", f"soon-{future.result().position}"), fill("C-1", "late")
                )
                ledger.record_soon(soon)
                try:
                    ledger.record(late)
                except RuntimeError as fault:
                    said.append(str(fault))
                said.append(ledger.order("C-1")["status"])

        for number in range(20):
            ledger.record_soon(*parsed(fill("C-1", f"F-{number}"))).add_done_callback(go_on)
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        filled = [row["fill_id"] for row in ledger.trades()]
    refused, asked = set(said[::2]), set(said[1::2])
    assert asked == {"partially_filled"} and all(
        "or a future's callback cannot wait" in sentence for sentence in refused
    )
    assert "late" not in filled and len(filled) == 20 + len(said) // 2


@pytest.mark.slow
@pytest.mark.parametrize("follow", [True, False])
def test_a_signal_handler_that_closes_the_ledger_is_done_or_refused_at_once(
    durable_store_url: str, *, follow: bool
) -> None:
    said: set[str] = set()
    with Ledger.open(durable_store_url) as ledger:
        ledger.record_many(parsed(request("C-1", quantity="100000")))

    def live(place: int) -> None:
        ledger = Ledger.open(durable_store_url, update_views=follow)

        def close() -> None:
            try:
                ledger.close()
            except RuntimeError as fault:
                said.add(str(fault))

        ledger.record_soon(*parsed(fill("C-1", f"soon-{place}", place)))
        sys.setprofile(Handler(place, close))
        with suppress(StoreError):  # it is closed
            ledger.record(*parsed(fill("C-1", f"F-{place}", place)))
            ledger.orders()
        sys.setprofile(None)
        ledger.close()

    for place in range(0, 1000, 97):
        in_another_thread(partial(live, place))
    assert {sentence.partition(" cannot ")[2].partition(":")[0] for sentence in said} == {
        "close a ledger during the ledger's own work"
    }


def test_a_closed_store_closes_again_although_a_thread_ended_with_the_lock_of_its_pool(
    tmp_path: Path,
) -> None:
    """When Python ends it closes what is left once more, and ends daemon threads where they are:
    they let go of nothing."""
    datastore = Datastore(str(tmp_path / "orders.db"), lock_timeout=1, synchronous="FULL")
    with datastore.transaction(commit=True):
        pass
    datastore.close()
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with datastore.pool._put_condition:
            held.set()
            let_go.wait(20)

    threading.Thread(target=hold, daemon=True).start()
    assert held.wait(5)
    try:
        for work in (datastore.close, datastore.__del__, datastore.pool.__del__):
            in_another_thread(work)
    finally:
        let_go.set()
