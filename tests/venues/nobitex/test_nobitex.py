"""What is Nobitex's own: samples, words, refusals, limits, client ids that are used again."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orderledger.infrastructure.messages.registry import Fill, Message, Report
from orderledger.testing import VenueHarness
from orderledger.testing.harness import START
from orderledger.venues import VenueRefused, VenueUnavailable
from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.transport import parsed
from orderledger.venues.nobitex.adapter import NOBITEX
from orderledger.venues.polled.order_rows import RowContext
from orderledger.venues.polled.reader import Reader
from orderledger.venues.polled.recording import RowRecording
from tests.venues.harness import played
from tests.venues.nobitex.payloads import (
    CLIENT_ID,
    OPTIONS,
    WALLET,
    order,
    orders,
    trade,
    trades,
    wallets,
)
from tests.worlds.venues import ROOMY

READER = Reader(NOBITEX)

MADE_AT = datetime(2026, 5, 4, 10, 0, 0, 100_000, tzinfo=UTC)
FILLED_AT = datetime(2026, 5, 4, 10, 0, 2, 500_000, tzinfo=UTC)
ENDED_AT = datetime(2026, 5, 4, 11, tzinfo=UTC)
CANCEL = "/market/orders/update-status"
ORDERS, ORDER, TRADES = "/market/orders/list", "/market/orders/status", "/market/trades/list"


def told(*documents: Any) -> list[Message]:
    """The messages of recorded payloads, one after the other."""
    recording = RowRecording("nobitex:main", NOBITEX)
    translations = [recording.read(parsed(json.dumps(document))) for document in documents]
    assert [fault for one in translations for fault in one.faults] == []
    return [message for one in translations for message in one.messages]


def one(document: Any) -> Any:
    (message,) = told(document)
    return message


SAMPLES: dict[str, list[tuple[str, str | None]]] = {
    "add_failed_duplicate_client_id": [],
    "add_limit_ok": [("acknowledged", "new")],
    "add_oco_ok": [("acknowledged", "new"), ("acknowledged", "new")],
    "cancel_ok_partially_filled": [("canceled", "canceled")],
    "list_details2": [("canceled", "canceled")],
    "status_market_price_word": [("status_observed", "pending_new")],
    "status_partial": [("acknowledged", "partially_filled")],
    "too_many_requests": [],
    "trades_list": [("fill", None)],
    "ws_push_order_canceled": [("canceled", "canceled")],
    "ws_push_order_fill": [("acknowledged", "partially_filled")],
}


@pytest.mark.shared
def test_every_sample_is_told(shared: Path) -> None:
    for path in sorted((shared / "venues/samples/nobitex").iterdir()):
        translation = RowRecording("nobitex:main", NOBITEX).read(parsed(path.read_text()))
        claims = [
            (message.type, getattr(message, "reported", None)) for message in translation.messages
        ]
        assert [(kind, said and said.status) for kind, said in claims] == SAMPLES[path.stem], (
            path.stem
        )
        assert not translation.faults


@pytest.mark.parametrize(
    ("word", "kind", "status", "reason"),
    [
        ("New", "status_observed", "pending_new", None),
        ("Active", "acknowledged", "partially_filled", None),
        ("Inactive", "acknowledged", "partially_filled", "Inactive"),
        ("Done", "status_observed", "filled", None),
        ("Canceled", "canceled", "canceled", None),
        ("Rejected", "rejected", "rejected", None),
        ("Frozen", "status_observed", None, None),
    ],
)
def test_every_status_word(word: str, kind: str, status: str | None, reason: str | None) -> None:
    message = one(orders(order(status=word)))
    assert (message.type, message.reported.status, message.reason) == (kind, status, reason)
    assert getattr(message, "status", None) == {"status_observed": status or word}.get(kind)


def test_an_order_says_its_terms_and_its_names_for_people_are_not_read() -> None:
    message = one(
        orders(order(srcCurrency="Something", execution="stop_limit", param1="51000000000"))
    )
    assert (message.instrument, message.side, message.venue_order_id) == ("BTC/IRR", "buy", "70001")
    assert message.aliases == {"nobitex.clientOrderId": CLIENT_ID}
    claims = message.reported
    assert (claims.quantity, claims.cum_quantity) == (Decimal("0.002"), Decimal("0.0005"))
    assert (claims.order_type, claims.limit_price, claims.stop_price) == (
        "stop_limit",
        52_000_000_000,
        51_000_000_000,
    )
    assert claims.average_price == 52_000_000_000


def test_the_price_of_a_market_order_is_a_word_and_nothing_is_written_with_an_exponent() -> None:
    message = one(
        orders(
            order(
                execution="Market",
                price="market",
                matchedAmount="0E-10",
                averagePrice="0E-10",
                status="New",
            )
        )
    )
    claims = message.reported
    assert (claims.order_type, claims.limit_price, claims.average_price, claims.cum_quantity) == (
        "market",
        None,
        None,
        0,
    )


def test_the_second_order_of_an_oco_has_no_client_id_and_names_the_first() -> None:
    message = one(orders(order(clientOrderId=None, pairId=70000)))
    assert (message.aliases, message.text) == (
        {},
        "one of two orders, with 70000: where one ends, so does the other",
    )


@pytest.mark.parametrize(
    ("side", "market", "currency"),
    [("buy", "BTC-RLS", "BTC"), ("sell", "BTC-RLS", "IRR"), ("sell", "BTC-USDT", "USDT")],
)
def test_a_fee_is_paid_in_what_is_received(side: str, market: str, currency: str) -> None:
    fill = one(trades(trade(type=side, market=market)))
    assert (fill.fill_id, fill.venue_order_id, fill.side) == ("810001", "70001", side)
    assert (fill.fee, fill.fee_currency, fill.at) == (Decimal("0.00000125"), currency, FILLED_AT)
    assert fill.sequence == 810001


def test_a_fee_that_cannot_be_read_never_costs_the_fill() -> None:
    fill = one(trades(trade(fee="much")))
    assert (fill.quantity, fill.fee, fill.text) == (Decimal("0.0005"), None, "cannot be read: fee")


def test_a_market_that_is_not_in_the_table_keeps_its_symbol_and_its_codes() -> None:
    fill = one(trades(trade(market="NEW-RLS", type="sell")))
    assert (fill.instrument, fill.fee_currency) == ("nobitex:NEW-RLS", "IRR")
    odd = one(trades(trade(market="Bitcoin-\ufdfc")))
    assert (odd.instrument, odd.fee_currency) == ("nobitex:Bitcoin-\ufdfc", None)


def test_an_order_stands_as_shown_since_its_last_fill() -> None:
    """Its row only says when it was made."""
    first = trade()
    second, third = (
        trade(id=810000 + number, timestamp=f"2026-05-04T10:00:0{number + 1}Z") for number in (2, 3)
    )
    *_, before = told(orders(order()))
    assert before.at == MADE_AT  # nothing is known of its fills
    *_, between = told(trades(third, first, second), orders(order(matchedAmount="0.001")))
    assert between.at == datetime(2026, 5, 4, 10, 0, 3, tzinfo=UTC)


def test_an_end_is_dated_when_it_is_seen_and_never_before_the_last_fill() -> None:
    row = order(status="Canceled")
    (message,) = READER.translated(
        orders(row),
        RowContext(account="a", first_seen_at=lambda name, is_end: ENDED_AT if is_end else None),
    ).messages
    assert message.at == ENDED_AT
    *_, late = told(trades(trade(timestamp="2026-05-04T12:00:00+00:00")), orders(row))
    assert late.at == datetime(2026, 5, 4, 12, tzinfo=UTC)


def test_balances_are_currencies_and_the_rial_has_the_ledger_s_code() -> None:
    first, second = told(wallets(WALLET, {**WALLET, "currency": "rls", "balance": "-5"}))
    assert [(held.currency, held.amount, held.average_price) for held in (first, second)] == [  # type: ignore[attr-defined]
        ("BTC", Decimal("10.26"), None),
        ("IRR", -5, None),
    ]


def test_terms_come_from_the_list_and_a_quote_that_is_not_known_has_none() -> None:
    assert READER.terms(OPTIONS) == {
        "BTC/IRR": Terms.spot("BTC", "IRR", tick=Decimal(10), lot=Decimal("0.000001")),
        "nobitex:NEW-RLS": Terms.spot("NEW", "IRR", tick=Decimal(1), lot=Decimal("0.1")),
    }


def test_a_frame_of_the_websocket_says_when_and_leaves_the_fill_to_its_trade() -> None:
    codes = {"srcCurrency": "btc", "dstCurrency": "rls"}
    row = {
        "orderId": 70001,
        "side": "Buy",
        **codes,
        "amount": "0.002",
        "status": "Canceled",
        "tradeId": 1,
        "eventTime": 1777888900000,
    }
    frame = {"push": {"channel": "private:orders#P", "pub": {"data": json.dumps(row)}}}
    message = one(frame)
    assert (message.type, message.source, message.instrument) == (
        "canceled",
        "venue_push",
        "BTC/IRR",
    )
    assert (message.at, message.evidence) == (datetime(2026, 5, 4, 10, 1, 40, tzinfo=UTC), frame)
    traded = one(
        {"push": {"channel": "private:trades#P", "pub": {"data": json.dumps(trade(**codes))}}}
    )
    assert (traded.fill_id, traded.fee_currency, traded.source) == ("810001", "BTC", "venue_push")


# The venue, against its simulation


@pytest.mark.parametrize(("status", "error"), [("failed", VenueRefused), (None, VenueUnavailable)])
def test_a_200_that_is_a_refusal_is_one(status: str | None, error: type[Exception]) -> None:
    async def story(harness: VenueHarness) -> None:
        document = {
            "code": "FeatureUnavailable",
            "message": "no",
            **({"status": status} if status else {}),
        }
        harness.server.answers_instead = 200, json.dumps(document)
        with pytest.raises(error):
            await harness.venue.open_orders(harness.account)

    played("nobitex", story)


def test_too_many_requests_are_waited_out_for_as_long_as_the_venue_says() -> None:
    async def story(harness: VenueHarness) -> None:
        waits: list[float] = []

        async def sleep(seconds: float) -> None:
            waits.append(seconds)
            harness.server.answers_instead = None

        harness.venue._http._sleep = sleep  # type: ignore[attr-defined]
        said = {
            "status": "failed",
            "code": "TooManyRequests",
            "message": "Too many requests",
            "backOff": 12,
            "limit": 60,
        }
        harness.server.answers_instead = 429, json.dumps(said)
        assert (await harness.venue.open_orders(harness.account)).venue_order_ids == frozenset()
        assert len(waits) == 1 and 12 <= waits[0] < 13

    played("nobitex", story)


def test_a_wrong_token_is_refused_and_is_said() -> None:
    async def story(harness: VenueHarness) -> None:
        harness.server.key = "another"  # type: ignore[attr-defined]
        with pytest.raises(VenueRefused) as raised:
            await harness.venue.open_orders(harness.account)
        assert raised.value.status == 401

    played("nobitex", story)


def test_an_ended_order_is_found_by_its_client_id_which_the_venue_searches_only_among_others() -> (
    None
):
    async def story(harness: VenueHarness) -> None:
        ours = harness.request("C-1")
        harness.exchange.fill(ours)
        harness.place(client_id="C-1", side="sell")  # used again, by somebody who may
        known = harness.ledger.order("C-1")
        assert known["venue_order_ids"] == []
        harness.exchange.cancel(harness.exchange.orders(harness.there)[-1])
        answer = await harness.venue.order(harness.account, known)
        assert answer is not None
        harness.ledger.record_many(answer)
        by_id = await harness.venue.order(
            harness.account, {**known, "venue_order_ids": [str(ours.order_id)]}
        )
        assert by_id is not None
        assert {message.venue_order_id for message in by_id if isinstance(message, Report)} == {
            str(ours.order_id)
        }
        assert [message.fill_id for message in by_id if isinstance(message, Fill)] == ["810001"]

    played("nobitex", story)


def test_trades_are_listed_for_three_days_and_no_certificate_covers_more() -> None:
    async def story(harness: VenueHarness) -> None:
        answer = await harness.venue.fills_since(harness.account, START - timedelta(days=10))
        assert answer.begins_at is not None
        assert (
            timedelta(0)
            <= harness.clock.now() - timedelta(days=3) - answer.begins_at
            < timedelta(seconds=1)
        )
        assert (
            await harness.venue.fills_since(harness.account, START - timedelta(days=1))
        ).begins_at is None

    played("nobitex", story)


def test_an_order_that_came_and_went_between_two_polls_is_told() -> None:
    async def story(harness: VenueHarness) -> None:
        async with harness.listening():
            await harness.until(lambda: harness.ups_and_downs)
            harness.exchange.cancel(harness.place(client_id="short"))
            await harness.until(lambda: harness.ledger.orders(status="canceled"))

    played("nobitex", story)


def test_an_old_order_that_is_listed_no_more_is_queried_by_itself() -> None:
    """It is too old for the list of new orders, and not among the open ones."""

    async def story(harness: VenueHarness) -> None:
        order = harness.place()
        harness.clock.set(harness.clock.now() + timedelta(hours=1))
        async with harness.listening():
            await harness.until(lambda: harness.ledger.orders(status="new"))
            harness.exchange.cancel(order)
            await harness.until(lambda: harness.ledger.orders(status="canceled"))
        assert harness.server.requests[ORDER] == 1  # what has ended is not queried again

    played("nobitex", story)


def test_lists_are_read_to_their_end_and_an_old_open_order_is_on_the_last_page() -> None:
    async def story(harness: VenueHarness) -> None:
        oldest = harness.place()
        harness.clock.set(harness.clock.now() + timedelta(days=9))
        others = [harness.place() for _ in range(60)]
        listing = await harness.venue.open_orders(harness.account)
        assert listing.venue_order_ids == {str(order.order_id) for order in (oldest, *others)}
        assert harness.server.requests[ORDERS] > 4

    played("nobitex", story)


def test_the_limits_of_the_venue_hold() -> None:
    """Queries of a path wait for each other, and those of another path do not."""

    async def story(harness: VenueHarness) -> None:
        pacing = harness.venue._http.pacing  # type: ignore[attr-defined]
        limiters = pacing.limits
        per_minute = {
            ORDERS: 30,
            TRADES: 30,
            ORDER: 300,
            "/users/wallets/list": 10,
            "/v2/options": 5,
            CANCEL: 90,
            "/v3/orderbook/{symbol}": 300,
        }
        assert {path: limiter.weight // ROOMY for path, limiter in limiters.items()} == per_minute
        spent = limiters[ORDERS].used
        await harness.venue.open_orders(harness.account)
        assert limiters[ORDERS].used == spent + harness.server.requests[ORDERS]

    played("nobitex", story)
