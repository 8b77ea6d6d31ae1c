"""What proves that an order never arrived, and what an answer to a query confirms."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from orderledger import Absent, Deny, Gateway, Ledger, RequestReplace, Submit, Unresolved
from orderledger.simulation.local.order_entry import ABSENCE, LocalOrderEntry
from tests.gateway.desk import ACCOUNT, START, buy, trading, until, venue_of, worked

DEAD_AFTER = timedelta(seconds=ABSENCE.least_seconds + 1)
LOST = ("answer_lost", "request_lost", "request_late")


@asynccontextmanager
async def desk(ledger: Ledger, entry: LocalOrderEntry, **more: Any) -> AsyncIterator[Gateway]:
    """A gateway whose queries wait for nobody's clock but the venue's."""
    more = {"clock": entry, **more}
    async with Gateway(ledger, {ACCOUNT: entry}, **more) as gateway:
        yield gateway


@dataclasses.dataclass
class Ours:
    """The clock of our machine."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at


def order(ledger: Ledger, name: str = "C-1") -> Any:
    return ledger.order(name)


def is_absent(ledger: Ledger) -> bool:
    return order(ledger)["absent_at"] is not None


def test_a_lost_order_is_denied_once_the_venues_clock_has_passed_its_expiry(
    ledger: Ledger,
) -> None:
    async def story() -> None:
        entry = LocalOrderEntry(venue_of())
        async with desk(ledger, entry) as gateway:
            entry.venue.lose_next_answer("request_lost")
            await gateway.submit(buy("C-1"))
            await until(lambda: is_absent(ledger))
            assert (await gateway.submit(buy("C-2"))).reason == "unresolved_order"
            entry.venue.advance(entry.venue.now + DEAD_AFTER)
            await until(lambda: not order(ledger)["is_open"], 10.0)
            assert (await gateway.submit(buy("C-3"))).state == "acknowledged"

    asyncio.run(story())
    assert (order(ledger)["status"], order(ledger)["reason"]) == ("denied", "never_arrived")
    (denied,) = [one for one in ledger.history("C-1") if one["name"].startswith("order_denied")]
    assert "by the venue's clock" in (denied["text"] or "")
    (sent,) = [one for one in ledger.history("C-1") if one["name"].startswith("order_submitted")]
    assert sent["payload"]["request_expires_at"] == "2026-01-05T12:00:05Z"


def test_our_clock_proves_nothing(ledger: Ledger) -> None:
    async def story() -> None:
        entry, ours = LocalOrderEntry(venue_of()), Ours()
        async with desk(ledger, entry, clock=ours) as gateway:
            entry.venue.lose_next_answer("request_lost")
            await gateway.submit(buy("C-1"))
            await until(lambda: is_absent(ledger))
            ours.at += timedelta(hours=1)
            await asyncio.sleep(2.5)
            assert order(ledger)["is_open"]
            refused = await gateway.resend("C-1")
            assert refused.reason == "absence_not_proved" and "at the earliest" in (
                refused.text or ""
            )

    asyncio.run(story())


def test_a_late_request_is_refused_by_the_venue_and_works_nothing(ledger: Ledger) -> None:
    """It is 30 s late. The order was denied long before."""

    async def story() -> None:
        entry = LocalOrderEntry(venue_of(late_seconds=(30.0, 31.0)))
        async with desk(ledger, entry) as gateway:
            entry.venue.lose_next_answer("request_late")
            await gateway.submit(buy("C-1"))
            entry.venue.advance(entry.venue.now + DEAD_AFTER)
            await until(lambda: not order(ledger)["is_open"], 10.0)
            entry.venue.advance(entry.venue.now + timedelta(minutes=5))
            assert worked(entry.venue, "C-1") == 0

    asyncio.run(story())


def test_an_order_that_was_in_the_engine_until_after_its_expiry_is_not_denied(
    ledger: Ledger,
) -> None:
    """Taken at the door in time and executed 4 s later: the margin covers it."""

    async def story() -> None:
        entry = LocalOrderEntry(venue_of(engine_seconds=4.0, late_seconds=(0.0, 0.0)))
        margin = 5.0
        entry.abilities = dataclasses.replace(
            entry.abilities, absence=dataclasses.replace(ABSENCE, margin_seconds=margin)
        )
        async with desk(ledger, entry) as gateway:
            entry.venue.lose_next_answer("answer_lost")
            await gateway.submit(buy("C-1"))
            entry.venue.advance(entry.venue.now + timedelta(seconds=11))
            await until(lambda: order(ledger)["certainty"] == "confirmed", 10.0)
            assert order(ledger)["status"] == "new"

    asyncio.run(story())


