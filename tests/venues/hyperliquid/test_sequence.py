"""Fills of one millisecond are recorded as they happened: each finds the position that the one
before has left."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from random import Random
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.infrastructure.messages.registry import Fill
from orderledger.simulation.hyperliquid import rows as venue_rows
from orderledger.simulation.hyperliquid.server import HyperliquidServer
from orderledger.simulation.market import ExchangeSimulator, FeeSchedule
from orderledger.venues.hyperliquid import payload_rows
from orderledger.venues.hyperliquid.order_legs import AccountLegs
from orderledger.venues.hyperliquid.recording import translate_recorded
from tests.seeds import few
from tests.venues.hyperliquid.harness import ADDRESS, START, adapter, listening
from tests.venues.hyperliquid.payloads import ACCOUNT, POLLED, T, fill, user_fills

Rows = list[dict[str, Any]]
COINS = ("ETH", "BTC")


def trading(seed: int, steps: float = 0.05) -> ExchangeSimulator:
    """An account whose orders fill several times in each millisecond, on both sides of the
    market."""
    chance, clock = Random(seed), Steps(seed, steps)
    exchange = ExchangeSimulator(
        clock=clock, accounts=[ADDRESS], fees=FeeSchedule(taker=Decimal("0.0001"))
    )
    for _ in range(40):
        coin, side = chance.choice(COINS), chance.choice(("buy", "sell"))
        price = Decimal(2000 + chance.randint(0, 40))
        order = exchange.place(ADDRESS, instrument=coin, side=side, quantity=9, limit_price=price)
        for _ in range(chance.randint(1, 4)):
            exchange.fill(
                order, chance.randint(1, 2), price=price + chance.randint(0, 3), liquidity="taker"
            )
    return exchange


class Steps:
    """A clock that goes on by a millisecond now and then: many readings in a row have one time."""

    def __init__(self, seed: int, steps: float) -> None:
        self._chance, self._steps = Random(f"clock {seed}"), steps
        self._now = datetime(2026, 9, 21, 12, tzinfo=UTC)

    def now(self) -> datetime:
        self._now += timedelta(milliseconds=1) * (self._chance.random() < self._steps)
        return self._now


def as_it_was(rows: Rows, chance: Random) -> Rows:
    return rows


def newest_first(rows: Rows, chance: Random) -> Rows:
    return rows[::-1]


def newest_first_but_for_the_milliseconds(rows: Rows, chance: Random) -> Rows:
    return sorted(rows, key=lambda row: -row["time"])


def anyhow_within_a_millisecond(rows: Rows, chance: Random) -> Rows:
    return sorted(rows, key=lambda row: (row["time"], chance.random()))


def newest_first_and_anyhow_within_a_millisecond(rows: Rows, chance: Random) -> Rows:
    return sorted(rows, key=lambda row: (-row["time"], chance.random()))


LISTINGS: Sequence[Callable[[Rows, Random], Rows]] = (
    as_it_was,
    newest_first,
    newest_first_but_for_the_milliseconds,
    anyhow_within_a_millisecond,
    newest_first_and_anyhow_within_a_millisecond,
)


def contradictions(ledger: Ledger) -> list[str]:
    """Fills that did not find the position which the fills before them in the ledger have left."""
    evidence = {
        (event["payload"]["fill_id"], event["payload"]["venue_order_id"]): event["evidence"]
        for event in ledger.events()
        if event["name"].startswith("fill_recorded.")
    }
    held: dict[str, Decimal] = {}
    found = []
    for trade in sorted(ledger.trades(), key=lambda trade: (trade["at"], trade["position"])):
        start = Decimal(evidence[trade["fill_id"], trade["venue_order_id"]]["startPosition"])
        if held.get(trade["instrument"], start) != start:  # type: ignore[arg-type]
            found.append(f"{trade['fill_id']} found {start}, and not {held[trade['instrument']]}")  # type: ignore[index]
        held[trade["instrument"]] = start + (  # type: ignore[index]
            trade["quantity"] if trade["side"] == "buy" else -trade["quantity"]
        )
    return found


def as_text(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, Decimal) else value for name, value in row.items()
    }


def recorded(documents: Iterable[Any]) -> list[str]:
    with Ledger.open("memory://", update_views=False) as ledger:
        for document in documents:
            told = translate_recorded(document, ACCOUNT)
            assert list(told.faults) == []
            ledger.record_many(told.messages)
        return contradictions(ledger)


@pytest.mark.parametrize("listing", LISTINGS)
@pytest.mark.parametrize("seed", few(3, 12))
def test_fills_chain_by_the_position_they_found_in_whatever_order_rows_are_listed(
    seed: int, listing: Callable[[Rows, Random], Rows]
) -> None:
    rows = [as_text(venue_rows.fill(one)) for one in trading(seed).fills(ADDRESS)]
    assert len({row["time"] for row in rows}) < len(rows) / 3
    listed = listing(rows, Random(seed))
    assert recorded([listed]) == []
    assert recorded([user_fills(*listed, isSnapshot=True)]) == []


@pytest.mark.parametrize("seed", few(2, 6))
def test_the_venue_s_channels_tell_fills_of_one_millisecond_in_orders_of_their_own(
    seed: int,
) -> None:
    async def story() -> None:
        exchange = trading(seed)
        server = HyperliquidServer(exchange)
        server.disorder = seed
        async with listening(server) as harness:
            await harness.until(
                lambda: len(harness.ledger.trades()) == len(exchange.fills(ADDRESS))
            )
            assert contradictions(harness.ledger) == []
            with Ledger.open("memory://", update_views=False) as asked:
                venue = adapter(server)
                answer = await venue.fills_since(ACCOUNT, START)
                await venue.aclose()
                asked.record_many(answer.messages)
                assert len(asked.trades()) == len(exchange.fills(ADDRESS))
                assert contradictions(asked) == []

    asyncio.run(story())


def buy(start: str, size: str, tid: int, **fields: Any) -> dict[str, Any]:
    return fill(**{"startPosition": start, "sz": size, "tid": tid, "cloid": ..., **fields})


def told(*rows: dict[str, Any]) -> list[int]:
    """The trade ids of these rows, in the order in which their fills are told."""
    messages = translate_recorded(list(rows), ACCOUNT).messages
    return [int(message.fill_id.split("-")[2]) for message in messages]  # type: ignore[attr-defined]


def sell(start: str, size: str, tid: int, **fields: Any) -> dict[str, Any]:
    return buy(start, size, tid, side="A", **fields)


def test_a_list_of_one_millisecond_is_reported_as_it_happened_though_its_newest_row_is_first() -> (
    None
):
    assert told(sell("0.3", "0.3", 2), sell("0.5", "0.2", 1)) == [1, 2]
    assert told(buy("-1", "2", 3), sell("1", "2", 2), buy("0", "1", 1)) == [1, 2, 3]


def test_a_turn_that_ends_where_it_began_begins_where_the_fill_before_has_left_off() -> None:
    turn = (sell("1", "1", 3), buy("0", "1", 2))
    assert told(buy("-1", "1", 1, time=T), *turn) == [1, 2, 3]
    assert told(buy("0", "1", 1, time=T), *turn) == [1, 3, 2]
    assert told(*turn, buy("0", "5", 9, time=T + 9000)) == [2, 3, 9]
    assert told(*turn, buy("1", "5", 9, time=T + 9000)) == [3, 2, 9]


def test_fills_of_one_side_are_told_in_sequence_though_one_between_them_is_missing() -> None:
    assert told(buy("4", "1", 4), buy("1", "1", 2), buy("0", "1", 1)) == [1, 2, 4]
    assert told(sell("-4", "1", 4), sell("-1", "1", 2), sell("0", "1", 1)) == [1, 2, 4]


def test_fills_that_form_no_chain_are_told_in_the_order_of_the_answer() -> None:
    assert told(buy("7", "1", 2), sell("3", "1", 1)) == [2, 1]
    assert told(buy("7", "1", 2), sell("3", "1", 1), buy("0", "1", 9, time=T)) == [9, 2, 1]
    assert told(buy("1", "1", 2, startPosition=...), buy("0", "1", 1)) == [2, 1]


def test_two_turns_that_never_meet_are_told_in_the_order_of_the_answer() -> None:
    """A chain of all of them would have to jump from one position to another."""
    rows = (buy("5", "1", 3), sell("6", "1", 4), buy("0", "1", 1), sell("1", "1", 2))
    assert told(*rows) == [3, 4, 1, 2]


def test_a_turn_inside_a_chain_is_told_where_it_was_made() -> None:
    rows = [
        buy("0", "1", 1),
        buy("1", "1", 2),
        sell("2", "1", 3),
        buy("1", "3", 4),
        sell("4", "4", 5),
    ]
    for seed in range(20):
        listed = Random(seed).sample(rows, len(rows))
        assert recorded([listed]) == []


def twins(start: str, other: str, tid: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both fills of a trade with oneself: they have one `tid` (hyperliquid.gitbook.io, "Info
    endpoint")."""
    return buy(start, "1", tid, oid=201), sell(other, "1", tid, oid=202)


