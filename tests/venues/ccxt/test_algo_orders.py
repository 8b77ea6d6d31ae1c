"""Stop orders at Binance USD-M: conditional orders in a space of their own, which make ordinary
orders. The simulated exchange is the judge."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.simulation.ccxt.binance_algo import ConditionalOrders
from orderledger.venues import NotSent
from orderledger.venues.ccxt import order_entry
from tests.venues.ccxt.harness import ACCOUNT, Account
from tests.venues.ccxt.test_absence import request, trading, until

NAME = "binanceusdm"
Story = Callable[[Account], Awaitable[None]]
STOP: dict[str, Any] = {
    "side": "sell",
    "order_type": "stop",
    "stop_price": "2400",
    "limit_price": None,
}
STOP_LIMIT = {**STOP, "order_type": "stop_limit", "limit_price": "2390"}
KINDS = {
    "stop": "STOP_MARKET",
    "stop_limit": "STOP",
    "take_profit": "TAKE_PROFIT_MARKET",
    "take_profit_limit": "TAKE_PROFIT",
}


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Callable[[Story], None]:
    monkeypatch.setattr("orderledger.venues.ccxt.absence.WINDOW_MILLISECONDS", 1_000)
    monkeypatch.setattr(order_entry, "WINDOW_MILLISECONDS", 1_000)

    def playing(story: Story) -> None:
        async def whole() -> None:
            account = Account(NAME)
            account.ledger = Ledger.open("memory://")
            async with account.open(monkeypatch):
                await account.entry._load_markets()
                await story(account)

        asyncio.run(whole())

    return playing


def conditional(account: Account) -> ConditionalOrders:
    found: ConditionalOrders = account.server.conditional  # type: ignore[attr-defined]
    return found


def others(account: Account, side: str, price: str, quantity: str = "5") -> None:
    account.market.submit(
        "others",
        instrument=account.instruments[0].name,
        side=side,
        quantity=quantity,
        limit_price=price,
    )


def trade_at(account: Account, price: str) -> None:
    """Two others trade at a price."""
    terms = {"instrument": account.instruments[0].name, "quantity": "0.01", "limit_price": price}
    account.market.submit("some", side="buy", **terms)  # type: ignore[arg-type]
    account.market.submit("others", side="sell", **terms)  # type: ignore[arg-type]


def worked(account: Account, order_id: int) -> Any:
    return account.market.order(order_id).filled


def row(account: Account, name: str = "C-1") -> Any:
    account.ledger.views.catch_up()
    return account.ledger.order(name)


ON_THE_WAY = {"quantity_mismatch", "status_conflict"}
"""An order's state may be pushed before its fill."""


def codes(account: Account) -> set[str]:
    """The anomalies that are there, and those that were there without being on the way."""
    account.ledger.views.catch_up()
    open_now = {one["code"] for one in account.ledger.anomalies(open_only=True)}
    return open_now | {one["code"] for one in account.ledger.anomalies()} - ON_THE_WAY


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_stop_is_placed_found_and_canceled_in_its_own_space(
    kind: str, play: Callable[[Story], None]
) -> None:
    async def story(account: Account) -> None:
        price = {"limit_price": "2390"} if kind.endswith("limit") else {"limit_price": None}
        terms = {**STOP, "order_type": kind, **price}
        if kind.startswith("take"):
            terms["side"] = "buy"
        async with trading(account) as gateway:
            assert (await gateway.submit(request(account, **terms))).state == "acknowledged"
            (order,) = conditional(account).orders
            assert (order.kind, order.status, order.client_id) == (KINDS[kind], "NEW", "C-1")
            assert account.market.orders("main") == []
            assert row(account)["venue_order_id"] == str(order.algo_id)
            listing = await account.venue.open_orders(ACCOUNT)
            assert listing.venue_order_ids == {str(order.algo_id)}
            await gateway.cancel("C-1")
            await until(lambda: row(account)["status"] == "canceled")
            assert (order.status, codes(account)) == ("CANCELED", set())

    play(story)


def test_a_conditional_order_is_not_changed_in_place(play: Callable[[Story], None]) -> None:
    async def story(account: Account) -> None:
        async with trading(account) as gateway:
            await gateway.submit(request(account, **STOP))
            with pytest.raises(NotSent, match="no_replace"):
                await account.entry.replace(
                    row(account), {"request_id": "1", "stop_price": row(account)["stop_price"]}
                )

    play(story)


