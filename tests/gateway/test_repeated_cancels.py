"""A venue that confirms the receipt of cancels, and carries none out."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from orderledger import Gateway, Ledger, Message
from orderledger.gateway import cancel_repeats, running
from orderledger.gateway.cancel_repeats import MOST_RECEIPTS, Outstanding
from orderledger.simulation.local.order_entry import LocalOrderEntry
from orderledger.venues.errors import NotSent, Unanswered
from tests.gateway.desk import ACCOUNT, buy, in_a_loop, until, venue_of


class Idle(LocalOrderEntry):
    """`receipts`: when a cancel arrived, in seconds of the loop. `is_idle`: it is ignored."""

    is_idle = True

    async def cancel(self, order: Any, request_id: str) -> Sequence[Message]:
        self.receipts = [*getattr(self, "receipts", []), asyncio.get_running_loop().time()]
        return [] if self.is_idle else await super().cancel(order, request_id)


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CANCEL_SECONDS", 0.01)
    monkeypatch.setattr(cancel_repeats, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(cancel_repeats, "LONGEST_PAUSE", 0.3)


@pytest.mark.usefixtures("_quick")
@in_a_loop
async def test_a_cancel_that_is_not_carried_out_is_repeated_after_growing_pauses_and_ends(
    ledger: Ledger,
) -> None:
    entry = Idle(venue_of())
    async with Gateway(ledger, {ACCOUNT: entry}, clock=entry) as gateway:
        await gateway.submit(buy("C-1", price="60000"))
        assert (await gateway.cancel("C-1")).state == "received"
        await until(lambda: ledger.order("C-1", account=ACCOUNT)["pending"] is None)
        row = ledger.order("C-1", account=ACCOUNT)
        assert (row["status"], row["certainty"], len(entry.receipts)) == (
            "new",
            "confirmed",
            MOST_RECEIPTS,
        )
        pauses = [later - at for at, later in zip(entry.receipts, entry.receipts[1:], strict=False)]
        assert all(pause >= 0.3 for pause in pauses[4:])
        (end,) = ledger.events(name="cancel_rejected")
        assert "receipt of the cancel 10 times" in str(end)
        await asyncio.sleep(0.5)
        assert len(entry.receipts) == MOST_RECEIPTS
        entry.is_idle = False
        assert (await gateway.cancel("C-1")).state == "acknowledged"


def test_the_pauses_between_cancels_grow_to_a_minute_and_to_eight_seconds_without_answers() -> None:
    def pauses(answer: Any, count: int) -> list[float]:
        outstanding, found = Outstanding("R-1"), list[float]()
        for _ in range(count):
            outstanding.note(answer, 100.0)
            found.append(outstanding.waits_until - 100.0)
        return found

    assert pauses([], 8) == [1, 2, 4, 8, 16, 32, 60, 60]
    assert pauses(Unanswered("timeout"), 5) == [1, 2, 4, 8, 8]
    unsent = Outstanding("R-1")
    unsent.note(NotSent("not_connected", ""), 100.0)
    assert (unsent.waits_until, unsent.is_given_up) == (0.0, False)
