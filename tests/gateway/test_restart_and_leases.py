"""Restarts, takeovers, halts and breakers: what the gateway does when it begins, and what makes it
stop."""

import asyncio
import dataclasses
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from orderledger import (
    Acknowledged,
    Fenced,
    Gateway,
    Halt,
    InvalidSetting,
    Ledger,
    Mark,
    RequestCancel,
    ResumeTrading,
    Submit,
)
from orderledger.gateway.leases import Leases
from orderledger.simulation.local.order_entry import LocalOrderEntry
from tests.gateway.desk import (
    ACCOUNT,
    BTC,
    START,
    buy,
    hear,
    locked,
    sell,
    trading,
    until,
    venue_of,
    worked,
)


def lease(ledger: Ledger) -> Any:
    found = Leases(ledger.internals.store.database).read(ACCOUNT)
    assert found is not None
    return found


def test_the_first_sender_and_each_later_one_are_recorded(ledger: Ledger) -> None:
    async def story() -> None:
        for _ in range(2):
            async with trading(ledger, venue_of()):
                assert lease(ledger).holder.endswith(":gateway")
        assert lease(ledger).holder is None, "released at the end"

    asyncio.run(story())
    changes = [row["payload"] for row in ledger.events(name="sender_changed")]
    assert [(one["fence"], one.get("is_forced", False)) for one in changes] == [
        (1, False),
        (2, False),
    ]


@pytest.mark.slow
def test_a_second_gateway_waits_until_the_first_one_is_silent_for_the_whole_term(
    ledger: Ledger,
) -> None:
    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue) as first:
            context = trading(ledger, venue)
            second = asyncio.create_task(context.__aenter__())
            await asyncio.sleep(2.5)
            assert not second.done(), "the first renews its lease"
            first._running.tasks[0].cancel()  # it is alive, and renews no more
            async with asyncio.timeout(20):
                await second
            with pytest.raises(Fenced):
                await first.submit(buy("C-1"))
            assert worked(venue, "C-1") == 0
            assert (await second.result().submit(buy("C-2"))).state == "acknowledged"
            await context.__aexit__(None, None, None)

    asyncio.run(story())


def test_a_forced_takeover_is_immediate_recorded_and_fences_the_other(ledger: Ledger) -> None:
    async def story() -> None:
        venue = venue_of()
        async with (
            trading(ledger, venue) as first,
            trading(ledger, venue, take_over=[ACCOUNT]) as second,
        ):
            with pytest.raises(Fenced):
                await first.submit(buy("C-1"))
            assert (await second.submit(buy("C-2"))).state == "acknowledged"

    asyncio.run(story())
    assert list(ledger.events(name="sender_changed"))[-1]["payload"]["is_forced"] is True


def test_an_account_to_take_over_is_one_of_the_gateways(ledger: Ledger) -> None:
    with pytest.raises(
        InvalidSetting, match="take_over: 'sim:two' is not an account of this gateway"
    ):
        Gateway(ledger, {ACCOUNT: LocalOrderEntry(venue_of())}, take_over=["sim:two"])


def test_a_commit_of_another_account_is_not_affected_by_a_lost_lease(ledger: Ledger) -> None:
    async def story() -> None:
        one, two = venue_of(), venue_of("sim:two")
        entries = {ACCOUNT: LocalOrderEntry(one), "sim:two": LocalOrderEntry(two)}
        async with Gateway(ledger, entries, clock=entries[ACCOUNT]) as gateway:
            with ledger.internals.store.database.writing() as session:
                session.execute(
                    "UPDATE sending_leases SET fence = fence + 1 WHERE account = ?", (ACCOUNT,)
                )
            results = await asyncio.gather(
                gateway.submit(buy("C-1")),
                gateway.submit(buy("C-1", account="sim:two")),
                return_exceptions=True,
            )
        assert (
            isinstance(results[0], Fenced) and getattr(results[1], "state", None) == "acknowledged"
        )

    asyncio.run(story())


