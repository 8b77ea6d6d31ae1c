"""Every sending is recorded before it leaves, and ends in one of four ways."""

import asyncio
import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from orderledger import (
    Canceled,
    Fenced,
    Gateway,
    Halt,
    InvalidSetting,
    Ledger,
    Request,
    StatusObserved,
    Submit,
    UnknownOrder,
)
from orderledger.infrastructure.messages.parsing import parse_document
from orderledger.simulation.local.order_entry import LocalOrderEntry
from orderledger.venues import NotSent
from tests.gateway.desk import (
    ACCOUNT,
    BTC,
    START,
    buy,
    hear,
    sell,
    trading,
    until,
    venue_of,
    worked,
)


def names(ledger: Ledger, client_order_id: str) -> list[str]:
    return [
        row["name"].partition(".")[0] for row in ledger.history(client_order_id, account=ACCOUNT)
    ]


def test_an_accepted_order_is_acknowledged_and_its_history_is_in_order(ledger: Ledger) -> None:
    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue) as gateway:
            sent = await gateway.submit(buy("C-1"))
        assert (sent.state, sent.account, sent.client_order_id) == ("acknowledged", ACCOUNT, "C-1")
        assert sent.outcome is not None and sent.outcome.outcome == "recorded"
        assert worked(venue, "C-1") == 1

    asyncio.run(story())
    assert names(ledger, "C-1") == ["order_requested", "order_submitted", "order_acknowledged"]


def test_the_request_is_durable_before_the_venue_hears_of_it(ledger: Ledger) -> None:
    class Spy(LocalOrderEntry):
        async def submit(self, order):  # type: ignore[no-untyped-def]
            seen.append(names(ledger, order["client_order_id"]))
            return await super().submit(order)

    seen: list[list[str]] = []

    async def story() -> None:
        from orderledger import Gateway

        entry = Spy(venue_of())
        async with Gateway(ledger, {ACCOUNT: entry}, clock=entry) as gateway:
            await gateway.submit(buy("C-1"))

    asyncio.run(story())
    assert seen == [["order_requested", "order_submitted"]]


def test_a_refusal_by_the_venue_is_a_rejected_order(ledger: Ledger) -> None:
    async def story() -> None:
        async with trading(ledger, venue_of()) as gateway:
            sent = await gateway.submit(buy("C-1", quantity="0.00001"))
            assert (sent.state, sent.reason) == ("rejected", "incorrect_quantity")

    asyncio.run(story())
    assert ledger.order("C-1")["status"] == "rejected"


@pytest.mark.slow
@pytest.mark.parametrize(("fate", "count"), [("answer_lost", 1), ("request_lost", 0)])
def test_a_lost_answer_leaves_the_order_unresolved_until_the_venue_is_queried(
    ledger: Ledger, fate: str, count: int
) -> None:
    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue) as gateway:
            venue.lose_next_answer(fate)  # type: ignore[arg-type]
            sent = await gateway.submit(buy("C-1"))
            assert (sent.state, sent.reason) == ("unresolved", "timeout")
            blocked = await gateway.submit(buy("C-2"))
            assert (blocked.state, blocked.reason) == ("denied", "unresolved_order") or count
            async with asyncio.timeout(20):
                while ledger.order("C-1")["certainty"] == "unresolved" and count:
                    await asyncio.sleep(0.05)
                while count == 0 and ledger.order("C-1")["absent_at"] is None:
                    await asyncio.sleep(0.05)
        assert worked(venue, "C-1") == count

    asyncio.run(story())
    order = ledger.order("C-1")
    assert order["is_open"] and order["certainty"] == ("confirmed" if count else "unresolved")


def test_an_absent_order_is_sent_again_only_by_name_where_the_venue_never_proves_it(
    ledger: Ledger,
) -> None:
    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue, absence=None) as gateway:
            venue.lose_next_answer("request_lost")
            await gateway.submit(buy("C-1"))
            await until(lambda: ledger.order("C-1")["absent_at"] is not None)
            again = await gateway.resend("C-1")
            assert (again.state, again.reason, worked(venue, "C-1")) == (
                "refused",
                "absence_not_proved",
                0,
            )
            with pytest.raises(InvalidSetting, match="actor"):
                await gateway.resend("C-1", force=True)
            forced = await gateway.resend("C-1", force=True, actor="anna")
            assert (forced.state, worked(venue, "C-1")) == ("acknowledged", 1)
            third = await gateway.resend("C-1", force=True, actor="anna")
            assert (third.state, third.reason, worked(venue, "C-1")) == (
                "refused",
                "already_acknowledged",
                1,
            )

    asyncio.run(story())
    first, second = ledger.events(name="order_submitted")
    assert (first["payload"].get("is_forced", False), first["actor"]) == (False, None)
    assert (second["payload"]["is_forced"], second["actor"], second["source"]) == (
        True,
        "anna",
        "operator",
    )