@pytest.mark.parametrize("is_known", [True, False])
def test_a_request_that_waited_for_too_long_in_this_process_is_not_sent(
    ledger: Ledger, is_known: bool
) -> None:
    class Slow(LocalOrderEntry):
        """The machine stands still between the commit and the sending."""

        async def submit(self, order: Any) -> Any:
            assert is_known is False, "the gateway knows that it is too late"
            self.venue.advance(self.venue.now + timedelta(seconds=6))
            return await super().submit(order)

    async def story() -> None:
        entry = Slow(venue_of())
        async with desk(ledger, entry) as gateway:
            if is_known:
                commit = gateway._ledger.recording.arecord_together

                async def slowly(*given: Any, **more: Any) -> Any:
                    found = await commit(*given, **more)
                    entry.venue.advance(entry.venue.now + timedelta(seconds=6))
                    return found

                gateway._ledger.recording.arecord_together = slowly  # type: ignore[method-assign]
            sent = await gateway.submit(buy("C-1"))
            assert (sent.state, sent.reason) == (
                "denied" if is_known else "rejected",
                "request_expired",
            )
            assert worked(entry.venue, "C-1") == 0

    asyncio.run(story())


@pytest.mark.parametrize("fate", LOST)
def test_a_restarted_process_proves_the_absence_by_the_recorded_expiry(
    ledger: Ledger, fate: str
) -> None:
    venue = venue_of(late_seconds=(30.0, 31.0))

    async def before() -> None:
        async with desk(ledger, LocalOrderEntry(venue)) as gateway:
            venue.lose_next_answer(fate)  # type: ignore[arg-type]
            await gateway.submit(buy("C-1"))

    async def after() -> None:
        venue.advance(venue.now + DEAD_AFTER)
        async with desk(ledger, LocalOrderEntry(venue)):
            await until(lambda: order(ledger)["certainty"] == "confirmed", 5.0)

    asyncio.run(before())
    asyncio.run(after())
    venue.advance(venue.now + timedelta(minutes=5))
    is_there = fate == "answer_lost"
    assert worked(venue, "C-1") == is_there
    assert order(ledger)["status"] == ("new" if is_there else "denied")


def test_an_order_that_was_sent_without_an_expiry_is_never_proved_absent(ledger: Ledger) -> None:
    """By an older version, or by another program."""
    at = START - timedelta(days=1)
    ledger.record_many(
        [
            buy("C-1").model_copy(update={"at": at}),
            Submit(account=ACCOUNT, client_order_id="C-1", at=at),
            Unresolved(account=ACCOUNT, client_order_id="C-1", at=at, reason="timeout"),
        ]
    )

    async def story() -> None:
        entry = LocalOrderEntry(venue_of())
        async with desk(ledger, entry) as gateway:
            entry.venue.advance(entry.venue.now + timedelta(minutes=5))
            await asyncio.sleep(2.5)
            assert is_absent(ledger) and order(ledger)["is_open"]
            refused = await gateway.resend("C-1")
            assert "cannot prove it" in (refused.text or "")

    asyncio.run(story())


def test_an_answer_after_the_retention_of_the_venue_proves_nothing(ledger: Ledger) -> None:
    async def story() -> None:
        entry = LocalOrderEntry(venue_of())
        entry.abilities = dataclasses.replace(
            entry.abilities, absence=dataclasses.replace(ABSENCE, retention_seconds=60.0)
        )
        async with desk(ledger, entry) as gateway:
            entry.venue.lose_next_answer("request_lost")
            await gateway.submit(buy("C-1"))
            entry.venue.advance(entry.venue.now + timedelta(seconds=70))
            await asyncio.sleep(2.5)
            assert is_absent(ledger) and order(ledger)["is_open"]

    asyncio.run(story())


def test_a_venue_that_lags_is_queried_as_often_as_its_rule_says(ledger: Ledger) -> None:
    async def story() -> None:
        entry = LocalOrderEntry(venue_of())
        rule = dataclasses.replace(ABSENCE, queries=3, pause_seconds=0.5)
        entry.abilities = dataclasses.replace(entry.abilities, absence=rule)
        async with desk(ledger, entry) as gateway:
            entry.venue.lose_next_answer("request_lost")
            await gateway.submit(buy("C-1"))
            await until(lambda: is_absent(ledger))
            entry.venue.advance(entry.venue.now + DEAD_AFTER)
            (doubt,) = gateway._resolver._doubts.values()
            await until(lambda: doubt.proofs == 1)
            assert order(ledger)["is_open"]
            await until(lambda: not order(ledger)["is_open"], 10.0)
            assert doubt.proofs == 3

    asyncio.run(story())


