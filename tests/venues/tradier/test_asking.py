"""Questions to a made-up Tradier over real sockets: lists and single orders, errors that come as
answers, and the limit."""

import asyncio
import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from orderledger.infrastructure.messages.registry import Report
from orderledger.simulation.tradier.server import TradierServer
from orderledger.venues import VenueRefused, VenueUnavailable
from orderledger.venues.base.transport import pacing_of
from orderledger.venues.tradier.tags import tag_for
from tests.venues.tradier.harness import STORM, a_harness, adapter, run
from tests.venues.tradier.payloads import ACCOUNT, NUMBER

DAY = timedelta(days=1)


def test_a_full_list_names_what_is_open_and_tells_of_all() -> None:
    async def story() -> None:
        async with a_harness() as harness:
            done, works, waits = (
                harness.place("a"),
                harness.place("b"),
                harness.place("c", is_accepted=False),
            )
            harness.exchange.fill(done, price="500")
            listing = await harness.venue.open_orders(ACCOUNT)
            assert listing.venue_order_ids == {str(works.order_id), str(waits.order_id)}
            reports = [message for message in listing.messages if isinstance(message, Report)]
            assert {message.venue_order_id for message in reports} == {"900101", "900102", "900103"}

    run(story())


@pytest.mark.parametrize("count", [0, 1, 24, 25, 26, 75])
def test_a_list_of_many_pages_is_read_to_its_end(count: int) -> None:
    async def story() -> None:
        async with a_harness() as harness:
            harness.fake.most_on_page = 25
            for number in range(count):
                harness.place(f"tag-{number}")
            assert len((await harness.venue.open_orders(ACCOUNT)).venue_order_ids) == count

    run(story())


def test_an_order_is_asked_for_by_its_id_and_one_that_is_unknown_there_proves_nothing() -> None:
    async def story() -> None:
        async with a_harness() as harness:
            harness.book.request()
            harness.exchange.fill(harness.place(), price="500.2")
            harness.book.record("submit", client_order_id="C-42", venue_order_id="900101")
            messages = await harness.venue.order(ACCOUNT, harness.book.order("C-42"))
            assert messages is not None
            harness.record(messages)
            assert harness.is_filled("C-42")
            assert (
                await harness.venue.order(
                    ACCOUNT, {"venue_order_ids": ["777"], "client_order_id": None}
                )
                is None
            )
            assert await harness.venue.order(ACCOUNT, {"client_order_id": "never-sent"}) is None
            assert await harness.venue.order(ACCOUNT, {"client_order_id": None}) is None

    run(story())


def test_an_order_of_an_earlier_day_is_found_by_its_tag() -> None:
    async def story() -> None:
        async with a_harness() as harness:
            harness.book.request(tag=tag_for("C_42"), client_order_id="C_42")
            harness.exchange.cancel(harness.place(tag_for("C_42")))
            harness.fake.end_session()
            assert (await harness.venue.open_orders(ACCOUNT)).messages == []
            messages = await harness.venue.order(ACCOUNT, harness.book.order("C_42"))
            assert messages is not None
            harness.record(messages)
            assert harness.status("C_42") == ("canceled", "0", [])

    run(story())


def test_fills_of_earlier_days_are_made_of_the_orders_of_these_days() -> None:
    async def story() -> None:
        async with a_harness() as harness:
            harness.book.request()
            began = harness.exchange.clock.now()
            harness.exchange.fill(harness.place(), price="500.2")
            harness.place("unfilled")
            harness.fake.end_session()
            harness.exchange.fill(harness.place(tag=None, side="sell"), price="501")
            messages = (await harness.venue.fills_since(ACCOUNT, began - DAY)).messages
            assert [message.at for message in messages] == sorted(
                message.at for message in messages if message.at
            )
            harness.record(messages)
            assert harness.book.fills() == [
                ("900101:10", "SPY", "buy", "10", "500.2"),
                ("900103:10", "SPY", "sell", "10", "501"),
            ]
            assert harness.status("C-42") == ("filled", "10", [])
            assert (await harness.venue.fills_since(ACCOUNT, began - DAY)).messages == []
            assert harness.fake.requests[f"GET /v1/accounts/{NUMBER}/orders?filter=all"] == 1

    run(story())


