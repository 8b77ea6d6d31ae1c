"""A query about one order does not wait long for an answer that was lost."""

import time

import pytest

from orderledger.venues.base.transport.patience import impatient
from tests.venues.ccxt.harness import ACCOUNT, Account
from tests.venues.ccxt.test_timing import VenuesClock, play, request, trading


def test_a_query_about_an_order_is_soon_repeated_if_its_answer_does_not_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("orderledger.venues.base.transport.patience.FIRST_SECONDS", 0.3)

    async def story(account: Account, clock: VenuesClock) -> None:
        async with trading(account) as gateway:
            assert (await gateway.submit(request(account, "C-1"))).state == "acknowledged"
        await account.venue.open_orders(ACCOUNT)  # loads the markets
        account.faults.delay_seconds = 3_600.0
        account.faults.plan_answers("delay")
        began = time.monotonic()
        with impatient():
            found = await account.venue.order(ACCOUNT, account.ledger.order("C-1"))
        assert found and time.monotonic() - began < 5.0

    play(story, monkeypatch)
