"""What the protocol `Venue` asks of every question, tried with each adapter against its fake: a new
one needs its `Kind`."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest
from aiohttp import web

from orderledger import Ledger
from orderledger.infrastructure.messages.registry import Balance, Fill, Message, Report
from orderledger.venues import VenueError, VenueRefused, VenueUnavailable
from orderledger.venues.base.transport import parsed
from orderledger.venues.base.venue import Answer, Messages, NoRecords
from orderledger.venues.collecting.collector import Collector
from orderledger.venues.reconciliation.reconciler import Reconciler, Rules
from tests.scenarios import ACCOUNT
from tests.venues.harness import (
    FILLS_IN_ORDERS,
    ODD,
    POLLED,
    START,
    Harness,
    every_venue,
    played,
    spoiled,
)
from tests.venues.payload_samples import PAYLOAD_SAMPLES, UNKNOWN, PayloadSamples

SEVERAL_ROUNDS = 0.5
"""Seconds in which an account could be reconciled again and again."""
RULES = Rules(pause=0.001, opening_pause=0.001)
MANY = 130
"""Fills: more than a page of most venues."""
NO_DOCUMENTS = ("null", "7", '"no"', '{"strange": true}', "{}")


def questions(harness: Harness) -> list[Callable[[], Awaitable[Any]]]:
    venue, account = harness.venue, harness.account
    return [
        lambda: venue.open_orders(account),
        lambda: venue.order(account, harness.ledger.order("C-1")),
        lambda: venue.fills_since(account, START),
        lambda: venue.positions(account),
    ]


async def all_answers(harness: Harness) -> list[Message]:
    answers = [await question() for question in questions(harness)]
    return [
        message
        for answer in answers
        for message in (answer.messages if isinstance(answer, Answer) else answer)
    ]


@pytest.mark.slow
@every_venue
def test_a_question_ends_in_an_answer_or_an_error_and_no_answer_is_taken_for_an_empty_one(
    name: str,
) -> None:
    async def story(harness: Harness) -> None:
        order = harness.request()
        harness.exchange.fill(order, order.quantity / 2)
        for fault in ("server_error", "too_many_requests", "malformed", "lose_answer"):
            harness.faults.change(**{fault: 1.0})
            for question in questions(harness):
                with pytest.raises(VenueUnavailable):
                    await question()
        harness.faults.heal()
        for document in NO_DOCUMENTS:
            harness.server.answers_instead = 200, document
            for question in questions(harness):
                with pytest.raises(VenueError):
                    await question()
        harness.server.answers_instead = 403, '{"message": "not yours"}'
        for question in questions(harness):
            with pytest.raises(VenueRefused):
                await question()

    played(name, story)


@every_venue
def test_only_what_the_venue_does_not_know_is_none(name: str) -> None:
    async def story(harness: Harness) -> None:
        harness.request("C-1")
        harness.record_request("C-2")
        assert await harness.venue.order(harness.account, harness.ledger.order("C-1"))
        assert await harness.venue.order(harness.account, harness.ledger.order("C-2")) is None

    played(name, story)


@every_venue
def test_a_message_bears_the_venue_s_times_and_names_and_its_row(name: str) -> None:
    async def story(harness: Harness) -> None:
        order = harness.request()
        harness.exchange.fill(order, order.quantity / 2)
        answered = await all_answers(harness)
        harness.ledger.record_many(answered)
        async with harness.listening():
            await harness.until(lambda: harness.ups_and_downs)
            harness.exchange.fill(order)
            await harness.until(lambda: harness.ledger.orders(status="filled"))
        heard = [
            message
            for told in harness.told
            if isinstance(told, Messages)
            for message in told.messages
        ]
        for message in (*answered, *heard):
            assert message.account == harness.account
            if not isinstance(message, Report):
                continue  # a list of positions may bear no time
            assert message.at is not None and START <= message.at <= harness.clock.now(), message
            assert message.evidence is not None and message.client_order_id is None, message
            assert message.venue_order_id == harness.kind.venue_id(order), message
            assert message.aliases.get(harness.kind.alias, order.client_id) == order.client_id, (
                message
            )
            assert (message.instrument, message.side) == (order.instrument, order.side), message
        assert {message.source for message in answered} == {"venue_poll"}
        assert name in POLLED or {message.source for message in heard} == {"venue_push"}

    played(name, story)


@every_venue
def test_the_same_answer_says_the_same_and_is_news_once(name: str) -> None:
    async def story(harness: Harness) -> None:
        order = harness.request()
        harness.exchange.fill(order, order.quantity / 2)
        for expected in ({"recorded", "duplicate"}, {"duplicate"}):
            told = [
                message
                for message in await all_answers(harness)
                if not isinstance(message, Balance)
            ]
            assert {outcome.outcome for outcome in harness.ledger.record_many(told)} <= expected

    played(name, story)


@pytest.mark.slow
@every_venue
def test_every_fill_is_told_oldest_first_with_its_fee(name: str) -> None:
    async def story(harness: Harness) -> None:
        for _ in range(MANY):
            order = harness.place(client_id=harness.kind.others_client_id(1))
            harness.exchange.fill(order, liquidity="taker" if order.order_id % 2 else "maker")
        expected = harness.exchange.fills(harness.there)
        half, venue_id = expected[MANY // 2].at, harness.kind.venue_id
        for since, fills in (
            (START, expected),
            (half, [fill for fill in expected if fill.at >= half]),
        ):
            answer = (await harness.venue.fills_since(harness.account, since)).messages
            told = [message for message in answer if isinstance(message, Fill)][-len(fills) :]
            assert [(one.venue_order_id, one.quantity) for one in told] == [
                (venue_id(one), one.quantity) for one in fills
            ]
            assert len({one.fill_id for one in told}) == len(fills)
            if harness.kind.tells_fills:
                assert [(one.price, one.fee, one.fee_currency) for one in told] == [
                    (one.price, one.fee, one.fee_currency) for one in fills
                ]
            if harness.kind.tells_fills and harness.kind.tells_liquidity:
                assert [one.liquidity for one in told] == [one.liquidity for one in fills]

    played(name, story)


@every_venue
def test_a_list_names_the_orders_whose_rows_cannot_be_read_and_finds_ours(name: str) -> None:
    async def story(harness: Harness) -> None:
        odd, plain = harness.place(quantity=ODD), harness.request("C-1")
        harness.server.rewritten = spoiled
        asked_at: list[datetime] = []
        harness.overhear(lambda request: asked_at.append(harness.clock.now()))
        listing = await harness.venue.open_orders(harness.account)
        assert listing.at <= asked_at[-1]
        assert listing.venue_order_ids == {harness.kind.venue_id(odd), harness.kind.venue_id(plain)}
        harness.ledger.record_many(listing.messages)
        assert harness.ledger.order("C-1")["venue_order_id"] == harness.kind.venue_id(
            plain
        )  # found by its alias

    played(name, story)


@every_venue
def test_a_position_or_an_order_that_cannot_be_read_is_not_left_out_of_its_answer(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(harness: Harness) -> None:
        order = harness.place(client_id=harness.record_request("C-1"), quantity=ODD)
        harness.exchange.fill(order)
        harness.server.rewritten = spoiled
        if harness.venue.reports_position(order.instrument):
            with pytest.raises(VenueUnavailable):
                await harness.venue.positions(harness.account)
        with pytest.raises(VenueUnavailable):
            await harness.venue.order(harness.account, harness.ledger.order("C-1"))
        assert not caplog.records  # the error says it

    played(name, story)


@every_venue
def test_a_fill_that_cannot_be_read_is_said_though_nobody_listens(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(harness: Harness) -> None:
        harness.exchange.fill(harness.place(quantity=ODD))
        harness.server.rewritten = spoiled
        assert not any(
            isinstance(told, Fill)
            for told in (await harness.venue.fills_since(harness.account, START)).messages
        )
        (said,) = caplog.messages
        assert said.startswith(f"row_not_read account={harness.account} why=")

    played(name, story)


@every_venue
def test_fills_that_cannot_be_read_are_not_certified_until_they_can_be(name: str) -> None:
    async def reconciled(harness: Harness) -> list[str]:
        found = await Reconciler(harness.ledger, harness.venue, harness.clock, RULES).run(
            harness.account
        )
        return [left.id.partition(":")[0] for left in found.certificate.open_breaks]

    async def story(harness: Harness) -> None:
        for side in ("buy", "sell"):  # no position is left that would tell of them
            harness.exchange.fill(harness.place(side=side, quantity=ODD))
        harness.server.rewritten = spoiled
        assert set(await reconciled(harness)) == {"unreadable_fill"} | (
            {"unreadable_order"} if name in FILLS_IN_ORDERS else set()
        )
        harness.server.rewritten = str
        assert await reconciled(harness) == []
        assert len(harness.ledger.trades()) == 2

    played(name, story)


@every_venue
@pytest.mark.parametrize("number", [0, 2], ids=["open_orders", "fills_since"])
def test_what_cannot_be_read_of_an_answer_is_told_once_to_who_listens(
    name: str, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(harness: Harness) -> None:
        order = harness.place(client_id=harness.record_request("C-1"), quantity=ODD)
        async with harness.listening():
            await harness.until(lambda: harness.ups_and_downs)
            harness.exchange.fill(order, order.quantity if number else 1)
            harness.server.rewritten = spoiled
            await questions(harness)[number]()
            await harness.until(lambda: any(told.is_answer for told in harness.unreadable))
        assert not caplog.records and sum(told.is_answer for told in harness.unreadable) == 1
        assert {account for told in harness.unreadable for account in told.accounts} == {
            harness.account
        }

    played(name, story)


@pytest.mark.slow
@every_venue
def test_a_row_that_can_never_be_read_is_not_asked_for_without_end(name: str) -> None:
    async def story(harness: Harness) -> None:
        harness.place(quantity=ODD)
        harness.server.rewritten = spoiled
        collector = Collector(
            harness.ledger, [harness.venue], harness.clock, rules=RULES, every=None
        )
        counters, stop = collector.counters[harness.account], asyncio.Event()
        running = asyncio.create_task(collector.run(stop))
        await harness.until(lambda: counters.is_up and counters.reconciled)
        await asyncio.sleep(SEVERAL_ROUNDS)
        before = counters.reconciled
        await asyncio.sleep(SEVERAL_ROUNDS)
        stop.set()
        await running
        assert counters.reconciled == before

    played(name, story)


@every_venue
def test_the_positions_that_are_told_are_those_that_are_said_to_be(name: str) -> None:
    async def story(harness: Harness) -> None:
        order = harness.place()
        harness.exchange.fill(order)
        told = {one.instrument: one for one in await harness.venue.positions(harness.account)}
        positions = {name for name, one in told.items() if one.average_price is not None}
        is_told = harness.venue.reports_position(order.instrument)
        assert positions == ({order.instrument} if is_told else set())
        assert not is_told or told[order.instrument].quantity == order.quantity

    played(name, story)


@every_venue
def test_no_secret_is_in_an_error_or_a_log(name: str, caplog: pytest.LogCaptureFixture) -> None:
    async def story(harness: Harness) -> None:
        secrets = set[str]()
        harness.request()

        def refuse(request: web.Request) -> None:
            secrets.update(
                value.rpartition(" ")[2] for value in request.headers.getall("Authorization", ())
            )
            harness.server.answers_instead = 403, f"I do not like {secrets}"

        harness.overhear(refuse)
        said: list[str] = []
        for question in questions(harness):
            with pytest.raises(VenueError) as raised:
                await question()
            said.append(str(raised.value))
        async with harness.listening():
            await harness.until(
                lambda: len(harness.server.requests) > 1 or harness.server.connections
            )
            said += [
                str(harness.venue.error_for(harness.account)),
                *(str(told) for told in harness.told),
            ]
        said += [record.getMessage() for record in caplog.records]
        assert not [text for text in said for secret in secrets if secret in text]

    with caplog.at_level(logging.DEBUG):
        played(name, story)


@pytest.mark.parametrize("samples", PAYLOAD_SAMPLES.values(), ids=PAYLOAD_SAMPLES)
def test_a_status_that_nobody_knows_is_told_as_it_is_and_ends_nothing(
    samples: PayloadSamples,
) -> None:
    with Ledger.open("memory://", update_views=False) as ledger:
        told, faults = samples.read(parsed(json.dumps(samples.unknown)), ACCOUNT, NoRecords())
        ledger.record_many(told)
        (order,) = ledger.orders(open_only=True)
    assert not faults and UNKNOWN in {getattr(message, "status", None) for message in told}
    assert "unknown_status" in order["anomalies"]
