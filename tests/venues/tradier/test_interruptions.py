"""The adapter against a made-up Tradier that is cut off, cannot be reached, or cannot be read."""

from typing import Any

from orderledger.infrastructure.venues.base.venue import Down, Up
from orderledger.simulation.tradier.server import TradierFake
from tests.venues.tradier.desk import STORM, Desk, a_desk, adapter, run
from tests.venues.tradier.payloads import ACCOUNT, NUMBER


def test_a_cut_of_the_stream_costs_nothing() -> None:
    async def story() -> None:
        async with a_desk(poll_seconds=1000.0, idle_seconds=1000.0) as desk:
            desk.book.request()
            order = desk.place()
            async with desk.listening():
                await desk.until_streamed()
                desk.fake.cut_all()
                desk.truth.fill(order, price="500.2")
                await desk.until(lambda: desk.is_filled("C-42"))
                await desk.until(lambda: desk.fake.connections == 2)
            assert desk.kinds() == ["Up"]

    run(story())


def test_an_outage_is_told_from_its_beginning_to_its_end_and_nothing_is_lost() -> None:
    async def story() -> None:
        async with a_desk(attempts=1) as desk:
            desk.book.request()
            order = desk.place()
            async with desk.listening():
                await desk.until(lambda: desk.book.order()["status"] == "new")
                desk.fake.faults.plan_answers(*STORM * 3)
                await desk.until(lambda: desk.kinds() == ["Up", "Down"] and desk.fake.faults.done["malformed"] > 1)
                desk.truth.fill(order, price="500.2")
                await desk.until(lambda: desk.is_filled("C-42"))
            assert desk.kinds() == ["Up", "Down", "Up"]
            assert desk.status("C-42") == ("filled", "10", [])
            ups = [one.at for one in desk.told if isinstance(one, (Down, Up))]
            assert ups == sorted(ups)

    run(story())


def test_a_venue_that_cannot_be_reached_at_first_is_down_and_then_up() -> None:
    async def story() -> None:
        async with a_desk(attempts=1) as desk:
            desk.fake.refuse_connections(True)
            async with desk.listening():
                await desk.until(lambda: desk.kinds() == ["Down"])
                desk.fake.refuse_connections(False)
                await desk.until(lambda: desk.kinds() == ["Down", "Up"])

    run(story())


def test_a_garbled_row_is_told_and_the_others_count() -> None:
    class Spoiling(TradierFake):
        async def _orders(self, request: Any) -> Any:
            rows = [self.writer.row(order, has_tags=True) for order in self.truth.orders(NUMBER)]
            return self.answer({"orders": {"order": [{**rows[0], "exec_quantity": "many"}, {}, 7, *rows[1:]]}})

    async def story() -> None:
        async with a_desk() as desk, Spoiling(desk.truth) as spoiling:
            desk.place("a")
            desk.truth.fill(desk.place("b"), price="500")
            odd = Desk(spoiling, desk.book, adapter(spoiling, desk.book, stream_url=None))
            async with odd.listening():
                await odd.until(lambda: odd.is_filled("900102") and bool(odd.garbled()))
                await odd.until(lambda: spoiling.requests[f"GET /v1/accounts/{NUMBER}/orders"] > 3)
            assert odd.garbled() == ["exec_quantity is not a decimal number", "id is missing, or no id", "is no row"]
            assert (await odd.venue.open_orders(ACCOUNT)).venue_order_ids == {"900101"}
            await odd.venue.aclose()

    run(story())


def test_a_price_that_cannot_be_read_is_told_once_and_asked_for_until_it_can() -> None:
    async def story() -> None:
        async with a_desk(stream_url=None) as desk:
            desk.truth.fill(desk.place(), "10", price="500.2")
            desk.fake.rewritten = lambda text: text.replace(":500.2,", ':"?",')
            async with desk.listening():
                await desk.until(lambda: bool(desk.garbled()))
                asked = desk.fake.requests[f"GET /v1/accounts/{NUMBER}/orders"]
                await desk.until(lambda: desk.fake.requests[f"GET /v1/accounts/{NUMBER}/orders"] > asked + 3)
                assert sorted(desk.garbled()) == sorted(set(desk.garbled()))
                desk.fake.rewritten = lambda text: text
                await desk.until(lambda: desk.book.fills() != [])

    run(story())


def test_frames_that_are_cut_short_are_told_and_what_they_said_is_asked_for() -> None:
    async def story() -> None:
        async with a_desk(poll_seconds=1000.0, idle_seconds=1000.0) as desk:
            desk.book.request()
            order = desk.place()
            async with desk.listening():
                await desk.until_streamed()
                await desk.until(lambda: desk.fake.requests[f"GET /v1/accounts/{NUMBER}/orders"] == 2)
                desk.fake.faults.plan_frames("malformed")
                desk.truth.fill(order, price="500.2")
                await desk.until(lambda: desk.is_filled("C-42"))
            assert len(desk.garbled()) == 1

    run(story())


def test_a_fill_whose_row_cannot_be_kept_is_told_once_it_can() -> None:
    """A text that is none in UTF-8, in a field that nobody reads."""

    async def story() -> None:
        async with a_desk(stream_url=None) as desk:
            desk.truth.fill(desk.place(), "10", price="500.2")
            desk.fake.rewritten = lambda text: text.replace('"duration":', '"note":"\\ud800","duration":')
            async with desk.listening():
                await desk.until(lambda: bool(desk.garbled()))
                desk.fake.rewritten = lambda text: text
                await desk.until(lambda: desk.book.fills() != [])

    run(story())