def test_what_was_being_sent_when_the_process_died_is_unresolved_then_found(ledger: Ledger) -> None:
    venue = venue_of()
    ledger.record_many(
        [
            buy("C-1"),
            Submit(account=ACCOUNT, client_order_id="C-1"),
            buy("C-2"),
            Submit(account=ACCOUNT, client_order_id="C-2"),
        ]
    )
    venue.submit(
        client_order_id="C-1", instrument=BTC, side="buy", quantity="0.5", limit_price="64000"
    )

    async def story() -> None:
        async with trading(ledger, venue) as gateway:
            assert ledger.order("C-1")["certainty"] == "confirmed", (
                "the venue was queried before anything else"
            )
            denied = await gateway.submit(buy("C-3"))
            assert (denied.state, denied.reason) == ("denied", "unresolved_order")
            assert "C-2" in (denied.text or "")
            elsewhere = await gateway.submit(buy("C-4", instrument="ETH-USD", price="3000"))
            assert elsewhere.state == "acknowledged", (
                "by default an unresolved order blocks its instrument alone"
            )

    asyncio.run(story())
    assert [row["payload"]["reason"] for row in ledger.events(name="submission_unresolved")] == [
        "restart",
        "restart",
    ]
    assert (worked(venue, "C-1"), worked(venue, "C-2")) == (1, 0)


@pytest.mark.parametrize(
    ("policy", "state"), [("block_account", "denied"), ("allow", "acknowledged")]
)
def test_the_policy_for_unresolved_orders(ledger: Ledger, policy: str, state: str) -> None:
    ledger.record_many([buy("C-1"), Submit(account=ACCOUNT, client_order_id="C-1")])

    async def story() -> None:
        async with trading(ledger, venue_of(), {"unresolved": policy}) as gateway:
            sent = await gateway.submit(buy("C-4", instrument="ETH-USD", price="3000"))
            assert sent.state == state

    asyncio.run(story())


def test_a_cancel_that_was_requested_before_the_crash_is_sent_after_it(ledger: Ledger) -> None:
    venue = venue_of()
    venue.submit(
        client_order_id="C-1", instrument=BTC, side="buy", quantity="0.5", limit_price="64000"
    )
    ledger.record_many(
        [
            buy("C-1"),
            Submit(account=ACCOUNT, client_order_id="C-1"),
            Acknowledged(account=ACCOUNT, client_order_id="C-1", venue_order_id="V1001"),
            RequestCancel(account=ACCOUNT, client_order_id="C-1", request_id="R-1"),
        ]
    )

    async def story() -> None:
        async with trading(ledger, venue):
            await until(lambda: not ledger.order("C-1")["is_open"])

    asyncio.run(story())
    assert venue.exchange.orders_by_client_id(ACCOUNT, "C-1")[-1].status == "canceled"


def test_a_cancel_of_an_order_in_flight_waits_for_the_venues_id_where_it_needs_one(
    ledger: Ledger,
) -> None:
    class NeedsVenueId(LocalOrderEntry):
        def __init__(self, venue: Any) -> None:
            super().__init__(venue)
            from orderledger.venues import EntryAbilities

            self.abilities = EntryAbilities()
            self.go = asyncio.Event()

        async def submit(self, order):  # type: ignore[no-untyped-def]
            await self.go.wait()
            return await super().submit(order)

    async def story() -> None:
        venue = venue_of()
        entry = NeedsVenueId(venue)
        async with Gateway(ledger, {ACCOUNT: entry}, clock=entry) as gateway:
            sending = gateway.submit_soon(buy("C-1"))
            await until(
                lambda: (
                    (flight := gateway._sender.flights.get((ACCOUNT, "C-1"))) is not None
                    and flight.is_sent
                )
            )
            canceling = asyncio.create_task(gateway.cancel("C-1"))
            await asyncio.sleep(0.1)
            assert ledger.order("C-1")["pending"] == "cancel" and not canceling.done()
            entry.go.set()
            assert ((await sending).state, (await canceling).state) == (
                "acknowledged",
                "acknowledged",
            )

    asyncio.run(story())
    assert ledger.order("C-1")["status"] == "canceled"


