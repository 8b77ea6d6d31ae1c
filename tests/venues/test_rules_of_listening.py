"""What the protocol `Venue` asks of those who listen, tried with each adapter against its fake: a
new one needs its `Kind`."""

import asyncio
from contextlib import aclosing

import pytest

from orderledger.venues.base.venue import Down, Messages, Up
from tests.seeds import few, long
from tests.venues.harness import ODD, POLLED, Harness, every_stream, every_venue, played, spoiled
from tests.worlds.plan import VENUES

DEPTHS = range(800, 1000)
"""Of nesting. Around the deepest that Python reads is what it can read and cannot write."""


@every_venue
def test_an_account_is_up_once_it_can_be_heard_and_down_from_when_it_could_not(name: str) -> None:
    async def story(harness: Harness) -> None:
        async with harness.listening():
            await harness.until(lambda: harness.ups_and_downs)
            order = harness.place()
            await harness.until(lambda: harness.ledger.orders(open_only=True))
            harness.exchange.fill(order)
            await harness.until(lambda: harness.ledger.orders(status="filled"))
            assert harness.venue.error_for(harness.account) is None
            await harness.server.stop()
            await harness.until(lambda: len(harness.ups_and_downs) == 2)
            await harness.until(lambda: harness.venue.error_for(harness.account))
            await harness.server.start()
            await harness.until(lambda: len(harness.ups_and_downs) == 3)
        up, down, again = harness.ups_and_downs
        assert (
            isinstance(harness.told[0], Up)
            and isinstance(up, Up)
            and isinstance(down, Down)
            and isinstance(again, Up)
        )
        assert up.at <= down.at < again.at

    played(name, story)


@pytest.mark.slow
@every_venue
@pytest.mark.parametrize("connections", [8, *long([20])])
def test_an_account_is_up_before_it_is_first_heard_of(name: str, connections: int) -> None:
    async def story(harness: Harness) -> None:
        harness.faults.change(reorder=0.5, repeat=0.2, delay=0.2)
        async with harness.listening():
            while not harness.told:
                harness.happen(1)
                await asyncio.sleep(0.001)
        assert isinstance(harness.told[0], Up)

    for _ in range(connections):
        played(name, story)


@pytest.mark.slow
@every_venue
@pytest.mark.parametrize("before", few(3, 6))
def test_an_account_comes_up_whatever_was_lost_of_the_beginning(name: str, before: int) -> None:
    async def story(harness: Harness) -> None:
        harness.faults.plan_frames(*[None] * before, "malformed")
        async with harness.listening():
            await harness.until(lambda: harness.ups_and_downs)

    played(name, story)


@pytest.mark.parametrize("name", [name for name in VENUES if name not in POLLED])
def test_an_account_whose_subscriptions_nobody_confirmed_is_not_up(name: str) -> None:
    async def story(harness: Harness) -> None:
        harness.faults.change(malformed=1.0)
        harness.faults.plan_answers(*[None] * 100)
        async with harness.listening():
            await harness.until(lambda: harness.faults.done["malformed"] > 5)
        assert not any(isinstance(told, (Up, Messages)) for told in harness.told)

    played(name, story)


@every_venue
def test_what_cannot_be_read_of_what_is_heard_is_told(name: str) -> None:
    async def story(harness: Harness) -> None:
        async with harness.listening():
            await harness.until(lambda: harness.ups_and_downs)
            harness.server.rewritten = spoiled
            harness.place(quantity=ODD)
            await harness.until(lambda: harness.unreadable)
        assert {account for told in harness.unreadable for account in told.accounts} == {
            harness.account
        }

    played(name, story)


@every_stream
def test_a_frame_that_is_cut_is_told(name: str) -> None:
    async def story(harness: Harness) -> None:
        async with harness.listening():
            await harness.until(lambda: harness.ups_and_downs)
            known = len(harness.unreadable)
            harness.faults.plan_frames("malformed", "malformed", "malformed")
            harness.happen(3)
            await harness.until(lambda: len(harness.unreadable) > known)
        assert {account for told in harness.unreadable for account in told.accounts} == {
            harness.account
        }

    played(name, story)


@every_stream
def test_a_frame_that_is_nested_as_deeply_as_can_be_read_is_told_and_is_no_end(name: str) -> None:
    async def story(harness: Harness) -> None:
        async with harness.listening():
            await harness.until(lambda: harness.ups_and_downs)
            for depth in DEPTHS:
                harness.server.push(harness.server.sockets[0], '{"a":' * depth + "1" + "}" * depth)
            await harness.until(lambda: len(harness.unreadable) == len(DEPTHS))

    played(name, story)


@every_venue
def test_the_listening_ends_by_itself_with_what_had_come(name: str) -> None:
    async def story(harness: Harness) -> None:
        async with harness.listening() as work:
            await harness.until(lambda: harness.ups_and_downs)
            harness.place()
            await harness.until(lambda: harness.ledger.orders())
            await harness.venue.disconnect()
            await asyncio.wait_for(work, 5.0)

    played(name, story)


@every_venue
@pytest.mark.parametrize("cut_at", range(1, 4))
def test_who_listens_again_hears_that_the_account_is_up_and_then_of_it(
    name: str, cut_at: int
) -> None:
    async def story(harness: Harness) -> None:
        harness.place()
        async with aclosing(harness.venue.listen()) as told:
            for _ in range(cut_at):
                harness.place()
                await anext(told)
        async with harness.listening():
            await harness.until(lambda: harness.ups_and_downs)
            order = harness.place()
            name_there = harness.kind.venue_id(order)
            await harness.until(
                lambda: name_there in {row["venue_order_id"] for row in harness.ledger.orders()}
            )
        assert [type(told) for told in harness.ups_and_downs] == [Up]

    played(name, story)
