"""What the protocol `Venue` asks of every question, tried with each adapter against its fake: a new one needs its `Kind`."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest
from aiohttp import web

from orderledger import Ledger
from orderledger.infrastructure.errors import VenueError, VenueRefused, VenueUnavailable
from orderledger.infrastructure.messages.registry import Balance, Fill, Message
from orderledger.infrastructure.messages.reports import Report
from orderledger.infrastructure.sync.collecting.collector import Collector
from orderledger.infrastructure.sync.reconciliation.reconciler import Reconciler, Rules
from orderledger.infrastructure.venues.base.transport import parsed
from orderledger.infrastructure.venues.base.venue import Answer, Heard, NoRecords
from tests.scenarios import ACCOUNT
from tests.venues.company import ODD, POLLED, START, Company, every_venue, played, spoiled
from tests.venues.voices import UNKNOWN, VOICES, Voice

SEVERAL_ROUNDS = 0.5
"""Seconds in which an account could be reconciled again and again."""
RULES = Rules(pause=0.001, opening_pause=0.001)
MANY = 130
"""Fills: more than a page of most venues."""
NO_DOCUMENTS = ("null", "7", '"no"', '{"strange": true}', "{}")


def questions(company: Company) -> list[Callable[[], Awaitable[Any]]]:
    venue, account = company.venue, company.account
    return [
        lambda: venue.open_orders(account),
        lambda: venue.order(account, company.ledger.order("C-1")),
        lambda: venue.fills_since(account, START),
        lambda: venue.positions(account),
    ]


async def all_answers(company: Company) -> list[Message]:
    answers = [await question() for question in questions(company)]
    return [message for answer in answers for message in (answer.messages if isinstance(answer, Answer) else answer)]


@every_venue
def test_a_question_ends_in_an_answer_or_an_error_and_no_answer_is_taken_for_an_empty_one(name: str) -> None:
    async def story(company: Company) -> None:
        order = company.request()
        company.truth.fill(order, order.quantity / 2)
        for fault in ("server_error", "too_many_requests", "malformed", "lose_answer"):
            company.faults.change(**{fault: 1.0})
            for question in questions(company):
                with pytest.raises(VenueUnavailable):
                    await question()
        company.faults.heal()
        for document in NO_DOCUMENTS:
            company.server.answers_instead = 200, document
            for question in questions(company):
                with pytest.raises(VenueError):
                    await question()
        company.server.answers_instead = 403, '{"message": "not yours"}'
        for question in questions(company):
            with pytest.raises(VenueRefused):
                await question()

    played(name, story)


@every_venue
def test_only_what_the_venue_does_not_know_is_none(name: str) -> None:
    async def story(company: Company) -> None:
        company.request("C-1")
        company.record_request("C-2")
        assert await company.venue.order(company.account, company.ledger.order("C-1"))
        assert await company.venue.order(company.account, company.ledger.order("C-2")) is None

    played(name, story)


@every_venue
def test_a_message_bears_the_venue_s_times_and_names_and_its_row(name: str) -> None:
    async def story(company: Company) -> None:
        order = company.request()
        company.truth.fill(order, order.quantity / 2)
        answered = await all_answers(company)
        company.ledger.record_many(answered)
        async with company.listening():
            await company.until(lambda: company.ups_and_downs)
            company.truth.fill(order)
            await company.until(lambda: company.ledger.orders(status="filled"))
        heard = [message for told in company.told if isinstance(told, Heard) for message in told.messages]
        for message in (*answered, *heard):
            assert message.account == company.account
            if not isinstance(message, Report):
                continue  # a list of positions may bear no time
            assert message.at is not None and START <= message.at <= company.clock.now(), message
            assert message.evidence is not None and message.client_order_id is None, message
            assert message.venue_order_id == str(order.order_id), message
            assert message.aliases.get(company.kind.alias, order.client_id) == order.client_id, message
            assert (message.instrument, message.side) == (order.instrument, order.side), message
        assert {message.source for message in answered} == {"venue_poll"}
        assert name in POLLED or {message.source for message in heard} == {"venue_push"}

    played(name, story)


@every_venue
def test_the_same_answer_says_the_same_and_is_news_once(name: str) -> None:
    async def story(company: Company) -> None:
        order = company.request()
        company.truth.fill(order, order.quantity / 2)
        for expected in ({"recorded", "duplicate"}, {"duplicate"}):
            told = [message for message in await all_answers(company) if not isinstance(message, Balance)]
            assert {outcome.outcome for outcome in company.ledger.record_many(told)} <= expected

    played(name, story)


@every_venue
def test_every_fill_is_told_oldest_first_with_its_fee(name: str) -> None:
    async def story(company: Company) -> None:
        for _ in range(MANY):
            order = company.place(client_id=company.kind.others_client_id(1))
            company.truth.fill(order, liquidity="taker" if order.order_id % 2 else "maker")
        expected = company.truth.fills(company.there)
        half = expected[MANY // 2].at
        for since, fills in ((START, expected), (half, [fill for fill in expected if fill.at >= half])):
            answer = (await company.venue.fills_since(company.account, since)).messages
            told = [message for message in answer if isinstance(message, Fill)][-len(fills) :]
            assert [(one.venue_order_id, one.quantity) for one in told] == [(str(one.order_id), one.quantity) for one in fills]
            assert len({one.fill_id for one in told}) == len(fills)
            if company.kind.tells_fills:
                assert [(one.price, one.fee, one.liquidity) for one in told] == [
                    (one.price, one.fee, one.liquidity) for one in fills
                ]
                assert {one.fee_currency for one in told} == {company.truth.currency}

    played(name, story)


@every_venue
def test_a_list_names_the_orders_whose_rows_cannot_be_read_and_finds_ours(name: str) -> None:
    async def story(company: Company) -> None:
        odd, plain = company.place(quantity=ODD), company.request("C-1")
        company.server.rewritten = spoiled
        asked_at: list[datetime] = []
        company.overhear(lambda request: asked_at.append(company.clock.now()))
        listing = await company.venue.open_orders(company.account)
        assert listing.at <= asked_at[-1]
        assert listing.venue_order_ids == {str(odd.order_id), str(plain.order_id)}
        company.ledger.record_many(listing.messages)
        assert company.ledger.order("C-1")["venue_order_id"] == str(plain.order_id)  # found by its alias

    played(name, story)


@every_venue
def test_a_position_or_an_order_that_cannot_be_read_is_not_left_out_of_its_answer(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(company: Company) -> None:
        order = company.place(client_id=company.record_request("C-1"), quantity=ODD)
        company.truth.fill(order)
        company.server.rewritten = spoiled
        if company.venue.tells_position_of(order.instrument):
            with pytest.raises(VenueUnavailable):
                await company.venue.positions(company.account)
        with pytest.raises(VenueUnavailable):
            await company.venue.order(company.account, company.ledger.order("C-1"))
        assert not caplog.records  # the error says it

    played(name, story)


@every_venue
def test_a_fill_that_cannot_be_read_is_said_though_nobody_listens(name: str, caplog: pytest.LogCaptureFixture) -> None:
    async def story(company: Company) -> None:
        company.truth.fill(company.place(quantity=ODD))
        company.server.rewritten = spoiled
        assert not any(isinstance(told, Fill) for told in (await company.venue.fills_since(company.account, START)).messages)
        (said,) = caplog.messages
        assert said.startswith(f"a row of an answer about {company.account} cannot be read: ")

    played(name, story)


@every_venue
def test_fills_that_cannot_be_read_are_not_certified_until_they_can_be(name: str) -> None:
    async def reconciled(company: Company) -> list[str]:
        found = await Reconciler(company.ledger, company.venue, company.clock, RULES).run(company.account)
        return [left.id.partition(":")[0] for left in found.certificate.open_breaks]

    async def story(company: Company) -> None:
        for side in ("buy", "sell"):  # no position is left that would tell of them
            company.truth.fill(company.place(side=side, quantity=ODD))
        company.server.rewritten = spoiled
        assert set(await reconciled(company)) == {"unreadable_fill"} | ({"unreadable_order"} if name in POLLED else set())
        company.server.rewritten = str
        assert await reconciled(company) == []
        assert len(company.ledger.trades()) == 2

    played(name, story)


@every_venue
@pytest.mark.parametrize("number", [0, 2], ids=["open_orders", "fills_since"])
def test_what_cannot_be_read_of_an_answer_is_told_once_to_who_listens(
    name: str, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(company: Company) -> None:
        order = company.place(client_id=company.record_request("C-1"), quantity=ODD)
        async with company.listening():
            await company.until(lambda: company.ups_and_downs)
            company.truth.fill(order, order.quantity if number else 1)
            company.server.rewritten = spoiled
            await questions(company)[number]()
            await company.until(lambda: any(told.is_answer for told in company.garbled))
        assert not caplog.records and sum(told.is_answer for told in company.garbled) == 1
        assert {account for told in company.garbled for account in told.accounts} == {company.account}

    played(name, story)


@every_venue
def test_a_row_that_can_never_be_read_is_not_asked_for_without_end(name: str) -> None:
    async def story(company: Company) -> None:
        company.place(quantity=ODD)
        company.server.rewritten = spoiled
        collector = Collector(company.ledger, [company.venue], company.clock, rules=RULES, every=None)
        counters, stop = collector.counters[company.account], asyncio.Event()
        running = asyncio.create_task(collector.run(stop))
        await company.until(lambda: counters.is_up and counters.reconciled)
        await asyncio.sleep(SEVERAL_ROUNDS)
        before = counters.reconciled
        await asyncio.sleep(SEVERAL_ROUNDS)
        stop.set()
        await running
        assert counters.reconciled == before

    played(name, story)


@every_venue
def test_the_positions_that_are_told_are_those_that_are_said_to_be(name: str) -> None:
    async def story(company: Company) -> None:
        order = company.place()
        company.truth.fill(order)
        told = {one.instrument: one for one in await company.venue.positions(company.account)}
        positions = {name for name, one in told.items() if one.average_price is not None}
        is_told = company.venue.tells_position_of(order.instrument)
        assert positions == ({order.instrument} if is_told else set())
        assert not is_told or told[order.instrument].quantity == order.quantity

    played(name, story)


@every_venue
def test_no_secret_is_in_an_error_or_a_log(name: str, caplog: pytest.LogCaptureFixture) -> None:
    async def story(company: Company) -> None:
        secrets = set[str]()
        company.request()

        def refuse(request: web.Request) -> None:
            secrets.update(value.rpartition(" ")[2] for value in request.headers.getall("Authorization", ()))
            company.server.answers_instead = 403, f"I do not like {secrets}"

        company.overhear(refuse)
        said: list[str] = []
        for question in questions(company):
            with pytest.raises(VenueError) as raised:
                await question()
            said.append(str(raised.value))
        async with company.listening():
            await company.until(lambda: len(company.server.requests) > 1 or company.server.connections)
            said += [str(company.venue.fault_of(company.account)), *(str(told) for told in company.told)]
        said += [record.getMessage() for record in caplog.records]
        assert not [text for text in said for secret in secrets if secret in text]

    with caplog.at_level(logging.DEBUG):
        played(name, story)


@pytest.mark.parametrize("voice", VOICES.values(), ids=VOICES)
def test_a_status_that_nobody_knows_is_told_as_it_is_and_ends_nothing(voice: Voice) -> None:
    with Ledger.open("memory://", update_views=False) as ledger:
        told, faults = voice.read(parsed(json.dumps(voice.unknown)), ACCOUNT, NoRecords())
        ledger.record_many(told)
        (order,) = ledger.orders(open_only=True)
    assert not faults and UNKNOWN in {getattr(message, "status", None) for message in told}
    assert "unknown_status" in order["anomalies"]