def test_no_order_is_sent_again_while_trading_is_halted(ledger: Ledger) -> None:
    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue) as gateway:
            venue.lose_next_answer("request_lost")
            await gateway.submit(buy("C-1"))
            ledger.record(Halt(account=ACCOUNT, at=START))
            forced = await gateway.resend("C-1", force=True, actor="anna")
            assert (forced.state, forced.reason, worked(venue, "C-1")) == ("refused", "halted", 0)

    asyncio.run(story())


def test_a_second_cancel_of_a_canceled_order_is_no_refusal(ledger: Ledger) -> None:
    async def story() -> None:
        async with trading(ledger, venue_of()) as gateway:
            await gateway.submit(buy("C-1", price="60000"))
            await gateway.cancel("C-1")
            again = await gateway.cancel("C-1")
            assert (again.state, again.reason) == ("acknowledged", "canceled")

    asyncio.run(story())


def test_an_ended_order_that_the_venue_shows_working_is_open_again_in_the_gateway(
    ledger: Ledger,
) -> None:
    """It counts in exposure and limits, and can be canceled by name and with all others."""

    async def story() -> None:
        venue = venue_of()
        limits = {"limits": [{"open_orders": 1}]}
        async with trading(ledger, venue, limits) as gateway:
            for name in ("C-1", "C-2"):
                await gateway.submit(buy(name, price="60000"))
                wrong = Canceled(
                    account=ACCOUNT, client_order_id=name, at=venue.now, source="import"
                )
                ledger.record(wrong)
                assert (await gateway.cancel(name)).reason == "canceled"
                now = venue.now + timedelta(microseconds=1)
                ledger.record(
                    StatusObserved(
                        account=ACCOUNT,
                        client_order_id=name,
                        status="new",
                        at=now,
                        dated_by="venue",
                    )
                )
                assert (
                    await gateway.submit(buy(f"{name}-other", price="60000"))
                ).reason == "open_orders"
                if name == "C-1":
                    canceled = await gateway.cancel("C-1")
                else:
                    (canceled,) = await gateway.cancel_all()
                    assert canceled.client_order_id == "C-2"
                assert (canceled.state, canceled.reason) == ("acknowledged", None)
                hear(ledger, venue)
                assert venue.order_status(name)["status"] == "canceled"

    asyncio.run(story())
    assert not ledger.open_orders()


def test_an_end_that_a_clock_ahead_of_the_venues_disputes_is_found_again_and_holds(
    ledger: Ledger,
) -> None:
    """The answer to a query was dated by our clock, 50 s ahead. The order ended just after, by the
    venue's clock."""

    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue) as gateway:
            await gateway.submit(buy("C-1", price="60000"))
            seen: dict[str, Any] = {
                "status": "new",
                "at": venue.now,
                "dated_by": "venue",
                "asked_at": venue.now + timedelta(seconds=50),
            }
            ledger.record(StatusObserved(account=ACCOUNT, client_order_id="C-1", **seen))
            venue.cancel("C-1")
            hear(ledger, venue)
            await until(lambda: ledger.order("C-1")["status"] == "canceled", 10.0)

    asyncio.run(story())
    assert not ledger.open_orders()
    assert "status_conflict" not in ledger.order("C-1")["anomalies"]


class Asked(LocalOrderEntry):
    """Counts the queries about orders."""

    queries = 0

    async def order(self, account: str, order: Any) -> Any:
        self.queries += 1
        return await super().order(account, order)