def test_an_order_that_is_canceled_before_it_is_sent_is_never_sent(
    ledger: Ledger, durable_store_url: str
) -> None:
    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue) as gateway:
            with locked(durable_store_url):
                sending = gateway.submit_soon(buy("C-1"))
                await until(lambda: (ACCOUNT, "C-1") in gateway._sender.flights)
                canceling = asyncio.create_task(gateway.cancel("C-1"))
                await until(lambda: gateway._sender.flights[ACCOUNT, "C-1"].is_withdrawn)
            assert [(await one).reason for one in (sending, canceling)] == [
                "withdrawn",
                "withdrawn",
            ]
        assert worked(venue, "C-1") == 0

    asyncio.run(story())
    assert (ledger.order("C-1")["status"], ledger.order("C-1")["reason"]) == ("denied", "withdrawn")


def test_a_halt_holds_for_every_gateway_and_survives_a_restart(ledger: Ledger) -> None:
    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue) as gateway:
            await gateway.submit(buy("C-1"))
            ledger.record(
                Halt(
                    account="*",
                    at=START,
                    reason="review",
                    text="the desk reviews its positions",
                    cancels_orders=True,
                )
            )
            denied = await gateway.submit(buy("C-2"))
            assert (denied.state, denied.reason) == ("denied", "halted")
            assert "the desk reviews its positions" in (denied.text or "")
            await until(lambda: ledger.open_orders() == [])
        async with trading(ledger, venue) as gateway:
            assert (await gateway.submit(buy("C-3"))).reason == "halted"
            ledger.record(ResumeTrading(account="*", at=START))
            assert (await gateway.submit(buy("C-4"))).state == "acknowledged"

    asyncio.run(story())


@pytest.mark.parametrize(
    ("scope", "denied"),
    [
        ({"instrument": BTC}, True),
        ({"instrument": "ETH-USD"}, False),
        ({"strategy": "grid"}, True),
        ({"strategy": "arb"}, False),
    ],
)
def test_a_halt_of_an_instrument_or_a_strategy(
    ledger: Ledger, scope: dict[str, str], denied: bool
) -> None:
    async def story() -> None:
        async with trading(ledger, venue_of()) as gateway:
            ledger.record(Halt(account=ACCOUNT, at=START, **scope))  # type: ignore[arg-type]
            assert (await gateway.submit(buy("C-1", strategy="grid"))).state == (
                "denied" if denied else "acknowledged"
            )

    asyncio.run(story())


def test_failures_in_a_row_break_and_the_halt_is_an_event_with_its_cause(ledger: Ledger) -> None:
    breaker = {"account": ACCOUNT, "sending_failures": 2}

    async def story() -> None:
        venue = venue_of()
        async with trading(
            ledger, venue, {"unresolved": "allow", "breakers": [breaker]}
        ) as gateway:
            for number in range(2):
                venue.lose_next_answer("request_lost")
                await gateway.submit(buy(f"C-{number}"))
            await until(lambda: ledger.halts(active_only=True))
            assert (await gateway.submit(buy("C-9"))).reason == "halted"

    asyncio.run(story())
    (row,) = ledger.halts()
    assert (row["reason"], row["actor"], row["account"]) == ("sending_failures", "breaker", ACCOUNT)
    assert row["text"] == "2 requests in a row were not sent or not answered"


