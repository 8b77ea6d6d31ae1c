"""One process that keeps a ledger and its venues together: what it records, asks for and counts,
and a clean stop."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from orderledger import Ledger, StoreUnreachable, parse_document
from orderledger.infrastructure.clock import SteppingClock
from orderledger.venues.base.venue import Down, Messages, UnreadablePayload, Up
from orderledger.venues.collecting.collector import Collector
from tests.scenarios import ACCOUNT, at
from tests.typed import values
from tests.venues.collecting.harness import RULES, UP, Running, acknowledge, fill, run
from tests.venues.reconciliation.plain_venue import Known, PlainVenue


def test_what_is_heard_is_recorded_and_counted() -> None:
    async def story(running: Running) -> None:
        running.venue.orders["V-1"] = Known("V-1", at=at(2))
        running.venue.trade("V-1", "F-1", "4", at(3))
        messages = [acknowledge("V-1", 2), fill("V-1", "F-1", "4", 3), fill("V-1", "F-1", "4", 3)]
        running.clock.set(at(10))
        await running.hear(UP, Messages(account=ACCOUNT, messages=messages))
        await running.reconciled(1)

    running = run(story)
    (trade,) = running.ledger.trades()
    assert str(trade["quantity"]) == "4"
    status = running.published[-1]
    shown = status["accounts"][ACCOUNT]
    assert (status["is_running"], status["waiting"], status["due"]) == (False, 0, 0)
    counted = (
        "is_up",
        "frames",
        "messages",
        "gaps",
        "unreadable",
        "refused",
        "open_breaks",
        "fault",
    )
    assert [shown[name] for name in counted] == [True, 1, 3, 0, 0, 0, 0, None]
    assert (shown["events_appended"] + shown["duplicates"], shown["reconciled"]) == (3, 1)


def test_what_a_venue_reports_while_it_is_disconnected_is_recorded_and_coverage_ends_there() -> (
    None
):
    async def story(running: Running) -> None:
        running.clock.set(at(10))
        await running.hear(UP)
        await running.reconciled(1)
        running.venue.held_back = [Messages(account=ACCOUNT, messages=[acknowledge("V-1", 9)])]
        running.clock.set(at(20))
        running.venue.hanging_up = lambda: running.clock.set(at(25))

    running = run(story)
    assert [row["venue_order_id"] for row in running.ledger.open_orders()] == ["V-1"]
    status = running.published[-1]
    assert (
        status["is_running"],
        status["accounts"][ACCOUNT]["is_up"],
        status["accounts"][ACCOUNT]["gaps"],
    ) == (False, True, 0)
    assert at(20) <= datetime.fromisoformat(status["at"]) < at(25)


@pytest.mark.slow
def test_what_a_venue_said_before_it_was_asked_is_recorded_before_its_answer() -> None:
    """Of two words of one time the later in the log counts: that has to be the answer."""
    old, new = {"quantity": "6", "limit_price": "101"}, {"quantity": "10", "limit_price": "101"}

    async def story(running: Running) -> None:
        running.ledger.record(acknowledge("V-1", 2))
        running.venue.orders["V-1"] = Known("V-1", at=at(7), price="101", is_replaced=True)
        many = [acknowledge(f"V-{number}", 2) for number in range(100, 9_000)]
        said = [
            *many,
            parse_document(
                {
                    "type": "replaced",
                    "account": ACCOUNT,
                    "venue_order_id": "V-1",
                    "at": at(7),
                    **old,
                }
            ),
        ]

        def say() -> None:
            running.venue.feed.put_nowait(Messages(account=ACCOUNT, messages=said))
            running.venue.while_asked = lambda: None

        running.venue.while_asked = say
        running.clock.set(at(10))
        await running.hear(UP)
        await running.reconciled(1)

    order = run(story).ledger.order("V-1")
    assert dict(zip(new, map(str, values(order, new)), strict=True)) == new


def test_a_frame_that_cannot_be_read_has_the_account_asked_for() -> None:
    async def story(running: Running) -> None:
        running.clock.set(at(10))
        await running.hear(UP)
        await running.reconciled(1)
        running.venue.orders["V-1"] = Known("V-1", at=at(12))
        running.clock.set(at(20))
        await running.hear(
            UnreadablePayload(accounts=[ACCOUNT], at=at(15), fault="not JSON", payload='{"order')
        )
        await running.reconciled(2)

    running = run(story)
    assert [row["venue_order_id"] for row in running.ledger.open_orders()] == ["V-1"]
    assert running.published[-1]["accounts"][ACCOUNT]["unreadable"] == 1


def test_a_row_that_cannot_be_read_counts_once_however_often_it_is_answered() -> None:
    async def story(running: Running) -> None:
        row = UnreadablePayload(
            accounts=[ACCOUNT], at=at(15), fault="no number", payload="{}", is_answer=True
        )
        changed = replace(row, payload='{"quantity": 1}')
        await running.hear(UP, row, row, changed, row, changed)

    assert run(story).published[-1]["accounts"][ACCOUNT]["unreadable"] == 2


def test_an_answer_that_breaks_an_adapter_is_asked_for_again() -> None:
    async def story(running: Running) -> None:
        running.clock.set(at(10))
        running.venue.fault = KeyError("a field that nobody expected")
        await running.hear(UP)
        await running.until(lambda: running.collector.counters[ACCOUNT].failed_reconciliations >= 1)
        assert (
            running.collector.status()["accounts"][ACCOUNT]["fault"]
            == "reconciling failed: KeyError"
        )
        running.venue.fault = None
        await running.reconciled(1)

    assert run(story).published[-1]["accounts"][ACCOUNT]["fault"] is None


def test_the_fault_of_a_feed_is_shown_until_the_account_is_up() -> None:
    shown: list[str | None] = []

    async def story(running: Running) -> None:
        running.clock.set(at(10))
        counters = running.collector.counters[ACCOUNT]
        for fault, told in (
            (None, UP),
            (None, Down(accounts=[ACCOUNT], at=at(20), reason="cut")),
            ("refused", None),
            (None, UP),
        ):
            running.venue.fault_of_feed = fault
            if told is not None:
                before = counters.is_up
                await running.hear(told)
                await running.until(partial(lambda before: counters.is_up != before, before))
            shown.append(running.collector.status()["accounts"][ACCOUNT]["fault"])

    run(story)
    assert shown == [None, "cut", "refused", None]


def test_two_venues_of_one_name_are_asked_for_their_own_accounts() -> None:
    """Two accounts at Tradier are two sections of the settings."""

    async def story() -> list[list[str]]:
        clock = SteppingClock(at(0), timedelta(microseconds=1))
        ledger = Ledger.open("memory://", clock=clock, update_views=False)
        venues = [PlainVenue(clock, name) for name in ("sim:one", "sim:two")]
        collector = Collector(ledger, venues, clock, rules=RULES, every=None, retry_seconds=0.01)
        stop = asyncio.Event()
        work = asyncio.ensure_future(collector.run(stop))
        for venue in reversed(venues):
            venue.feed.put_nowait(Up(accounts=venue.accounts, at=at(1)))
        while sum(collector.counters[name].reconciled for name in ("sim:one", "sim:two")) < 2:
            await asyncio.sleep(0.001)
        stop.set()
        await work
        return [sorted(set(venue.accounts_asked)) for venue in venues]

    assert asyncio.run(story()) == [["sim:one"], ["sim:two"]]


def test_a_store_that_fails_stops_the_collector_and_says_so() -> None:
    async def story(running: Running) -> None:
        running.ledger.close()
        running.venue.feed.put_nowait(Messages(account=ACCOUNT, messages=[acknowledge("V-1", 2)]))
        await asyncio.sleep(3_600)

    with pytest.raises(StoreUnreachable, match="the ledger is closed"):
        asyncio.run(asyncio.wait_for(_until_it_fails(story), 60))


async def _until_it_fails(story: Callable[[Running], Awaitable[None]]) -> None:
    running = Running()
    telling = asyncio.ensure_future(story(running))
    try:
        await running.collector.run(asyncio.Event())
    finally:
        telling.cancel()