@pytest.mark.parametrize("request_", ["submit", "cancel", "replace"])
def test_a_request_without_an_answer_is_queried_at_once_and_settled_by_what_is_found(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, request_: str
) -> None:
    monkeypatch.setattr("orderledger.gateway.resolving.ROUND_SECONDS", 3600.0)
    monkeypatch.setattr("orderledger.gateway.resolving.SHORTEST_PAUSE", 3600.0)

    async def story() -> None:
        entry = Asked(venue_of())
        async with Gateway(ledger, {ACCOUNT: entry}, clock=entry) as gateway:
            if request_ != "submit":
                await gateway.submit(buy("C-1", price="60000"))
            entry.venue.lose_next_answer("answer_lost")
            requests = {
                "submit": lambda: gateway.submit(buy("C-1", price="60000")),
                "cancel": lambda: gateway.cancel("C-1"),
                "replace": lambda: gateway.replace("C-1", quantity="1"),
            }
            assert (await requests[request_]()).state == "unresolved"
            await until(lambda: entry.queries == 1)
            await until(
                lambda: ledger.order("C-1")["version"] > (3 if request_ == "submit" else 5), 5.0
            )

    asyncio.run(story())
    order, (observed,) = ledger.order("C-1"), ledger.events(name="status_observed")
    assert observed["payload"]["asked_at"] is not None, "it answers a query of this order"
    assert order["status"] == ("canceled" if request_ == "cancel" else "new")
    if request_ != "replace":
        assert order["certainty"] == "confirmed"


def test_the_venue_is_not_queried_every_second_about_an_order_that_it_does_not_know(
    ledger: Ledger,
) -> None:
    seconds = [0.0]

    async def story() -> None:
        entry = Asked(venue_of())
        entry.abilities = dataclasses.replace(entry.abilities, absence=None)
        async with Gateway(
            ledger, {ACCOUNT: entry}, clock=entry, elapsed=lambda: seconds[0]
        ) as gateway:
            gateway._wired.parts.keeper.fence = lambda account: 1  # type: ignore[method-assign]
            entry.venue.lose_next_answer("request_lost")
            await gateway.submit(buy("C-1"))
            await until(lambda: ledger.order("C-1")["absent_at"] is not None)
            for second in range(60):
                seconds[0] = second
                await gateway._resolver.resolve(besides=())
        assert 8 <= entry.queries <= 12, entry.queries

    asyncio.run(story())
    assert sum(name == "order_absent" for name in names(ledger, "C-1")) == 1, (
        "the same absence is recorded once"
    )


IMPOSSIBLE: dict[str, dict[str, Any]] = {
    "incorrect_limit_price: a limit order needs": {"limit_price": None, "order_type": "limit"},
    "incorrect_limit_price: limit_price 0:": {"limit_price": "0"},
    "incorrect_limit_price: limit_price -3:": {"limit_price": "-3"},
    "incorrect_stop_price: a stop order needs": {"order_type": "stop", "limit_price": None},
    "incorrect_stop_price: a limit order cannot have a": {"stop_price": "1"},
    "incorrect_stop_price: stop_price -1:": {"order_type": "stop_limit", "stop_price": "-1"},
    "incorrect_expire_at: expire_at is required for gtd": {"time_in_force": "gtd"},
    "incorrect_expire_at: expire_at is required": {"expire_at": START},
    "incorrect_trail_offset: a trailing_stop order needs": {"order_type": "trailing_stop"},
    "unsupported_order_type: order_type other is not one of": {"order_type": "other"},
    "unsupported_time_in_force: time_in_force fok is not one of": {"time_in_force": "fok"},
    "unsupported_time_in_force: a post-only order": {
        "time_in_force": "ioc",
        "post_only": True,
    },
    "unsupported_term: reduce_only True:": {"reduce_only": True},
    "unsupported_term: position_side long:": {"position_side": "long"},
    "unsupported_term: position_id P-1:": {"position_id": "P-1"},
}


@pytest.mark.parametrize("said", IMPOSSIBLE)
def test_an_order_with_terms_that_cannot_be_sent_is_denied_before_it_counts_as_sent(
    ledger: Ledger, said: str
) -> None:
    async def story() -> None:
        entry = LocalOrderEntry(venue_of())
        types, in_force = (
            frozenset({"market", "limit", "stop", "stop_limit"}),
            frozenset({"gtc", "gtd", "ioc"}),
        )
        sent: dict[str, Any] = {
            "order_types": types,
            "times_in_force": in_force,
            "conditions": frozenset({"post_only"}),
        }
        entry.abilities = dataclasses.replace(entry.abilities, **sent)
        async with Gateway(ledger, {ACCOUNT: entry}, clock=entry) as gateway:
            told = await gateway.submit(buy("C-1").model_copy(update=IMPOSSIBLE[said]))
            assert told.state == "denied"
            assert f"{told.reason}: {told.text}".startswith(said), told
        assert worked(entry.venue, "C-1") == 0

    asyncio.run(story())
    assert names(ledger, "C-1") == ["order_requested", "order_denied"]
    assert ledger.order("C-1")["reason"] == said.partition(":")[0]