@pytest.mark.parametrize(("days", "is_told_whole"), [(29, True), (40, False)])
def test_an_answer_about_fills_says_when_the_month_begins_that_is_told(
    days: int, is_told_whole: bool
) -> None:
    async def story() -> None:
        async with a_harness() as harness:
            now = harness.exchange.clock.now()
            answer = await harness.venue.fills_since(ACCOUNT, now - days * DAY)
            assert (answer.begins_at is None) == is_told_whole
            assert answer.begins_at is None or abs(answer.begins_at - (now - 30 * DAY)) < DAY

    run(story())


def test_the_filtered_list_is_never_polled() -> None:
    async def story() -> None:
        async with a_harness() as harness:
            harness.place()
            async with harness.listening():
                await harness.until(
                    lambda: harness.fake.requests[f"GET /v1/accounts/{NUMBER}/orders"] > 5
                )
            for number in range(5):
                await harness.venue.order(
                    ACCOUNT,
                    {
                        "client_order_id": f"lost-{number}",
                        "requested_at": harness.exchange.clock.now(),
                    },
                )
            assert harness.fake.requests[f"GET /v1/accounts/{NUMBER}/orders?filter=all"] == 1

    run(story())


@pytest.mark.parametrize("fault", STORM)
def test_no_answer_is_taken_for_an_empty_one(fault: Any) -> None:
    async def story() -> None:
        async with a_harness(attempts=1) as harness:
            harness.place()
            for ask in (harness.venue.open_orders, harness.venue.positions):
                harness.fake.faults.plan_answers(fault)
                with pytest.raises(VenueUnavailable):
                    await ask(ACCOUNT)

    run(story())


SAYINGS = [
    ({"orders": "soon"}, VenueUnavailable),
    ({"orders": {}}, VenueUnavailable),
    ({}, VenueUnavailable),
    ([], VenueUnavailable),
    ({"fault": {"faultstring": "Rate limit quota violation", "detail": {}}}, VenueUnavailable),
    ({"fault": "no"}, VenueRefused),
    ({"errors": {"error": ["one", "two"]}}, VenueRefused),
    ({"errors": {"error": "one"}}, VenueRefused),
]


@pytest.mark.parametrize(("said", "error"), SAYINGS)
def test_an_answer_that_is_none_is_no_list(said: Any, error: type[Exception]) -> None:
    class Odd(TradierServer):
        async def _orders(self, request: Any) -> Any:
            return self.answer(said)

    async def story() -> None:
        async with a_harness() as harness, Odd(harness.exchange) as odd:
            venue = adapter(odd, harness.book)
            with pytest.raises(error):
                await venue.open_orders(ACCOUNT)
            await venue.aclose()

    run(story())


def test_a_wrong_token_is_refused_and_is_never_shown() -> None:
    async def story() -> None:
        async with a_harness(token="not-the-right-token") as harness:
            with pytest.raises(VenueRefused) as caught:
                await harness.venue.open_orders(ACCOUNT)
            assert caught.value.status == 401 and "not-the-right-token" not in str(caught.value)

    run(story())


def test_the_limit_of_the_venue_is_waited_for() -> None:
    async def story() -> None:
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            harness.fake._windows.clear()  # the minute is over
            pacing._now = lambda: time.monotonic() + seconds

        async with a_harness(fake_options={"limit": 2}, sleep=sleep) as harness:
            pacing = pacing_of("tradier", harness.fake.url, harness.fake.token, {})
            for _ in range(3):
                await harness.venue.positions(ACCOUNT)
            (waited,) = slept
            assert 50 < waited < 70  # to the end of the venue's minute

    run(story())


def test_the_adapters_own_budget_keeps_within_the_limit() -> None:
    async def story() -> None:
        async with a_harness(requests_per_minute=3) as harness:
            for _ in range(3):
                await harness.venue.positions(ACCOUNT)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await harness.venue.positions(ACCOUNT)
            assert sum(harness.fake.requests.values()) == 3

    run(story())


def test_what_is_held_there_is_told_as_balances() -> None:
    async def story() -> None:
        async with a_harness() as harness:
            assert await harness.venue.positions(ACCOUNT) == []
            harness.exchange.fill(harness.place(side="sell"), "4", price="500")
            (balance,) = await harness.venue.positions(ACCOUNT)
            assert (balance.instrument, balance.quantity, balance.average_price) == (
                "SPY",
                Decimal(-4),
                Decimal(500),
            )
            harness.exchange.fill(harness.place(instrument="QQQ"), price="400")
            assert [one.instrument for one in await harness.venue.positions(ACCOUNT)] == [
                "SPY",
                "QQQ",
            ]

    run(story())
