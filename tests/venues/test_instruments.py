"""Instruments are defined from the venue's own list, so that the P&L of a collected account has a
currency."""

import asyncio
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from orderledger import InstrumentKind, Ledger, parse_document
from orderledger.infrastructure.clock import SteppingClock
from orderledger.infrastructure.messages.registry import Balance, Fill, Instrument, Message
from orderledger.simulation.hyperliquid.answers import LISTS
from orderledger.testing import VenueHarness
from orderledger.testing.harness import START
from orderledger.venues.base.definitions import DEFINED_AT, Definitions, Terms
from orderledger.venues.base.registry import adapter
from orderledger.venues.base.venue import Messages
from orderledger.venues.collecting.translating import translated
from orderledger.venues.hyperliquid.instruments import (
    perpetual_terms,
    spot_terms,
    terms_by_name,
    tokens_of,
)
from orderledger.venues.lighter.markets import Markets
from orderledger.venues.tradier.positions import terms_of as tradier_terms
from tests.venues.harness import every_venue, played
from tests.venues.hyperliquid import payloads as hyperliquid
from tests.venues.hyperliquid.harness import ACCOUNT as HYPERLIQUID
from tests.venues.hyperliquid.harness import ADDRESS, made_up
from tests.venues.hyperliquid.harness import adapter as hyperliquid_adapter
from tests.venues.lighter import rows as lighter
from tests.venues.tradier import payloads as tradier

CURRENCIES = {
    "ccxt": "USDT",
    "hyperliquid": "USDC",
    "invex": "IRR",
    "lighter": "USDC",
    "nobitex": "IRR",
    "tradier": "USD",
    "wallex": "IRT",
}
LOTS = {
    **dict.fromkeys(("invex", "nobitex", "wallex"), "0.000001"),
    **dict.fromkeys(("hyperliquid", "lighter"), "0.0001"),
    "ccxt": "0.01",
    "tradier": None,
}
TICKS = {
    "ccxt": "0.05",
    "hyperliquid": None,
    "lighter": "0.01",
    "nobitex": "10",
    "invex": "10",
    "wallex": "1",
    "tradier": None,
}


def definitions(harness: VenueHarness) -> list[Instrument]:
    messages = [
        message
        for told in harness.received
        if isinstance(told, Messages)
        for message in told.messages
    ]
    return [message for message in messages if isinstance(message, Instrument)]


@pytest.mark.slow
@every_venue
def test_pnl_of_a_collected_account_has_a_currency_without_a_word_of_the_user(name: str) -> None:
    async def story(harness: VenueHarness) -> None:
        async with harness.collected() as counters:
            await harness.settle(counters)
            harness.exchange.fill(
                harness.place(side="sell")
            )  # at spot, what is received and paid the fee from is the quote
            await harness.until(lambda: harness.ledger.orders(status="filled"))
            await harness.settle(counters)
        (row,) = harness.ledger.pnl()
        assert (row["currency"], row["net_pnl"] is not None) == (CURRENCIES[name], True)
        (known,) = harness.ledger.instruments(instrument=harness.under_test.instruments[0].name)
        assert [None if known[term] is None else str(known[term]) for term in ("lot", "tick")] == [
            LOTS[name],
            TICKS[name],
        ]

    played(name, story)


@every_venue
def test_an_instrument_is_defined_once_and_before_its_first_fill(name: str) -> None:
    async def story(harness: VenueHarness) -> None:
        async with harness.listening():
            await harness.until(lambda: harness.ups_and_downs)
            harness.exchange.fill(harness.place())
            await harness.until(lambda: len(harness.ledger.trades()) == 1)
            harness.exchange.fill(harness.place())
            await harness.until(lambda: len(harness.ledger.trades()) == 2)
        (definition,) = definitions(harness)
        messages = [
            message
            for told in harness.received
            if isinstance(told, Messages)
            for message in told.messages
        ]
        first = next(place for place, message in enumerate(messages) if isinstance(message, Fill))
        assert messages.index(definition) < first
        assert (definition.instrument, definition.at) == (
            harness.under_test.instruments[0].name,
            DEFINED_AT,
        )

    played(name, story)


MOVED = {
    "ccxt": {"kind": "margined", "settlement": "USDT"},
    "hyperliquid": {"kind": "margined", "settlement": "USDC"},
    "invex": {"kind": "spot", "base": "BTC", "quote": "IRR"},
    "lighter": {"kind": "margined", "settlement": "USDC"},
    "nobitex": {"kind": "spot", "base": "BTC", "quote": "IRR"},
    "tradier": {"kind": "security", "quote": "USD"},
    "wallex": {"kind": "spot", "base": "BTC", "quote": "IRT"},
}
"""What a fill of the first simulated instrument of each venue moves."""