def test_a_change_to_a_price_of_nothing_is_denied_and_not_recorded(ledger: Ledger) -> None:
    async def story() -> None:
        async with trading(ledger, venue_of()) as gateway:
            await gateway.submit(buy("C-1", price="60000"))
            denied = await gateway.replace("C-1", limit_price="0")
            assert (denied.state, denied.reason) == ("denied", "incorrect_limit_price")

    asyncio.run(story())
    assert "replace_requested" not in names(ledger, "C-1")


def test_proof_that_nothing_left_denies_the_order(ledger: Ledger) -> None:
    class Unreachable(LocalOrderEntry):
        async def submit(self, order):  # type: ignore[no-untyped-def]
            raise NotSent("not_connected", "connection refused")

    async def story() -> None:
        from orderledger import Gateway

        entry = Unreachable(venue_of())
        async with Gateway(ledger, {ACCOUNT: entry}, clock=entry) as gateway:
            sent = await gateway.submit(buy("C-1"))
            assert (sent.state, sent.reason) == ("denied", "not_connected")

    asyncio.run(story())
    assert ledger.order("C-1")["status"] == "denied"
    assert names(ledger, "C-1") == ["order_requested", "order_submitted", "order_denied"]


def test_an_order_that_the_entry_cannot_take_is_denied_before_anything_is_sent(
    ledger: Ledger,
) -> None:
    class Picky(LocalOrderEntry):
        def prepare(self, order):  # type: ignore[no-untyped-def]
            if order["quantity"] > 1:
                raise NotSent("quantity_step", "too much")
            return {"sim.tag": f"t-{order['client_order_id']}"}

    async def story() -> None:
        from orderledger import Gateway

        venue = venue_of()
        entry = Picky(venue)
        async with Gateway(ledger, {ACCOUNT: entry}, clock=entry) as gateway:
            assert (await gateway.submit(buy("C-1", quantity="2"))).reason == "quantity_step"
            assert (await gateway.submit(buy("C-2", quantity="1"))).state == "acknowledged"
        assert worked(venue, "C-1") == 0

    asyncio.run(story())
    assert names(ledger, "C-1") == ["order_requested", "order_denied"]
    assert ledger.order("t-C-2")["client_order_id"] == "C-2", (
        "the alias was recorded before sending"
    )


@pytest.mark.parametrize("answer", [TimeoutError("odd"), ValueError("nonsense"), "text", None])
def test_an_answer_that_cannot_be_read_leaves_the_order_unresolved(
    ledger: Ledger, answer: object
) -> None:
    class Babbling(LocalOrderEntry):
        async def submit(self, order):  # type: ignore[no-untyped-def]
            await super().submit(order)
            if isinstance(answer, Exception):
                raise answer
            return answer

    async def story() -> None:
        from orderledger import Gateway

        venue = venue_of()
        entry = Babbling(venue)
        async with Gateway(ledger, {ACCOUNT: entry}, clock=entry) as gateway:
            assert (await gateway.submit(buy("C-1"))).state == "unresolved"

    asyncio.run(story())
    assert "submission_unresolved" in names(ledger, "C-1")


def test_canceling_the_callers_task_does_not_lose_the_order(ledger: Ledger) -> None:
    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue) as gateway:
            task = asyncio.create_task(gateway.submit(buy("C-1")))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert worked(venue, "C-1") == 1

    asyncio.run(story())
    assert ledger.order("C-1")["status"] == "new"


def test_many_orders_are_recorded_in_one_commit_and_each_has_its_result(ledger: Ledger) -> None:
    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue) as gateway:
            requests = [
                buy(f"C-{number}", quantity="0.5" if number != 3 else "0.00001")
                for number in range(6)
            ]
            results = await gateway.submit_many([*requests, buy("C-0", quantity="9")])
        assert [one.state for one in results] == [
            *["acknowledged"] * 3,
            "rejected",
            *["acknowledged"] * 2,
            "refused",
        ]
        assert results[-1].reason == "duplicate_client_order_id"
        assert worked(venue, "C-0") == 1

    asyncio.run(story())
    requested = list(ledger.events(name="order_requested"))
    assert len({row["recorded_at"] for row in requested}) == 1
    submitted = [row["position"] for row in ledger.events(name="order_submitted")]
    assert max(submitted) < min(row["position"] for row in ledger.events(name="order_acknowledged"))


