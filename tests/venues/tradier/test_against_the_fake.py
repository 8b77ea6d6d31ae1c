"""The adapter against a made-up Tradier over real sockets: what is true there is true in the
ledger, whatever goes wrong."""

import asyncio
import random
import re
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from orderledger.infrastructure.clock import SteppingClock, SystemClock
from orderledger.simulation.market import HAPPENINGS, ExchangeSimulator, SimulatedInstrument, step
from orderledger.simulation.servers import Faults
from orderledger.venues.base.venue import Messages, Up
from tests.venues.tradier.harness import Harness, a_harness, adapter, run
from tests.venues.tradier.payloads import ACCOUNT, BUY_PUT, NUMBER, SELL_PUT, TAG, Book

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


def test_what_is_filled_there_is_filled_here() -> None:
    async def story() -> None:
        async with a_harness() as harness:
            harness.book.request()
            order = harness.place()
            async with harness.listening():
                await harness.until(lambda: harness.book.order()["status"] == "new")
                harness.exchange.fill(order, "4", price="500.2")
                await harness.until(lambda: harness.status("C-42")[1] == "4")
                harness.exchange.fill(order, "6", price="500.25")
                await harness.until(lambda: harness.is_filled("C-42"))
            assert harness.status("C-42") == ("filled", "10", [])
            assert [price for *_, price in harness.book.fills()] == ["500.2", "500.25"]

    run(story())


def test_without_the_stream_the_polls_tell_everything() -> None:
    async def story() -> None:
        async with a_harness(stream_url=None) as harness:
            harness.book.request()
            order = harness.place()
            async with harness.listening():
                await harness.until(lambda: harness.book.order()["status"] == "new")
                harness.exchange.fill(order, price="500.2")
                await harness.until(lambda: harness.is_filled("C-42"))
            assert harness.fake.connections == 0
            assert harness.status("C-42") == ("filled", "10", [])

    run(story())


def test_with_slow_polls_the_stream_asks_for_what_it_cannot_tell() -> None:
    async def story() -> None:
        async with a_harness(poll_seconds=1000.0, idle_seconds=1000.0) as harness:
            harness.book.request()
            order = harness.place()
            async with harness.listening():
                await harness.until_streamed()
                await harness.until(
                    lambda: harness.fake.requests[f"GET /v1/accounts/{NUMBER}/orders"] == 2
                )
                harness.exchange.fill(order, "4", price="500.2")
                harness.exchange.fill(order, "6", price="500.25")
                await harness.until(lambda: harness.is_filled("C-42"))
                by_hand = harness.place(tag=None, instrument="QQQ")
                await harness.until(
                    lambda: any(row["instrument"] == "QQQ" for row in harness.book.ledger.orders())
                )
            assert harness.fake.requests[f"GET /v1/accounts/{NUMBER}/orders"] == 2
            assert harness.status("C-42") == ("filled", "10", [])
            assert harness.status(str(by_hand.order_id)) == ("new", "0", ["unknown_order"])

    run(story())


def test_several_executions_between_two_polls_are_one_fill_at_their_average() -> None:
    async def story() -> None:
        async with a_harness(stream_url=None) as harness:
            harness.book.request()
            order = harness.place()
            harness.exchange.fill(order, "4", price="500.2")
            async with harness.listening():
                await harness.until(lambda: harness.status("C-42")[1] == "4")
                for quantity, price in (("1", "500.1"), ("2", "500.25"), ("3", "500.2")):
                    harness.exchange.fill(order, quantity, price=price)
                await harness.until(lambda: harness.is_filled("C-42"))
            assert harness.book.fills() == [
                ("900101:4", "SPY", "buy", "4", "500.2"),
                ("900101:10", "SPY", "buy", "6", "500.2"),
            ]

    run(story())


def test_filled_before_its_price_is_held_and_then_told() -> None:
    async def story() -> None:
        async with a_harness(stream_url=None, idle_seconds=1000.0) as harness:
            harness.book.request()
            order = harness.place()
            harness.fake.writer.unpriced.add(order.order_id)
            harness.exchange.fill(order, price="500.2")
            async with harness.listening():
                await harness.until(lambda: harness.status("C-42")[2] == ["status_conflict"])
                await harness.until(
                    lambda: harness.fake.requests[f"GET /v1/accounts/{NUMBER}/orders"] > 3
                )
                assert harness.book.fills() == []
                harness.fake.writer.unpriced.clear()
                await harness.until(lambda: harness.is_filled("C-42"))
            assert harness.status("C-42") == ("filled", "10", [])

    run(story())