NEWEST_FIRST = (
    buy("20", "1", 90, time=T + 9000),
    buy("1", "1", 80, time=T + 8000),
    buy("0", "1", 70, time=T + 7000),
)


@pytest.mark.parametrize("other", ["5", "6"])
def test_a_trade_with_oneself_does_not_break_the_chain_of_its_millisecond(other: str) -> None:
    rows = (buy("4", "1", 1), *twins("5", other, 2), sell("5", "3", 3), buy("2", "1", 4))
    for seed in range(20):
        assert told(*Random(seed).sample(rows, len(rows))) == [1, 2, 2, 3, 4]


def test_a_trade_with_oneself_that_the_fills_around_it_find_the_other_way_round_is_told_so() -> (
    None
):
    bought, sold = twins("5", "6", 2)
    messages = translate_recorded(
        [bought, buy("3", "3", 1), sold, buy("6", "1", 3)], ACCOUNT
    ).messages
    assert [(m.fill_id.split("-")[2], m.side) for m in messages if isinstance(m, Fill)] == [
        ("1", "buy"),
        ("2", "sell"),
        ("2", "buy"),
        ("3", "buy"),
    ]


def test_fills_that_form_no_chain_are_told_as_the_payload_lists_the_chains_that_it_has() -> None:
    no_chain = (buy("7", "1", 2), sell("3", "1", 1))
    assert told(*NEWEST_FIRST, *no_chain) == [2, 1, 70, 80, 90], (
        "nothing shows that ties are listed backwards"
    )
    backwards = (buy("1", "1", 12, time=T + 5000), buy("0", "1", 11, time=T + 5000))
    assert told(*backwards, *no_chain) == [1, 2, 11, 12]
    assert told(*backwards[::-1], *no_chain) == [2, 1, 11, 12]


