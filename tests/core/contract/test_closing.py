"""A ledger that is closed has committed what was queued. One that is dropped is closed."""

import gc
import threading
import warnings

import pytest

from orderledger import Ledger, Outcome, StoreError
from orderledger.infrastructure.engine.entries import to_entry
from orderledger.infrastructure.storage.store import reaching
from tests.core.contract.streams import parsed, request
from tests.older_log import until


@pytest.mark.parametrize(
    "has_thread", [True, False], ids=["while its thread ends", "before its thread began"]
)
def test_what_is_queued_after_its_thread_has_looked_for_the_last_time_is_committed(
    durable_store_url: str, has_thread: bool
) -> None:
    told: list[Outcome] = []
    first, last = parsed(request("C-1"), request("C-2"))
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        if has_thread:
            assert ledger.record_soon(first).result().outcome == "recorded"
            ledger._committer._is_stopping = (
                True  # the thread looks once more when it is woken, and ends
            )
            ledger._committer._wake.put(None)
            ledger._committer._thread.join()  # type: ignore[union-attr]
        ledger._writer.enqueue(
            [to_entry(last)], lambda outcomes, error: told.extend(outcomes or [])
        )
    assert [outcome.outcome for outcome in told] == ["recorded"]
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        assert ledger.order("C-2", account="sim:main")["status"] == "pending_new"


def threads() -> set[str]:
    return {one.name for one in threading.enumerate() if one.name.startswith("orderledger")}


@pytest.mark.parametrize("is_in_cycle", [False, True], ids=["dropped", "found as garbage"])
def test_a_dropped_ledger_warns_and_is_closed(store_url: str, is_in_cycle: bool) -> None:
    before = threads()
    ledger = Ledger.open(store_url)
    recorded = ledger.record_soon(parsed(request("C-1"))[0])
    assert recorded.result().outcome == "recorded"
    assert ledger.orders() and threads() > before
    store = ledger.internals.store
    if is_in_cycle:
        ledger.itself = ledger  # type: ignore[attr-defined]
    with pytest.warns(ResourceWarning, match="unclosed ledger"):  # noqa: PT031
        del ledger
        gc.collect()
    until(lambda: threads() == before)
    with pytest.raises(StoreError), reaching("the store"):
        store.recorder.last_position()


def test_a_closed_ledger_does_not_warn(store_url: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with Ledger.open(store_url) as ledger:
            ledger.record(parsed(request("C-1"))[0])
        ledger.close()
        del ledger
        gc.collect()


def test_an_iterator_of_events_keeps_its_ledger(store_url: str) -> None:
    events = opened(store_url).events()
    gc.collect()
    assert [row["name"] for row in events] == ["order_requested.v1"]


def opened(url: str) -> Ledger:
    ledger = Ledger.open(url)
    ledger.record(parsed(request("C-1"))[0])
    return ledger
