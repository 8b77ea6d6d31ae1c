"""The questions of a reconciliation."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.infrastructure.messages.registry import Message
from orderledger.venues import VenueUnavailable
from orderledger.venues.base.transport import Http, RateLimiter
from orderledger.venues.base.venue import Venue
from orderledger.venues.hyperliquid.answers import begin_of
from orderledger.venues.hyperliquid.endpoints import HyperliquidEndpoints
from orderledger.venues.hyperliquid.limits import HyperliquidLimits
from orderledger.venues.hyperliquid.rows import milliseconds
from orderledger.venues.hyperliquid.venue import Hyperliquid
from orderledger.venues.hyperliquid.vocabulary import CLOID, cloid_for
from tests.typed import fields
from tests.venues.hyperliquid.harness import (
    ACCOUNT,
    ADDRESS,
    START,
    TERMS,
    adapter,
    made_up,
)
from tests.venues.hyperliquid.harness import (
    CLOID as COMMON_CLOID,
)


def types(messages: Sequence[Message] | None) -> list[str]:
    assert messages is not None
    return [message.type for message in messages]


def asked(story: Any, **options: Any) -> None:
    """A made-up venue, and an adapter that does not listen."""

    async def run() -> None:
        async with made_up(weight=100_000, **options) as server:
            venue = adapter(
                server, exchanges=("xyz",), limits=HyperliquidLimits(weight_per_minute=100_000)
            )
            try:
                await story(server, venue)
            finally:
                await venue.aclose()

    asyncio.run(run())


def test_fills_come_page_by_page_with_the_overlap_left_out() -> None:
    async def story() -> None:
        async with made_up(rows_per_page=3) as server:
            server.exchange.clock = Standing(server.exchange.clock)
            order = server.exchange.place(ADDRESS, **{**TERMS, "quantity": "1000"})
            for number in range(14):
                server.exchange.clock.stands = number % 2 == 1
                server.exchange.fill(order, 1)
            rate_limiter = RateLimiter(100_000)
            http = Http(server.http_url)
            rows = await HyperliquidEndpoints(http, rate_limiter, fills_per_page=3).fills(
                ADDRESS, START
            )
            assert [row["tid"] for row in rows] == list(range(1, 15))
            await http.aclose()

    asyncio.run(story())


class Standing:
    """A clock that can be stopped."""

    def __init__(self, clock: Any) -> None:
        self.stands = False
        self._clock = clock
        self._now = clock.now()

    def now(self) -> Any:
        if not self.stands:
            self._now = self._clock.now()
        return self._now


def test_fills_and_fundings_are_told_with_the_oldest_first() -> None:
    async def story(server: Any, venue: Hyperliquid) -> None:
        order = server.exchange.place(ADDRESS, **TERMS)
        server.exchange.fill(order, "0.5")
        server.exchange.fund(ADDRESS, "ETH", "0.25")
        second = server.exchange.fill(order, "0.7")
        assert types((await venue.fills_since(ACCOUNT, START)).messages) == [
            "instrument",
            "fill",
            "funding",
            "fill",
        ]
        assert types((await venue.fills_since(ACCOUNT, second.at)).messages) == [
            "instrument",
            "fill",
        ]
        with Ledger.open("memory://") as ledger:
            for expected in ("recorded", "duplicate"):
                outcomes = ledger.record_many((await venue.fills_since(ACCOUNT, START)).messages)
                assert {outcome.outcome for outcome in outcomes} == {expected}

    asked(story)


def test_a_listing_names_all_open_orders_with_children_and_other_exchanges() -> None:
    async def story(server: Any, venue: Hyperliquid) -> None:
        parent = server.exchange.place(ADDRESS, **TERMS)
        server.exchange.place(
            ADDRESS,
            **{**TERMS, "side": "sell"},
            stop_price="2400",
            order_type="stop_limit",
            parent_id=parent.order_id,
        )
        server.exchange.place(ADDRESS, **{**TERMS, "instrument": "xyz:TSLA"})
        listing = await venue.open_orders(ACCOUNT)
        assert types(listing.messages) == ["acknowledged", "status_observed", "acknowledged"]
        assert fields(listing.messages, "instrument") == ["ETH", "ETH", "xyz:TSLA"]
        assert listing.venue_order_ids == {str(parent.order_id + number) for number in range(3)}
        assert {str(message.source) for message in listing.messages} == {"venue_poll"}

    asked(story)


def test_a_second_reconciliation_is_no_news() -> None:
    async def story() -> None:
        async with made_up() as server:
            ledger = Ledger.open("memory://")
            venue = adapter(server, ledger, clock=server.exchange.clock)
            order = server.exchange.place(ADDRESS, client_id=COMMON_CLOID, **TERMS)
            server.exchange.fill(order, "0.5")
            server.exchange.fill(
                server.exchange.modify(order, limit_price="2510", with_new_id=True), "0.1"
            )
            wanted = ("partially_filled", Decimal("1.2"), ["unknown_order"])
            for expected in ({"recorded", "duplicate"}, {"duplicate"}, {"duplicate"}):
                messages = [
                    *(await venue.fills_since(ACCOUNT, START)).messages,
                    *(await venue.open_orders(ACCOUNT)).messages,
                ]
                outcomes = [*ledger.record_many(messages)]
                (found,) = ledger.orders()
                outcomes += ledger.record_many(await venue.order(ACCOUNT, found) or ())
                assert {outcome.outcome for outcome in outcomes} <= expected
                (found,) = ledger.orders()
                assert (found["status"], found["quantity"], found["anomalies"]) == wanted
            await venue.aclose()
            ledger.close()

    asyncio.run(story())


def test_a_listing_with_an_order_whose_id_cannot_be_read_is_no_listing() -> None:
    async def story(server: Any, venue: Hyperliquid) -> None:
        order = server.exchange.place(ADDRESS, **TERMS)
        server.spoiled[order.order_id] = {"side": "X"}
        listing = await venue.open_orders(ACCOUNT)
        assert (list(listing.messages), list(listing.venue_order_ids)) == (
            [],
            [str(order.order_id)],
        )
        server.spoiled[order.order_id] = {"oid": None}
        with pytest.raises(VenueUnavailable, match="readable id"):
            await venue.open_orders(ACCOUNT)

    asked(story)


def row_of(**fields: Any) -> dict[str, Any]:
    return {"client_order_id": None, "aliases": {}, "venue_order_ids": [], **fields}


def test_an_order_is_asked_for_by_client_id_alias_and_every_id() -> None:
    async def story(server: Any, venue: Hyperliquid) -> None:
        order = server.exchange.place(ADDRESS, client_id=cloid_for("C-1"), **TERMS)
        for row in (
            row_of(client_order_id="C-1"),
            row_of(aliases={CLOID: cloid_for("C-1")}),
            row_of(venue_order_ids=[str(order.order_id)]),
            row_of(client_order_id="C-2", venue_order_ids=["1", str(order.order_id)]),
        ):
            assert types(await venue.order(ACCOUNT, row)) == ["status_observed", "acknowledged"]
        assert (
            await venue.order(ACCOUNT, row_of(client_order_id="C-2", venue_order_ids=["1"])) is None
        )
        server.exchange.cancel(order)
        assert types(await venue.order(ACCOUNT, row_of(client_order_id="C-1"))) == ["canceled"]

    asked(story)


def test_what_no_order_made_is_nothing_to_ask_for() -> None:
    """The venue refuses a name that is neither an id nor a cloid."""

    async def story(server: Any, venue: Hyperliquid) -> None:
        assert (
            await venue.order(ACCOUNT, row_of(venue_order_ids=["none:1790000008000-@1-0-A-0"]))
            is None
        )
        assert server.requests["orderStatus"] == 0

    asked(story)


@pytest.mark.parametrize("cloid", ["\N{SUPERSCRIPT TWO}", "\N{ARABIC-INDIC DIGIT THREE}"])
def test_a_cloid_of_other_digits_than_0_to_9_is_no_order_id(cloid: str) -> None:
    async def story(server: Any, venue: Hyperliquid) -> None:
        assert await venue.order(ACCOUNT, row_of(aliases={CLOID: cloid})) is None

    asked(story)


def test_a_modified_order_is_found_with_its_new_leg() -> None:
    async def story(server: Any, venue: Hyperliquid) -> None:
        order = server.exchange.place(ADDRESS, client_id=COMMON_CLOID, **TERMS)
        server.exchange.fill(order, "0.5")
        server.exchange.modify(order, limit_price="2510", with_new_id=True)
        row = row_of(aliases={CLOID: COMMON_CLOID}, venue_order_ids=[str(order.order_id)])
        told = await venue.order(ACCOUNT, row)
        assert types(told) == ["acknowledged", "status_observed", "replaced"]
        assert told is not None and told[2].quantity == Decimal("1.2")  # type: ignore[attr-defined]

    asked(story)


def test_as_many_fills_as_the_venue_keeps_may_have_had_others_before_them() -> None:
    rows = [{"time": milliseconds(START) + number} for number in range(500, 10_500)]
    assert begin_of(rows, START) == START + timedelta(milliseconds=500)
    assert (begin_of(rows[1:], START), begin_of(rows, START + timedelta(seconds=1))) == (None, None)


def test_positions_are_what_is_not_flat() -> None:
    async def story(server: Any, venue: Hyperliquid) -> None:
        server.exchange.fill(server.exchange.place(ADDRESS, **TERMS))
        server.exchange.fill(
            server.exchange.place(ADDRESS, **{**TERMS, "side": "sell", "instrument": "BTC"})
        )
        told = {
            balance.instrument: (balance.quantity, balance.average_price)
            for balance in await venue.positions(ACCOUNT)
        }
        assert told == {
            "ETH": (Decimal("1.2"), Decimal("2500.5")),
            "BTC": (Decimal("-1.2"), Decimal("2500.5")),
        }

    asked(story)


def test_spot_tokens_are_balances_and_a_collateral_has_a_name_of_its_own() -> None:
    async def story(server: Any, venue: Hyperliquid) -> None:
        server.exchange.fill(server.exchange.place(ADDRESS, **{**TERMS, "instrument": "HYPE"}))
        tokens = {"USDC": "14.625485", "HYPE": "3.5", "PURR": "0.0"}
        server.spot_balances[ADDRESS] = [
            {"coin": coin, "token": 1, "hold": "0.0", "total": total}
            for coin, total in tokens.items()
        ]
        balances = await venue.positions(ACCOUNT)
        told = {
            balance.instrument: (balance.quantity, balance.average_price)
            for balance in balances
            if balance.currency is None
        }
        assert told == {
            "HYPE": (Decimal("1.2"), Decimal("2500.5")),
            "USDC.spot": (Decimal("14.625485"), None),
        }
        wallet = {one.currency: one.amount for one in balances if one.currency is not None}
        assert wallet == {"HYPE": Decimal("3.5")}
        assert venue.reports_position("HYPE.spot")

    asked(story)


def test_it_is_a_venue_as_the_ledger_asks_for_one() -> None:
    venue: Venue = Hyperliquid({ACCOUNT: ADDRESS})
    assert (venue.name, list(venue.accounts), venue.abilities.has_fill_ids) == (
        "hyperliquid",
        [ACCOUNT],
        True,
    )


@pytest.mark.parametrize("address", ["", "0x12", "aa" * 21, "0x" + "zz" * 20])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        Hyperliquid({"hyperliquid:x": address})


def test_addresses_compare_in_lower_case() -> None:
    with pytest.raises(ValueError, match="same address"):
        Hyperliquid({"a": ADDRESS, "b": ADDRESS.upper().replace("X", "x")})
