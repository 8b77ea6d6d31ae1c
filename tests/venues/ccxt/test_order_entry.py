"""Orders through the real classes of ccxt. The orders at the exchange are the judge."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from orderledger.infrastructure.messages.registry import RequestCancel, RequestReplace
from orderledger.simulation.market import OrderStatus
from orderledger.venues import NotSent, Unanswered
from orderledger.venues.ccxt.arguments import client_id_for
from orderledger.venues.ccxt.quirks import QUIRKS, quirks_of
from orderledger.venues.ccxt.vocabulary import CLIENT_ID
from tests.venues.ccxt.harness import ACCOUNT, Account, both

Story = Callable[[Account], Awaitable[None]]


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def play(name: str, story: Story, **venue: Any) -> None:
        async def whole() -> None:
            async with Account(name, **venue).open(monkeypatch) as account:
                await story(account)

        asyncio.run(whole())

    return play


def at_the_exchange(account: Account) -> list[tuple[str | None, OrderStatus]]:
    return [(order.client_id, order.status) for order in account.market.orders("main")]


async def only(sending: Awaitable[Any]) -> Any:
    (message,) = await sending
    return message


@both
def test_an_order_is_sent_with_its_terms_and_its_answer_is_recorded(name: str, played: Any) -> None:
    async def story(account: Account) -> None:
        row = account.request(post_only=True)
        account.record(await account.entry.submit(row))
        (order,) = account.market.orders("main")
        assert (order.client_id, order.quantity, order.limit_price, order.post_only,
        str(order.side)) == (
            row["aliases"][CLIENT_ID], row["quantity"], row["limit_price"], True, "buy",
        )  # fmt: skip
        known = account.ledger.order("led-1")
        assert known["venue_order_id"] is not None
        assert known["status"] in ("new", "pending_new")
        listing = await account.venue.open_orders(ACCOUNT)
        account.record(listing.messages)
        assert listing.venue_order_ids == {known["venue_order_id"]}
        (known,) = account.ledger.orders()
        assert (known["status"], known["origin"], known["anomalies"]) == ("new", "own", [])

    played(name, story)


@both
def test_a_market_order_is_filled_and_its_fill_counts_once(name: str, played: Any) -> None:
    async def story(account: Account) -> None:
        account.market.submit("other", **{**account.terms(), "side": "sell"})
        row = account.request(order_type="market", limit_price=None)
        account.record(await account.entry.submit(row))
        told = (
            await account.venue.fills_since(ACCOUNT, account.clock.now().replace(minute=0))
        ).messages
        account.record(told)
        account.record(await account.venue.order(ACCOUNT, account.ledger.order("led-1")))
        known = account.ledger.order("led-1")
        assert (known["status"], known["cum_quantity"], known["anomalies"]) == (
            "filled",
            row["quantity"],
            [],
        )

    played(name, story)


@both
def test_refusals_have_our_words_and_the_exchange_s_sentence(name: str, played: Any) -> None:
    async def story(account: Account) -> None:
        await account.entry.submit(account.request("led-0"))
        account.market.submit(
            "other",
            **{
                **account.terms(),
                "side": "sell",
                "limit_price": account.terms()["limit_price"] * 2,
            },
        )
        account.market.rules.client_ids = "unique"
        double = account.request("led-1")
        double = {**double, "aliases": {CLIENT_ID: account.market.orders("main")[0].client_id}}
        crossing = account.request(
            "led-2", post_only=True, limit_price=account.terms()["limit_price"] * 2
        )
        account.market.rules.judge = lambda kind, order: (
            "insufficient_margin" if order.side == "sell" else None
        )
        poor = account.request("led-3", side="sell")
        with pytest.raises(
            Unanswered
        ) as raised:  # there is such an order: the opposite of a refusal
            await account.entry.submit(double)
        assert raised.value.reason == "duplicate_order"
        reasons = {}
        for row in (crossing, poor):
            reject = await only(account.entry.submit(row))
            account.record([reject])
            reasons[row["client_order_id"]] = reject.reason
            assert reject.type == "reject"
            assert reject.evidence
            assert reject.text
            assert "signature" not in reject.text
        assert reasons == {"led-2": "post_only_would_match", "led-3": "insufficient_funds"}
        assert len(account.market.orders("main")) == 1
        assert {row["client_order_id"] for row in account.ledger.orders(status="rejected")} == {
            "led-2",
            "led-3",
        }

    played(name, story)


@both
@pytest.mark.parametrize("fault", ["server_error", "too_many_requests", "lose_answer", "malformed"])
def test_an_answer_that_is_lost_or_unreadable_leaves_the_outcome_unknown(
    name: str, fault: str, played: Any
) -> None:
    async def story(account: Account) -> None:
        row = account.request()
        await account.entry.submit(account.request("led-0"))  # the markets are loaded
        account.faults.plan_answers(fault)  # type: ignore[arg-type]
        with pytest.raises(Unanswered):
            await account.entry.submit(row)
        account.faults.heal()
        has_arrived = fault in ("lose_answer", "malformed")
        assert len(account.market.orders("main")) == 1 + has_arrived
        told = await account.venue.order(ACCOUNT, row)
        assert (told is not None) == has_arrived
        account.record(told or ())
        assert account.ledger.order("led-1")["status"] == ("new" if has_arrived else "pending_new")

    played(name, story)


@both
def test_a_refused_connection_sends_nothing(name: str, played: Any) -> None:
    async def story(account: Account) -> None:
        row = account.request()
        await account.entry.submit(account.request("led-0"))
        await account.server.stop()
        for sending in (
            account.entry.submit(row),
            account.entry.cancel({**row, "venue_order_id": "8000001"}, "R-1"),
        ):
            with pytest.raises(NotSent) as raised:
                await sending
            assert raised.value.reason == "not_connected"

    played(name, story)


@both
def test_what_ccxt_would_round_or_cannot_send_is_not_sent(name: str, played: Any) -> None:
    async def story(account: Account) -> None:
        one = account.instruments[0]
        await account.entry.submit(account.request("led-0"))
        row = account.request("led-1")
        for terms, reason in (
            ({"quantity": one.lot * 3 / 2}, "quantity_step"),
            ({"quantity": one.lot / 2}, "quantity_step"),
            ({"limit_price": one.price + one.tick / 2}, "price_step"),
            ({"instrument": "DOGE/XXX"}, "unknown_instrument"),
            ({"order_type": "trailing_stop"}, "order_type"),
            ({"time_in_force": "day"}, "time_in_force"),
        ):
            with pytest.raises(NotSent) as raised:
                await account.entry.submit({**row, **terms})
            assert raised.value.reason == reason
        assert len(account.market.orders("main")) == 1

    played(name, story)


@both
@pytest.mark.parametrize("by", ["venue_order_id", "client_id"])
def test_an_order_is_canceled_by_either_name_and_a_second_cancel_is_refused(
    name: str, by: str, played: Any
) -> None:
    async def story(account: Account) -> None:
        account.record(await account.entry.submit(account.request()))
        row = account.ledger.order("led-1")
        if by == "client_id":
            row = {**row, "venue_order_id": None}
        account.record(await account.entry.cancel(row, "R-1"))
        assert [status for _, status in at_the_exchange(account)] == [OrderStatus.CANCELED]
        refused = await only(account.entry.cancel(row, "R-2"))
        assert (refused.type, refused.reason, refused.request_id) == (
            "reject_cancel",
            "unknown_order",
            "R-2",
        )

    played(name, story)


@both
def test_an_order_is_changed_in_its_place(name: str, played: Any) -> None:
    async def story(account: Account) -> None:
        account.record(await account.entry.submit(account.request()))
        one, row = account.instruments[0], account.ledger.order("led-1")
        terms: Any = {"quantity": 12 * one.lot, "limit_price": one.price - one.tick}
        request = RequestReplace(
            account=ACCOUNT, client_order_id="led-1", request_id="R-1", **terms
        )
        account.record([request])
        account.record(
            await account.entry.replace(row, {"request_id": "R-1", **terms, "stop_price": None})
        )
        (order,) = account.market.orders("main")
        assert (order.quantity, order.limit_price) == (terms["quantity"], terms["limit_price"])
        known = account.ledger.order("led-1")
        assert (known["quantity"], known["limit_price"], known["pending"]) == (
            order.quantity,
            order.limit_price,
            None,
        )
        assert known["venue_order_id"] == row["venue_order_id"]
        account.market.cancel(order)
        refused = await only(
            account.entry.replace(row, {"request_id": "R-2", "quantity": 13 * one.lot})
        )
        assert (refused.type, refused.request_id) == ("reject_replace", "R-2")

    played(name, story)


def test_orders_of_one_call_are_accepted_and_refused_one_by_one(played: Any) -> None:
    async def story(account: Account) -> None:
        assert account.entry.abilities.batch == 5
        account.market.rules.judge = lambda kind, order: (
            "insufficient_margin" if order.side == "sell" else None
        )
        rows = [
            account.request("led-1"),
            account.request("led-2", side="sell"),
            account.request("led-3"),
        ]
        answers = await account.entry.submit_many(rows)
        assert [[message.type for message in answer] for answer in answers if not isinstance(answer,
        Exception)] == [
            ["acknowledge"], ["reject"], ["acknowledge"],
        ]  # fmt: skip
        assert [client_id for client_id, _ in at_the_exchange(account)] == ["led-1", "led-3"]
        assert account.server.requests["POST /fapi/v1/batchOrders"] == 1

    played("binanceusdm", story)


def test_a_cancel_that_the_ledger_has_recorded_is_answered(played: Any) -> None:
    async def story(account: Account) -> None:
        account.record(await account.entry.submit(account.request()))
        account.record([RequestCancel(account=ACCOUNT, client_order_id="led-1", request_id="R-1")])
        account.record(await account.entry.cancel(account.ledger.order("led-1"), "R-1"))
        known = account.ledger.order("led-1")
        assert (known["status"], known["pending"]) == ("canceled", None)

    played("binanceusdm", story)


@pytest.mark.parametrize("exchange", [*QUIRKS, "bitstamp"])
def test_a_client_id_has_the_form_that_the_exchange_takes_and_is_the_same_in_every_process(
    exchange: str,
) -> None:
    quirks = quirks_of(exchange)
    forms = {
        "hex": "0x[0-9a-f]{32}",
        "integer": "[1-9][0-9]{0,14}",
        "uuid": "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    }
    for ours in ("C-1", "an order / with spaces", "x" * 200):
        made = client_id_for(quirks, ACCOUNT, ours)
        assert re.fullmatch(forms.get(quirks.id_form, quirks.id_pattern), made), made
        assert made == client_id_for(quirks, ACCOUNT, ours)
        assert not quirks.is_fake(made)
    assert client_id_for(quirks, "one", "a b") != client_id_for(quirks, "two", "a b")


def test_an_id_of_ours_that_fits_is_kept() -> None:
    assert client_id_for(quirks_of("binance"), ACCOUNT, "led-1") == "led-1"
    assert client_id_for(quirks_of("okx"), ACCOUNT, "led1") == "led1"
    assert client_id_for(quirks_of("okx"), ACCOUNT, "led-1").isalnum()
    assert client_id_for(quirks_of("gate"), ACCOUNT, "led-1").startswith("t-")
    assert Decimal(client_id_for(quirks_of("lighter"), ACCOUNT, "led-1")) < 2**48
