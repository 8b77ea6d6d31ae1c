"""What exchanges do that a client may not expect, through the gateway and the collector. The orders
at the exchange judge."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from orderledger import Gateway, Ledger, Request
from orderledger.infrastructure.messages.registry import Canceled
from orderledger.venues import Unanswered
from tests.venues.ccxt.harness import ACCOUNT, Account, both

PATIENCE = 60.0


@asynccontextmanager
async def trading(account: Account) -> AsyncIterator[Gateway]:
    entries, venues = {ACCOUNT: account.entry}, {ACCOUNT: account.venue}
    async with Gateway(account.ledger, entries, venues=venues, answer_seconds=5) as gateway:
        yield gateway


def request(account: Account, name: str = "C-1", **terms: Any) -> Request:
    return Request(
        account=ACCOUNT, client_order_id=name, **{**account.terms(), "order_type": "limit", **terms}
    )


def play(name: str, story: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def whole() -> None:
        account = Account(name)
        account.ledger = Ledger.open("memory://")
        async with account.open(monkeypatch):
            await account.entry._load_markets()
            await story(account)

    asyncio.run(whole())


async def until(holds: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.02)


@both
def test_an_order_that_was_done_and_answered_as_failed_is_found_and_never_sent_twice(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(account: Account) -> None:
        account.server.failings.done_but_failed = 1  # type: ignore[attr-defined]
        async with trading(account) as gateway:
            sent = await gateway.submit(request(account))
            assert sent.state == "unresolved"
            await until(lambda: account.ledger.order("C-1")["certainty"] == "confirmed")
        (order,) = account.market.orders("main")
        row = account.ledger.order("C-1")
        assert (row["status"], row["origin"], order.status.is_ended) == ("new", "own", False)

    play(name, story, monkeypatch)


@both
def test_an_order_that_is_listed_late_stays_unresolved_until_it_is_seen(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(account: Account) -> None:
        account.server.failings.listed_after = timedelta(seconds=1.5)  # type: ignore[attr-defined]
        async with trading(account) as gateway:
            account.faults.plan_answers("lose_answer")
            assert (await gateway.submit(request(account))).state == "unresolved"
            assert await account.venue.order(ACCOUNT, account.ledger.order("C-1")) is None
            row = account.ledger.order("C-1")
            assert (row["status"], row["certainty"]) == ("pending_new", "unresolved")
            await until(lambda: account.ledger.order("C-1")["certainty"] == "confirmed")
        assert len(account.market.orders("main")) == 1

    play(name, story, monkeypatch)


@both
def test_an_id_is_free_again_after_a_fill_so_that_a_second_sending_would_be_a_second_order(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(account: Account) -> None:
        row = account.request("C-1")
        await account.entry.submit(row)
        with pytest.raises(Unanswered) as raised:
            await account.entry.submit(row)
        assert raised.value.reason == "duplicate_order"
        (order,) = account.market.orders("main")
        account.market.fill(order)
        account.record(await account.entry.submit(row))
        assert [one.client_id for one in account.market.orders("main")] == [order.client_id] * 2
        account.record((await account.venue.fills_since(ACCOUNT, order.created_at)).messages)
        assert sum(one["quantity"] for one in account.ledger.trades()) == order.quantity

    play(name, story, monkeypatch)


@both
@pytest.mark.parametrize("ids", ["upper", "cut"])
def test_an_order_whose_id_comes_back_changed_is_one_order(
    name: str, ids: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(account: Account) -> None:
        account.server.failings.ids = ids  # type: ignore[attr-defined]
        async with account.listening():
            account.record(await account.entry.submit(account.request("led-1-with-a-long-name")))
            (order,) = account.market.orders("main")
            account.market.fill(order, account.instruments[0].lot)
            await account.until(lambda: account.ledger.trades())
            account.market.cancel(order)
            await account.until(
                lambda: account.ledger.order("led-1-with-a-long-name")["status"] == "canceled"
            )
        (row,) = account.ledger.orders()
        assert (row["origin"], row["cum_quantity"]) == ("own", account.instruments[0].lot)

    play(name, story, monkeypatch)


def test_an_order_without_an_answer_is_found_by_its_id_in_the_other_case(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(account: Account) -> None:
        account.server.failings.ids = "upper"  # type: ignore[attr-defined]
        async with trading(account) as gateway:
            account.faults.plan_answers("lose_answer")
            assert (await gateway.submit(request(account))).state == "unresolved"
            await until(lambda: account.ledger.order("C-1")["certainty"] == "confirmed")
        assert len(account.ledger.orders()) == 1

    play("kraken", story, monkeypatch)


def test_an_order_in_an_old_list_is_asked_for_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kraken's open orders have no time of their state: a list from before the end shows the order
    working."""

    async def story(account: Account) -> None:
        account.record(await account.entry.submit(account.request("C-1")))
        (order,) = account.market.orders("main")
        old = (await account.venue._endpoints.open_orders())[0]
        account.market.cancel(order)
        account.record(await account.venue.order(ACCOUNT, account.ledger.order("C-1")))
        assert account.ledger.order("C-1")["status"] == "canceled"

        async def stale() -> list[Any]:
            return [old]

        monkeypatch.setattr(account.venue._endpoints, "open_orders", stale)
        asked = account.server.requests["/0/private/QueryOrders"]
        rows = await account.venue.order_rows(ACCOUNT)
        assert account.server.requests["/0/private/QueryOrders"] == asked + 1
        account.record(account.venue.translate_orders(ACCOUNT, rows).messages)
        row = account.ledger.order("C-1")
        assert (row["status"], row["anomalies"]) == ("canceled", [])

    play("kraken", story, monkeypatch)


def test_an_order_that_has_ended_here_and_works_at_the_exchange_is_open_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A list alone does not open it, because it may be old: the answer to a query of this one order
    does."""

    async def story(account: Account) -> None:
        account.record(await account.entry.submit(account.request("C-1")))
        (known,) = account.ledger.orders()
        ended_at = account.clock.now() - timedelta(seconds=30)
        account.record(
            [Canceled(account=ACCOUNT, client_order_id="C-1", at=ended_at, source="venue_poll")]
        )
        assert account.ledger.order("C-1")["status"] == "canceled"
        account.record((await account.venue.open_orders(ACCOUNT)).messages)
        assert account.ledger.order("C-1")["status"] == "canceled"
        account.record(
            account.venue.translate_orders(
                ACCOUNT, await account.venue.order_rows(ACCOUNT)
            ).messages
        )
        row = account.ledger.order("C-1")
        assert (row["status"], row["is_open"], row["venue_order_id"]) == (
            "new",
            True,
            known["venue_order_id"],
        )
        assert row["anomalies"] == ["status_conflict"]

    play("kraken", story, monkeypatch)