def test_the_same_order_at_the_same_time_is_sent_once(ledger: Ledger) -> None:
    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue) as gateway:
            results = await asyncio.gather(*(gateway.submit(buy("C-1")) for _ in range(5)))
            assert sorted(one.state for one in results) == ["acknowledged", *["refused"] * 4]
        assert worked(venue, "C-1") == 1

    asyncio.run(story())


def test_an_order_that_was_submitted_without_a_gateway_is_not_sent_again(ledger: Ledger) -> None:
    ledger.record_many([buy("C-1"), Submit(account=ACCOUNT, client_order_id="C-1")])

    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue) as gateway:
            sent = await gateway.submit(buy("C-1"))
            assert sent.state in ("refused", "denied") and worked(venue, "C-1") == 0

    asyncio.run(story())


def test_soon_is_tracked_and_awaited_by_the_end(ledger: Ledger) -> None:
    async def story() -> None:
        venue = venue_of()
        heard: list[str] = []
        async with trading(ledger, venue) as gateway:
            feed = gateway.feed()

            async def listen() -> None:
                async for recorded in feed:
                    heard.append(type(recorded.event).__name__)

            listening = asyncio.create_task(listen())
            await asyncio.sleep(0)
            gateway.submit_soon(buy("C-1"))
            async with asyncio.timeout(20):
                while len(heard) < 3:
                    await asyncio.sleep(0.02)
        await listening
        assert heard[:3] == ["OrderRequested", "OrderSubmitted", "OrderAcknowledged"]

    asyncio.run(story())


def test_fills_reach_the_ledger_by_the_feed_and_cancel_ends_the_rest(ledger: Ledger) -> None:
    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue) as gateway:
            await gateway.submit(buy("C-1", quantity="2"))
            venue.exchange.fill(venue.exchange.orders_by_client_id(ACCOUNT, "C-1")[0], "0.5")
            hear(ledger, venue)
            canceled = await gateway.cancel("C-1")
            assert canceled.state == "acknowledged"
            assert (await gateway.cancel("C-1")).reason == "canceled"

    asyncio.run(story())
    order = ledger.order("C-1")
    assert (order["status"], order["pending"]) == ("canceled", None)


def test_an_unknown_account_and_an_unknown_order_are_named(ledger: Ledger) -> None:
    async def story() -> None:
        async with trading(ledger, venue_of()) as gateway:
            with pytest.raises(
                InvalidSetting,
                match="account: 'sim:other' is not an account of this gateway: sim:main",
            ):
                await gateway.submit(buy("C-1", account="sim:other"))
            with pytest.raises(UnknownOrder):
                await gateway.cancel("C-9")

    asyncio.run(story())


def test_a_replace_is_recorded_and_sent(ledger: Ledger) -> None:
    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue) as gateway:
            await gateway.submit(buy("C-1", quantity="2"))
            assert (
                await gateway.replace("C-1", quantity="1", limit_price="63999")
            ).state == "acknowledged"
            refused = await gateway.replace("C-1", limit_price="0.3")
            assert (refused.state, refused.reason) == ("rejected", "incorrect_price")

    asyncio.run(story())
    order = ledger.order("C-1")
    assert (str(order["quantity"]), str(order["limit_price"]), order["pending"]) == (
        "1",
        "63999",
        None,
    )


def test_all_open_orders_of_a_scope_are_canceled(ledger: Ledger) -> None:
    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue) as gateway:
            await gateway.submit_many(
                [
                    buy("C-1"),
                    buy("C-2", strategy="grid"),
                    sell("C-3", strategy="grid", price="65000"),
                ]
            )
            assert [one.state for one in await gateway.cancel_all(strategy="grid")] == [
                "acknowledged",
                "acknowledged",
            ]
            assert [row["client_order_id"] for row in ledger.open_orders()] == ["C-1"]
            await gateway.cancel_all()

    asyncio.run(story())
    assert ledger.open_orders() == []


def test_without_a_lease_nothing_is_sent_and_nothing_is_recorded(ledger: Ledger) -> None:
    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue) as gateway:
            with ledger.internals.store.database.writing() as session:
                session.execute(
                    "UPDATE sending_leases SET fence = fence + 1 WHERE account = ?", (ACCOUNT,)
                )
            with pytest.raises(Fenced, match=ACCOUNT):
                await gateway.submit(buy("C-1"))
            assert worked(venue, "C-1") == 0

    asyncio.run(story())
    assert ledger.orders() == []


def request_of(name: str) -> Request:
    return buy(name)


