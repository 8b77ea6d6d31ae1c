"""Accounts that are looked at in turn, the budget of weight, and the questions of a reconciliation."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.infrastructure.errors import VenueUnavailable
from orderledger.infrastructure.venues.fake import Faults
from orderledger.infrastructure.venues.hyperliquid.limits import Limits
from orderledger.infrastructure.venues.hyperliquid.questions import Questions
from orderledger.infrastructure.venues.hyperliquid.venue import Hyperliquid
from orderledger.infrastructure.venues.hyperliquid.words import CLOID, cloid_for
from orderledger.infrastructure.venues.transport import Budget, Http
from orderledger.infrastructure.venues.venue import Down, Up, Venue
from orderledger.infrastructure.wire.messages import Message
from tests.venues.hyperliquid.company import (
    ACCOUNT,
    ADDRESS,
    PACE,
    START,
    adapter,
    listening,
    made_up,
    polling,
)
from tests.venues.hyperliquid.company import (
    CLOID as COMMON_CLOID,
)

FAR_FUTURE = 4_102_444_800_000
TERMS: dict[str, Any] = {"instrument": "ETH", "side": "buy", "quantity": "1.2", "limit_price": "2500.5"}


def some(count: int) -> dict[str, str]:
    return {f"hyperliquid:{number}": f"0x{number:040x}" for number in range(1, count + 1)}


def types(messages: Sequence[Message] | None) -> list[str]:
    assert messages is not None
    return [message.type for message in messages]  # type: ignore[attr-defined]


# Looking.


def test_a_look_tells_what_is_new_what_has_changed_and_what_went() -> None:
    async def story() -> None:
        async with listening(made_up(), limits=polling()) as desk:
            server = desk.server

            def counts(*names: str) -> list[int]:
                return [desk.venue.counts[name] for name in names]

            await desk.until(lambda: desk.kinds == ["Up"])
            order = server.truth.place(ADDRESS, client_id=COMMON_CLOID, **TERMS)
            await desk.until(lambda: desk.is_order(status="new", order_type="limit"))
            assert counts("new", "changed", "gone") == [1, 0, 0]
            server.truth.fill(order, "0.5")
            await desk.until(lambda: desk.is_order(status="partially_filled", cum_quantity=Decimal("0.5")))
            await desk.until(lambda: counts("new", "changed", "gone") == [1, 1, 0])
            server.truth.cancel(order)
            await desk.until(lambda: desk.is_order(status="canceled", anomalies=["unknown_order"]))
            assert counts("new", "changed", "gone", "unexplained") == [1, 1, 1, 0]
            quiet = len(desk.told)
            polls = desk.venue.counts["polls"]
            await desk.until(lambda: desk.venue.counts["polls"] > polls + 2)
            assert len(desk.told) == quiet

    asyncio.run(story())


def test_a_modify_between_two_looks_is_a_replace() -> None:
    async def story() -> None:
        async with listening(made_up(), limits=polling()) as desk:
            order = desk.server.truth.place(ADDRESS, client_id=COMMON_CLOID, **TERMS)
            await desk.until(lambda: desk.is_order(status="new"))
            desk.server.truth.fill(order, "0.5")
            new = desk.server.truth.modify(order, limit_price="2510", with_new_id=True)
            wanted = {"quantity": Decimal("1.2"), "limit_price": 2510, "venue_order_id": str(new.order_id)}
            await desk.until(lambda: desk.is_order(status="partially_filled", **wanted))
            assert desk.only_order()["anomalies"] == ["unknown_order"]

    asyncio.run(story())


def test_many_orders_that_went_at_once_are_explained_by_one_question() -> None:
    async def story() -> None:
        async with listening(made_up(), limits=polling()) as desk:
            orders = [desk.server.truth.place(ADDRESS, **TERMS) for _ in range(100)]
            await desk.until(lambda: len(desk.ledger.open_orders()) == 100)
            for order in orders:
                desk.server.truth.cancel(order)
            await desk.until(lambda: desk.ledger.open_orders() == [])
            assert desk.server.requests["historicalOrders"] >= 1
            assert desk.server.requests["orderStatus"] <= 120

    asyncio.run(story())


def test_fills_of_one_moment_that_come_between_two_looks_are_all_told_once() -> None:
    async def story() -> None:
        async with listening(made_up(), limits=polling()) as desk:
            order = desk.server.truth.place(ADDRESS, **TERMS)
            for number in range(12):
                desk.server.truth.fill(order, "0.1")
                polls = desk.venue.counts["polls"]
                if number % 3 == 0:
                    await desk.until(lambda polls=polls: desk.venue.counts["polls"] > polls)  # type: ignore[misc]
            await desk.until(lambda: desk.is_order(status="filled"))
            assert desk.kinds.count("fill") == 12

    asyncio.run(story())


def test_an_outage_is_down_since_the_last_good_look_and_nothing_is_missed() -> None:
    async def story() -> None:
        async with listening(made_up(), limits=polling()) as desk:
            order = desk.server.truth.place(ADDRESS, **TERMS)
            await desk.until(lambda: desk.is_order(status="new"))
            desk.server.refuse_connections(True)
            await desk.until(lambda: "Down" in desk.kinds)
            desk.server.truth.fill(order)
            desk.server.refuse_connections(False)
            await desk.until(lambda: desk.is_order(status="filled"))
            assert desk.kinds.count("Up") == 2

    asyncio.run(story())


def test_the_last_good_look_is_when_it_began() -> None:
    class Set:
        def __init__(self) -> None:
            self.at = START

        def now(self) -> datetime:
            return self.at

    async def story() -> None:
        clock = Set()
        async with listening(made_up(), limits=polling(), clock=clock) as desk:
            await desk.until(lambda: desk.kinds == ["Up"])
            desk.server.refuse_connections(True)
            clock.at = START + timedelta(hours=1)
            await desk.until(lambda: desk.kinds == ["Up", "Down"])
            assert [told.at for told in desk.told if isinstance(told, (Up, Down))] == [START, START]

    asyncio.run(story())


def test_storms_of_5xx_and_429_end_in_the_same_orders() -> None:
    async def story() -> None:
        faults = Faults(5, server_error=0.2, too_many_requests=0.2, lose_answer=0.1, malformed=0.1)
        async with listening(made_up(faults=faults), limits=polling(weight_per_minute=100_000)) as desk:
            order = desk.server.truth.place(ADDRESS, client_id=COMMON_CLOID, **TERMS)
            for _ in range(3):
                desk.server.truth.fill(order, "0.2")
                polls = desk.venue.counts["polls"]
                await desk.until(lambda polls=polls: desk.venue.counts["polls"] > polls)  # type: ignore[misc]
            desk.server.truth.cancel(order)
            await desk.until(lambda: desk.is_order(status="canceled", cum_quantity=Decimal("0.6")))
            assert desk.only_order()["anomalies"] == ["unknown_order"]
            assert faults.done["server_error"] and faults.done["too_many_requests"]

    asyncio.run(story())


def test_a_row_that_cannot_be_read_is_said_once() -> None:
    async def story() -> None:
        server = made_up()
        async with listening(server, limits=polling()) as desk:
            order = server.truth.place(ADDRESS, **TERMS)
            server.spoiled[order.order_id] = {"side": "X"}
            server.truth.place(ADDRESS, **{**TERMS, "side": "sell"})
            await desk.until(lambda: len(desk.ledger.orders()) == 1 and desk.garbled)
            polls = desk.venue.counts["polls"]
            await desk.until(lambda: desk.venue.counts["polls"] > polls + 2)
            assert [told.fault for told in desk.garbled] == ["side is neither B nor A: X"]

    asyncio.run(story())


@pytest.mark.parametrize(("readable", "unreadable"), [('"tid":1,', '"tid":"?",'), ('"px":"2500.5"', '"px":"?"')])
def test_a_fill_that_cannot_be_read_is_said_once_and_told_when_it_can_be_read(readable: str, unreadable: str) -> None:
    async def story() -> None:
        server = made_up()
        server.rewritten = lambda text: text.replace(readable, unreadable)
        async with listening(server, limits=polling()) as desk:

            async def some_looks() -> None:
                polls = desk.venue.counts["polls"]
                await desk.until(lambda: desk.venue.counts["polls"] > polls + 2)

            server.truth.fill(server.truth.place(ADDRESS, **TERMS))
            await desk.until(lambda: desk.garbled)
            await some_looks()
            assert (len(desk.garbled), desk.venue.counts["garbled"], desk.kinds.count("fill")) == (1, 1, 0)
            server.rewritten = lambda text: text
            await desk.until(lambda: desk.is_order(cum_quantity=Decimal("1.2")))
            await some_looks()
            assert desk.kinds.count("fill") == 1

    asyncio.run(story())


def test_a_fill_of_a_far_future_hides_none_that_come_after_it() -> None:
    async def story() -> None:
        server = made_up()
        server.rewritten = lambda text: re.sub(r'"time":\d+(.*"tid":1,)', rf'"time":{FAR_FUTURE}\1', text)
        async with listening(server, limits=polling()) as desk:
            order = server.truth.place(ADDRESS, **TERMS)
            server.truth.fill(order, "0.5")
            await desk.until(lambda: desk.kinds.count("fill") == 1)
            server.truth.fill(order, "0.7")
            await desk.until(lambda: desk.is_order(cum_quantity=Decimal("1.2")))

    asyncio.run(story())


# The budget.


def test_the_delay_is_what_the_budget_allows() -> None:
    def delays(accounts: int, **options: Any) -> float:
        return Hyperliquid(some(accounts), **options).delay_seconds

    assert delays(10) == 0.0
    assert delays(500) == 490 * 40 / 960 * 60 == 1225.0
    assert delays(500, limits=Limits(headroom=Fraction(0))) == 980.0
    assert delays(500, exchanges=["xyz"]) == 1837.5
    assert delays(11) == 10.0
    venue = Hyperliquid(some(12))
    assert [venue.delay_of(name) for name in ("hyperliquid:10", "hyperliquid:11")] == [0.0, 10.0]
    assert (len(venue.streamed), len(venue.polled)) == (10, 2)


def test_five_hundred_accounts_fit() -> None:
    """A minute is a tenth of a second here: the 490 that are looked at in turn take some 20 of them, as computed."""

    async def story() -> None:
        minute, accounts = 0.1, some(500)
        server = made_up(minute=minute)
        order_of = {address: server.truth.place(address, **TERMS).order_id for address in accounts.values()}
        limits, pace = Limits(minute=minute), replace(PACE, fundings=3600.0)
        async with listening(server, accounts=accounts, limits=limits, pace=pace) as desk:
            begun = asyncio.get_running_loop().time()
            await desk.until(lambda: len(desk.heard_of) == 500)
            took = asyncio.get_running_loop().time() - begun
            assert {int(order["venue_order_id"]) for order in desk.ledger.orders()} == set(order_of.values())
            assert (len(desk.venue.streamed), len(desk.venue.polled)) == (10, 490)
            assert desk.venue.delay_seconds == 490 * 40 * minute / 960
            # The first window is spent at once: no look can come earlier than that, whatever the machine.
            assert took > desk.venue.delay_seconds - 2 * minute
            assert server.violations.total() == 0
            assert server.most_weight <= 1200

    asyncio.run(story())


def test_who_asks_for_too_much_is_refused() -> None:
    async def story() -> None:
        async with made_up(weight=100) as server:
            http = Http(server.http_url, attempts=1)
            questions = Questions(http, Budget(1000))
            for _ in range(5):
                await questions.open_orders(ADDRESS, "")
            with pytest.raises(VenueUnavailable, match="429"):
                await questions.open_orders(ADDRESS, "")
            assert server.violations["weight"] == 1
            await http.aclose()

    asyncio.run(story())


def test_rows_of_answers_are_charged() -> None:
    async def story() -> None:
        async with made_up() as server:
            order = server.truth.place(ADDRESS, **{**TERMS, "quantity": "1000"})
            for _ in range(50):
                server.truth.fill(order, 1)
            budget = Budget(1000)
            http = Http(server.http_url, budget=budget)
            await Questions(http, budget).fills(ADDRESS, START)
            assert budget.used == 20 + 3
            await http.aclose()

    asyncio.run(story())


# The questions.


def asked(story: Any, **options: Any) -> None:
    """A made-up venue, and an adapter that does not listen."""

    async def run() -> None:
        async with made_up(weight=100_000, **options) as server:
            venue = adapter(server, exchanges=("xyz",), limits=Limits(weight_per_minute=100_000))
            try:
                await story(server, venue)
            finally:
                await venue.aclose()

    asyncio.run(run())


def test_fills_come_page_by_page_with_the_overlap_left_out() -> None:
    async def story() -> None:
        async with made_up(rows_per_page=3) as server:
            server.truth.clock = Standing(server.truth.clock)
            order = server.truth.place(ADDRESS, **{**TERMS, "quantity": "1000"})
            for number in range(14):
                server.truth.clock.stands = number % 2 == 1
                server.truth.fill(order, 1)
            budget = Budget(100_000)
            http = Http(server.http_url)
            rows = await Questions(http, budget, fills_per_page=3).fills(ADDRESS, START)
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
        order = server.truth.place(ADDRESS, **TERMS)
        server.truth.fill(order, "0.5")
        server.truth.fund(ADDRESS, "ETH", "0.25")
        second = server.truth.fill(order, "0.7")
        assert types(await venue.fills_since(ACCOUNT, START)) == ["fill", "funding", "fill"]
        assert types(await venue.fills_since(ACCOUNT, second.at)) == ["fill"]
        with Ledger.open("memory://") as ledger:
            for expected in ("recorded", "duplicate"):
                outcomes = ledger.record_many(await venue.fills_since(ACCOUNT, START))
                assert {outcome.outcome for outcome in outcomes} == {expected}

    asked(story)


def test_a_listing_names_all_open_orders_with_children_and_other_exchanges() -> None:
    async def story(server: Any, venue: Hyperliquid) -> None:
        parent = server.truth.place(ADDRESS, **TERMS)
        server.truth.place(
            ADDRESS, **{**TERMS, "side": "sell"}, stop_price="2400", order_type="stop_limit", parent_id=parent.order_id
        )
        server.truth.place(ADDRESS, **{**TERMS, "instrument": "xyz:TSLA"})
        listing = await venue.open_orders(ACCOUNT)
        assert types(listing.messages) == ["acknowledge", "status", "acknowledge"]
        assert [message.instrument for message in listing.messages] == ["ETH", "ETH", "xyz:TSLA"]  # type: ignore[attr-defined]
        assert listing.venue_order_ids == {str(parent.order_id + number) for number in range(3)}
        assert {str(message.source) for message in listing.messages} == {"venue_poll"}

    asked(story)


def test_a_second_reconciliation_is_no_news() -> None:
    async def story() -> None:
        async with made_up() as server:
            ledger = Ledger.open("memory://")
            venue = adapter(server, ledger)
            order = server.truth.place(ADDRESS, client_id=COMMON_CLOID, **TERMS)
            server.truth.fill(order, "0.5")
            server.truth.fill(server.truth.modify(order, limit_price="2510", with_new_id=True), "0.1")
            wanted = ("partially_filled", Decimal("1.2"), ["unknown_order"])
            for expected in ({"recorded", "duplicate"}, {"duplicate"}, {"duplicate"}):
                messages = [*await venue.fills_since(ACCOUNT, START), *(await venue.open_orders(ACCOUNT)).messages]
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
        order = server.truth.place(ADDRESS, **TERMS)
        server.spoiled[order.order_id] = {"side": "X"}
        listing = await venue.open_orders(ACCOUNT)
        assert (list(listing.messages), list(listing.venue_order_ids)) == ([], [str(order.order_id)])
        server.spoiled[order.order_id] = {"oid": None}
        with pytest.raises(VenueUnavailable, match="readable id"):
            await venue.open_orders(ACCOUNT)

    asked(story)


def row_of(**fields: Any) -> dict[str, Any]:
    return {"client_order_id": None, "aliases": {}, "venue_order_ids": [], **fields}


def test_an_order_is_asked_for_by_client_id_alias_and_every_id() -> None:
    async def story(server: Any, venue: Hyperliquid) -> None:
        order = server.truth.place(ADDRESS, client_id=cloid_for("C-1"), **TERMS)
        for row in (
            row_of(client_order_id="C-1"),
            row_of(aliases={CLOID: cloid_for("C-1")}),
            row_of(venue_order_ids=[str(order.order_id)]),
            row_of(client_order_id="C-2", venue_order_ids=["1", str(order.order_id)]),
        ):
            assert types(await venue.order(ACCOUNT, row)) == ["acknowledge"]
        assert await venue.order(ACCOUNT, row_of(client_order_id="C-2", venue_order_ids=["1"])) is None
        server.truth.cancel(order)
        assert types(await venue.order(ACCOUNT, row_of(client_order_id="C-1"))) == ["cancel"]

    asked(story)


def test_a_modified_order_is_found_with_its_new_leg() -> None:
    async def story(server: Any, venue: Hyperliquid) -> None:
        order = server.truth.place(ADDRESS, client_id=COMMON_CLOID, **TERMS)
        server.truth.fill(order, "0.5")
        server.truth.modify(order, limit_price="2510", with_new_id=True)
        row = row_of(aliases={CLOID: COMMON_CLOID}, venue_order_ids=[str(order.order_id)])
        told = await venue.order(ACCOUNT, row)
        assert types(told) == ["acknowledge", "replace"]
        assert told is not None and told[1].quantity == Decimal("1.2")  # type: ignore[attr-defined]

    asked(story)


def test_positions_are_what_is_not_flat() -> None:
    async def story(server: Any, venue: Hyperliquid) -> None:
        server.truth.fill(server.truth.place(ADDRESS, **TERMS))
        server.truth.fill(server.truth.place(ADDRESS, **{**TERMS, "side": "sell", "instrument": "BTC"}))
        told = {balance.instrument: (balance.quantity, balance.average_price) for balance in await venue.positions(ACCOUNT)}
        assert told == {"ETH": (Decimal("1.2"), Decimal("2500.5")), "BTC": (Decimal("-1.2"), Decimal("2500.5"))}

    asked(story)


def test_spot_tokens_are_balances_under_a_name_that_no_perpetual_has() -> None:
    async def story(server: Any, venue: Hyperliquid) -> None:
        server.truth.fill(server.truth.place(ADDRESS, **{**TERMS, "instrument": "HYPE"}))
        tokens = {"USDC": "14.625485", "HYPE": "3.5", "PURR": "0.0"}
        server.spot_balances[ADDRESS] = [
            {"coin": coin, "token": 1, "hold": "0.0", "total": total} for coin, total in tokens.items()
        ]
        told = {balance.instrument: (balance.quantity, balance.average_price) for balance in await venue.positions(ACCOUNT)}
        assert told == {
            "HYPE": (Decimal("1.2"), Decimal("2500.5")),
            "HYPE.spot": (Decimal("3.5"), None),
            "USDC.spot": (Decimal("14.625485"), None),
        }
        assert venue.tells_position_of("HYPE.spot")

    asked(story)


def test_it_is_a_venue_as_the_ledger_asks_for_one() -> None:
    venue: Venue = Hyperliquid({ACCOUNT: ADDRESS})
    assert (venue.name, list(venue.accounts), venue.abilities.has_fill_ids) == ("hyperliquid", [ACCOUNT], True)


@pytest.mark.parametrize("address", ["", "0x12", "aa" * 21, "0x" + "zz" * 20])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        Hyperliquid({"hyperliquid:x": address})


def test_addresses_compare_in_lower_case() -> None:
    with pytest.raises(ValueError, match="same address"):
        Hyperliquid({"a": ADDRESS, "b": ADDRESS.upper().replace("X", "x")})
