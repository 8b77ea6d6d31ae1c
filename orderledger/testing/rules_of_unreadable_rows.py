"""Rules of the protocol `Venue` for rows of answers that cannot be read."""

import asyncio
from datetime import datetime

import pytest

from orderledger import Fill
from orderledger.testing.harness import ODD, RULES, START, VenueHarness, played, spoiled
from orderledger.testing.rules_of_asking import questions
from orderledger.testing.venue import VenueUnderTest
from orderledger.venues.collecting.collector import Collector
from orderledger.venues.errors import VenueUnavailable
from orderledger.venues.reconciliation.reconciler import Reconciler

SEVERAL_ROUNDS = 0.5
"""Seconds in which an account could be reconciled again and again."""


class RulesOfUnreadableRows:
    """Rules of answers with rows that cannot be read. A class of tests derives from it and has a
    fixture `under_test`, a `VenueUnderTest`.
    """

    def test_a_list_names_the_orders_whose_rows_cannot_be_read_and_finds_ours(
        self, under_test: VenueUnderTest
    ) -> None:
        async def story(harness: VenueHarness) -> None:
            odd, plain = harness.place(quantity=ODD), harness.request("C-1")
            harness.server.rewritten = spoiled
            asked_at: list[datetime] = []
            harness.overhear(lambda request: asked_at.append(harness.clock.now()))
            listing = await harness.venue.open_orders(harness.account)
            assert listing.at <= asked_at[-1]
            assert listing.venue_order_ids == {
                harness.under_test.venue_id(odd),
                harness.under_test.venue_id(plain),
            }
            harness.ledger.record_many(listing.messages)
            assert harness.ledger.order("C-1")["venue_order_id"] == harness.under_test.venue_id(
                plain
            )  # found by its alias

        played(under_test, story)

    def test_a_position_or_an_order_that_cannot_be_read_is_not_left_out_of_its_answer(
        self, under_test: VenueUnderTest, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def story(harness: VenueHarness) -> None:
            order = harness.place(client_id=harness.record_request("C-1"), quantity=ODD)
            harness.exchange.fill(order)
            harness.server.rewritten = spoiled
            if harness.venue.reports_position(order.instrument):
                with pytest.raises(VenueUnavailable):
                    await harness.venue.positions(harness.account)
            with pytest.raises(VenueUnavailable):
                await harness.venue.order(harness.account, harness.ledger.order("C-1"))
            assert not caplog.records  # the error says it

        played(under_test, story)

    def test_an_unreadable_fill_is_logged_though_nobody_listens(
        self, under_test: VenueUnderTest, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def story(harness: VenueHarness) -> None:
            harness.exchange.fill(harness.place(quantity=ODD))
            harness.server.rewritten = spoiled
            assert not any(
                isinstance(reported, Fill)
                for reported in (await harness.venue.fills_since(harness.account, START)).messages
            )
            (logged,) = caplog.messages
            assert logged.startswith(f"row_not_read account={harness.account} why=")

        played(under_test, story)

    def test_fills_that_cannot_be_read_are_not_certified_until_they_can_be(
        self, under_test: VenueUnderTest
    ) -> None:
        async def reconciled(harness: VenueHarness) -> list[str]:
            found = await Reconciler(harness.ledger, harness.venue, harness.clock, RULES).run(
                harness.account
            )
            return [left.id.partition(":")[0] for left in found.certificate.open_breaks]

        async def story(harness: VenueHarness) -> None:
            for side in ("buy", "sell"):  # no position is left that would show them
                harness.exchange.fill(harness.place(side=side, quantity=ODD))
            harness.server.rewritten = spoiled
            assert set(await reconciled(harness)) == {"unreadable_fill"} | (
                {"unreadable_order"} if under_test.lists_ended_orders else set()
            )
            harness.server.rewritten = str
            assert await reconciled(harness) == []
            assert len(harness.ledger.trades()) == 2

        played(under_test, story)

    @pytest.mark.parametrize("number", [0, 2], ids=["open_orders", "fills_since"])
    def test_an_unreadable_row_of_an_answer_is_reported_once_to_listeners(
        self, under_test: VenueUnderTest, number: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def story(harness: VenueHarness) -> None:
            order = harness.place(client_id=harness.record_request("C-1"), quantity=ODD)
            async with harness.listening():
                await harness.until(lambda: harness.ups_and_downs)
                harness.exchange.fill(order, order.quantity if number else 1)
                harness.server.rewritten = spoiled
                await questions(harness)[number]()
                await harness.until(
                    lambda: any(reported.is_answer for reported in harness.unreadable)
                )
            assert (
                not caplog.records
                and sum(reported.is_answer for reported in harness.unreadable) == 1
            )
            assert {
                account for reported in harness.unreadable for account in reported.accounts
            } == {harness.account}

        played(under_test, story)

    @pytest.mark.slow
    def test_a_row_that_can_never_be_read_is_not_asked_for_without_end(
        self, under_test: VenueUnderTest
    ) -> None:
        async def story(harness: VenueHarness) -> None:
            harness.place(quantity=ODD)
            harness.server.rewritten = spoiled
            collector = Collector(
                harness.ledger, [harness.venue], harness.clock, rules=RULES, every=None
            )
            counters, stop = collector.counters[harness.account], asyncio.Event()
            running = asyncio.create_task(collector.run(stop))
            await harness.until(lambda: counters.is_up and counters.reconciled)
            await asyncio.sleep(SEVERAL_ROUNDS)
            before = counters.reconciled
            await asyncio.sleep(SEVERAL_ROUNDS)
            stop.set()
            await running
            assert counters.reconciled == before

        played(under_test, story)
