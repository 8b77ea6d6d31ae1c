"""Rules of the protocol `Venue` for queries, tried with an adapter and its simulated server."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from orderledger import Balance, Fill, Message
from orderledger.extend.messages import Report
from orderledger.testing.harness import START, VenueHarness, played
from orderledger.testing.venue import VenueUnderTest
from orderledger.venues.base.venue import Answer, Messages
from orderledger.venues.errors import VenueError, VenueRefused, VenueUnavailable

MANY = 130
"""Fills: more than a page of most venues."""
NO_DOCUMENTS = ("null", "7", '"no"', '{"strange": true}', "{}")


def questions(harness: VenueHarness) -> list[Callable[[], Awaitable[Any]]]:
    venue, account = harness.venue, harness.account
    return [
        lambda: venue.open_orders(account),
        lambda: venue.order(account, harness.ledger.order("C-1")),
        lambda: venue.fills_since(account, START),
        lambda: venue.positions(account),
    ]


async def all_answers(harness: VenueHarness) -> list[Message]:
    answers = [await question() for question in questions(harness)]
    return [
        message
        for answer in answers
        for message in (answer.messages if isinstance(answer, Answer) else answer)
    ]


class RulesOfAsking:
    """Rules of the queries of a venue. A class of tests derives from it and has a fixture
    `under_test`, a `VenueUnderTest`.
    """

    @pytest.mark.slow
    def test_a_question_ends_in_an_answer_or_an_error_and_no_answer_is_taken_for_an_empty_one(
        self, under_test: VenueUnderTest
    ) -> None:
        async def story(harness: VenueHarness) -> None:
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

        played(under_test, story)

    def test_only_what_the_venue_does_not_know_is_none(self, under_test: VenueUnderTest) -> None:
        async def story(harness: VenueHarness) -> None:
            harness.request("C-1")
            harness.record_request("C-2")
            assert await harness.venue.order(harness.account, harness.ledger.order("C-1"))
            assert await harness.venue.order(harness.account, harness.ledger.order("C-2")) is None

        played(under_test, story)

    def test_a_message_bears_the_venue_s_times_and_names_and_its_row(
        self, under_test: VenueUnderTest
    ) -> None:
        async def story(harness: VenueHarness) -> None:
            order = harness.request()
            harness.exchange.fill(order, order.quantity / 2)
            answered = await all_answers(harness)
            harness.ledger.record_many(answered)
            async with harness.listening():
                await harness.until(lambda: harness.ups_and_downs)
                harness.exchange.fill(order)
                await harness.until(lambda: harness.ledger.orders(status="filled"))
            delivered = [
                message
                for reported in harness.received
                if isinstance(reported, Messages)
                for message in reported.messages
            ]
            for message in (*answered, *delivered):
                assert message.account == harness.account
                if not isinstance(message, Report):
                    continue  # a list of positions may bear no time
                assert message.at is not None and START <= message.at <= harness.clock.now(), (
                    message
                )
                assert message.evidence is not None and message.client_order_id is None, message
                assert message.venue_order_id == harness.under_test.venue_id(order), message
                assert (
                    message.aliases.get(harness.under_test.alias, order.client_id)
                    == order.client_id
                ), message
                assert (message.instrument, message.side) == (order.instrument, order.side), message
            assert {message.source for message in answered} == {"venue_poll"}
            assert under_test.is_polled or {message.source for message in delivered} == {
                "venue_push"
            }

        played(under_test, story)

    def test_the_same_answer_says_the_same_and_is_news_once(
        self, under_test: VenueUnderTest
    ) -> None:
        async def story(harness: VenueHarness) -> None:
            order = harness.request()
            harness.exchange.fill(order, order.quantity / 2)
            for expected in ({"recorded", "duplicate"}, {"duplicate"}):
                reported = [
                    message
                    for message in await all_answers(harness)
                    if not isinstance(message, Balance)
                ]
                assert {
                    outcome.outcome for outcome in harness.ledger.record_many(reported)
                } <= expected

        played(under_test, story)

    @pytest.mark.slow
    def test_every_fill_is_reported_oldest_first_with_its_fee(
        self, under_test: VenueUnderTest
    ) -> None:
        async def story(harness: VenueHarness) -> None:
            for _ in range(MANY):
                order = harness.place(client_id=harness.under_test.others_client_id(1))
                harness.exchange.fill(order, liquidity="taker" if order.order_id % 2 else "maker")
            expected = harness.exchange.fills(harness.there)
            half, venue_id = expected[MANY // 2].at, harness.under_test.venue_id
            for since, fills in (
                (START, expected),
                (half, [fill for fill in expected if fill.at >= half]),
            ):
                answer = (await harness.venue.fills_since(harness.account, since)).messages
                reported = [message for message in answer if isinstance(message, Fill)][
                    -len(fills) :
                ]
                assert [(one.venue_order_id, one.quantity) for one in reported] == [
                    (venue_id(one), one.quantity) for one in fills
                ]
                assert len({one.fill_id for one in reported}) == len(fills)
                if harness.under_test.reports_fills:
                    assert [(one.price, one.fee, one.fee_currency) for one in reported] == [
                        (one.price, one.fee, one.fee_currency) for one in fills
                    ]
                if harness.under_test.reports_fills and harness.under_test.reports_liquidity:
                    assert [one.liquidity for one in reported] == [one.liquidity for one in fills]

        played(under_test, story)

    def test_positions_are_reported_for_the_instruments_that_have_them(
        self, under_test: VenueUnderTest
    ) -> None:
        async def story(harness: VenueHarness) -> None:
            order = harness.place()
            harness.exchange.fill(order)
            reported = {
                one.instrument: one for one in await harness.venue.positions(harness.account)
            }
            positions = {name for name, one in reported.items() if one.average_price is not None}
            is_reported = harness.venue.reports_position(order.instrument)
            assert positions == ({order.instrument} if is_reported else set())
            assert not is_reported or reported[order.instrument].quantity == order.quantity

        played(under_test, story)

    def test_no_secret_is_in_an_error_or_a_log(
        self, under_test: VenueUnderTest, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def story(harness: VenueHarness) -> None:
            secrets = set[str]()
            harness.request()

            def refuse(request: web.Request) -> None:
                secrets.update(
                    value.rpartition(" ")[2]
                    for value in request.headers.getall("Authorization", ())
                )
                harness.server.answers_instead = 403, f"I do not like {secrets}"

            harness.overhear(refuse)
            logged: list[str] = []
            for question in questions(harness):
                with pytest.raises(VenueError) as raised:
                    await question()
                logged.append(str(raised.value))
            async with harness.listening():
                await harness.until(
                    lambda: len(harness.server.requests) > 1 or harness.server.connections
                )
                logged += [
                    str(harness.venue.error_for(harness.account)),
                    *(str(reported) for reported in harness.received),
                ]
            logged += [record.getMessage() for record in caplog.records]
            assert not [text for text in logged for secret in secrets if secret in text]

        with caplog.at_level(logging.DEBUG):
            played(under_test, story)