def test_rejects_within_a_minute_and_a_missing_feed_break(ledger: Ledger) -> None:
    fed = {"instrument": BTC, "feed_age_seconds": 5.0, "grace_seconds": 0}
    breakers = [{"rejects_per_minute": 2}, fed]

    async def story() -> None:
        async with trading(ledger, venue_of(), {"breakers": breakers}) as gateway:
            await until(lambda: ledger.halts(active_only=True))
            assert ledger.halts()[0]["reason"] == "feed_age_seconds"
            for number in range(2):
                await gateway.submit(
                    buy(f"C-{number}", instrument="ETH-USD", quantity="0.00001", price="3000")
                )
            await until(lambda: len(ledger.halts()) == 2)

    asyncio.run(story())
    assert ledger.halts()[1]["text"] == "the venue refused 2 orders within a minute"


def test_limits_are_kept_across_strategies_and_restarts(ledger: Ledger) -> None:
    limits = {
        "limits": [
            {"position_quantity": "2"},
            {"strategy": "grid", "position_quantity": "1"},
            {"orders_per_day": 6},
        ]
    }

    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue, limits) as gateway:
            states = [
                (await gateway.submit(buy("C-1", quantity="0.8", strategy="grid"))).state,
                (await gateway.submit(buy("C-2", quantity="0.3", strategy="grid"))).reason,
                (await gateway.submit(buy("C-3", quantity="1.2", strategy="arb"))).state,
                (await gateway.submit(buy("C-4", quantity="0.1", strategy="arb"))).reason,
                (await gateway.submit(sell("C-5", quantity="2", price="65000"))).state,
            ]
            assert states == [
                "acknowledged",
                "position_quantity",
                "acknowledged",
                "position_quantity",
                "acknowledged",
            ]
            venue.exchange.fill(venue.exchange.orders_by_client_id(ACCOUNT, "C-1")[-1], "0.8")
        hear(ledger, venue)
        async with trading(ledger, venue, limits) as gateway:
            assert (await gateway.submit(buy("C-6", quantity="0.1"))).reason == "position_quantity"
            await gateway.cancel("C-3")
            assert [
                (await gateway.submit(buy(f"C-{number}", quantity="0.1"))).state
                for number in (7, 8, 9)
            ] == ["acknowledged"] * 3
            assert (await gateway.submit(buy("C-10", quantity="0.1"))).reason == "orders_per_day"

    asyncio.run(story())


def test_the_loss_of_the_day_is_known_after_a_restart_and_does_not_count_yesterday(
    ledger: Ledger,
) -> None:
    limits = {"limits": [{"daily_loss": "100"}, {"name": "high", "drawdown": "150"}]}

    async def story() -> None:
        venue = venue_of()
        entry = LocalOrderEntry(venue)

        def mark(price: str) -> None:
            ledger.record(Mark(account=ACCOUNT, instrument=BTC, price=price, at=entry.now()))

        async with trading(ledger, venue, limits) as gateway:
            await gateway.submit(buy("C-1", quantity="1", price="64000"))
            venue.exchange.fill(
                venue.exchange.orders_by_client_id(ACCOUNT, "C-1")[-1], "1", price="64000", fee="10"
            )
            hear(ledger, venue)
            mark("64100")
            assert (await gateway.submit(buy("C-2"))).state == "acknowledged"
            assert gateway._book.positions.gains(gateway.settings.rules[0]) == {
                "unknown currency": Decimal(100),
                "USD": Decimal(-10),
            }
            mark("63899")
            assert (await gateway.submit(buy("C-3"))).reason == "daily_loss"
            exempt = await gateway.submit(
                sell("C-4", quantity="0.1", price="65000", reduce_only=True)
            )
            assert exempt.state == "acknowledged"
        async with trading(ledger, venue, limits) as gateway:
            assert (await gateway.submit(buy("C-5"))).reason == "daily_loss"
            mark("63940")
            lost = await gateway.submit(buy("C-6"))
            assert (lost.reason, "since the high" in (lost.text or "")) == ("drawdown", True), (
                "the high was before the restart"
            )
            venue.advance(venue.now + timedelta(days=1))
            mark("63900")
            assert (await gateway.submit(buy("C-7"))).state == "acknowledged", (
                "a new day begins at the last mark"
            )

    asyncio.run(story())


