"""What the gateway returns, what the venue receives, and what the limits count, for each kind of
request."""

import asyncio
import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from orderledger import (
    Canceled,
    Fenced,
    Fill,
    Gateway,
    Halt,
    Ledger,
    Mark,
    Request,
    RequestCancel,
    StatusObserved,
    parse_document,
)
from orderledger.domain.orders import commands
from orderledger.gateway import GatewaySettings, Sending
from orderledger.gateway.answers import answer_of, answered, as_answer
from orderledger.gateway.book import row_now
from orderledger.gateway.doubtful import Doubtful, dated_answer
from orderledger.gateway.flights import each_of
from orderledger.gateway.limits import NAMES
from orderledger.gateway.proposed import row_of
from orderledger.gateway.published import CONDITIONS, STATES, breakers
from orderledger.gateway.settings import Breaker
from orderledger.simulation.local.order_entry import LocalOrderEntry
from orderledger.venues import NotSent, Unanswered
from tests.gateway.desk import ACCOUNT, BTC, START, buy, hear, sell, trading, until, venue_of


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger.open("memory://") as ledger:
        yield ledger


def failing(error: Exception) -> Any:
    async def work() -> object:
        raise error

    return work()


def test_an_error_of_the_entry_is_in_the_text_of_the_unknown_outcome() -> None:
    found = asyncio.run(answer_of(failing(ValueError("no number")), 5))
    assert isinstance(found, Unanswered)
    assert (found.reason, found.text) == ("unreadable_answer", "ValueError: no number")


@pytest.mark.parametrize("failure", [NotSent("fenced", "x"), Unanswered("timeout", "y")])
def test_a_failure_of_the_entry_stays_what_it_is(failure: NotSent | Unanswered) -> None:
    assert asyncio.run(answer_of(failing(failure), 5)) is failure
    assert as_answer(failure) is failure


def test_an_answer_is_a_sequence_of_messages_and_nothing_else() -> None:
    message = Canceled(account=ACCOUNT, client_order_id="C-1", at=START)
    assert as_answer((message,)) == [message]
    assert as_answer([]) == []
    for other in (None, "text", [message, "text"], 3):
        found = as_answer(other)
        assert isinstance(found, Unanswered) and found.reason == "unreadable_answer"


def test_a_batch_without_an_answer_for_each_order_answers_none() -> None:
    message, lost = Canceled(account=ACCOUNT, client_order_id="C-1", at=START), NotSent("x", "y")
    assert each_of([[message], lost], 2) == [[message], lost]
    assert each_of(lost, 2) == [lost, lost]
    for found in ([[message]], "ab", None):
        answers = each_of(found, 2)
        assert len(answers) == 2 and all(isinstance(one, Unanswered) for one in answers)


def test_the_row_that_is_sent_has_the_terms_that_the_log_shows(ledger: Ledger) -> None:
    request = buy(
        "C-1",
        time_in_force="gtd",
        expire_at=START + timedelta(hours=1),
        strategy="grid",
        tags={"k": "v"},
        post_only=True,
        links={"trade_id": "T-1", "role": "entry"},
        aliases={"x": "A-1"},
    )
    row = row_of(request)
    ledger.record(request.model_copy(update={"at": START}))
    known = ledger.order("C-1")
    named = {name: row[name] for name in commands.REQUESTED_TERMS if name in known}  # type: ignore[literal-required]
    assert named == {name: known[name] for name in named}  # type: ignore[literal-required]
    assert len(named) > 10
    assert (row["working_client_order_id"], row["venue_order_ids"]) == ("C-1", [])
    with_id = row_of(buy("C-2", venue_order_id="V-2"))
    assert with_id["venue_order_ids"] == ["V-2"]


def test_an_order_sent_twice_is_refused_with_its_reason(ledger: Ledger) -> None:
    async def story() -> list[Sending]:
        async with trading(ledger, venue_of()) as gateway:
            await gateway.submit(buy("C-1"))
            return [
                await gateway.submit(buy("C-1")),
                await gateway.submit(buy("C-1", quantity="1")),
            ]

    found = asyncio.run(story())
    assert [(one.state, one.reason) for one in found] == [
        ("refused", "already_submitted"),
        ("refused", "duplicate_client_order_id"),
    ]