@pytest.mark.slow
def test_a_repeated_request_of_an_order_that_may_be_under_way_is_not_sent(ledger: Ledger) -> None:
    """Neither with its own terms nor with others: "unknown order" is no proof yet, and the venue
    may still receive it."""

    async def story() -> None:
        venue = venue_of(answer_timeout_seconds=2.0)
        async with trading(ledger, venue) as gateway:
            venue.lose_next_answer("request_late")
            await gateway.submit(buy("C-1"))
            async with asyncio.timeout(20):
                while ledger.order("C-1")["absent_at"] is None:
                    await asyncio.sleep(0.05)
            same, other = (
                await gateway.submit(buy("C-1")),
                await gateway.submit(buy("C-1", quantity="1")),
            )
            assert [one.state for one in (same, other)] == ["refused", "refused"]
            assert (same.reason, other.reason) == ("already_submitted", "duplicate_client_order_id")
            assert (await gateway.resend("C-1")).reason == "absence_not_proved"
            venue.advance(venue.now.replace(minute=30))
        assert (worked(venue, "C-1"), names(ledger, "C-1").count("order_submitted")) == (1, 1)

    asyncio.run(story())


def test_an_order_that_was_only_requested_is_sent_with_its_own_terms(ledger: Ledger) -> None:
    ledger.record_many([buy("C-1"), buy("C-2")])

    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue) as gateway:
            assert (await gateway.submit(buy("C-1"))).state == "acknowledged"
            assert (
                await gateway.submit(buy("C-2", quantity="1"))
            ).reason == "duplicate_client_order_id"
        assert (worked(venue, "C-1"), worked(venue, "C-2")) == (1, 0)

    asyncio.run(story())


def test_a_cancel_finds_the_order_that_works_beside_a_repeated_request(ledger: Ledger) -> None:
    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue) as gateway:
            await gateway.submit(buy("C-1"))
            repeated = gateway.submit_soon(buy("C-1"))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert (await gateway.cancel("C-1")).state == "acknowledged"
            assert (await repeated).state == "refused"
        assert venue.exchange.orders_by_client_id(ACCOUNT, "C-1")[-1].status == "canceled"

    asyncio.run(story())


def test_changes_at_the_same_time_keep_within_the_limits_and_are_no_more_orders(
    ledger: Ledger,
) -> None:
    limits = {
        "limits": [
            {"instrument": BTC, "position_quantity": "3"},
            {"open_orders": 2},
            {"orders_per_day": 2},
        ]
    }

    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue, limits) as gateway:
            await gateway.submit_many([buy("C-1"), buy("C-2")])
            changes = await asyncio.gather(
                *(gateway.replace(name, quantity="2") for name in ("C-1", "C-2"))
            )
            assert sorted(one.state for one in changes) == ["acknowledged", "denied"]
            assert {one.reason for one in changes} == {None, "position_quantity"}

    asyncio.run(story())


def test_an_order_whose_end_overtook_its_fills_counts_until_they_are_reported(
    ledger: Ledger,
) -> None:
    limits = {"limits": [{"position_quantity": "1"}]}

    def tell(**report: object) -> None:
        who = {
            "account": ACCOUNT,
            "client_order_id": "C-1",
            "at": START.replace(hour=13).isoformat(),
        }
        ledger.record(parse_document({**who, **report}))

    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue, limits) as gateway:
            await gateway.submit(buy("C-1", quantity="1"))
            tell(type="canceled", reported={"status": "canceled", "cum_quantity": "0.6"})
            assert (await gateway.submit(buy("C-2", quantity="0.5"))).reason == "position_quantity"
            assert (await gateway.submit(buy("C-3", quantity="0.4"))).state == "acknowledged"
            tell(type="fill", fill_id="F-1", quantity="0.6", price="64000")
            assert (await gateway.submit(buy("C-4", quantity="0.1"))).reason == "position_quantity"

    asyncio.run(story())


def test_an_order_with_an_unknown_outcome_is_not_changed(ledger: Ledger) -> None:
    """The venue may not have it, and its refusal would prove nothing."""

    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue) as gateway:
            venue.lose_next_answer("request_lost")
            await gateway.submit(buy("C-1"))
            denied = await gateway.replace("C-1", quantity="1")
            assert (denied.state, denied.reason) == ("denied", "unresolved_order")

    asyncio.run(story())
    assert (ledger.order("C-1")["certainty"], ledger.order("C-1")["pending"]) == (
        "unresolved",
        None,
    )
