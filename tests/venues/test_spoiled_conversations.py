"""A collector, and a venue whose frames and answers are spoiled by chance, one seed each: nothing
fails, and all goes on."""

import json
import random
from collections.abc import Callable
from datetime import timedelta

import pytest

from orderledger.testing import VenueHarness
from orderledger.testing.spoiling import Mutator
from orderledger.venues.reconciliation.reconciler import Reconciler, Rules
from tests.captured_logs import captured
from tests.seeds import few
from tests.venues.harness import played
from tests.worlds.plan import VENUES

MANY_SEEDS = range(100, 160)
SPOILED = 0.15
WAYS = [*((name, 1) for name in VENUES), ("hyperliquid", 0)]
FAILURES = {"feed_failed", "reconciliation_failed", "not_hung_up"}


every_way = pytest.mark.parametrize(("name", "streams"), WAYS)


def spoiling(seed: int) -> Callable[[str], str]:
    """What spoils some of the texts that are JSON."""
    chance, mutator = random.Random(seed), Mutator(seed)

    def spoil(text: str) -> str:
        if chance.random() >= SPOILED:
            return text
        try:
            return mutator.text(json.loads(text), times=chance.choice([1, 1, 2]))
        except ValueError:
            return text

    return spoil


async def spoiled_for_a_while(harness: VenueHarness, seed: int) -> None:
    async with harness.collected() as counters:
        harness.server.rewritten = spoiling(seed)
        await harness.live()
        harness.server.rewritten = lambda text: text
        await harness.settle(counters)


def spoil(name: str, streams: int, seed: int) -> None:
    with captured() as said:
        played(name, lambda harness: spoiled_for_a_while(harness, seed), streams=streams)
    assert not [line for line in said if line["event"] in FAILURES]


@pytest.mark.slow
@every_way
@pytest.mark.parametrize("seed", few(1, 2))
def test_a_conversation_that_is_spoiled_by_chance_goes_on(
    name: str, streams: int, seed: int
) -> None:
    spoil(name, streams, seed)


@every_way
@pytest.mark.long
@pytest.mark.parametrize("seed", MANY_SEEDS)
def test_many_conversations_that_are_spoiled_by_chance_go_on(
    name: str, streams: int, seed: int
) -> None:
    spoil(name, streams, seed)


def test_an_order_under_a_false_id_does_not_agree_to_work_once_the_venue_has_ended_it() -> None:
    """At Hyperliquid an id that is new is a new leg: what ends the one before it does not end the
    order."""

    async def story(harness: VenueHarness) -> None:
        order = harness.request()
        async with harness.listening():
            await harness.until(lambda: harness.ledger.order("C-1")["acknowledged_at"])
            harness.server.rewritten = lambda text: text.replace(
                str(order.order_id), str(2**53 + 1)
            )
            harness.exchange.fill(order, order.quantity / 2)
            await harness.until(lambda: len(harness.ledger.order("C-1")["venue_order_ids"]) == 2)
            harness.server.rewritten = lambda text: text
            harness.exchange.cancel(order)
        rules = Rules(grace=timedelta(0), pause=0.001, opening_pause=0.001)
        reconciler = Reconciler(harness.ledger, harness.venue, harness.clock, rules)
        for _ in range(2):
            found = await reconciler.run(harness.account)
            assert [left.id for left in found.certificate.open_breaks] == ["absent_order:C-1"]
        told = harness.ledger.order("C-1")
        assert (told["is_open"], told["cum_quantity"]) == (True, order.quantity / 2)

    played("hyperliquid", story)
