"""Of which moment the adapters' messages about an order's state hold: that of the question, the
venue's, or none but receipt."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from orderledger.domain.values import DatedBy
from orderledger.infrastructure.messages.registry import (
    Acknowledged,
    Canceled,
    Message,
    Replaced,
    StatusObserved,
)
from orderledger.simulation.market import OrderStatus, SimulatedOrder
from orderledger.testing import VenueHarness
from orderledger.venues.base.answered import answered
from orderledger.venues.base.venue import Messages
from tests.venues.harness import played

NATIVE = ("hyperliquid", "invex", "lighter", "nobitex", "tradier", "wallex")
every_native = pytest.mark.parametrize("name", NATIVE)


def statuses(messages: Any) -> list[StatusObserved]:
    return [
        message
        for message in messages or ()
        if isinstance(message, StatusObserved) and message.status is not None
    ]


async def working(harness: VenueHarness) -> SimulatedOrder:
    """An order of ours that works at the venue."""
    order = harness.request()
    await harness.until(lambda: harness.exchange.order(order.order_id).status is OrderStatus.OPEN)
    return order


async def asked(harness: VenueHarness) -> tuple[datetime, list[Message], datetime]:
    """The answer about our order, and the moments before and after it."""
    before = harness.clock.now()
    told = await harness.venue.order(harness.account, harness.ledger.order("C-1"))
    return before, list(told or ()), harness.clock.now()


@every_native
def test_the_answer_about_a_working_order_holds_of_the_time_of_the_question_less_the_venue_s_lag(
    name: str,
) -> None:
    async def story(harness: VenueHarness) -> None:
        await working(harness)
        before, told, after = await asked(harness)
        shown = statuses(told)[-1]
        assert (shown.status, shown.dated_by) == ("new", DatedBy.RECEIPT)
        assert shown.asked_at is not None
        assert before <= shown.asked_at + harness.venue.query_lag <= after  # type: ignore[attr-defined]
        outcomes = [harness.ledger.record(message).outcome for message in told]
        assert "invalid" not in outcomes
        row = harness.ledger.order("C-1")
        assert (row["status"], row["anomalies"]) == ("new", [])

    played(name, story)


@every_native
def test_the_answer_about_an_order_that_has_ended_does_not_show_it_working(name: str) -> None:
    async def story(harness: VenueHarness) -> None:
        order = await working(harness)
        harness.exchange.fill(order, harness.under_test.instruments[0].lot)
        harness.exchange.cancel(order)
        _, told, _ = await asked(harness)
        assert [
            one.status for one in statuses(told) if one.status in ("new", "partially_filled")
        ] == []

    played(name, story)


@every_native
def test_a_row_of_a_list_is_never_said_to_answer_a_question_about_its_order(name: str) -> None:
    async def story(harness: VenueHarness) -> None:
        order = await working(harness)
        harness.exchange.fill(order, harness.under_test.instruments[0].lot)
        listing = await harness.venue.open_orders(harness.account)
        assert all(one.asked_at is None for one in statuses(listing.messages))
        async with harness.listening():
            await harness.until(
                lambda: any(isinstance(event, Messages) for event in harness.received)
            )
            heard = [
                message
                for event in harness.received
                if isinstance(event, Messages)
                for message in event.messages
            ]
            assert all(one.asked_at is None and one.dated_by is not None for one in statuses(heard))

    played(name, story)


@pytest.mark.parametrize(
    ("name", "dated_by"),
    [
        ("nobitex", DatedBy.RECEIPT),
        ("wallex", DatedBy.VENUE),
        ("invex", DatedBy.VENUE),
        ("tradier", DatedBy.VENUE),
    ],
)
def test_a_state_is_dated_by_the_venue_only_where_its_rows_say_when_they_changed(
    name: str, dated_by: DatedBy
) -> None:
    """Nobitex's rows have the time of creation alone (docs-api, object Order)."""

    async def story(harness: VenueHarness) -> None:
        order = await working(harness)
        harness.exchange.fill(order)
        _, told, _ = await asked(harness)
        (filled,) = [one for one in statuses(told) if one.status == "filled"]
        assert (filled.dated_by, filled.asked_at is None) == (dated_by, False)

    played(name, story)


def test_only_the_last_state_of_an_answer_is_shown() -> None:
    """A modified order has a row for each leg, and an ended one the row of its end."""
    at = datetime.fromisoformat("2026-09-21T12:00:00+00:00")
    who: dict[str, Any] = {"account": "a", "venue_order_id": "1", "at": at}
    first, second, end = Acknowledged(**who), Replaced(**who, quantity="2"), Canceled(**who)
    assert [one.__dict__["type"] for one in answered([first, second], at)] == [
        "acknowledged",
        "status_observed",
        "replaced",
    ]
    assert [one.__dict__["type"] for one in answered([first, end], at)] == [
        "acknowledged",
        "canceled",
    ]
    (pending, shown) = answered(
        [StatusObserved(**who, pending="cancel"), StatusObserved(**who, status="new")], at
    )
    assert (pending.__dict__["asked_at"], shown.__dict__["asked_at"]) == (at, at)


@pytest.mark.parametrize("name", ["invex", "nobitex", "wallex"])
@pytest.mark.parametrize("works", [True, False])
def test_a_list_that_shows_an_ended_order_working_is_believed_only_if_the_order_s_own_row_says_so(
    name: str, works: bool
) -> None:
    async def story(harness: VenueHarness) -> None:
        order, venue = harness.request(), harness.venue
        await venue.open_orders(harness.account)
        shown = harness.exchange.order(order.order_id)
        harness.exchange.cancel(order)
        assert (await venue.open_orders(harness.account)).venue_order_ids == frozenset()
        ended, listed = harness.exchange.order(order.order_id), harness.server.own_orders  # type: ignore[attr-defined]
        harness.server.own_orders = lambda *, is_open=False: [shown]  # type: ignore[attr-defined]
        harness.server.named = harness.server.called = lambda *_: shown if works else ended  # type: ignore[attr-defined]
        found = await venue.open_orders(harness.account)
        assert bool(found.venue_order_ids) is works
        harness.server.own_orders = listed  # type: ignore[attr-defined]

    played(name, story)


@pytest.mark.parametrize("name", ["invex", "nobitex", "wallex"])
def test_two_queries_at_once_may_find_that_an_ended_order_works_again(name: str) -> None:
    async def story(harness: VenueHarness) -> None:
        order, venue = harness.request(), harness.venue
        await venue.open_orders(harness.account)
        shown = harness.exchange.order(order.order_id)
        harness.exchange.cancel(order)
        assert (await venue.open_orders(harness.account)).venue_order_ids == frozenset()
        harness.server.own_orders = lambda *, is_open=False: [shown]  # type: ignore[attr-defined]
        harness.server.named = harness.server.called = lambda *_: shown  # type: ignore[attr-defined]
        queries, both = venue.queries, asyncio.Barrier(2)  # type: ignore[attr-defined]
        one_order = queries.one_order

        async def met(name: str) -> Any:
            await both.wait()
            return await one_order(name)

        queries.one_order = met
        lists = await asyncio.gather(*(venue.open_orders(harness.account) for _ in range(2)))
        assert [len(found.venue_order_ids) for found in lists] == [1, 1]

    played(name, story)