def test_an_order_that_is_listed_late_is_confirmed_by_the_first_answer_that_shows_it(
    ledger: Ledger,
) -> None:
    async def story() -> None:
        entry = LocalOrderEntry(venue_of(listed_after_seconds=3.0))
        async with desk(ledger, entry) as gateway:
            entry.venue.lose_next_answer("answer_lost")
            await gateway.submit(buy("C-1"))
            await until(lambda: entry.venue.now > START and order(ledger)["absent_at"] is None)
            now = entry.venue.now
            ledger.record(
                Absent(account=ACCOUNT, client_order_id="C-1", at=now, source="venue_poll")
            )
            assert order(ledger)["certainty"] == "unresolved"
            await gateway._resolver.query((ACCOUNT, "C-1"))
            assert order(ledger)["certainty"] == "confirmed"

    asyncio.run(story())


def test_a_replace_in_flight_at_a_kill_is_settled_by_the_terms_of_the_row(ledger: Ledger) -> None:
    """It never left: the venue shows the earlier terms after it would have expired."""
    venue = venue_of()

    async def before() -> None:
        async with desk(ledger, LocalOrderEntry(venue)) as gateway:
            await gateway.submit(buy("C-1", price="60000"))

    async def after() -> None:
        async with desk(ledger, LocalOrderEntry(venue)):
            await asyncio.sleep(1.2)
            assert order(ledger)["pending"] == "replace", "it may still be on its way"
            venue.advance(venue.now + DEAD_AFTER)
            await until(lambda: order(ledger)["pending"] is None, 5.0)

    asyncio.run(before())
    ledger.record(
        RequestReplace(
            account=ACCOUNT,
            client_order_id="C-1",
            at=venue.now,
            request_id="R-1",
            quantity="1",
            request_expires_at=venue.now + timedelta(seconds=5),
        )
    )
    asyncio.run(after())
    row = order(ledger)
    assert (row["certainty"], str(row["quantity"]), row["status"]) == ("confirmed", "0.5", "new")
    (refused,) = ledger.events(name="replace_rejected")
    assert refused["payload"]["reason"] == "not_carried_out"


def test_a_replace_that_was_carried_out_before_a_kill_is_settled_at_once(ledger: Ledger) -> None:
    venue = venue_of()

    async def before() -> None:
        async with desk(ledger, LocalOrderEntry(venue)) as gateway:
            await gateway.submit(buy("C-1", price="60000"))

    async def after() -> None:
        async with desk(ledger, LocalOrderEntry(venue)):
            await until(lambda: order(ledger)["pending"] is None, 3.0)

    asyncio.run(before())
    at: datetime = venue.now
    ledger.record(
        RequestReplace(
            account=ACCOUNT, client_order_id="C-1", at=at, request_id="R-1", quantity="1"
        )
    )
    venue.replace("C-1", quantity="1")
    asyncio.run(after())
    assert (str(order(ledger)["quantity"]), order(ledger)["certainty"]) == ("1", "confirmed")


def test_an_entry_without_the_venues_clock_counts_the_seconds_of_this_process(
    ledger: Ledger,
) -> None:
    seconds = [0.0]

    async def story() -> None:
        entry = LocalOrderEntry(venue_of())
        del entry.clock
        async with desk(ledger, entry, elapsed=lambda: seconds[0]) as gateway:
            gateway._wired.parts.keeper.fence = lambda account: 1  # type: ignore[method-assign]
            entry.venue.lose_next_answer("request_lost")
            await gateway.submit(buy("C-1"))
            await until(lambda: is_absent(ledger))
            entry.venue.advance(entry.venue.now + timedelta(hours=1))
            await asyncio.sleep(1.5)
            assert order(ledger)["is_open"]
            seconds[0] = 8.0
            await until(lambda: not order(ledger)["is_open"], 5.0)

    asyncio.run(story())


def test_an_order_that_never_arrived_is_sent_again_within_the_limits(ledger: Ledger) -> None:
    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue, {"limits": [{"open_orders": 1}]}) as gateway:
            venue.lose_next_answer("request_lost")
            await gateway.submit(buy("C-1", price="60000"))
            venue.advance(venue.now + DEAD_AFTER)
            await until(lambda: not order(ledger)["is_open"], 10.0)
            await gateway.submit(buy("C-2", price="60000"))
            refused = await gateway.resend("C-1")
            assert (refused.state, refused.reason) == ("refused", "open_orders")
            await gateway.cancel("C-2")
            again = await gateway.resend("C-1")
            assert (again.state, worked(venue, "C-1")) == ("acknowledged", 1)

    asyncio.run(story())
    assert order(ledger)["status"] == "new" and order(ledger)["anomalies"] == []


def test_an_operators_denial_can_be_taken_back_by_sending_again(ledger: Ledger) -> None:
    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue, absence=None) as gateway:
            venue.lose_next_answer("request_lost")
            await gateway.submit(buy("C-1", price="60000"))
            ledger.record(
                Deny(
                    account=ACCOUNT,
                    client_order_id="C-1",
                    at=venue.now,
                    reason="never_arrived",
                    never_arrived=True,
                    actor="anna",
                )
            )
            assert (await gateway.resend("C-1")).state == "acknowledged"

    asyncio.run(story())
