"""A pause that the venue asks for may outlive the expiry of a request that waits: the order is sent
with another expiry after the pause, and nothing is sent twice."""

import dataclasses
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from orderledger import Gateway, Halt, Ledger
from orderledger.gateway import GatewaySettings
from orderledger.infrastructure.clock import SystemClock
from orderledger.projections.view import Row
from orderledger.venues.base.order_entry import submitted_one_by_one
from tests.gateway.desk import ACCOUNT, buy, in_a_loop, until
from tests.gateway.processes.http_venue import ABSENCE
from tests.gateway.test_pacing import CountingVenue, PacedEntry

EXPIRES_SECONDS, PAUSE_SECONDS = 0.2, 0.8
WHY = "the venue answered 429"


class Entry(PacedEntry):
    """Sends the orders of a batch one by one, as some venues take them."""

    async def submit_many(self, orders: Sequence[Row]) -> Any:
        return await submitted_one_by_one(self, orders)


@asynccontextmanager
async def pausing(
    ledger: Ledger,
    *,
    patience: float = 30.0,
    batch: int = 1,
    then: Callable[[Gateway], None] = lambda _: None,
) -> AsyncIterator[tuple[Gateway, CountingVenue]]:
    """A venue that pauses just after the first commit of an order. `then`: called after it."""
    settings = GatewaySettings(patience_seconds=patience, lease_seconds=5.0)
    async with CountingVenue(100) as venue:
        entry = Entry(venue.http_url, 100)
        absence = dataclasses.replace(ABSENCE, expires_seconds=EXPIRES_SECONDS)
        entry.abilities = dataclasses.replace(entry.abilities, absence=absence, batch=batch)
        async with Gateway(ledger, {ACCOUNT: entry}, limits=settings) as gateway:
            commit = gateway._ledger.recording.arecord_together

            async def paused(*given: Any, **more: Any) -> Any:
                found = await commit(*given, **more)
                gateway._ledger.recording.arecord_together = commit  # type: ignore[method-assign]
                gateway._wired.parts.pacings[ACCOUNT].hold(PAUSE_SECONDS, WHY)
                then(gateway)
                return found

            gateway._ledger.recording.arecord_together = paused  # type: ignore[method-assign]
            yield gateway, venue
        await entry.aclose()


def names(ledger: Ledger, name: str = "C-1") -> list[str]:
    return [row["name"].partition(".")[0] for row in ledger.history(name, account=ACCOUNT)]


def expiries(ledger: Ledger, name: str = "C-1") -> list[datetime]:
    rows = ledger.history(name, account=ACCOUNT)
    found = [one["payload"].get("request_expires_at") for one in rows]
    return [datetime.fromisoformat(one) for one in found if one is not None]


def order(name: str = "C-1") -> Any:
    return buy(name, price="60000", time_in_force="gtc")


SENT_AGAIN = ["order_requested", "order_submitted", "order_denied", "order_submitted"]


@in_a_loop
async def test_an_order_is_sent_after_a_pause_that_outlives_its_expiry(ledger: Ledger) -> None:
    async with pausing(ledger) as (gateway, venue):
        sent = await gateway.submit(order())
    assert (sent.state, sent.reason) == ("acknowledged", None)
    assert (venue.arrived, venue.too_late) == ({"C-1": 1}, 0)
    assert names(ledger) == [*SENT_AGAIN, "order_acknowledged"]
    first, second = expiries(ledger)
    assert (second - first).total_seconds() > PAUSE_SECONDS / 2
    row = ledger.order("C-1", account=ACCOUNT)
    assert (row["status"], row["certainty"], row["anomalies"]) == ("new", "confirmed", [])


@in_a_loop
async def test_orders_of_a_batch_are_sent_after_the_pause(ledger: Ledger) -> None:
    wanted = [order(f"C-{number}") for number in range(3)]
    async with pausing(ledger, batch=3) as (gateway, venue):
        sent = await gateway.submit_many(wanted)
    assert [one.state for one in sent] == ["acknowledged"] * 3
    assert (venue.arrived, venue.too_late) == ({f"C-{number}": 1 for number in range(3)}, 0)
    assert names(ledger, "C-2") == [*SENT_AGAIN, "order_acknowledged"]


@in_a_loop
async def test_a_pause_longer_than_the_patience_denies(ledger: Ledger) -> None:
    async with pausing(ledger, patience=0.3) as (gateway, venue):
        sent = await gateway.submit(order())
    assert (sent.state, sent.reason) == ("denied", "rate_limited")
    assert WHY in (sent.text or "") and venue.arrived == {}
    assert names(ledger) == ["order_requested", "order_submitted", "order_denied"]


@in_a_loop
async def test_an_order_that_is_canceled_in_a_pause_is_never_sent(ledger: Ledger) -> None:
    async with pausing(ledger) as (gateway, venue):
        sending = gateway.submit_soon(order())
        flights = gateway._sender.flights
        await until(lambda: any(one.is_waiting for one in flights.values()))
        canceled = await gateway.cancel("C-1")
        sent = await sending
    assert (sent.state, sent.reason) == ("denied", "withdrawn") == (canceled.state, canceled.reason)
    assert venue.arrived == {}


@in_a_loop
async def test_a_halt_in_a_pause_denies_before_anything_is_recorded_again(ledger: Ledger) -> None:
    halt = Halt(account=ACCOUNT, at=SystemClock().now())
    async with pausing(ledger, then=lambda _: ledger.record(halt) and None) as (gateway, venue):
        sent = await gateway.submit(order())
    assert (sent.state, sent.reason) == ("denied", "halted")
    assert (venue.arrived, names(ledger)[-1]) == ({}, "order_denied")
    assert names(ledger).count("order_submitted") == 1


@in_a_loop
async def test_a_cancel_that_would_wait_for_too_long_stays_outstanding_and_is_sent_later(
    ledger: Ledger,
) -> None:
    def pause(gateway: Gateway) -> None:
        gateway._wired.parts.pacings[ACCOUNT].hold(0.0, WHY)

    async with pausing(ledger, patience=1.0, then=pause) as (gateway, _):
        assert (await gateway.submit(order())).state == "acknowledged"
        gateway._wired.parts.pacings[ACCOUNT].hold(1.5, WHY)
        canceled = await gateway.cancel("C-1")
        assert (canceled.state, canceled.reason) == ("unresolved", "rate_limited")
        assert ledger.order("C-1", account=ACCOUNT)["pending"] == "cancel"
        await until(lambda: ledger.order("C-1", account=ACCOUNT)["status"] == "canceled")