def numbers(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """The numbers that a list gives, by fill."""
    found = translate_recorded(list(rows), ACCOUNT).messages
    return {
        one.fill_id: one.sequence
        for one in found
        if isinstance(one, Fill) and one.sequence is not None
    }


@pytest.mark.parametrize("seed", few(3, 12))
def test_a_fill_has_the_same_number_in_every_list_that_gives_it_one(seed: int) -> None:
    """Lists begin and end in the middle of a millisecond, and have any order."""
    rows = [as_text(venue_rows.fill(one)) for one in trading(seed, 0.3).fills(ADDRESS)]
    whole, chance = numbers(rows), Random(seed)
    assert len(whole) > len(rows) / 4
    agreeing = 0
    for _ in range(60):
        begin, end = sorted(chance.sample(range(len(rows) + 1), 2))
        cut = chance.choice(LISTINGS)(rows[begin:end], chance)
        told_here = numbers(cut)
        assert told_here.items() <= whole.items()
        agreeing += len(told_here)
    assert agreeing > 100
    in_order = sorted(rows, key=lambda row: row["time"])
    for (time, _), of_one in groupby(
        sorted(in_order, key=itemgetter("time", "coin")), key=itemgetter("time", "coin")
    ):
        known = [whole.get(f"{time}-{row['coin']}-{row['tid']}-{row['side']}") for row in of_one]
        assert known in (list(range(len(known))), [None] * len(known)), (
            "a millisecond has all its numbers, or none"
        )


def test_a_fill_has_no_number_where_its_place_is_not_certain() -> None:
    first, last = buy("0", "5", 1, time=T), buy("7", "5", 9, time=T + 9000)
    pair = (buy("5", "1", 2), buy("6", "1", 3))
    assert list(numbers([first, *pair, last]).values()) == [0, 1]
    assert numbers([*pair, last]) == numbers([first, *pair]) == {}, (
        "the list may cut the millisecond"
    )
    assert numbers([buy("0", "4", 1, time=T), *pair, last]) == {}, "a fill before is missing"
    assert numbers([first, *pair, buy("8", "5", 9, time=T + 9000)]) == {}, "a fill after is missing"
    twice = (buy("5", "1", 2), sell("6", "1", 3), buy("5", "2", 4))
    assert numbers([first, *twice, last]) == {}, "either of two fills may have found this position"
    own = twins("5", "5", 2)
    assert list(numbers([first, *own, buy("5", "2", 3), last]).values()) == [0, 0, 1]
    assert numbers([first, *twins("5", "7", 2), buy("5", "2", 3), last]) == {}, (
        "no trade with oneself moves the position"
    )
    either = (buy("5", "2", 2), sell("7", "2", 2), buy("5", "2", 3))
    assert numbers([first, *either, last]) == {}, "the trade with oneself may be before or after"


def test_a_poll_numbers_what_is_new_by_all_rows_of_its_answer() -> None:
    rows = [
        buy("0", "5", 1, time=T),
        buy("5", "1", 2),
        buy("6", "1", 3),
        buy("7", "5", 9, time=T + 9000),
    ]
    translated = payload_rows.fills(rows, AccountLegs(ACCOUNT), POLLED, news=[rows[2]])
    assert [
        (one.fill_id.split("-")[2], one.sequence)
        for one in translated.messages
        if isinstance(one, Fill)
    ] == [("3", 1)]


def test_slices_of_a_twap_are_not_all_fills_of_their_time() -> None:
    rows = [
        buy("0", "5", 1, time=T),
        buy("5", "1", 2),
        buy("6", "1", 3),
        buy("7", "5", 9, time=T + 9000),
    ]
    translated = payload_rows.slices(
        [{"fill": row, "twapId": 1} for row in rows], AccountLegs(ACCOUNT), POLLED
    )
    assert [one.sequence for one in translated.messages if isinstance(one, Fill)] == [None] * 4