def test_a_venue_that_cannot_change_orders_denies_a_change(ledger: Ledger) -> None:
    async def story() -> Sending:
        entry = LocalOrderEntry(venue_of())
        entry.abilities = dataclasses.replace(entry.abilities, replaces=False)
        async with Gateway(ledger, {ACCOUNT: entry}, clock=entry) as gateway:
            await gateway.submit(buy("C-1", price="60000"))
            return await gateway.replace("C-1", quantity="1")

    found = asyncio.run(story())
    assert (found.state, found.reason) == ("denied", "replace_unsupported")
    assert not [*ledger.events(name="replace_requested")]


CHANGES: list[tuple[dict[str, Any], dict[str, str], str | None]] = [
    ({"order_quantity": "2"}, {"quantity": "2"}, None),
    ({"order_quantity": "2"}, {"quantity": "2.1"}, "order_quantity"),
    ({"position_quantity": "2"}, {"quantity": "2"}, None),
    ({"position_quantity": "2"}, {"quantity": "2.1"}, "position_quantity"),
    ({"order_notional": "60000"}, {"limit_price": "60000"}, None),
    ({"order_notional": "60000"}, {"limit_price": "60001"}, "order_notional"),
    ({"price_collar": "0.01"}, {"limit_price": "64640"}, None),
    ({"price_collar": "0.01"}, {"limit_price": "64641"}, "price_collar"),
    ({"open_orders": 1}, {"quantity": "2"}, None),
    ({"orders_per_day": 1}, {"quantity": "2"}, None),
    ({"orders_per_second": 1}, {"quantity": "2"}, None),
    ({"self_crossing": False}, {"limit_price": "63999"}, None),
]


@pytest.mark.parametrize(("limit", "change", "reason"), CHANGES)
def test_a_change_keeps_within_the_limits(
    ledger: Ledger, limit: dict[str, Any], change: dict[str, Any], reason: str | None
) -> None:
    async def story() -> Sending:
        venue = venue_of()
        async with trading(ledger, venue, {"limits": [limit]}) as gateway:
            about: dict[str, Any] = {"account": ACCOUNT, "instrument": BTC, "at": venue.now}
            ledger.record(parse_document({"type": "instrument", **about, "currency": "USD"}))
            ledger.record(Mark(price="64000", **about))
            sent = await gateway.submit(buy("C-1", quantity="1", price="59000"))
            assert sent.state == "acknowledged", sent
            return await gateway.replace("C-1", **change)

    found = asyncio.run(story())
    assert (found.state, found.reason) == (
        ("acknowledged", None) if reason is None else ("denied", reason)
    )
    order, requested = ledger.order("C-1"), [*ledger.events(name="replace_requested")]
    assert len(requested) == (reason is None)
    if reason is None:
        assert all(str(order[name]) == value for name, value in change.items())  # type: ignore[literal-required]


CROSSING = [
    ("60000", "60001", False),
    ("60000", "60000", True),
    ("60000", "59999", True),
    (None, "60001", True),
]


@pytest.mark.parametrize(("price", "resting", "is_denied"), CROSSING)
def test_an_order_does_not_trade_with_an_open_order_of_its_account(
    ledger: Ledger, price: str | None, resting: str, is_denied: bool
) -> None:
    ledger.record(sell("C-1", price=resting, at=START))

    async def story() -> Sending:
        limits = {"limits": [{"self_crossing": False}]}
        async with trading(ledger, venue_of(), limits) as gateway:
            same_side = await gateway.submit(sell("C-2", price="66000"))
            assert same_side.reason is None
            return await gateway.submit(buy("C-3", price=price))

    found = asyncio.run(story())
    assert (found.reason == "self_crossing") == is_denied
    if is_denied:
        assert "C-1" in (found.text or "")


def test_orders_of_the_last_second_are_counted_and_older_ones_are_not(ledger: Ledger) -> None:
    async def story() -> list[str | None]:
        venue, found = venue_of(), []
        limits = {"limits": [{"orders_per_second": 2}]}
        async with trading(ledger, venue, limits) as gateway:
            for number, milliseconds in enumerate((0, 400, 400, 300)):
                venue.advance(venue.now + timedelta(milliseconds=milliseconds))
                found.append((await gateway.submit(buy(f"C-{number}", price="60000"))).reason)
        return found

    assert asyncio.run(story()) == [None, None, "orders_per_second", None]