@pytest.mark.slow
def test_a_stop_that_never_arrived_is_proved_absent_and_the_bot_goes_on(
    play: Callable[[Story], None],
) -> None:
    async def story(account: Account) -> None:
        async with trading(account) as gateway:
            account.faults.plan_answers("lose_request")
            assert (await gateway.submit(request(account, **STOP))).state == "unresolved"
            assert (await gateway.submit(request(account, "C-2"))).reason == "unresolved_order"
            await until(lambda: row(account)["status"] == "denied", 10.0)
            assert row(account)["reason"] == "never_arrived"
            assert (await gateway.submit(request(account, "C-3", **STOP))).state == "acknowledged"
        assert [one.client_id for one in conditional(account).orders] == ["C-3"]

    play(story)


@pytest.mark.slow
def test_a_trailing_stop_that_never_arrived_is_proved_absent(
    play: Callable[[Story], None],
) -> None:
    """It is a conditional order as the others ("New Algo Order", `type`)."""

    async def story(account: Account) -> None:
        trailing = {"trail_offset": "1", "trail_offset_type": "percent"}
        terms: dict[str, Any] = {"order_type": "trailing_stop", "limit_price": None, **trailing}
        market = account.entry._exchange.market(account.instruments[0].name)
        market["info"]["orderTypes"].append("TRAILING_STOP_MARKET")  # the simulated one has none
        async with trading(account) as gateway:
            account.faults.plan_answers("lose_request")
            sent = await gateway.submit(request(account, **terms))
            assert sent.state == "unresolved", sent
            await until(lambda: row(account)["status"] == "denied", 10.0)
        assert row(account)["reason"] == "never_arrived"

    play(story)


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["lose_answer", "done_and_error", "done_but_failed", "listed"])
def test_a_stop_that_arrived_without_an_answer_is_found_by_its_client_id(
    fault: str, play: Callable[[Story], None]
) -> None:
    async def story(account: Account) -> None:
        failings = account.server.failings  # type: ignore[attr-defined]
        async with trading(account) as gateway:
            if fault == "done_but_failed":
                failings.done_but_failed = 1
            else:
                account.faults.plan_answers("lose_answer" if fault == "listed" else fault)  # type: ignore[arg-type]
            if fault == "listed":
                failings.listed_after = timedelta(seconds=1.5)
            assert (await gateway.submit(request(account, **STOP))).state == "unresolved"
            await until(lambda: row(account)["certainty"] == "confirmed")
        (order,) = conditional(account).orders
        assert (row(account)["status"], row(account)["venue_order_id"], codes(account)) == (
            "new",
            str(order.algo_id),
            set(),
        )

    play(story)


@pytest.mark.slow
@pytest.mark.parametrize("listens", [True, False])
@pytest.mark.parametrize("terms", [STOP, STOP_LIMIT], ids=["market", "limit"])
def test_the_fills_of_a_triggered_stop_are_those_of_the_order_that_was_requested(
    terms: dict[str, Any], listens: bool, play: Callable[[Story], None]
) -> None:
    async def story(account: Account) -> None:
        async with AsyncExitStack() as stack:
            if listens:
                await stack.enter_async_context(account.listening())
            async with trading(account) as gateway:
                await gateway.submit(request(account, **terms))
            others(account, "buy", "2395")
            trade_at(account, "2400")
            await until(lambda: conditional(account).orders[0].status == "FINISHED")
            if listens:
                await until(lambda: row(account)["status"] == "filled")
            else:
                since = account.clock.now() - timedelta(minutes=1)
                account.record((await account.venue.fills_since(ACCOUNT, since)).messages)
                account.record(await account.venue.order(ACCOUNT, row(account)))
        (made,) = account.market.orders("main")
        (algo,) = conditional(account).orders
        found = row(account)
        assert (found["status"], found["cum_quantity"]) == ("filled", made.quantity)
        assert found["venue_order_ids"] == [str(algo.algo_id), str(made.order_id)]
        assert len(account.ledger.orders()) == 1
        assert (found["anomalies"], codes(account)) == ([], set())

    play(story)


@pytest.mark.slow
def test_a_bot_that_was_killed_between_trigger_and_fill_knows_both_afterwards(
    play: Callable[[Story], None],
) -> None:
    async def story(account: Account) -> None:
        async with trading(account) as gateway:
            await gateway.submit(request(account, **STOP_LIMIT))
            trade_at(account, "2400")
            await until(lambda: conditional(account).orders[0].status == "TRIGGERED")
        (made,) = account.market.open_orders("main")
        others(account, "buy", "2400", "0.04")
        async with trading(account), account.listening():
            await until(
                lambda: row(account)["cum_quantity"] == account.market.order(made.order_id).filled
            )
            others(account, "buy", "2400", "5")
            await until(lambda: row(account)["status"] == "filled")
        assert (len(account.ledger.orders()), codes(account)) == (1, set())

    play(story)