def test_a_new_adapter_on_the_same_ledger_books_nothing_twice(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_harness(url=str(tmp_path / "orders.db"), stream_url=None) as harness:
            harness.book.request()
            order = harness.place()
            harness.exchange.fill(order, "4", price="500.2")
            async with harness.listening():
                await harness.until(lambda: harness.status("C-42")[1] == "4")
            events = len(list(harness.book.ledger.events()))
            reborn = Harness(
                harness.fake, harness.book, adapter(harness.fake, harness.book, stream_url=None)
            )
            async with reborn.listening():
                await reborn.until(
                    lambda: any(isinstance(one, Messages) for one in reborn.received)
                )
                assert set(reborn.outcomes) == {"duplicate"}
                assert len(list(harness.book.ledger.events())) == events
                harness.exchange.fill(order, "6", price="500.25")
                await reborn.until(lambda: harness.is_filled("C-42"))
            await reborn.venue.aclose()
            assert harness.book.positions() == {"SPY": "10"}

    run(story())


def test_an_adapter_whose_words_were_lost_says_them_again() -> None:
    async def story() -> None:
        async with a_harness() as harness:
            harness.book.request()
            harness.exchange.fill(harness.place(), "4", price="500.2")
            lost = await harness.venue.open_orders(ACCOUNT)
            harness.record((await harness.venue.open_orders(ACCOUNT)).messages)
            assert harness.status("C-42") == ("partially_filled", "4", [])
            assert set(harness.record(lost.messages)) == {"duplicate"}

    run(story())


def test_two_live_orders_under_one_tag_are_two() -> None:
    async def story() -> None:
        async with a_harness() as harness:
            harness.book.request()
            first, second = harness.place(), harness.place()
            async with harness.listening():
                await harness.until(lambda: len(harness.book.ledger.orders()) == 2)
                harness.exchange.fill(second, "4", price="500")
                harness.exchange.fill(first, "10", price="500")
                await harness.until(lambda: harness.book.positions() == {"SPY": "14"})
            assert harness.status("C-42") == ("filled", "10", [])
            assert harness.status("900102") == ("partially_filled", "4", ["unknown_order"])

    run(story())


def test_an_order_whose_answer_was_lost_is_found_by_its_tag_and_not_sent_again() -> None:
    async def story() -> None:
        async with a_harness() as harness:
            harness.book.request()
            harness.book.record("submit", client_order_id="C-42")
            harness.fake.faults.plan_answers("lose_answer")
            with pytest.raises(httpx.HTTPError):
                await harness.send(**FORM)
            harness.book.record("unresolved", client_order_id="C-42", reason="timeout")
            assert harness.book.order("C-42")["certainty"] == "unresolved"
            messages = await harness.venue.order(ACCOUNT, harness.book.order("C-42"))
            assert messages is not None
            harness.record(messages)
            assert harness.book.order("C-42")["certainty"] == "confirmed"
            assert harness.book.order("C-42")["venue_order_id"] == "900101"
            assert len(harness.exchange.orders(NUMBER)) == 1

    run(story())


def test_received_is_not_accepted() -> None:
    async def story() -> None:
        async with a_harness(
            fake_options={
                "judge": lambda order: "Insufficient buying power",
                "decide_seconds": 0.05,
            }
        ) as harness:
            harness.book.request()
            answer = await harness.send(**FORM)
            assert answer.json()["order"]["status"] == "ok"
            async with harness.listening():
                await harness.until(
                    lambda: harness.book.order("C-42")["reason"] == "Insufficient buying power"
                )
            assert harness.status("C-42") == ("rejected", "0", [])

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
        async with a_harness() as harness:
            harness.book.request(
                instrument="SPREAD",
                side="sell",
                quantity="2",
                order_type="other",
                limit_price="1.05",
            )
            assert (await harness.send(**SPREAD)).status_code == 200
            async with harness.listening():
                await harness.until(lambda: harness.status("C-42")[0] == "new")
                sold, bought = harness.exchange.children(900101)
                harness.exchange.fill(sold, "1", price="2.6")
                await harness.until(lambda: harness.status("C-42")[1] == "1")
                harness.exchange.fill(bought, price="1.5")
                harness.exchange.fill(sold, price="2.55")
                await harness.until(lambda: harness.is_filled("C-42"))
            assert harness.status("C-42") == ("filled", "4", [])
            assert harness.book.positions() == {SELL_PUT: "-2", BUY_PUT: "2"}
            assert {
                price for _, symbol, _, _, price in harness.book.fills() if symbol == SELL_PUT
            } == {"2.6", "2.55"}
            await harness.until(lambda: harness.book.order("C-42")["quantity"] == 4)

    run(story())


@pytest.mark.parametrize(
    "numbers",
    [{"tradier:one": "VA1", "tradier:two": "VA2"}, {"tradier:one": "101", "tradier:two": "102"}],
)
def test_of_two_accounts_each_is_told_its_own(numbers: dict[str, str]) -> None:
    """Tradier's JSON is made of its XML: what is all digits may come as a number."""

    async def story() -> None:
        exchange = ExchangeSimulator(
            clock=SystemClock(), accounts=numbers.values(), first_order_id=900101
        )
        async with a_harness(
            exchange=exchange, accounts=numbers, poll_seconds=1000.0, idle_seconds=1000.0
        ) as harness:
            harness.fake.rewritten = lambda text: re.sub(
                r'"account": ?"(\d+)"', r'"account":\1', text
            )
            for number in numbers.values():
                exchange.place(
                    number, instrument="SPY", side="buy", quantity="1", limit_price="500"
                )
            async with harness.listening():
                await harness.until_streamed()
                await harness.until(lambda: len(harness.book.ledger.orders()) == 2)
                await harness.until(
                    lambda: (
                        min(
                            harness.fake.requests[f"GET /v1/accounts/{one}/orders"]
                            for one in numbers.values()
                        )
                        == 2
                    )
                )
                exchange.fill(900102, price="499")
                await harness.until(
                    lambda: (
                        len(harness.book.fills()) == 1 and len(harness.book.ledger.orders()) == 2
                    )
                )
            found = {
                row["account"]: (row["venue_order_id"], row["status"])
                for row in harness.book.ledger.orders()
            }
            assert found == {"tradier:one": ("900101", "new"), "tradier:two": ("900102", "filled")}
            assert {
                name for one in harness.received if isinstance(one, Up) for name in one.accounts
            } == set(numbers)

    run(story())


KNOWN = {name: weight for name, weight in HAPPENINGS.items() if name not in ("liquidate", "fund")}


async def soak(seed: int, steps: int, path: Path) -> None:
    """Random happenings under random faults, with a restart in the middle: in the end the ledger
    knows what is true."""
    chance = random.Random(seed)
    chances = {
        "drop": 0.02,
        "repeat": 0.05,
        "reorder": 0.05,
        "malformed": 0.03,
        "lose_answer": 0.02,
        "server_error": 0.05,
    }
    faults = Faults(seed, **chances, too_many_requests=0.03, stale=0.03)
    # Tradier tells milliseconds: what happens in one and the same could be told in any order.
    exchange = ExchangeSimulator(
        clock=SteppingClock(SystemClock().now()),
        accounts=[NUMBER],
        first_order_id=900101,
        currency="USD",
    )
    traded = [
        SimulatedInstrument(name=name, price=Decimal(50), tick=Decimal("0.01"), lot=Decimal(1))
        for name in ("SPY", "QQQ", SELL_PUT)
    ]
    async with a_harness(url=str(path), exchange=exchange, faults=faults) as harness:
        for part in range(2):
            reborn = Harness(harness.fake, harness.book, adapter(harness.fake, harness.book))
            async with reborn.listening():
                for number in range(steps // 2):
                    step(exchange, chance, [NUMBER], traded, happenings=KNOWN, with_new_id=False)
                    await asyncio.sleep(0.002 if number % 5 == 0 else 0)
                if part:
                    faults.heal()
                    await reborn.until(lambda: _is_true(exchange, harness.book))
            await reborn.venue.aclose()
        assert _is_true(exchange, harness.book)
        orders = [
            row for row in harness.book.ledger.orders() if row["status"] != "rejected"
        ]  # these may have rested before
        assert [row for row in orders if set(row["anomalies"]) - {"unknown_order"}] == []


def _is_true(exchange: ExchangeSimulator, book: Book) -> bool:
    held = {row.instrument: row.quantity for row in exchange.positions(NUMBER)}
    here = {
        row["instrument"]: row["position_quantity"]
        for row in book.ledger.positions()
        if row["position_quantity"]
    }
    is_open = {str(order.order_id) for order in exchange.open_orders(NUMBER)}
    return held == here and is_open == {row["venue_order_id"] for row in book.ledger.open_orders()}


def test_in_the_end_the_ledger_knows_what_is_true(tmp_path: Path) -> None:
    run(soak(1, 200, tmp_path / "orders.db"))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 12))
def test_in_the_end_the_ledger_knows_what_is_true_for_every_chance(
    seed: int, tmp_path: Path
) -> None:
    run(soak(seed, 800, tmp_path / "orders.db"))