def test_orders_in_one_call_count_for_each_other(ledger: Ledger) -> None:
    async def story() -> list[str | None]:
        limits = {"limits": [{"open_orders": 2}]}
        async with trading(ledger, venue_of(), limits) as gateway:
            orders = [buy(f"C-{number}", price="60000") for number in range(3)]
            return [one.reason for one in await gateway.submit_many(orders)]

    assert asyncio.run(story()) == [None, None, "open_orders"]


def test_a_gateway_that_has_ended_leaves_no_task(ledger: Ledger) -> None:
    async def story() -> None:
        async with trading(ledger, venue_of()) as gateway:
            await gateway.submit(buy("C-1"))
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(story())


def test_a_sending_that_fails_is_logged_and_one_that_succeeds_is_not(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with trading(ledger, venue_of()) as gateway:
            await gateway.submit_soon(buy("C-1"))
            assert "sending failed" not in caplog.text
            gateway._wired.parts.keeper.lose(ACCOUNT)
            task = gateway.submit_soon(buy("C-2"))
            await asyncio.wait([task])

    with caplog.at_level("WARNING"):
        asyncio.run(story())
    assert "sending failed" in caplog.text


def test_a_cancel_finds_an_order_from_the_moment_of_submit_soon(ledger: Ledger) -> None:
    async def story() -> tuple[Sending, Sending]:
        async with trading(ledger, venue_of()) as gateway:
            sending = gateway.submit_soon(buy("C-1", price="60000"))
            canceled = await gateway.cancel("C-1")
            await until(lambda: not ledger.order("C-1", account=ACCOUNT)["is_open"])
            return canceled, await sending

    canceled, _ = asyncio.run(story())
    assert (canceled.state, canceled.reason) in (("acknowledged", None), ("denied", "withdrawn"))


def test_a_cancel_in_flight_waits_until_the_venues_id_is_known(ledger: Ledger) -> None:
    """Where the venue cancels by its own id only."""
    ids: list[Any] = []

    class ById(LocalOrderEntry):
        async def submit(self, order: Any) -> Any:
            await asyncio.sleep(0.05)
            return await super().submit(order)

        async def cancel(self, order: Any, request_id: str) -> Any:
            ids.append(order["venue_order_id"])
            return await super().cancel(order, request_id)

    async def story() -> Sending:
        entry = ById(venue_of())
        entry.abilities = dataclasses.replace(entry.abilities, cancels_by_client_id=False)
        async with Gateway(ledger, {ACCOUNT: entry}, clock=entry) as gateway:
            sending = gateway.submit_soon(buy("C-1", price="60000"))
            await until(lambda: [*ledger.events(name="order_submitted")])
            canceled = await gateway.cancel("C-1")
            await sending
            return canceled

    assert asyncio.run(story()).state == "acknowledged"
    assert ids and ids[0] is not None


def test_an_order_is_queried_again_if_its_venue_did_not_answer_after_a_refused_cancel(
    ledger: Ledger,
) -> None:
    asked: set[tuple[str, str]] = set()

    class Silent(LocalOrderEntry):
        queries = 0

        async def order(self, account: str, order: Any) -> Any:
            self.queries += 1
            asked.add((account, order["client_order_id"]))
            if self.queries == 1:
                raise OSError("unreachable")
            return await super().order(account, order)

    async def story() -> int:
        entry = Silent(venue_of())
        async with Gateway(ledger, {ACCOUNT: entry}, clock=entry) as gateway:
            await gateway.submit(buy("C-1", price="60000"))
            entry.venue.exchange.cancel(
                entry.venue.exchange.orders_by_client_id(ACCOUNT, "C-1")[-1]
            )
            refused = await gateway.cancel("C-1")
            assert refused.state == "rejected", refused
            await until(lambda: entry.queries > 1)
            await until(lambda: not ledger.order("C-1")["is_open"])
            return entry.queries

    assert asyncio.run(story()) == 2
    assert asked == {(ACCOUNT, "C-1")}


CERTAIN = Doubtful(None)


def test_the_answer_to_a_query_does_not_reopen_an_order_that_ended_meanwhile(
    ledger: Ledger,
) -> None:
    async def story() -> None:
        async with trading(ledger, venue_of()) as gateway:
            await gateway.submit(buy("C-1", price="60000"))
            gateway._book.catch_up()
            order = gateway._book.order(ACCOUNT, "C-1")
            about: dict[str, Any] = {"account": ACCOUNT, "client_order_id": "C-1"}
            seen = StatusObserved(**about, status="new", at=START, asked_at=START)
            asked_at = START + timedelta(minutes=1)
            assert dated_answer(order, seen, asked_at, CERTAIN) == seen
            without = seen.model_copy(update={"asked_at": None})
            answer = dated_answer(order, without, asked_at, CERTAIN)
            assert answer.asked_at == asked_at - timedelta(seconds=2)
            await gateway.cancel("C-1")
            gateway._book.catch_up()
            ended = gateway._book.order(ACCOUNT, "C-1")
            for now in (None, ended):
                assert dated_answer(now, seen, asked_at, CERTAIN) == without

    asyncio.run(story())


def test_a_fill_without_a_side_after_a_restart_makes_the_position_unknown(ledger: Ledger) -> None:
    def fill(name: str, **more: Any) -> Fill:
        about: dict[str, Any] = {
            "account": ACCOUNT,
            "client_order_id": name,
            "instrument": BTC,
            "at": START,
        }
        return Fill(**about, fill_id=name, side="buy", quantity="1", price="64000", **more)

    ledger.record(fill("X-1", position_side="long"))

    async def story() -> str | None:
        conditions = ["position_side"]
        async with trading(ledger, venue_of(), conditions=conditions) as gateway:
            ledger.record(fill("X-2"))
            return (await gateway.submit(buy("C-1", position_side="long"))).reason

    assert asyncio.run(story()) == "position_unknown"


def test_every_condition_of_a_breaker_is_documented_and_published(ledger: Ledger) -> None:
    of_settings = Breaker.model_fields.keys() - {
        *("account", "instrument", "strategy", "cancels_orders"),
        *("mode", "grace_seconds", "resumes"),
    }
    assert of_settings == {*CONDITIONS}
    breaker = {
        "sending_failures": 2,
        "rejects_per_minute": 3,
        "feed_age_seconds": 60.0,
        "grace_seconds": 0,
        "open_break": True,
        "daily_loss": "4",
        "drawdown": "5",
        "cancels_orders": True,
    }

    async def story() -> list[Any]:
        limits = {"breakers": [{"account": ACCOUNT, **breaker}]}
        async with trading(ledger, venue_of(), limits):
            await until(lambda: len(breakers(ledger)) == len(CONDITIONS))
            await until(lambda: ledger.halts(active_only=True))
            return [dict(row) for row in breakers(ledger)]

    rows = asyncio.run(story())
    assert [(row["breaker"], str(row["limit"])) for row in rows] == [
        *(("sending_failures", "2"), ("rejects_per_minute", "3"), ("feed_age_seconds", "60")),
        *(("open_break", "0"), ("daily_loss", "4"), ("drawdown", "5")),
    ]
    states = {row["breaker"]: (row["state"], row["reason"]) for row in rows}
    assert states["feed_age_seconds"] == ("tripped", "no collector feeds the account")
    assert states["daily_loss"] == ("halted", "no collector feeds the account")
    assert {row["state"] for row in rows} <= {*STATES}
    assert all(row["cancels_orders"] and row["account"] == ACCOUNT for row in rows)
    assert all(row["is_running"] and row["gateway"].endswith(":gateway") for row in rows)
    assert [dict(row)["is_running"] for row in breakers(ledger)] == [False] * len(CONDITIONS)


def test_every_limit_of_the_settings_reaches_its_rule() -> None:
    given = {name: 1 for name in NAMES if name != "self_crossing"}
    (rule,) = GatewaySettings.model_validate({"limits": [{**given, "self_crossing": True}]}).rules
    assert all(getattr(rule, name) == 1 for name in NAMES)


def test_a_halt_is_logged_with_its_scope(ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with trading(ledger, venue_of()) as gateway:
            await gateway.submit(buy("C-1", price="60000"))
            await gateway.submit(buy("C-2", price="60000", strategy="grid"))
            ledger.record(
                Halt(account=ACCOUNT, at=START, strategy="grid", cancels_orders=True, reason="why")
            )
            await until(lambda: len(ledger.open_orders()) == 1)

    with caplog.at_level("WARNING"):
        asyncio.run(story())
    assert caplog.text.count("trading is halted") == 1
    (left,) = ledger.open_orders()
    assert left["client_order_id"] == "C-1"
    (asked,) = [*ledger.events(name="cancel_requested")]
    assert asked["payload"]["reason"] == "halted"


def test_the_row_of_an_order_of_ours_has_its_terms(ledger: Ledger) -> None:
    async def story() -> None:
        async with trading(ledger, venue_of()) as gateway:
            await gateway.submit(buy("C-1", price="60000", strategy="grid"))
            gateway._book.catch_up()
            order = gateway._book.order(ACCOUNT, "C-1")
            assert order is not None
            row, known = row_now(order, ACCOUNT, "C-1"), ledger.order("C-1")
            for name in ("account", "client_order_id", "limit_price", "quantity", "strategy"):
                assert row[name] == known[name]

    asyncio.run(story())


def test_the_requests_of_several_accounts_keep_their_order(ledger: Ledger) -> None:
    async def story() -> list[tuple[str, str]]:
        first, second = (LocalOrderEntry(venue_of(account)) for account in ("sim:a", "sim:b"))
        entries = {"sim:a": first, "sim:b": second}
        async with Gateway(ledger, entries, clock=first) as gateway:
            orders = [
                buy(f"C-{number}", account=account, price="60000")
                for number, account in enumerate(("sim:b", "sim:a", "sim:b"))
            ]
            return [(one.account, one.client_order_id) for one in await gateway.submit_many(orders)]

    assert asyncio.run(story()) == [("sim:b", "C-0"), ("sim:a", "C-1"), ("sim:b", "C-2")]


def test_a_cancel_of_an_order_with_a_reason_records_it(ledger: Ledger) -> None:
    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue) as gateway:
            await gateway.submit(buy("C-1", price="60000"))
            sent = await gateway.cancel("C-1", reason="end of day")
            assert (sent.state, sent.client_order_id) == ("acknowledged", "C-1")
            hear(ledger, venue)

    asyncio.run(story())
    (asked,) = [*ledger.events(name="cancel_requested")]
    assert asked["payload"]["reason"] == "end of day"
    assert ledger.order("C-1")["status"] == "canceled"


def test_a_request_is_dated_by_the_gateway_unless_it_has_a_time(ledger: Ledger) -> None:
    async def story() -> None:
        venue = venue_of()
        async with trading(ledger, venue) as gateway:
            await gateway.submit(buy("C-1", price="60000"))
            earlier: Request = buy("C-2", price="60000", at=START - timedelta(seconds=9))
            await gateway.submit(earlier)

    asyncio.run(story())
    assert ledger.order("C-1")["requested_at"] == START
    assert ledger.order("C-2")["requested_at"] == START - timedelta(seconds=9)


def test_a_change_that_is_not_recorded_leaves_nothing_at_stake(ledger: Ledger) -> None:
    async def story() -> None:
        async with trading(ledger, venue_of()) as gateway:
            await gateway.submit(buy("C-1", price="60000"))
            gateway._wired.parts.keeper.lose(ACCOUNT)
            with pytest.raises(Fenced):
                await gateway.replace("C-1", quantity="5")
            assert [one.leaves for _, one in gateway._book.exposures.all_at_stake()] == [
                Decimal("0.5")
            ]

    asyncio.run(story())


def test_a_gateway_without_breakers_removes_those_of_an_earlier_one(ledger: Ledger) -> None:
    async def story() -> None:
        breaker = {"breakers": [{"sending_failures": 2}]}
        async with trading(ledger, venue_of(), breaker):
            await until(lambda: breakers(ledger))
        async with trading(ledger, venue_of()):
            await until(lambda: not breakers(ledger))

    asyncio.run(story())


def test_orders_of_a_venue_that_takes_several_are_sent_in_batches(ledger: Ledger) -> None:
    batches: list[list[str]] = []

    class Batches(LocalOrderEntry):
        async def submit_many(self, orders: Any) -> Any:
            batches.append([order["client_order_id"] for order in orders])
            return await super().submit_many(orders)

    async def story() -> list[str]:
        entry = Batches(venue_of())
        entry.abilities = dataclasses.replace(entry.abilities, batch=2)
        async with Gateway(ledger, {ACCOUNT: entry}, clock=entry) as gateway:
            orders = [buy(f"C-{number}", price="60000") for number in range(5)]
            found = await gateway.submit_many(orders)
            assert [one.client_order_id for one in found] == [f"C-{one}" for one in range(5)]
            return [one.state for one in found]

    assert asyncio.run(story()) == ["acknowledged"] * 5
    assert batches == [["C-0", "C-1"], ["C-2", "C-3"], ["C-4"]]


def test_a_change_whose_answer_comes_by_the_feed_is_received(ledger: Ledger) -> None:
    class Quiet(LocalOrderEntry):
        async def cancel(self, order: Any, request_id: str) -> Any:
            return []

    async def story() -> Sending:
        entry = Quiet(venue_of())
        async with Gateway(ledger, {ACCOUNT: entry}, clock=entry) as gateway:
            await gateway.submit(buy("C-1", price="60000"))
            return await gateway.cancel("C-1")

    assert asyncio.run(story()).state == "received"


def test_a_cancel_without_an_answer_is_sent_again_and_two_at_once_are_one(ledger: Ledger) -> None:
    class Slow(LocalOrderEntry):
        requests: list[str]

        async def cancel(self, order: Any, request_id: str) -> Any:
            self.requests.append(request_id)
            await asyncio.sleep(0.2)
            if len(self.requests) == 1:
                raise Unanswered("timeout", "no answer")
            return await super().cancel(order, request_id)

    async def story() -> tuple[Slow, list[Sending]]:
        entry = Slow(venue_of())
        entry.requests = []
        async with Gateway(ledger, {ACCOUNT: entry}, clock=entry) as gateway:
            await gateway.submit(buy("C-1", price="60000"))
            first = asyncio.create_task(gateway.cancel("C-1"))
            await until(lambda: bool(entry.requests))
            second = await gateway.cancel("C-1")
            found = [await first, second]
            await until(lambda: entry.venue.order_status("C-1")["status"] == "canceled")
            return entry, found

    entry, found = asyncio.run(story())
    assert [(one.state, one.reason) for one in found] == [
        ("unresolved", "timeout"),
        ("unresolved", "cancel_outstanding"),
    ]
    assert len(entry.requests) >= 2 and len({*entry.requests}) == 1, "the same request again"
    assert len([*ledger.events(name="cancel_requested")]) == 1


def test_an_outstanding_cancel_is_not_sent_without_the_lease(ledger: Ledger) -> None:
    async def story() -> str:
        venue = venue_of()
        async with trading(ledger, venue) as gateway:
            await gateway.submit(buy("C-1", price="60000"))
            gateway._wired.parts.keeper.lose(ACCOUNT)
            ledger.record(RequestCancel(account=ACCOUNT, client_order_id="C-1", at=START))
            gateway._wired.canceler.restore()
            with pytest.raises(Fenced):
                await gateway._wired.canceler.send_cancel((ACCOUNT, "C-1"))
            return str(venue.order_status("C-1")["status"])

    assert asyncio.run(story()) != "canceled"


def test_a_canceled_task_leaves_an_unknown_outcome_with_its_reason() -> None:
    async def story() -> Any:
        waiting = asyncio.create_task(answered(asyncio.Event().wait(), 30))
        await asyncio.sleep(0)
        waiting.cancel()
        return await waiting

    found = asyncio.run(story())
    assert isinstance(found, Unanswered) and found.reason == "canceled_task"


def test_a_fill_without_a_side_after_one_with_a_side_makes_the_position_unknown(
    ledger: Ledger,
) -> None:
    def fill(name: str, **more: Any) -> Fill:
        about: dict[str, Any] = {"account": ACCOUNT, "instrument": BTC, "at": START}
        terms: dict[str, Any] = {"side": "buy", "quantity": "1", "price": "64000", **more}
        return Fill(**about, client_order_id=name, fill_id=name, **terms)

    async def story() -> list[str | None]:
        async with trading(ledger, venue_of(), conditions=["position_side"]) as gateway:
            ledger.record(fill("X-1", position_side="long"))
            known = (await gateway.submit(buy("C-1", price="60000", position_side="long"))).reason
            ledger.record(fill("X-2"))
            return [known, (await gateway.submit(buy("C-2", position_side="long"))).reason]

    assert asyncio.run(story()) == [None, "position_unknown"]
