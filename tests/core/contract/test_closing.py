"""A ledger that is closed has committed what was queued."""

import pytest

from orderledger import Ledger, Outcome
from orderledger.infrastructure.engine.entries import to_entry
from tests.core.contract.streams import parsed, request


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