def test_an_order_whose_cancel_was_answered_to_a_dead_process_is_queried(ledger: Ledger) -> None:
    """The venue refuses the second cancel of an order that the first one has ended; no feed tells
    of that."""
    venue = venue_of()
    venue.submit(
        client_order_id="C-1", instrument=BTC, side="buy", quantity="0.5", limit_price="64000"
    )
    ledger.record_many(
        [
            buy("C-1"),
            Submit(account=ACCOUNT, client_order_id="C-1"),
            Acknowledged(account=ACCOUNT, client_order_id="C-1", venue_order_id="V1001"),
            RequestCancel(account=ACCOUNT, client_order_id="C-1", request_id="R-1"),
        ]
    )
    venue.cancel("C-1", request_id="R-1")

    async def story() -> None:
        async with trading(ledger, venue):
            await until(lambda: not ledger.order("C-1")["is_open"])

    asyncio.run(story())
    assert ledger.order("C-1")["status"] == "canceled"


def test_a_halt_that_was_not_obeyed_before_the_crash_is_obeyed_after_it(ledger: Ledger) -> None:
    venue = venue_of()
    venue.submit(
        client_order_id="C-1", instrument=BTC, side="buy", quantity="0.5", limit_price="64000"
    )
    ledger.record_many(
        [
            buy("C-1"),
            Submit(account=ACCOUNT, client_order_id="C-1"),
            Acknowledged(account=ACCOUNT, client_order_id="C-1", venue_order_id="V1001"),
            Halt(account=ACCOUNT, at=START, cancels_orders=True),
        ]
    )

    async def story() -> None:
        async with trading(ledger, venue):
            await until(lambda: not ledger.order("C-1")["is_open"])

    asyncio.run(story())


def test_a_batch_after_the_first_is_not_sent_without_the_lease(ledger: Ledger) -> None:
    class Slow(LocalOrderEntry):
        def __init__(self, venue: Any) -> None:
            super().__init__(venue)
            self.abilities = dataclasses.replace(self.abilities, batch=2)

        async def submit_many(self, orders):  # type: ignore[no-untyped-def]
            seconds[0] += 100.0  # the process stands still for longer than the lease
            return await super().submit_many(orders)

    seconds = [0.0]

    async def story() -> None:
        venue = venue_of()
        entry = Slow(venue)
        async with Gateway(
            ledger, {ACCOUNT: entry}, clock=entry, elapsed=lambda: seconds[0]
        ) as gateway:
            sent = await gateway.submit_many([buy(f"C-{number}") for number in range(4)])
        assert [one.state for one in sent] == ["acknowledged"] * 2 + ["denied"] * 2
        assert [worked(venue, f"C-{number}") for number in range(4)] == [1, 1, 0, 0]

    asyncio.run(story())


@pytest.mark.slow
def test_a_cancel_of_an_order_with_an_unknown_outcome_waits_until_the_venue_is_known_to_have_it(
    ledger: Ledger,
) -> None:
    async def story() -> None:
        venue = venue_of(answer_timeout_seconds=2.0)
        async with trading(ledger, venue) as gateway:
            venue.lose_next_answer("request_late")
            assert (await gateway.submit(buy("C-1"))).state == "unresolved"
            assert (await gateway.cancel("C-1")).reason == "order_unknown"
            assert ledger.order("C-1")["pending"] == "cancel"
            venue.advance(venue.now + timedelta(seconds=10))
            await until(lambda: not ledger.order("C-1")["is_open"])
        assert venue.exchange.orders_by_client_id(ACCOUNT, "C-1")[-1].status == "canceled"

    asyncio.run(story())
