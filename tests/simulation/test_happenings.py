"""The random life of a made-up venue: one seed is one history, everything happens in it, and its
sums hold."""

import random
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from orderledger.infrastructure.clock import SteppingClock
from orderledger.simulation.market import (
    HAPPENINGS,
    Change,
    ExchangeSimulator,
    FeeSchedule,
    OrderStatus,
    step,
)
from tests.simulation.made_up import INSTRUMENTS, START, venue


def lived(
    seed: int, steps: int, *, with_new_id: bool = True
) -> tuple[ExchangeSimulator, list[Change], Counter[str]]:
    exchange, chance = venue(fees=FeeSchedule(taker=Decimal("0.0004"))), random.Random(seed)
    told: list[Any] = []
    exchange.subscribe(told.append)
    happened = Counter(
        step(exchange, chance, ["main", "hedge"], INSTRUMENTS, with_new_id=with_new_id)
        for _ in range(steps)
    )
    return exchange, told, happened


def test_one_seed_is_one_history() -> None:
    assert lived(5, 500)[1] == lived(5, 500)[1]
    assert lived(5, 500)[1] != lived(6, 500)[1]


def test_in_a_long_life_everything_happens_and_the_sums_hold() -> None:
    exchange, told, happened = lived(11, 4000)

    assert set(happened) == set(HAPPENINGS)
    assert [
        row.sequence for change in told if (row := change.fill or change.funding or change.order)
    ] == list(range(1, exchange.sequence + 1))
    for account in exchange.accounts:
        fills = exchange.fills(account)
        for order in exchange.orders(account):
            assert (
                order.filled
                == sum(fill.quantity for fill in fills if fill.order_id == order.order_id)
                <= order.quantity
            )
            assert (order.status is OrderStatus.FILLED) == (order.filled == order.quantity)
        for instrument in INSTRUMENTS:
            signed = [fill.signed_quantity for fill in fills if fill.instrument == instrument.name]
            assert exchange.position(account, instrument.name).quantity == sum(signed)


def test_what_a_position_took_home_and_what_it_is_worth_are_what_was_paid_and_received() -> None:
    exchange, _, _ = lived(13, 2000, with_new_id=False)

    for account in exchange.accounts:
        for instrument in INSTRUMENTS:
            fills = [fill for fill in exchange.fills(account) if fill.instrument == instrument.name]
            received = -sum(Fraction(fill.signed_quantity) * Fraction(fill.price) for fill in fills)
            position = exchange.position(account, instrument.name)
            realized = sum(Fraction(fill.realized) for fill in fills)
            assert abs(
                realized - received - Fraction(position.quantity) * position.entry
            ) < Fraction(1, 10**20)


def test_a_venue_has_only_the_happenings_that_it_knows() -> None:
    exchange, chance = venue(), random.Random(2)

    happened = {
        step(exchange, chance, ["main"], INSTRUMENTS, happenings={"place": 1, "fill": 1})
        for _ in range(100)
    }

    assert happened == {"place", "fill"}


def test_client_ids_have_the_form_of_the_venue_and_never_come_twice() -> None:
    exchange, chance = venue(), random.Random(2)
    for _ in range(300):
        step(
            exchange,
            chance,
            ["main"],
            INSTRUMENTS,
            client_id=lambda number: f"0x{number:032x}",
            with_new_id=False,
        )

    given = [order.client_id for order in exchange.orders("main") if order.client_id is not None]
    assert len(given) > 50
    assert len(set(given)) == len(given)
    assert {len(name) for name in given} == {34}


def test_what_works_under_new_terms_is_refused_no_more() -> None:
    exchange = ExchangeSimulator(clock=SteppingClock(START))
    order = exchange.place("main", instrument="ETH", side="buy", quantity=1, limit_price=2500)
    exchange.modify(order, limit_price=2501, with_new_id=True)
    assert (
        step(exchange, random.Random(1), ["main"], INSTRUMENTS[:1], happenings={"reject": 1})
        == "place"
    )


@pytest.mark.parametrize("is_partial", [False, True])
def test_an_order_without_a_limit_fills_at_the_price_of_its_instrument(is_partial: bool) -> None:
    exchange, name = venue(), INSTRUMENTS[0].name
    lots = 5 * INSTRUMENTS[0].lot
    exchange.place("main", instrument=name, side="buy", quantity=lots, order_type="market")
    happenings = {"partial_fill" if is_partial else "fill": 1}
    step(exchange, random.Random(1), ["main"], INSTRUMENTS[:1], happenings=happenings)
    (fill,) = exchange.fills("main")
    assert fill.price == INSTRUMENTS[0].price
