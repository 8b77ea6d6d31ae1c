"""Rules of the protocol `OrderEntry`, tried over real sockets. The orders at the simulated venue
show what was sent."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest

from orderledger.simulation.servers.faults import AnswerFault
from orderledger.testing.order_entry import EntryHarness, EntryUnderTest
from orderledger.venues.errors import NotSent, Unanswered

PATIENCE_SECONDS = 60.0
Story = Callable[[EntryHarness], Awaitable[None]]


def played(under_test: EntryUnderTest, story: Story) -> None:
    """Run a story with a harness of this venue."""

    async def whole() -> None:
        async with EntryHarness(under_test).served() as harness:
            await story(harness)

    asyncio.run(whole())


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so():
            await asyncio.sleep(0.005)


async def adopt(harness: EntryHarness) -> None:
    """Wait until the venue has decided about the order."""
    await until(lambda: harness.the_order().status.value == "open")


class RulesOfSending:
    """Rules of sending orders. A class of tests derives from it and has a fixture `under_test`, an
    `EntryUnderTest`.
    """

    @pytest.mark.slow
    def test_an_order_is_taken_once_under_the_name_that_was_recorded_before(
        self, under_test: EntryUnderTest
    ) -> None:
        async def story(harness: EntryHarness) -> None:
            row = await harness.submit()
            order = harness.the_order()
            assert (order.client_id, order.quantity, order.limit_price) == (
                next(iter(row["aliases"].values())),
                Decimal(harness.under_test.quantity),
                Decimal(harness.under_test.price),
            )
            assert (row["status"], row["certainty"], row["anomalies"]) == (
                harness.under_test.accepts_with,
                "confirmed",
                [],
            )
            assert row["venue_order_id"] in (None, str(order.order_id))

        played(under_test, story)

    @pytest.mark.slow
    def test_the_names_of_an_order_are_always_the_same(self, under_test: EntryUnderTest) -> None:
        async def story(harness: EntryHarness) -> None:
            row = harness.order("an id with spaces, and $igns")
            other = harness.order("another")
            again = harness.under_test.connect(harness.server, harness.account)
            assert again.prepare(row) == harness.entry.prepare(row) == row["aliases"]
            assert row["aliases"] != other["aliases"]
            await again.aclose()

        played(under_test, story)

    def test_a_refusal_by_the_venue_is_an_answer(self, under_test: EntryUnderTest) -> None:
        async def story(harness: EntryHarness) -> None:
            harness.under_test.refuse(harness)
            row = await harness.submit()
            assert (row["status"], row["reason"]) == ("rejected", harness.under_test.refusal)
            assert harness.at_venue() == []

        played(under_test, story)

    @pytest.mark.parametrize("fault", ["lose_answer", "malformed"])
    def test_a_lost_or_unreadable_answer_leaves_an_order_that_nobody_answered_for(
        self, under_test: EntryUnderTest, fault: AnswerFault
    ) -> None:
        async def story(harness: EntryHarness) -> None:
            order = harness.order()
            await harness.warm_up()
            harness.faults.plan_answers(fault)
            with pytest.raises(Unanswered):
                await harness.entry.submit(order)
            assert len(harness.at_venue()) == 1

        played(under_test, story)

    @pytest.mark.parametrize("fault", ["server_error", "too_many_requests"])
    def test_an_error_of_the_server_is_no_refusal(
        self, under_test: EntryUnderTest, fault: AnswerFault
    ) -> None:
        async def story(harness: EntryHarness) -> None:
            order = harness.order()
            await harness.warm_up()
            harness.faults.plan_answers(fault)
            with pytest.raises(Unanswered):
                await harness.entry.submit(order)
            assert harness.at_venue() == []

        played(under_test, story)

    @pytest.mark.parametrize(
        "answer", [(200, "<html>fine</html>"), (200, "[]"), (200, "{}"), (200, ""), (302, "{}")]
    )
    def test_a_nonsense_answer_is_none(
        self, under_test: EntryUnderTest, answer: tuple[int, str]
    ) -> None:
        async def story(harness: EntryHarness) -> None:
            order = harness.order()
            await harness.warm_up()
            harness.server.answers_instead = answer
            with pytest.raises((Unanswered, NotSent)) as raised:
                await harness.entry.submit(order)
            assert raised.type is Unanswered or str(raised.value).startswith(
                ("no_nonce", "no_instruments")
            )
            assert harness.at_venue() == []

        played(under_test, story)

    def test_a_connection_that_is_cut_before_the_order_is_taken_is_no_answer(
        self, under_test: EntryUnderTest
    ) -> None:
        async def story(harness: EntryHarness) -> None:
            order = harness.order()
            await harness.warm_up()
            harness.server.refuse_connections(True)
            with pytest.raises((Unanswered, NotSent)) as raised:
                await harness.entry.submit(order)
            assert raised.type is Unanswered or str(raised.value).startswith("no_nonce")
            assert harness.at_venue() == []

        played(under_test, story)

    def test_without_a_connection_nothing_was_sent(self, under_test: EntryUnderTest) -> None:
        async def story(harness: EntryHarness) -> None:
            order = harness.order()
            await harness.server.stop()
            with pytest.raises(NotSent):
                await harness.entry.submit(order)
            await harness.server.start()
            assert harness.at_venue() == []
            harness.record(await harness.entry.submit(order))
            assert len(harness.at_venue()) == 1

        played(under_test, story)

    def test_a_working_order_is_canceled(self, under_test: EntryUnderTest) -> None:
        async def story(harness: EntryHarness) -> None:
            await harness.submit()
            await adopt(harness)
            assert await harness.cancel() in ([], ["canceled"])
            await until(lambda: not harness.working())
            assert harness.the_order().status.value == "canceled"

        played(under_test, story)

    def test_the_cancel_of_a_filled_order_does_not_undo_it(
        self, under_test: EntryUnderTest
    ) -> None:
        async def story(harness: EntryHarness) -> None:
            await harness.submit()
            await adopt(harness)
            harness.exchange.fill(harness.the_order())
            assert tuple(await harness.cancel()) == harness.under_test.cancel_of_filled
            assert harness.the_order().status.value == "filled"
            assert harness.ledger.order("C-1")["status"] != "canceled"

        played(under_test, story)

    def test_the_price_of_an_order_is_changed(self, under_test: EntryUnderTest) -> None:
        async def story(harness: EntryHarness) -> None:
            await harness.submit()
            await adopt(harness)
            reported = await harness.replace(limit_price=harness.under_test.better_price)
            await until(
                lambda: harness.the_order().limit_price == Decimal(harness.under_test.better_price)
            )
            assert len(harness.working()) == 1
            row = harness.ledger.order("C-1")
            assert reported == (["replaced"] if harness.under_test.answers_replace else [])
            expected = (
                harness.under_test.better_price
                if harness.under_test.answers_replace
                else harness.under_test.price
            )
            assert (row["limit_price"], row["status"] in ("new", "pending_new")) == (
                Decimal(expected),
                True,
            )

        played(under_test, story)

    def test_a_change_of_an_ended_order_changes_nothing(self, under_test: EntryUnderTest) -> None:
        async def story(harness: EntryHarness) -> None:
            await harness.submit()
            await adopt(harness)
            harness.exchange.cancel(harness.the_order())
            assert await harness.replace(limit_price=harness.under_test.better_price) in (
                [],
                ["replace_rejected"],
            )
            assert harness.the_order().limit_price == Decimal(harness.under_test.price)
            assert harness.working() == []

        played(under_test, story)

    def test_several_orders_have_an_answer_each(self, under_test: EntryUnderTest) -> None:
        async def story(harness: EntryHarness) -> None:
            most = max(harness.entry.abilities.batch, 1)
            orders = [harness.order(f"C-{number}") for number in range(min(most, 3))]
            reported = await harness.entry.submit_many(orders)
            assert len(reported) == len(orders) == len(harness.at_venue())
            assert not any(isinstance(one, Exception) for one in reported)

        played(under_test, story)

    def test_no_secret_is_in_errors_and_in_what_is_recorded(
        self, under_test: EntryUnderTest
    ) -> None:
        async def story(harness: EntryHarness) -> None:
            await harness.warm_up()
            harness.server.answers_instead = (500, f"you logged {harness.under_test.secret}")
            with pytest.raises(Unanswered) as raised:
                await harness.entry.submit(harness.order("C-1"))
            assert harness.under_test.secret not in str(raised.value)
            await harness.warm_up("C-2")
            harness.server.answers_instead = (400, f"you logged {harness.under_test.secret}")
            with pytest.raises(Unanswered, match="refusal_not_proved.*[*]{3}") as raised:
                await harness.submit("C-3")
            assert harness.under_test.secret not in str(raised.value)
            await harness.warm_up("C-4")
            harness.server.answers_instead = (401, f"you logged {harness.under_test.secret}")
            assert (await harness.submit("C-5"))["status"] == "rejected"
            assert harness.under_test.secret not in str(harness.ledger.history("C-5"))
            assert "***" in str(harness.ledger.history("C-5"))

        played(under_test, story)