@every_venue
def test_a_definition_names_what_a_fill_moves(name: str) -> None:
    async def story(harness: VenueHarness) -> None:
        harness.exchange.fill(harness.request(), harness.under_test.instruments[0].lot)
        messages = (await harness.venue.fills_since(harness.account, START)).messages
        (defined,) = [one for one in messages if isinstance(one, Instrument)]
        named = defined.model_dump(
            include={"kind", "base", "quote", "settlement"}, exclude_none=True
        )
        assert named == MOVED[name]

    played(name, story)


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("hyperliquid", "net"),
        ("lighter", "net"),
        ("wallex", "net"),
        ("invex", "net"),
        ("nobitex", None),
        ("tradier", None),
    ],
)
def test_a_definition_says_that_a_position_is_net_where_the_venue_s_documents_do(
    name: str, mode: str | None
) -> None:
    """Nobitex has margin positions too; Tradier's documents say nothing. An upgrade defines each
    instrument once more."""

    async def story(harness: VenueHarness) -> None:
        order = harness.request()
        harness.exchange.fill(order, harness.under_test.instruments[0].lot)
        told = (await harness.venue.fills_since(harness.account, START)).messages
        (defined,) = [message for message in told if isinstance(message, Instrument)]
        (traded,) = [message for message in told if isinstance(message, Fill)]
        assert (defined.position_mode, traded.position_side, traded.position_id) == (
            mode,
            None,
            None,
        )
        before = Instrument(**defined.model_dump(exclude={"position_mode"}))
        harness.ledger.record(before)
        outcomes = [harness.ledger.record(defined).outcome for _ in range(2)]
        assert outcomes == (["recorded", "duplicate"] if mode else ["duplicate", "duplicate"])

    played(name, story)


def fill(instrument: str = "ETH", account: str = "a") -> Message:
    return parse_document(
        {
            "type": "fill",
            "account": account,
            "venue_order_id": "1",
            "fill_id": "1",
            "instrument": instrument,
            "side": "buy",
            "quantity": "1",
            "price": "2",
            "at": START.isoformat(),
        }
    )


def told(definitions: Definitions, message: Message, terms: Terms | None) -> list[dict[str, Any]]:
    *before, last = definitions.added_to([message], lambda _: terms, lambda: START)
    assert last is message
    return [
        one.model_dump(
            include={"account", "currency", "multiplier", "lot", "at"}, exclude_none=True
        )
        for one in before
    ]


def test_a_definition_is_repeated_only_where_its_terms_have_changed_and_then_says_what_has() -> (
    None
):
    known = Definitions()
    first = Terms(currency="USDC", lot=Decimal("0.1"))
    assert told(known, fill(), first) == [
        {"account": "a", "at": DEFINED_AT, "currency": "USDC", "lot": Decimal("0.1")}
    ]
    assert told(known, fill(), first) == []
    assert told(known, fill(), Terms(currency="USDC", lot=Decimal("0.01"))) == [
        {"account": "a", "at": START, "lot": Decimal("0.01")}
    ]
    assert told(known, fill(account="b"), first) == [
        {"account": "b", "at": DEFINED_AT, "currency": "USDC", "lot": Decimal("0.1")}
    ]
    assert told(known, fill("BTC"), None) == []


def test_what_an_operator_has_said_of_an_instrument_holds() -> None:
    with Ledger.open("memory://", update_views=False) as ledger:
        ledger.record(Instrument(account="a", instrument="ETH", currency="EUR", at=START))
        ledger.record_many(
            Definitions().added_to(
                [fill()], lambda _: Terms(currency="USDC", lot=Decimal(1)), lambda: START
            )
        )
        (row,) = ledger.instruments()
        assert (row["currency"], row["lot"]) == ("EUR", 1)


def test_a_position_is_defined_and_a_currency_is_not() -> None:
    held = {"account": "a", "instrument": "ETH", "quantity": "1", "at": START.isoformat()}
    position = parse_document({"type": "balance", "average_price": "2", **held})
    currency = parse_document({"type": "balance", **held})
    assert isinstance(currency, Balance)
    assert len(told(Definitions(), position, Terms(currency="USDC"))) == 1
    assert told(Definitions(), currency, Terms(currency="USDC")) == []


def test_a_list_of_instruments_that_does_not_come_costs_only_the_terms_and_is_queried_again() -> (
    None
):
    async def story() -> None:
        async with made_up() as server:
            venue = hyperliquid_adapter(server, clock=SteppingClock(START, timedelta(minutes=1)))
            server.exchange.fill(
                server.exchange.place(
                    ADDRESS, instrument="ETH", side="buy", quantity="1", limit_price="2500"
                )
            )
            lists, server.lists = server.lists, {}
            first = (await venue.fills_since(HYPERLIQUID, START - timedelta(days=1))).messages
            server.lists = lists
            second = (await venue.fills_since(HYPERLIQUID, START - timedelta(days=1))).messages
            await venue.aclose()
        terms = [
            (one.currency, one.lot) for one in (*first, *second) if isinstance(one, Instrument)
        ]
        assert terms == [("USDC", None), ("USDC", Decimal("0.0001"))]

    asyncio.run(story())