@pytest.mark.slow
def test_a_stop_without_an_answer_that_filled_at_once_is_found_with_its_fills(
    play: Callable[[Story], None],
) -> None:
    async def story(account: Account) -> None:
        others(account, "buy", "2395")
        async with trading(account) as gateway:
            account.faults.plan_answers("lose_answer")
            submitting = asyncio.create_task(gateway.submit(request(account, **STOP)))
            await until(lambda: conditional(account).orders)
            trade_at(account, "2400")
            assert (await submitting).state == "unresolved"
            await until(lambda: row(account)["status"] == "filled")
        (made,) = account.market.orders("main")
        assert (row(account)["cum_quantity"], codes(account)) == (made.quantity, set())
        assert row(account)["venue_order_ids"] == [str(made.order_id)]

    play(story)


@pytest.mark.slow
@pytest.mark.parametrize("is_triggered", [False, True])
def test_a_cancel_without_an_answer_is_settled(
    is_triggered: bool, play: Callable[[Story], None]
) -> None:
    async def story(account: Account) -> None:
        async with trading(account) as gateway:
            await gateway.submit(request(account, **STOP_LIMIT))
            if is_triggered:
                trade_at(account, "2400")
                await until(lambda: account.market.open_orders("main"))
            account.faults.plan_answers("lose_answer")
            await gateway.cancel("C-1")
            await until(lambda: row(account)["status"] == "canceled")
        assert account.market.open_orders("main") == []
        assert conditional(account).orders[0].status == ("FINISHED" if is_triggered else "CANCELED")

    play(story)


@pytest.mark.slow
def test_a_stop_that_the_engine_refuses_at_its_trigger_is_rejected(
    play: Callable[[Story], None],
) -> None:
    async def story(account: Account) -> None:
        account.market.rules.judge = lambda kind, order: (
            "insufficient_margin" if order.account == "main" else None
        )
        async with trading(account) as gateway, account.listening():
            await gateway.submit(request(account, **STOP))
            trade_at(account, "2400")
            await until(lambda: row(account)["status"] == "rejected")

    play(story)


def test_everything_is_canceled_with_the_conditional_orders(
    play: Callable[[Story], None],
) -> None:
    async def story(account: Account) -> None:
        async with trading(account) as gateway:
            await gateway.submit_many(
                [request(account, f"C-{one}", limit_price="2000") for one in range(2)]
            )
            for one in range(2):
                await gateway.submit(request(account, f"S-{one}", **STOP))
            await gateway.cancel_all(account=ACCOUNT)
            assert account.market.open_orders("main") == []
            assert {one.status for one in conditional(account).orders} == {"CANCELED"}
            await until(lambda: {one["status"] for one in account.ledger.orders()} == {"canceled"})

    play(story)


def test_an_ordinary_request_for_a_stop_is_refused(play: Callable[[Story], None]) -> None:
    async def story(account: Account) -> None:
        asked = {"symbol": "ETHUSDT", "side": "SELL", "type": "STOP_MARKET", "quantity": "1"}
        with pytest.raises(Exception, match="-4120"):
            await account.entry._exchange.fapiPrivatePostOrder({**asked, "stopPrice": "2400"})

    play(story)


def test_a_stop_among_several_orders_is_sent_alone(play: Callable[[Story], None]) -> None:
    """ccxt's createOrders takes no conditional orders of contracts."""

    async def story(account: Account) -> None:
        async with trading(account) as gateway:
            limit = {"side": "sell", "limit_price": "2600"}
            results = await gateway.submit_many(
                [request(account, "C-1", **limit), request(account, "S-1", **STOP)]
            )
            results += await gateway.submit_oco(
                request(account, "C-2", **limit), request(account, "S-2", **STOP)
            )
            assert [one.state for one in results] == ["acknowledged"] * 4
            assert len(account.market.open_orders("main")) == 2
            assert [one.status for one in conditional(account).orders] == ["NEW"] * 2

    play(story)


@pytest.mark.parametrize("terms", [{"quantity": "1e27"}, {"limit_price": "1e27"}])
def test_a_number_that_ccxt_cannot_round_is_not_sent(
    play: Callable[[Story], None], terms: dict[str, Any]
) -> None:
    async def story(account: Account) -> None:
        async with trading(account) as gateway:
            (denied,) = await gateway.submit_many([request(account, "C-1", **terms)])
            assert denied.state == "denied"
            assert row(account, "C-1")["status"] == "denied"
            sent = await gateway.submit(request(account, "C-2", limit_price="2000"))
            assert sent.state == "acknowledged"
            changed = await gateway.replace("C-2", **terms)
            assert changed.state == "denied"
            assert row(account, "C-2")["pending"] is None

    play(story)
