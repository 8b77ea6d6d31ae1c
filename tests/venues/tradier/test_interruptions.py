"""The adapter against a made-up Tradier that is cut off, cannot be reached, or cannot be read."""

from typing import Any

from orderledger.simulation.tradier.server import TradierServer
from orderledger.venues.base.venue import Down, Up
from tests.venues.tradier.harness import STORM, Harness, a_harness, adapter, run
from tests.venues.tradier.payloads import ACCOUNT, NUMBER


def test_a_cut_of_the_stream_costs_nothing() -> None:
    async def story() -> None:
        async with a_harness(poll_seconds=1000.0, idle_seconds=1000.0) as harness:
            harness.book.request()
            order = harness.place()
            async with harness.listening():
                await harness.until_streamed()
                harness.fake.cut_all()
                harness.exchange.fill(order, price="500.2")
                await harness.until(lambda: harness.is_filled("C-42"))
                await harness.until(lambda: harness.fake.connections == 2)
            assert harness.states == ["Up"]

    run(story())


def test_an_outage_is_told_from_its_beginning_to_its_end_and_nothing_is_lost() -> None:
    async def story() -> None:
        async with a_harness(attempts=1) as harness:
            harness.book.request()
            order = harness.place()
            async with harness.listening():
                await harness.until(lambda: harness.book.order()["status"] == "new")
                harness.fake.faults.plan_answers(*STORM * 3)
                await harness.until(
                    lambda: (
                        harness.states == ["Up", "Down"]
                        and harness.fake.faults.done["malformed"] > 1
                    )
                )
                harness.exchange.fill(order, price="500.2")
                await harness.until(lambda: harness.is_filled("C-42"))
            assert harness.states == ["Up", "Down", "Up"]
            assert harness.status("C-42") == ("filled", "10", [])
            ups = [one.at for one in harness.received if isinstance(one, (Down, Up))]
            assert ups == sorted(ups)

    run(story())


def test_a_venue_that_cannot_be_reached_at_first_is_down_and_then_up() -> None:
    async def story() -> None:
        async with a_harness(attempts=1) as harness:
            harness.fake.refuse_connections(True)
            async with harness.listening():
                await harness.until(lambda: harness.states == ["Down"])
                harness.fake.refuse_connections(False)
                await harness.until(lambda: harness.states == ["Down", "Up"])

    run(story())


def test_an_unreadable_row_is_reported_and_the_others_count() -> None:
    class Spoiling(TradierServer):
        async def _orders(self, request: Any) -> Any:
            rows = [self.writer.row(order, has_tags=True) for order in self.exchange.orders(NUMBER)]
            return self.answer(
                {"orders": {"order": [{**rows[0], "exec_quantity": "many"}, {}, 7, *rows[1:]]}}
            )

    async def story() -> None:
        async with a_harness() as harness, Spoiling(harness.exchange) as spoiling:
            harness.place("a")
            harness.exchange.fill(harness.place("b"), price="500")
            odd = Harness(spoiling, harness.book, adapter(spoiling, harness.book, stream_url=None))
            async with odd.listening():
                await odd.until(lambda: odd.is_filled("900102") and bool(odd.faults()))
                await odd.until(lambda: spoiling.requests[f"GET /v1/accounts/{NUMBER}/orders"] > 3)
            assert odd.faults() == [
                "exec_quantity is not a decimal number",
                "id is missing or not valid",
                "is not a row",
            ]
            assert (await odd.venue.open_orders(ACCOUNT)).venue_order_ids == {"900101"}
            await odd.venue.aclose()

    run(story())


def test_a_price_that_cannot_be_read_is_told_once_and_asked_for_until_it_can() -> None:
    async def story() -> None:
        async with a_harness(stream_url=None) as harness:
            harness.exchange.fill(harness.place(), "10", price="500.2")
            harness.fake.rewritten = lambda text: text.replace(":500.2,", ':"?",')
            async with harness.listening():
                await harness.until(lambda: bool(harness.faults()))
                asked = harness.fake.requests[f"GET /v1/accounts/{NUMBER}/orders"]
                await harness.until(
                    lambda: harness.fake.requests[f"GET /v1/accounts/{NUMBER}/orders"] > asked + 3
                )
                assert sorted(harness.faults()) == sorted(set(harness.faults()))
                harness.fake.rewritten = lambda text: text
                await harness.until(lambda: harness.book.fills() != [])

    run(story())


def test_frames_that_are_cut_short_are_told_and_what_they_said_is_asked_for() -> None:
    async def story() -> None:
        async with a_harness(poll_seconds=1000.0, idle_seconds=1000.0) as harness:
            harness.book.request()
            order = harness.place()
            async with harness.listening():
                await harness.until_streamed()
                await harness.until(
                    lambda: harness.fake.requests[f"GET /v1/accounts/{NUMBER}/orders"] == 2
                )
                harness.fake.faults.plan_frames("malformed")
                harness.exchange.fill(order, price="500.2")
                await harness.until(lambda: harness.is_filled("C-42"))
            assert len(harness.faults()) == 1

    run(story())


def test_a_fill_whose_row_cannot_be_kept_is_told_once_it_can() -> None:
    """A text that is none in UTF-8, in a field that nobody reads."""

    async def story() -> None:
        async with a_harness(stream_url=None) as harness:
            harness.exchange.fill(harness.place(), "10", price="500.2")
            harness.fake.rewritten = lambda text: text.replace(
                '"duration":', '"note":"\\ud800","duration":'
            )
            async with harness.listening():
                await harness.until(lambda: bool(harness.faults()))
                harness.fake.rewritten = lambda text: text
                await harness.until(lambda: harness.book.fills() != [])

    run(story())
