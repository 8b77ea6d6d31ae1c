"""Lost orders at simulated exchanges of ccxt: what never arrived is proved, and nothing works
twice."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from orderledger import Gateway, Ledger, Request
from orderledger.venues import Unanswered
from orderledger.venues.base.absence import sent_ids
from orderledger.venues.ccxt.vocabulary import CLIENT_ID
from tests.venues.ccxt.harness import ACCOUNT, Account, both

PATIENCE = 60.0
FAST: dict[str, Any] = {
    "expires_seconds": 1.6,
    "margin_seconds": 0.6,
    "queries": 2,
    "pause_seconds": 0.5,
}
WINDOW = 1_000


@asynccontextmanager
async def trading(account: Account, **more: Any) -> AsyncIterator[Gateway]:
    entry = account.entry
    assert entry.abilities.absence is not None
    rule = dataclasses.replace(entry.abilities.absence, **FAST)
    entry.abilities = dataclasses.replace(entry.abilities, absence=rule)
    entries, venues = {ACCOUNT: entry}, {ACCOUNT: account.venue}
    async with Gateway(account.ledger, entries, venues=venues, answer_seconds=5, **more) as gateway:
        yield gateway


def request(account: Account, name: str = "C-1", **terms: Any) -> Request:
    return Request(
        account=ACCOUNT, client_order_id=name, **{**account.terms(), "order_type": "limit", **terms}
    )


def play(name: str, story: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orderledger.venues.ccxt.absence.WINDOW_MILLISECONDS", WINDOW)
    monkeypatch.setattr("orderledger.venues.ccxt.order_entry.WINDOW_MILLISECONDS", WINDOW)

    async def whole() -> None:
        account = Account(name)
        account.ledger = Ledger.open("memory://")
        async with account.open(monkeypatch):
            await account.entry._load_markets()
            await story(account)

    asyncio.run(whole())


async def until(holds: Any, seconds: float = PATIENCE) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.02)


@pytest.mark.slow
@both
def test_an_order_that_never_arrived_blocks_its_instrument_for_seconds(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(account: Account) -> None:
        async with trading(account) as gateway:
            account.faults.plan_answers("lose_request")
            assert (await gateway.submit(request(account))).state == "unresolved"
            assert (await gateway.submit(request(account, "C-2"))).reason == "unresolved_order"
            await until(lambda: account.ledger.order("C-1")["status"] == "denied", 10.0)
            assert (await gateway.submit(request(account, "C-3"))).state == "acknowledged"
        assert len(account.market.orders("main")) == 1

    play(name, story, monkeypatch)


@pytest.mark.slow
@both
def test_a_request_that_arrives_after_its_expiry_works_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(account: Account) -> None:
        account.faults.late_seconds = 4.0
        async with trading(account) as gateway:
            account.faults.plan_answers("late_request")
            assert (await gateway.submit(request(account))).state == "unresolved"
            await until(lambda: account.ledger.order("C-1")["status"] == "denied", 10.0)
            await until(lambda: account.server.too_late == 1)  # type: ignore[attr-defined]
        assert account.market.orders("main") == []

    play(name, story, monkeypatch)


@pytest.mark.slow
@both
def test_a_request_that_arrives_late_and_in_time_is_found(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(account: Account) -> None:
        account.faults.late_seconds = 0.6
        async with trading(account) as gateway:
            account.faults.plan_answers("late_request")
            assert (await gateway.submit(request(account))).state == "unresolved"
            await until(lambda: account.ledger.order("C-1")["status"] == "new")
        assert len(account.market.orders("main")) == 1

    play(name, story, monkeypatch)


@pytest.mark.slow
@both
def test_an_order_that_is_sent_again_has_another_id_and_keeps_the_ledgers(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(account: Account) -> None:
        async with trading(account) as gateway:
            account.faults.plan_answers("lose_request")
            await gateway.submit(request(account))
            (first,) = sent_ids(account.ledger.order("C-1")["aliases"], CLIENT_ID)
            await until(lambda: account.ledger.order("C-1")["status"] == "denied", 10.0)
            assert (await gateway.resend("C-1")).state == "acknowledged"
        (order,) = account.market.orders("main")
        row = account.ledger.order("C-1")
        second, earlier = sent_ids(row["aliases"], CLIENT_ID)
        assert (earlier, row["is_open"], row["anomalies"]) == (first, True, [])
        assert order.client_id == second != first
        (submitted,) = [
            one["payload"]["aliases"]
            for one in account.ledger.history("C-1")
            if one["name"].startswith("order_submitted") and "aliases" in one["payload"]
        ]
        assert submitted[CLIENT_ID] == second, "recorded before it is sent"

    play(name, story, monkeypatch)


@pytest.mark.slow
@both
def test_an_order_that_was_forced_out_twice_is_found_under_its_first_id(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(order: Any) -> Any:
        raise Unanswered("timeout", "the request is lost on its way")

    async def story(account: Account) -> None:
        async with trading(account) as gateway:
            account.server.failings.listed_after = timedelta(seconds=2)  # type: ignore[attr-defined]
            account.faults.plan_answers("lose_answer")
            await gateway.submit(request(account))
            account.entry.submit = lost  # type: ignore[method-assign]
            forced = await gateway.resend("C-1", force=True, actor="anna")
            assert forced.state == "unresolved"
            await until(lambda: account.ledger.order("C-1")["certainty"] == "confirmed")
        assert len(account.market.orders("main")) == 1
        assert account.ledger.order("C-1")["is_open"]

    play(name, story, monkeypatch)


@pytest.mark.slow
def test_a_trade_of_an_order_that_no_list_shows_is_a_sign_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The order has filled, and the lists of orders lag. Its trade leads to it."""

    async def story(account: Account) -> None:
        async with trading(account) as gateway:
            account.faults.plan_answers("lose_answer")
            account.server.failings.listed_after = timedelta(hours=1)  # type: ignore[attr-defined]
            await gateway.submit(request(account))
            (order,) = account.market.orders("main")
            account.market.fill(order)
            await asyncio.sleep(4.5)
            assert account.ledger.order("C-1")["is_open"], "its trade is a sign"
            account.server.failings.listed_after = timedelta()  # type: ignore[attr-defined]
            await until(lambda: account.ledger.order("C-1")["status"] == "filled")

    play("binanceusdm", story, monkeypatch)


@pytest.mark.slow
@both
def test_the_offset_of_the_venues_clock_is_measured(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(account: Account) -> None:
        clock = account.market.clock

        class Ahead:
            def now(self) -> Any:
                return clock.now() + timedelta(seconds=3)

        account.market.clock = Ahead()
        await account.entry.clock.measure()
        found = account.entry.clock.offset(account.clock.now())
        assert found is not None
        offset, bound = (one.total_seconds() for one in found)
        assert abs(offset - 3) <= bound + 0.01 < 1.5

    play(name, story, monkeypatch)
