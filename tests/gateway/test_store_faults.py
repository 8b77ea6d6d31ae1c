"""The store or the clock fails between the steps of sending: nothing is sent without a durable
record, and nothing is lost."""

import asyncio
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from orderledger import Fenced, Gateway, Ledger, StoreError
from orderledger.gateway import GatewaySettings
from orderledger.projections.view import Row
from orderledger.simulation.local import LocalVenue
from orderledger.simulation.local.order_entry import LocalOrderEntry
from tests.gateway.desk import ACCOUNT, buy, locked, trading, until, venue_of, worked

LEASES = "sending_leases"


@contextmanager
def full() -> Iterator[None]:
    """No file of this process grows any more, which a full disk says otherwise."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class Failing(LocalOrderEntry):
    """The store fails between the venue's acceptance and its answer, for a while."""

    def __init__(self, venue: LocalVenue, fault: AbstractContextManager[None]) -> None:
        super().__init__(venue)
        self._fault = fault
        self._failing: ExitStack | None = None

    async def submit(self, order: Row) -> Any:
        sent = await super().submit(order)
        if self._failing is None:
            self._failing = ExitStack()
            await asyncio.to_thread(self._failing.enter_context, self._fault)
        return sent

    def heal(self) -> None:
        if self._failing is not None:
            self._failing.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["locked", "full"])
def test_an_answer_that_cannot_be_recorded_is_recorded_later(
    durable_store_url: str, kind: str
) -> None:
    if kind == "full" and durable_store_url.startswith("postgresql"):
        pytest.skip("the server has files of its own")

    venue = venue_of()
    entry = Failing(venue, locked(durable_store_url) if kind == "locked" else full())

    async def story(ledger: Ledger) -> None:
        async with Gateway(ledger, {ACCOUNT: entry}, clock=entry) as gateway:
            sent = await gateway.submit(buy("C-1"))
            assert (sent.state, sent.reason) == ("unresolved", "answer_not_recorded")
            with pytest.raises(StoreError):
                await gateway.submit(buy("C-2"))
            entry.heal()
            await until(lambda: ledger.order("C-1")["venue_order_id"] is not None)
            assert (await gateway.submit(buy("C-2"))).state == "acknowledged"
        assert (worked(venue, "C-1"), worked(venue, "C-2")) == (1, 1)

    with Ledger.open(durable_store_url, lock_timeout=2) as ledger:
        try:
            asyncio.run(story(ledger))
        finally:
            entry.heal()
        assert (ledger.order("C-1")["status"], ledger.order("C-1")["certainty"]) == (
            "new",
            "confirmed",
        )


@pytest.mark.slow
def test_an_order_that_cannot_be_recorded_is_not_sent(durable_store_url: str) -> None:
    async def story(ledger: Ledger) -> None:
        venue = venue_of()
        async with trading(
            ledger, venue, {"lease_seconds": 20.0, "limits": [{"open_orders": 2}]}
        ) as gateway:
            with locked(durable_store_url):
                for number in range(3):
                    with pytest.raises(StoreError):
                        await gateway.submit_many([buy("C-1"), buy(f"C-{number + 5}")])
                assert venue.exchange.orders(ACCOUNT) == []
            sent = await gateway.submit_many([buy("C-1"), buy("C-2")])
            assert [one.state for one in sent] == ["acknowledged"] * 2, sent
            assert (await gateway.submit(buy("C-3"))).reason == "open_orders"

    with Ledger.open(durable_store_url, lock_timeout=2) as ledger:
        asyncio.run(story(ledger))
        assert len(ledger.open_orders()) == 2


@pytest.mark.slow
def test_without_the_table_of_leases_nothing_is_sent_and_with_it_sending_goes_on(
    ledger: Ledger,
) -> None:
    def rename(old: str, new: str) -> None:
        with ledger.internals.store.database.writing() as session:
            session.execute(f"ALTER TABLE {old} RENAME TO {new}")

    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue, {"lease_seconds": 2.0}) as gateway:
            rename(LEASES, "elsewhere")
            for _ in range(3):
                with pytest.raises(StoreError):
                    await gateway.submit(buy("C-1"))
                await asyncio.sleep(0.7)
            with pytest.raises(Fenced, match="was not renewed in time"):
                await gateway.submit(buy("C-1"))
            assert venue.exchange.orders(ACCOUNT) == []
            rename("elsewhere", LEASES)
            await until(lambda: _holds(gateway))
            assert (await gateway.submit(buy("C-1"))).state == "acknowledged"

    asyncio.run(story())


def _holds(gateway: Gateway) -> bool:
    try:
        return gateway._wired.parts.keeper.fence(ACCOUNT) > 0
    except Fenced:
        return False


@pytest.mark.slow
def test_a_log_that_cannot_be_read_for_a_while_does_not_end_the_watch(ledger: Ledger) -> None:
    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue, {"lease_seconds": 20.0}) as gateway:
            rows_after, calls = ledger.internals.store.recorder.rows_after, []

            def failing(position: int, limit: int) -> Any:
                calls.append(position)
                raise sqlite3.OperationalError("disk I/O error")

            ledger.internals.store.recorder.rows_after = failing  # type: ignore[method-assign]
            with pytest.raises(StoreError, match="disk I/O error"):
                await gateway.submit(buy("C-0"))
            await until(lambda: len(calls) > 3)
            ledger.internals.store.recorder.rows_after = rows_after  # type: ignore[method-assign]
            venue.lose_next_answer("answer_lost")
            assert (await gateway.submit(buy("C-1"))).state == "unresolved"
            await until(lambda: ledger.order("C-1")["certainty"] == "confirmed")

    asyncio.run(story())


class SetClock:
    """A clock that somebody sets."""

    def __init__(self, clock: LocalOrderEntry) -> None:
        self._clock = clock
        self.offset = timedelta()

    def now(self) -> datetime:
        return self._clock.now() + self.offset


def test_a_clock_that_is_set_forth_and_back_does_not_forget_the_day(ledger: Ledger) -> None:
    async def story() -> None:
        venue = venue_of()
        entry = LocalOrderEntry(venue)
        clock = SetClock(entry)
        settings = GatewaySettings.model_validate({"limits": [{"orders_per_day": 2}]})
        async with Gateway(ledger, {ACCOUNT: entry}, limits=settings, clock=clock) as gateway:
            assert [one.state for one in await gateway.submit_many([buy("C-1"), buy("C-2")])] == [
                "acknowledged"
            ] * 2
            clock.offset = timedelta(days=1)
            await asyncio.sleep(0.6)  # the gateway looks at the clock
            clock.offset = timedelta()
            assert (await gateway.submit(buy("C-3"))).reason == "orders_per_day"

    with_clock_of_venue(ledger)
    asyncio.run(story())


def with_clock_of_venue(ledger: Ledger) -> None:
    """The day of an event is that of its recording: let the ledger have the venue's clock."""
    entry = LocalOrderEntry(venue_of())
    ledger._writer._clock, ledger._writer._last = entry, entry.now()
