"""Rules of the protocol `Venue` for listening, tried with an adapter and its simulated server."""

import asyncio
from contextlib import aclosing

import pytest

from orderledger.testing.harness import ODD, VenueHarness, played, spoiled
from orderledger.testing.venue import VenueUnderTest
from orderledger.venues.base.venue import Down, Messages, Up

DEPTHS = range(800, 1000)
"""Depths of nesting, around the deepest that Python reads: some it can read and not write."""


class RulesOfListening:
    """Rules of listening to a venue. A class of tests derives from it and has a fixture
    `under_test`, a `VenueUnderTest`.
    """

    def test_an_account_is_up_once_events_arrive_and_down_from_when_they_could_not(
        self, under_test: VenueUnderTest
    ) -> None:
        async def story(harness: VenueHarness) -> None:
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
                isinstance(harness.received[0], Up)
                and isinstance(up, Up)
                and isinstance(down, Down)
                and isinstance(again, Up)
            )
            assert up.at <= down.at < again.at

        played(under_test, story)

    @pytest.mark.slow
    @pytest.mark.parametrize("connections", [8, pytest.param(20, marks=pytest.mark.long)])
    def test_an_account_is_up_before_its_first_message(
        self, under_test: VenueUnderTest, connections: int
    ) -> None:
        async def story(harness: VenueHarness) -> None:
            harness.faults.change(reorder=0.5, repeat=0.2, delay=0.2)
            async with harness.listening():
                while not harness.received:
                    harness.happen(1)
                    await asyncio.sleep(0.001)
            assert isinstance(harness.received[0], Up)

        for _ in range(connections):
            played(under_test, story)

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "before",
        [*range(3), *(pytest.param(number, marks=pytest.mark.long) for number in range(3, 6))],
    )
    def test_an_account_comes_up_whatever_was_lost_of_the_beginning(
        self, under_test: VenueUnderTest, before: int
    ) -> None:
        async def story(harness: VenueHarness) -> None:
            harness.faults.plan_frames(*[None] * before, "malformed")
            async with harness.listening():
                await harness.until(lambda: harness.ups_and_downs)

        played(under_test, story)

    def test_an_account_whose_subscriptions_nobody_confirmed_is_not_up(
        self, under_test: VenueUnderTest
    ) -> None:
        if under_test.is_polled:
            pytest.skip("is up by an answer")

        async def story(harness: VenueHarness) -> None:
            harness.faults.change(malformed=1.0)
            harness.faults.plan_answers(*[None] * 100)
            async with harness.listening():
                await harness.until(lambda: harness.faults.done["malformed"] > 5)
            assert not any(isinstance(reported, (Up, Messages)) for reported in harness.received)

        played(under_test, story)

    def test_an_unreadable_payload_is_reported_to_listeners(
        self, under_test: VenueUnderTest
    ) -> None:
        async def story(harness: VenueHarness) -> None:
            async with harness.listening():
                await harness.until(lambda: harness.ups_and_downs)
                harness.server.rewritten = spoiled
                harness.place(quantity=ODD)
                await harness.until(lambda: harness.unreadable)
            assert {
                account for reported in harness.unreadable for account in reported.accounts
            } == {harness.account}

        played(under_test, story)

    def test_a_frame_that_is_cut_is_reported(self, under_test: VenueUnderTest) -> None:
        if not under_test.has_frames:
            pytest.skip("has no websocket")

        async def story(harness: VenueHarness) -> None:
            async with harness.listening():
                await harness.until(lambda: harness.ups_and_downs)
                known = len(harness.unreadable)
                harness.faults.plan_frames("malformed", "malformed", "malformed")
                harness.happen(3)
                await harness.until(lambda: len(harness.unreadable) > known)
            assert {
                account for reported in harness.unreadable for account in reported.accounts
            } == {harness.account}

        played(under_test, story)

    def test_a_frame_that_is_nested_as_deeply_as_can_be_read_is_reported_and_ends_nothing(
        self, under_test: VenueUnderTest
    ) -> None:
        if not under_test.has_frames:
            pytest.skip("has no websocket")

        async def story(harness: VenueHarness) -> None:
            async with harness.listening():
                await harness.until(lambda: harness.ups_and_downs)
                for depth in DEPTHS:
                    harness.server.push(
                        harness.server.sockets[0], '{"a":' * depth + "1" + "}" * depth
                    )
                await harness.until(lambda: len(harness.unreadable) == len(DEPTHS))

        played(under_test, story)

    def test_the_listening_ends_by_itself_with_what_had_come(
        self, under_test: VenueUnderTest
    ) -> None:
        async def story(harness: VenueHarness) -> None:
            async with harness.listening() as work:
                await harness.until(lambda: harness.ups_and_downs)
                harness.place()
                await harness.until(lambda: harness.ledger.orders())
                await harness.venue.disconnect()
                await asyncio.wait_for(work, 5.0)

        played(under_test, story)

    @pytest.mark.parametrize("cut_at", range(1, 4))
    def test_a_second_listening_begins_with_up(
        self, under_test: VenueUnderTest, cut_at: int
    ) -> None:
        async def story(harness: VenueHarness) -> None:
            harness.place()
            async with aclosing(harness.venue.listen()) as reported:
                for _ in range(cut_at):
                    harness.place()
                    await anext(reported)
            async with harness.listening():
                await harness.until(lambda: harness.ups_and_downs)
                order = harness.place()
                name_there = harness.under_test.venue_id(order)
                await harness.until(
                    lambda: name_there in {row["venue_order_id"] for row in harness.ledger.orders()}
                )
            assert [type(reported) for reported in harness.ups_and_downs] == [Up]

        played(under_test, story)
