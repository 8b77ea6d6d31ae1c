"""When the venue is queried about an order with an unknown outcome, and how long a doubt lasts."""

import asyncio
import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from orderledger import Gateway, Ledger
from orderledger.gateway import GatewaySettings
from orderledger.simulation.local.order_entry import ABSENCE, LocalOrderEntry
from orderledger.venues import VenueUnavailable
from orderledger.venues.base.transport import Pacing
from tests.gateway.desk import ACCOUNT, buy, until, venue_of

STEP = 0.25


class Asked(LocalOrderEntry):
    """Counts `queries`, by the time `now` of the test. `fails(number)`: a query has no answer."""

    pacing: Pacing

    def __init__(self, venue: Any, fails: Callable[[int], bool] = lambda number: False) -> None:
        super().__init__(venue)
        self.fails, self.seconds = fails, 0.0
        self.queries: list[float] = []

    async def order(self, account: str, order: Any) -> Any:
        self.queries.append(self.seconds)
        if self.fails(len(self.queries)):
            raise VenueUnavailable("it does not answer")
        return await super().order(account, order)


def asked_within(seconds: float, ledger: Ledger, entry: Asked, fate: str) -> None:
    """Lose an order, and let this many seconds pass in steps, by the clock of the process."""
    del entry.clock

    async def story() -> None:
        async with Gateway(
            ledger, {ACCOUNT: entry}, clock=entry, elapsed=lambda: entry.seconds
        ) as gateway:
            gateway._wired.parts.keeper.fence = lambda account: 1  # type: ignore[method-assign]
            entry.venue.lose_next_answer(fate)  # type: ignore[arg-type]
            await gateway.submit(buy("C-1"))
            await until(lambda: len(entry.queries) == 1)
            for step in range(1, int(seconds / STEP) + 1):
                entry.seconds = step * STEP
                await gateway._resolver.resolve(besides=())

    asyncio.run(story())


def test_an_unknown_order_is_queried_often_while_it_may_still_arrive(ledger: Ledger) -> None:
    entry = Asked(venue_of())
    entry.abilities = dataclasses.replace(entry.abilities, absence=None)
    asked_within(30, ledger, entry, "request_lost")
    assert entry.queries == [0, 1, 2, 4, 7, 12, 20, 28]


def test_the_query_that_proves_the_absence_is_sent_when_it_counts(ledger: Ledger) -> None:
    entry = Asked(venue_of())
    bound = ABSENCE.expires_seconds + ABSENCE.margin_seconds
    asked_within(bound, ledger, entry, "request_lost")
    assert entry.queries[-1] == bound
    assert ledger.order("C-1")["reason"] == "never_arrived"


@pytest.mark.parametrize("failed", [1, 3])
def test_a_query_that_fails_is_soon_repeated(ledger: Ledger, failed: int) -> None:
    entry = Asked(venue_of(), fails=lambda number: number <= failed)
    asked_within(6, ledger, entry, "answer_lost")
    assert entry.queries == [0, 0.5, 1.5, 3.5][: failed + 1]
    assert ledger.order("C-1")["certainty"] == "confirmed"


def test_nobody_queries_between_two_answers_that_count(ledger: Ledger) -> None:
    """Such an answer proves nothing, and could delay the next one that counts."""
    entry = Asked(venue_of())
    rule = dataclasses.replace(ABSENCE, queries=2, pause_seconds=3.0)
    entry.abilities = dataclasses.replace(entry.abilities, absence=rule)
    bound = rule.expires_seconds + rule.margin_seconds
    asked_within(bound + 3, ledger, entry, "request_lost")
    assert entry.queries[-2:] == [bound, bound + 3]
    assert ledger.order("C-1")["reason"] == "never_arrived"


def test_a_query_waits_for_the_end_of_a_pause_that_the_venue_asked_for(ledger: Ledger) -> None:
    """It would count from its begin, and be sent at the end of the pause."""

    async def story() -> None:
        entry = Asked(venue_of())
        entry.pacing = pacing = Pacing({})
        pacing.hold(2.0, "the test")
        async with Gateway(ledger, {ACCOUNT: entry}, clock=entry) as gateway:
            entry.venue.lose_next_answer("answer_lost")
            await gateway.submit(buy("C-1", price="60000"))
            await asyncio.sleep(1.0)
            assert entry.queries == []
            await until(lambda: ledger.order("C-1")["certainty"] == "confirmed", 4.0)

    asyncio.run(story())


def test_queries_that_fail_do_not_lengthen_the_pauses_of_a_proof(ledger: Ledger) -> None:
    """Those before the expiry fail, and the first one after it."""
    entry = Asked(venue_of())
    bound = ABSENCE.expires_seconds + ABSENCE.margin_seconds
    entry.fails = lambda number: entry.seconds < bound + 0.5
    asked_within(bound + 3, ledger, entry, "request_lost")
    assert ledger.order("C-1")["reason"] == "never_arrived"


def test_a_query_that_waits_for_its_answer_delays_no_other(ledger: Ledger) -> None:
    class Hanging(LocalOrderEntry):
        """The first query about each order fails. The next one about C-1 has no answer."""

        asked: list[str]

        async def order(self, account: str, order: Any) -> Any:
            self.asked.append(order["client_order_id"])
            if self.asked.count(order["client_order_id"]) == 1:
                raise VenueUnavailable("it does not answer")
            if order["client_order_id"] == "C-1":
                await asyncio.sleep(60.0)
            return await super().order(account, order)

    async def story() -> None:
        entry = Hanging(venue_of())
        entry.asked = []
        settings = GatewaySettings(unresolved="allow")
        async with Gateway(ledger, {ACCOUNT: entry}, clock=entry, limits=settings) as gateway:
            for name in ("C-1", "C-2"):
                entry.venue.lose_next_answer("answer_lost")
                await gateway.submit(buy(name, price="60000"))
                await until(lambda: len(entry.asked) >= 2)
            await until(lambda: ledger.order("C-2")["certainty"] == "confirmed", 5.0)
            assert ledger.order("C-1")["certainty"] == "unresolved"

    asyncio.run(story())
