"""Notes on the clocks of senders, at their bounds."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from orderledger import Ledger
from orderledger.audit.explanation import AHEAD, LATE, notes_of_clocks
from tests.audit.test_independence import events_of
from tests.core.contract.streams import parsed, request

INSTANT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("delay", "begins"),
    [
        (LATE, "Late: recorded 1 min after it happened."),
        (LATE - INSTANT, None),
        (timedelta(), None),
        (-AHEAD + INSTANT, None),
        (-AHEAD, "The sender's clock is ahead of ours: it dates this 1 s after"),
        (-LATE, "The sender's clock is ahead of ours: it dates this 1 min after"),
    ],
)
def test_a_clock_is_noted_from_its_bound_on(delay: timedelta, begins: str | None) -> None:
    with Ledger.open("memory://", update_views=False) as ledger:
        ledger.record_many(parsed(request("C-1")))
        (recorded,) = events_of(ledger)
    notes = notes_of_clocks(replace(recorded, recorded_at=recorded.at + delay))
    assert len(notes) == (begins is not None)
    assert all(note.startswith(begins or "") for note in notes)
