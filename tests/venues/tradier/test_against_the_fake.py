"""The adapter against a made-up Tradier over real sockets: what is true there is true in the ledger, whatever goes wrong."""

import asyncio
import random
from collections.abc import Coroutine
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from orderledger.infrastructure.clock import SteppingClock, SystemClock
from orderledger.infrastructure.errors import VenueRefused, VenueUnavailable
from orderledger.infrastructure.venues.fake import HAPPENINGS, Faults, Traded, Truth, step
from orderledger.infrastructure.venues.tradier.fake import TradierFake
from orderledger.infrastructure.venues.tradier.tags import tag_for
from orderledger.infrastructure.venues.venue import Down, Heard, Up
from tests.venues.tradier.desk import Desk, a_desk, adapter
from tests.venues.tradier.payloads import ACCOUNT, BUY_PUT, NUMBER, SELL_PUT, TAG, Book

DAY = timedelta(days=1)
FORM = {
    "class": "equity",
    "symbol": "SPY",
    "side": "buy",
    "quantity": "10",
    "type": "limit",
    "duration": "day",
    "price": "500.25",
    "tag": TAG,
}


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(story)


def test_what_is_filled_there_is_filled_here() -> None:
    async def story() -> None:
        async with a_desk() as desk:
            desk.book.request()
            order = desk.place()
            async with desk.listening():
                await desk.until(lambda: desk.book.order()["status"] == "new")
                desk.truth.fill(order, "4", price="500.2")
                await desk.until(lambda: desk.status("C-42")[1] == "4")
                desk.truth.fill(order, "6", price="500.25")
                await desk.until(lambda: desk.is_filled("C-42"))
            assert desk.status("C-42") == ("filled", "10", [])
            assert [price for *_, price in desk.book.fills()] == ["500.2", "500.25"]

    run(story())


def test_without_the_stream_the_polls_tell_everything() -> None:
    async def story() -> None:
        async with a_desk(stream_url=None) as desk:
            desk.book.request()
            order = desk.place()
            async with desk.listening():
                await desk.until(lambda: desk.book.order()["status"] == "new")
                desk.truth.fill(order, price="500.2")
                await desk.until(lambda: desk.is_filled("C-42"))
            assert desk.fake.connections == 0
            assert desk.status("C-42") == ("filled", "10", [])

    run(story())


def test_with_slow_polls_the_stream_asks_for_what_it_cannot_tell() -> None:
    async def story() -> None:
        async with a_desk(poll_seconds=1000.0, idle_seconds=1000.0) as desk:
            desk.book.request()
            order = desk.place()
            async with desk.listening():
                await desk.until(lambda: bool(desk.fake.sockets and desk.fake.sockets[0].sent))
                await desk.until(lambda: desk.fake.requests[f"GET /v1/accounts/{NUMBER}/orders"] == 2)
                desk.truth.fill(order, "4", price="500.2")
                desk.truth.fill(order, "6", price="500.25")
                await desk.until(lambda: desk.is_filled("C-42"))
                by_hand = desk.place(tag=None, instrument="QQQ")
                await desk.until(lambda: any(row["instrument"] == "QQQ" for row in desk.book.ledger.orders()))
            assert desk.fake.requests[f"GET /v1/accounts/{NUMBER}/orders"] == 2
            assert desk.status("C-42") == ("filled", "10", [])
            assert desk.status(str(by_hand.order_id)) == ("new", "0", ["unknown_order"])

    run(story())


def test_several_executions_between_two_polls_are_one_fill_at_their_average() -> None:
    async def story() -> None:
        async with a_desk(stream_url=None) as desk:
            desk.book.request()
            order = desk.place()
            desk.truth.fill(order, "4", price="500.2")
            async with desk.listening():
                await desk.until(lambda: desk.status("C-42")[1] == "4")
                for quantity, price in (("1", "500.1"), ("2", "500.25"), ("3", "500.2")):
                    desk.truth.fill(order, quantity, price=price)
                await desk.until(lambda: desk.is_filled("C-42"))
            assert desk.book.fills() == [
                ("900101:4", "SPY", "buy", "4", "500.2"),
                ("900101:10", "SPY", "buy", "6", "500.2"),
            ]

    run(story())


