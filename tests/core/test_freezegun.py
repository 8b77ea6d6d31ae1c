"""The same run on another date stores the same bytes and shows the same views: nothing that decides
or folds reads a clock."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from freezegun import freeze_time

from orderledger import Ledger
from orderledger.infrastructure.clock import SteppingClock
from tests.core.contract.streams import MADE_AT, every_view, parsed, story

MESSAGES = parsed(*story())  # pydantic models must be made before the clock stops


StoredAndShown = tuple[list[tuple[str, int, str, bytes, int]], dict[int, Any], dict[str, str]]


@pytest.fixture(scope="module")
def today() -> StoredAndShown:
    return stored_and_shown()


def stored_and_shown() -> StoredAndShown:
    clock, salts = SteppingClock(MADE_AT), Random(71).randbytes
    with Ledger.open("memory://", clock=clock, update_views=False, random_bytes=salts) as ledger:
        outcomes = [ledger.record(message) for message in MESSAGES]
        stored = [tuple(row) for row in ledger._store.recorder.rows_after(0, 100_000)]
        evidence = ledger._store.recorder.evidence_at(range(1, len(stored) + 1))
        assert evidence
        views = every_view(ledger)
        views["outcomes"] = repr(outcomes)
        views["as of"] = repr(ledger.orders(as_of=MADE_AT + timedelta(milliseconds=50)))
        assert ledger.views.rebuild().is_equal
        return stored, evidence, views  # type: ignore[return-value]


@pytest.mark.parametrize("date", ["1999-12-31 23:59:59", "2026-03-02", "2038-01-19 03:14:08"])
def test_the_same_messages_give_the_same_bytes_on_any_day(date: str, today: StoredAndShown) -> None:
    with freeze_time(date, ignore=["eventsourcing", "threading", "queue"], tick=True):
        found = stored_and_shown()
    assert found == today


def test_the_clock_is_asked_only_for_what_has_no_time_of_its_own(today: StoredAndShown) -> None:
    """Every stored time is one of the messages' or one of the ledger's clock."""
    stored, _, _ = today
    assert not any(b"2038-" in state or b"1999-" in state for _, _, _, state, _ in stored)