@pytest.mark.parametrize(
    ("coin", "expected"),
    [
        ("BTC", Terms.margined("USDC", lot=Decimal("0.00001"))),
        ("PURR/USDC", Terms.spot("PURR", "USDC", lot=Decimal(1))),
        ("@107", Terms.spot("HYPE", "USDC", lot=Decimal("0.01"))),
        ("@108", None),
        ("xyz:TSLA", None),
        ("#250", None),
    ],
)
def test_hyperliquid_settles_in_usdc_or_in_the_quote_token(
    coin: str, expected: Terms | None
) -> None:
    tokens = tokens_of(LISTS["spotMeta"])
    listed = {**spot_terms(LISTS["spotMeta"], tokens), **perpetual_terms(LISTS["meta"], "", tokens)}
    terms = listed.get(coin) or terms_by_name(coin)
    assert terms == expected


def test_a_builders_exchange_settles_in_its_own_collateral() -> None:
    meta = {"universe": [{"name": "xyz:TSLA", "szDecimals": 3}], "collateralToken": 150}
    assert perpetual_terms(meta, "xyz", tokens_of(LISTS["spotMeta"])) == {
        "xyz:TSLA": Terms.margined("HYPE", lot=Decimal("0.001"))
    }
    assert perpetual_terms({"universe": [{"name": "xyz:TSLA"}]}, "xyz", {}) == {}


@pytest.mark.parametrize(
    "odd",
    [
        None,
        [],
        {},
        {"universe": 7, "tokens": {}},
        {"universe": [None, {"name": 1}], "tokens": [1, {}]},
    ],
)
def test_a_list_of_instruments_that_cannot_be_read_costs_only_the_terms(odd: Any) -> None:
    assert (tokens_of(odd), spot_terms(odd, {}), perpetual_terms(odd, "", {})) == ({}, {}, {})


def test_lighter_settles_in_usdc_or_in_the_quote_currency() -> None:
    row = {"supported_size_decimals": 4, "supported_price_decimals": 2}
    details = [
        {"market_id": 0, "symbol": "ETH", **row},
        {"market_id": 2048, "symbol": "ETH/USDT"},
        {"market_id": 9000, "symbol": "Y"},
    ]
    markets = Markets.of({"order_book_details": details})
    assert markets.terms_of("ETH") == Terms.margined(
        "USDC", tick=Decimal("0.01"), lot=Decimal("0.0001")
    )
    assert markets.terms_of("ETH/USDT") == Terms.spot("ETH", "USDT")
    assert (markets.terms_of("Y"), markets.terms_of("lighter:market:7")) == (
        None,
        Terms.margined("USDC"),
    )


def test_tradier_settles_in_dollars_and_a_standard_option_is_on_a_hundred_shares() -> None:
    assert tradier_terms("BRK.B") == Terms.paid(InstrumentKind.SECURITY, "USD")
    assert tradier_terms("SPY261218C00500000") == Terms.paid(
        InstrumentKind.OPTION, "USD", multiplier=Decimal(100)
    )
    assert tradier_terms("SPY1261218C00500000") is None


def test_replayed_recordings_define_their_instruments_too() -> None:
    fill, details = (
        hyperliquid.fill(),
        [{"market_id": 0, "symbol": "ETH", "supported_size_decimals": 4}],
    )
    trades = {"trades": {"0": [lighter.trade()]}}
    assert replayed("hyperliquid", "", [fill], [fill]) == [("ETH", "USDC", None)]
    assert replayed("hyperliquid", "", LISTS["spotMeta"], LISTS["meta"], [fill]) == [
        ("ETH", "USDC", "0.0001")
    ]
    assert replayed("hyperliquid", "", LISTS["spotMeta"], [{**fill, "coin": "@107"}]) == [
        ("@107", "USDC", "0.01")
    ]
    assert replayed(
        "lighter", "1234", {"code": 200, "order_book_details": details}, trades, trades
    ) == [("ETH", "USDC", "0.0001")]
    assert replayed("tradier", "", tradier.orders(tradier.filled_row(4, "500.2"))) == [
        ("SPY", "USD", None)
    ]


def replayed(venue: str, number: str, *payloads: Any) -> list[tuple[str, str, str | None]]:
    """The definitions of these payloads: instrument, currency and lot."""
    recording = adapter(venue).recording(f"{venue}:main", number, None)
    lines = [json.dumps(payload, default=str).encode() + b"\n" for payload in payloads]
    messages = [json.loads(line) for told in translated(recording, lines) for line in told.lines]
    found = [message for message in messages if message["type"] == "instrument"]
    assert [message["at"] for message in found] == ["1970-01-01T00:00:00Z"]
    return [(message["instrument"], message["currency"], message.get("lot")) for message in found]