def test_filled_before_its_price_is_held_and_then_told() -> None:
    async def story() -> None:
        async with a_desk(stream_url=None, idle_seconds=1000.0) as desk:
            desk.book.request()
            order = desk.place()
            desk.fake.writer.unpriced.add(order.order_id)
            desk.truth.fill(order, price="500.2")
            async with desk.listening():
                await desk.until(lambda: desk.status("C-42")[2] == ["status_conflict"])
                await desk.until(lambda: desk.fake.requests[f"GET /v1/accounts/{NUMBER}/orders"] > 3)
                assert desk.book.fills() == []
                desk.fake.writer.unpriced.clear()
                await desk.until(lambda: desk.is_filled("C-42"))
            assert desk.status("C-42") == ("filled", "10", [])

    run(story())


def test_a_new_adapter_on_the_same_ledger_books_nothing_twice(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_desk(url=str(tmp_path / "orders.db"), stream_url=None) as desk:
            desk.book.request()
            order = desk.place()
            desk.truth.fill(order, "4", price="500.2")
            async with desk.listening():
                await desk.until(lambda: desk.status("C-42")[1] == "4")
            events = len(list(desk.book.ledger.events()))
            reborn = Desk(desk.fake, desk.book, adapter(desk.fake, desk.book, stream_url=None))
            async with reborn.listening():
                await reborn.until(lambda: any(isinstance(one, Heard) for one in reborn.told))
                assert set(reborn.outcomes) == {"duplicate"}
                assert len(list(desk.book.ledger.events())) == events
                desk.truth.fill(order, "6", price="500.25")
                await reborn.until(lambda: desk.is_filled("C-42"))
            await reborn.venue.aclose()
            assert desk.book.positions() == {"SPY": "10"}

    run(story())


def test_an_adapter_whose_words_were_lost_says_them_again() -> None:
    async def story() -> None:
        async with a_desk() as desk:
            desk.book.request()
            desk.truth.fill(desk.place(), "4", price="500.2")
            lost = await desk.venue.open_orders(ACCOUNT)
            desk.record((await desk.venue.open_orders(ACCOUNT)).messages)
            assert desk.status("C-42") == ("partially_filled", "4", [])
            assert set(desk.record(lost.messages)) == {"duplicate"}

    run(story())


def test_a_full_list_names_what_is_open_and_tells_of_all() -> None:
    async def story() -> None:
        async with a_desk() as desk:
            done, works, waits = desk.place("a"), desk.place("b"), desk.place("c", is_accepted=False)
            desk.truth.fill(done, price="500")
            listing = await desk.venue.open_orders(ACCOUNT)
            assert listing.venue_order_ids == {str(works.order_id), str(waits.order_id)}
            assert {message.venue_order_id for message in listing.messages} == {"900101", "900102", "900103"}  # type: ignore[attr-defined]

    run(story())


@pytest.mark.parametrize("count", [0, 1, 24, 25, 26, 75])
def test_a_list_of_many_pages_is_read_to_its_end(count: int) -> None:
    async def story() -> None:
        async with a_desk() as desk:
            desk.fake.most_on_page = 25
            for number in range(count):
                desk.place(f"tag-{number}")
            assert len((await desk.venue.open_orders(ACCOUNT)).venue_order_ids) == count

    run(story())


def test_an_order_is_asked_for_by_its_id_and_one_that_is_unknown_there_proves_nothing() -> None:
    async def story() -> None:
        async with a_desk() as desk:
            desk.book.request()
            desk.truth.fill(desk.place(), price="500.2")
            desk.book.record("submit", client_order_id="C-42", venue_order_id="900101")
            messages = await desk.venue.order(ACCOUNT, desk.book.order("C-42"))
            assert messages is not None
            desk.record(messages)
            assert desk.is_filled("C-42")
            assert await desk.venue.order(ACCOUNT, {"venue_order_ids": ["777"], "client_order_id": None}) is None
            assert await desk.venue.order(ACCOUNT, {"client_order_id": "never-sent"}) is None
            assert await desk.venue.order(ACCOUNT, {"client_order_id": None}) is None

    run(story())


def test_an_order_of_an_earlier_day_is_found_by_its_tag() -> None:
    async def story() -> None:
        async with a_desk() as desk:
            desk.book.request(tag=tag_for("C_42"), client_order_id="C_42")
            desk.truth.cancel(desk.place(tag_for("C_42")))
            desk.fake.end_session()
            assert (await desk.venue.open_orders(ACCOUNT)).messages == ()
            messages = await desk.venue.order(ACCOUNT, desk.book.order("C_42"))
            assert messages is not None
            desk.record(messages)
            assert desk.status("C_42") == ("canceled", "0", [])

    run(story())


def test_fills_of_earlier_days_are_made_of_the_orders_of_these_days() -> None:
    async def story() -> None:
        async with a_desk() as desk:
            desk.book.request()
            began = desk.truth.clock.now()
            desk.truth.fill(desk.place(), price="500.2")
            desk.place("unfilled")
            desk.fake.end_session()
            desk.truth.fill(desk.place(tag=None, side="sell"), price="501")
            messages = await desk.venue.fills_since(ACCOUNT, began - DAY)
            assert [message.at for message in messages] == sorted(message.at for message in messages if message.at)
            desk.record(messages)
            assert desk.book.fills() == [
                ("900101:10", "SPY", "buy", "10", "500.2"),
                ("900103:10", "SPY", "sell", "10", "501"),
            ]
            assert desk.status("C-42") == ("filled", "10", [])
            assert await desk.venue.fills_since(ACCOUNT, began - DAY) == []
            assert desk.fake.requests[f"GET /v1/accounts/{NUMBER}/orders?filter=all"] == 1

    run(story())


def test_the_filtered_list_is_never_polled() -> None:
    async def story() -> None:
        async with a_desk() as desk:
            desk.place()
            async with desk.listening():
                await desk.until(lambda: desk.fake.requests[f"GET /v1/accounts/{NUMBER}/orders"] > 5)
            for number in range(5):
                await desk.venue.order(ACCOUNT, {"client_order_id": f"lost-{number}", "requested_at": desk.truth.clock.now()})
            assert desk.fake.requests[f"GET /v1/accounts/{NUMBER}/orders?filter=all"] == 1

    run(story())


def test_two_live_orders_under_one_tag_are_two() -> None:
    async def story() -> None:
        async with a_desk() as desk:
            desk.book.request()
            first, second = desk.place(), desk.place()
            async with desk.listening():
                await desk.until(lambda: len(desk.book.ledger.orders()) == 2)
                desk.truth.fill(second, "4", price="500")
                desk.truth.fill(first, "10", price="500")
                await desk.until(lambda: desk.book.positions() == {"SPY": "14"})
            assert desk.status("C-42") == ("filled", "10", [])
            assert desk.status("900102") == ("partially_filled", "4", ["unknown_order"])

    run(story())


def test_an_order_whose_answer_was_lost_is_found_by_its_tag_and_not_sent_again() -> None:
    async def story() -> None:
        async with a_desk() as desk:
            desk.book.request()
            desk.book.record("submit", client_order_id="C-42")
            desk.fake.faults.plan_answers("lose_answer")
            with pytest.raises(httpx.HTTPError):
                await desk.send(**FORM)
            desk.book.record("unresolved", client_order_id="C-42", reason="timeout")
            assert desk.book.order("C-42")["certainty"] == "unresolved"
            messages = await desk.venue.order(ACCOUNT, desk.book.order("C-42"))
            assert messages is not None
            desk.record(messages)
            assert desk.book.order("C-42")["certainty"] == "confirmed"
            assert desk.book.order("C-42")["venue_order_id"] == "900101"
            assert len(desk.truth.orders(NUMBER)) == 1

    run(story())


def test_received_is_not_accepted() -> None:
    async def story() -> None:
        async with a_desk(fake_options={"judge": lambda order: "Insufficient buying power", "decide_seconds": 0.05}) as desk:
            desk.book.request()
            answer = await desk.send(**FORM)
            assert answer.json()["order"]["status"] == "ok"
            async with desk.listening():
                await desk.until(lambda: desk.book.order("C-42")["reason"] == "Insufficient buying power")
            assert desk.status("C-42") == ("rejected", "0", [])

    run(story())


def test_a_cut_of_the_stream_costs_nothing() -> None:
    async def story() -> None:
        async with a_desk(poll_seconds=1000.0, idle_seconds=1000.0) as desk:
            desk.book.request()
            order = desk.place()
            async with desk.listening():
                await desk.until(lambda: bool(desk.fake.sockets and desk.fake.sockets[0].sent))
                desk.fake.cut_all()
                desk.truth.fill(order, price="500.2")
                await desk.until(lambda: desk.is_filled("C-42"))
                await desk.until(lambda: desk.fake.connections == 2)
            assert desk.kinds() == ["Up"]

    run(story())


STORM: list[Any] = ["server_error", "too_many_requests", "malformed", "lose_answer"]


def test_an_outage_is_told_from_its_beginning_to_its_end_and_nothing_is_lost() -> None:
    async def story() -> None:
        async with a_desk(attempts=1) as desk:
            desk.book.request()
            order = desk.place()
            async with desk.listening():
                await desk.until(lambda: desk.book.order()["status"] == "new")
                desk.fake.faults.plan_answers(*STORM * 3)
                await desk.until(lambda: desk.kinds() == ["Up", "Down"] and desk.fake.faults.done["malformed"] > 1)
                desk.truth.fill(order, price="500.2")
                await desk.until(lambda: desk.is_filled("C-42"))
            assert desk.kinds() == ["Up", "Down", "Up"]
            assert desk.status("C-42") == ("filled", "10", [])
            ups = [one.at for one in desk.told if isinstance(one, (Down, Up))]
            assert ups == sorted(ups)

    run(story())


def test_a_venue_that_cannot_be_reached_at_first_is_down_and_then_up() -> None:
    async def story() -> None:
        async with a_desk(attempts=1) as desk:
            desk.fake.refuse_connections(True)
            async with desk.listening():
                await desk.until(lambda: desk.kinds() == ["Down"])
                desk.fake.refuse_connections(False)
                await desk.until(lambda: desk.kinds() == ["Down", "Up"])

    run(story())


@pytest.mark.parametrize("fault", STORM)
def test_no_answer_is_taken_for_an_empty_one(fault: Any) -> None:
    async def story() -> None:
        async with a_desk(attempts=1) as desk:
            desk.place()
            for ask in (desk.venue.open_orders, desk.venue.positions):
                desk.fake.faults.plan_answers(fault)
                with pytest.raises(VenueUnavailable):
                    await ask(ACCOUNT)

    run(story())


SAYINGS = [
    ({"orders": "soon"}, VenueUnavailable),
    ({"orders": {}}, VenueUnavailable),
    ({}, VenueUnavailable),
    ([], VenueUnavailable),
    ({"fault": {"faultstring": "Rate limit quota violation", "detail": {}}}, VenueUnavailable),
    ({"fault": "no"}, VenueRefused),
    ({"errors": {"error": ["one", "two"]}}, VenueRefused),
    ({"errors": {"error": "one"}}, VenueRefused),
]


@pytest.mark.parametrize(("said", "error"), SAYINGS)
def test_an_answer_that_is_none_is_no_list(said: Any, error: type[Exception]) -> None:
    class Odd(TradierFake):
        async def _orders(self, request: Any) -> Any:
            return self.answer(said)

    async def story() -> None:
        async with a_desk() as desk, Odd(desk.truth) as odd:
            venue = adapter(odd, desk.book)
            with pytest.raises(error):
                await venue.open_orders(ACCOUNT)
            await venue.aclose()

    run(story())


def test_a_garbled_row_is_told_and_the_others_count() -> None:
    class Spoiling(TradierFake):
        async def _orders(self, request: Any) -> Any:
            rows = [self.writer.row(order, has_tags=True) for order in self.truth.orders(NUMBER)]
            return self.answer({"orders": {"order": [{**rows[0], "exec_quantity": "many"}, {}, 7, *rows[1:]]}})

    async def story() -> None:
        async with a_desk() as desk, Spoiling(desk.truth) as spoiling:
            desk.place("a")
            desk.truth.fill(desk.place("b"), price="500")
            odd = Desk(spoiling, desk.book, adapter(spoiling, desk.book, stream_url=None))
            async with odd.listening():
                await odd.until(lambda: odd.is_filled("900102") and bool(odd.garbled()))
                await odd.until(lambda: spoiling.requests[f"GET /v1/accounts/{NUMBER}/orders"] > 3)
            assert odd.garbled() == ["exec_quantity is not a decimal number", "id is missing, or no id", "is no row"]
            assert (await odd.venue.open_orders(ACCOUNT)).venue_order_ids == {"900101"}
            await odd.venue.aclose()

    run(story())


def test_a_price_that_cannot_be_read_is_told_once_and_asked_for_until_it_can() -> None:
    async def story() -> None:
        async with a_desk(stream_url=None) as desk:
            desk.truth.fill(desk.place(), "10", price="500.2")
            desk.fake.rewritten = lambda text: text.replace(":500.2,", ':"?",')
            async with desk.listening():
                await desk.until(lambda: bool(desk.garbled()))
                asked = desk.fake.requests[f"GET /v1/accounts/{NUMBER}/orders"]
                await desk.until(lambda: desk.fake.requests[f"GET /v1/accounts/{NUMBER}/orders"] > asked + 3)
                assert sorted(desk.garbled()) == sorted(set(desk.garbled()))
                desk.fake.rewritten = lambda text: text
                await desk.until(lambda: desk.book.fills() != [])

    run(story())


def test_frames_that_are_cut_short_are_told_and_what_they_said_is_asked_for() -> None:
    async def story() -> None:
        async with a_desk(poll_seconds=1000.0, idle_seconds=1000.0) as desk:
            desk.book.request()
            order = desk.place()
            async with desk.listening():
                await desk.until(lambda: bool(desk.fake.sockets and desk.fake.sockets[0].sent))
                await desk.until(lambda: desk.fake.requests[f"GET /v1/accounts/{NUMBER}/orders"] == 2)
                desk.fake.faults.plan_frames("malformed")
                desk.truth.fill(order, price="500.2")
                await desk.until(lambda: desk.is_filled("C-42"))
            assert len(desk.garbled()) == 1

    run(story())


def test_a_wrong_token_is_refused_and_is_never_shown() -> None:
    async def story() -> None:
        async with a_desk(token="not-the-right-token") as desk:
            with pytest.raises(VenueRefused) as caught:
                await desk.venue.open_orders(ACCOUNT)
            assert caught.value.status == 401 and "not-the-right-token" not in str(caught.value)

    run(story())


def test_the_limit_of_the_venue_is_waited_for() -> None:
    async def story() -> None:
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            desk.fake._windows.clear()  # the minute is over

        async with a_desk(fake_options={"limit": 2}, sleep=sleep) as desk:
            for _ in range(3):
                await desk.venue.positions(ACCOUNT)
            (waited,) = slept
            assert 50 < waited < 70  # to the end of the venue's minute

    run(story())


def test_the_adapters_own_budget_keeps_within_the_limit() -> None:
    async def story() -> None:
        async with a_desk(budget=3) as desk:
            for _ in range(3):
                await desk.venue.positions(ACCOUNT)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await desk.venue.positions(ACCOUNT)
            assert sum(desk.fake.requests.values()) == 3

    run(story())


def test_what_is_held_there_is_told_as_balances() -> None:
    async def story() -> None:
        async with a_desk() as desk:
            assert await desk.venue.positions(ACCOUNT) == []
            desk.truth.fill(desk.place(side="sell"), "4", price="500")
            (balance,) = await desk.venue.positions(ACCOUNT)
            assert (balance.instrument, balance.quantity, balance.average_price) == ("SPY", Decimal(-4), Decimal(500))
            desk.truth.fill(desk.place(instrument="QQQ"), price="400")
            assert [one.instrument for one in await desk.venue.positions(ACCOUNT)] == ["SPY", "QQQ"]

    run(story())


SPREAD = {
    "class": "multileg",
    "symbol": "SPY",
    "type": "credit",
    "duration": "day",
    "price": "1.05",
    "tag": TAG,
    "side[0]": "sell_to_open",
    "quantity[0]": "2",
    "option_symbol[0]": SELL_PUT,
    "side[1]": "buy_to_open",
    "quantity[1]": "2",
    "option_symbol[1]": BUY_PUT,
}


def test_a_spread_that_is_sent_and_filled_leg_by_leg_is_one_trade() -> None:
    async def story() -> None:
        async with a_desk() as desk:
            desk.book.request(instrument="SPREAD", side="sell", quantity="2", order_type="other", limit_price="1.05")
            assert (await desk.send(**SPREAD)).status_code == 200
            async with desk.listening():
                await desk.until(lambda: desk.status("C-42")[0] == "new")
                sold, bought = desk.truth.children(900101)
                desk.truth.fill(sold, "1", price="2.6")
                await desk.until(lambda: desk.status("C-42")[1] == "1")
                desk.truth.fill(bought, price="1.5")
                desk.truth.fill(sold, price="2.55")
                await desk.until(lambda: desk.is_filled("C-42"))
            assert desk.status("C-42") == ("filled", "4", [])
            assert desk.book.positions() == {SELL_PUT: "-2", BUY_PUT: "2"}
            assert {price for _, symbol, _, _, price in desk.book.fills() if symbol == SELL_PUT} == {"2.6", "2.55"}
            await desk.until(lambda: desk.book.order("C-42")["quantity"] == 4)

    run(story())


def test_of_two_accounts_each_is_told_its_own() -> None:
    async def story() -> None:
        truth = Truth(clock=SystemClock(), accounts=["VA1", "VA2"], first_order_id=900101)
        numbers = {"tradier:one": "VA1", "tradier:two": "VA2"}
        async with a_desk(truth=truth, accounts=numbers) as desk:
            for number in ("VA1", "VA2"):
                truth.place(number, instrument="SPY", side="buy", quantity="1", limit_price="500")
            async with desk.listening():
                await desk.until(lambda: bool(desk.fake.sockets and desk.fake.sockets[0].sent))
                truth.fill(900102, price="499")
                await desk.until(lambda: len(desk.book.fills()) == 1 and len(desk.book.ledger.orders()) == 2)
            found = {row["account"]: (row["venue_order_id"], row["status"]) for row in desk.book.ledger.orders()}
            assert found == {"tradier:one": ("900101", "new"), "tradier:two": ("900102", "filled")}
            assert {name for one in desk.told if isinstance(one, Up) for name in one.accounts} == set(numbers)

    run(story())


KNOWN = {name: weight for name, weight in HAPPENINGS.items() if name not in ("liquidate", "fund")}


async def soak(seed: int, steps: int, path: Path) -> None:
    """Random happenings under random faults, with a restart in the middle: in the end the ledger knows what is true."""
    chance = random.Random(seed)
    chances = {"drop": 0.02, "repeat": 0.05, "reorder": 0.05, "malformed": 0.03, "lose_answer": 0.02, "server_error": 0.05}
    faults = Faults(seed, **chances, too_many_requests=0.03, stale=0.03)
    # Tradier tells milliseconds: what happens in one and the same could be told in any order.
    truth = Truth(clock=SteppingClock(SystemClock().now()), accounts=[NUMBER], first_order_id=900101, currency="USD")
    traded = [Traded(name=name, price=Decimal(50), tick=Decimal("0.01"), lot=Decimal(1)) for name in ("SPY", "QQQ", SELL_PUT)]
    async with a_desk(url=str(path), truth=truth, faults=faults) as desk:
        for part in range(2):
            reborn = Desk(desk.fake, desk.book, adapter(desk.fake, desk.book))
            async with reborn.listening():
                for number in range(steps // 2):
                    step(truth, chance, [NUMBER], traded, happenings=KNOWN, with_new_id=False)
                    await asyncio.sleep(0.002 if number % 5 == 0 else 0)
                if part:
                    faults.heal()
                    await reborn.until(lambda: _is_true(truth, desk.book))
            await reborn.venue.aclose()
        assert _is_true(truth, desk.book)
        assert [row for row in desk.book.ledger.orders() if set(row["anomalies"]) - {"unknown_order"}] == []


def _is_true(truth: Truth, book: Book) -> bool:
    held = {row.instrument: row.quantity for row in truth.positions(NUMBER)}
    here = {row["instrument"]: row["position_quantity"] for row in book.ledger.positions() if row["position_quantity"]}
    is_open = {str(order.order_id) for order in truth.open_orders(NUMBER)}
    return held == here and is_open == {row["venue_order_id"] for row in book.ledger.open_orders()}


def test_in_the_end_the_ledger_knows_what_is_true(tmp_path: Path) -> None:
    run(soak(1, 200, tmp_path / "orders.db"))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 12))
def test_in_the_end_the_ledger_knows_what_is_true_for_every_chance(seed: int, tmp_path: Path) -> None:
    run(soak(seed, 800, tmp_path / "orders.db"))
