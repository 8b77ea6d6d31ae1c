"""The simulated exchange: its arithmetic, and what it refuses."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from orderledger.domain.values import Liquidity, OrderType, Side, TimeInForce
from orderledger.simulation.market import Change, FeeSchedule, Kind, OrderStatus, SimulatedOrder
from tests.simulation.made_up import D, at, eth, venue


def test_an_order_is_filled_in_parts_until_nothing_is_left() -> None:
    exchange = venue(fees=FeeSchedule(maker=Decimal("-0.0001"), taker=Decimal("0.0004")))
    told: list[Change] = []
    exchange.subscribe(told.append)

    placed = eth(exchange, quantity="1.5", price="2500.10", client_id="C-1", post_only=True)
    first = exchange.fill(placed, "0.5")
    second = exchange.fill(
        placed, price="2500.00", liquidity="taker"
    )  # all that is left; an old row names the order as well

    assert placed == SimulatedOrder(
        account="main",
        order_id=101,
        client_id="C-1",
        instrument="ETH",
        side=Side.BUY,
        quantity=Decimal("1.5"),
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        limit_price=Decimal("2500.10"),
        stop_price=None,
        post_only=True,
        reduce_only=False,
        status=OrderStatus.OPEN,
        legs=(101,),
        parent_id=None,
        created_at=at(1),
        updated_at=at(1),
        sequence=1,
    )
    assert (first.fill_id, first.quantity, first.price, first.cumulated) == (
        9001,
        Decimal("0.5"),
        Decimal("2500.10"),
        Decimal("0.5"),
    )
    assert (first.fee, second.fee) == (Decimal("-0.125005"), Decimal("1.0"))
    assert (second.position_before, second.liquidity, second.at, second.sequence) == (
        Decimal("0.5"),
        Liquidity.TAKER,
        at(3),
        3,
    )
    partly = replace(
        placed, filled=Decimal("0.5"), notional=Decimal("1250.05"), updated_at=at(2), sequence=2
    )
    filled = replace(
        partly,
        filled=Decimal("1.5"),
        notional=Decimal("3750.05"),
        status=OrderStatus.FILLED,
        updated_at=at(3),
        sequence=3,
    )
    assert (exchange.order(101), filled.left, filled.average_price) == (
        filled,
        D(0),
        Decimal("2500.033333333333333333333333333333"),
    )
    assert told == [
        Change(kind=Kind.PLACED, account="main", order=placed),
        Change(kind=Kind.FILLED, account="main", order=partly, fill=first),
        Change(kind=Kind.FILLED, account="main", order=filled, fill=second),
    ]
    assert (
        exchange.open_orders("main"),
        exchange.fills("main"),
        exchange.fills("main", at(3)),
    ) == (
        [],
        [first, second],
        [second],
    )


def test_a_position_is_the_signed_sum_with_the_average_price_of_its_entry() -> None:
    exchange = venue()
    steps = [
        ("buy", "1", "100", "1", "100", "0"),
        ("buy", "2", "130", "3", "120", "0"),
        ("sell", "1", "150", "2", "120", "30"),
        (
            "sell",
            "5",
            "110",
            "-3",
            "110",
            "-20",
        ),  # through zero: two closed at a loss, three opened anew
        ("buy", "1", "100", "-2", "110", "10"),
        ("sell", "1", "140", "-3", "120", "0"),
    ]

    for side, quantity, price, held, average, realized in steps:
        fill = exchange.fill(eth(exchange, side, quantity, price))
        position = exchange.position("main", "ETH")
        assert (position.quantity, position.average_price, fill.realized) == (
            Decimal(held),
            Decimal(average),
            Decimal(realized),
        )

    exchange.fill(eth(exchange, "buy", "3", "1"))
    assert (exchange.position("main", "ETH").average_price, exchange.positions("main")) == (
        None,
        [],
    )


def test_an_average_that_no_decimal_can_hold_stays_exact() -> None:
    exchange = venue()
    for price in ("100", "100", "101"):
        exchange.fill(eth(exchange, "buy", "1", price))

    assert exchange.position("main", "ETH").entry == Fraction(301, 3)
    assert exchange.fill(eth(exchange, "sell", "3", "101")).realized == Decimal("2")


def test_a_modify_without_a_new_id_changes_the_terms_of_the_row() -> None:
    exchange = venue()
    order = eth(exchange, client_id="C-1")
    exchange.fill(order, "4")

    modified = exchange.modify(order, quantity="12", limit_price="2490", with_new_id=False)

    assert (modified.order_id, modified.quantity, modified.limit_price, modified.left) == (
        101,
        D(12),
        D(2490),
        D(8),
    )
    assert exchange.open_orders("main") == [modified]


def test_a_modify_with_a_new_id_puts_what_remains_into_a_new_leg_of_the_same_client_id() -> None:
    exchange = venue()
    order = eth(exchange, client_id="C-1")
    exchange.fill(order, "4")
    told: list[Change] = []
    exchange.subscribe(told.append)

    leg = exchange.modify(order, limit_price="2490", with_new_id=True)
    last = exchange.modify(leg, quantity="5", with_new_id=True)

    assert (leg.order_id, leg.quantity, leg.filled, leg.limit_price, leg.legs) == (
        102,
        D(6),
        D(0),
        D(2490),
        (101, 102),
    )
    assert (last.order_id, last.quantity, last.legs) == (103, D(5), (101, 102, 103))
    old = exchange.order(101)
    assert (old.status, old.filled, old.reason, old.replaced_by) == (
        OrderStatus.CANCELED,
        D(4),
        "modified",
        102,
    )
    assert [order.order_id for order in exchange.orders_by_client_id("main", "C-1")] == [
        101,
        102,
        103,
    ]
    assert exchange.open_orders("main") == [last]
    assert [(change.kind, change.order and change.order.order_id) for change in told] == [
        (Kind.CANCELED, 101),
        (Kind.PLACED, 102),
        (Kind.CANCELED, 102),
        (Kind.PLACED, 103),
    ]
    assert told[0].order is not None
    assert told[0].order.updated_at == leg.created_at


def test_orders_wait_for_their_acceptance_and_for_their_stop() -> None:
    exchange = venue()
    order = eth(exchange, order_type="stop_limit", stop_price="2600", is_accepted=False)
    assert order.status is OrderStatus.RECEIVED

    assert exchange.accept(order).status is OrderStatus.WAITING
    with pytest.raises(ValueError, match="order 101 is waiting with 10 left: 1 cannot be filled"):
        exchange.fill(order, "1")
    assert exchange.trigger(order).status is OrderStatus.OPEN
    exchange.fill(order)


def test_a_liquidation_is_an_order_that_nobody_requested_filled_at_once() -> None:
    exchange = venue()
    exchange.fill(eth(exchange, "sell", "3"))

    fill = exchange.liquidate("main", "ETH", "2", "2600")

    order = exchange.order(fill.order_id)
    assert (order.client_id, order.side, order.status, order.reason) == (
        None,
        Side.BUY,
        OrderStatus.FILLED,
        "liquidation",
    )
    assert (fill.quantity, fill.realized, fill.reason, fill.liquidity) == (
        D(2),
        D(-200),
        "liquidation",
        Liquidity.TAKER,
    )
    with pytest.raises(ValueError, match="main holds -1 ETH: 2 of it cannot be liquidated"):
        exchange.liquidate("main", "ETH", "2", "2600")


def test_funding_is_paid_on_what_is_held() -> None:
    exchange = venue()
    exchange.fill(eth(exchange, quantity="2"))

    paid = exchange.fund("main", "ETH", "-0.125")

    assert (paid.amount, paid.currency, paid.position, paid.at) == (
        Decimal("-0.125"),
        "USDC",
        D(2),
        at(3),
    )
    assert (
        exchange.fundings("main"),
        exchange.fundings("main", at(4)),
        exchange.fundings("other"),
    ) == ([paid], [], [])


def test_what_cannot_be_is_refused_and_changes_nothing() -> None:
    exchange = venue()
    working, done, gone = eth(exchange), eth(exchange), eth(exchange)
    exchange.fill(working, "4")
    exchange.fill(done)
    exchange.cancel(gone)
    eth_market = eth(exchange, price=None, order_type="market")
    before = exchange.sequence
    told: list[Any] = []
    exchange.subscribe(told.append)

    refused: list[Callable[[], object]] = [
        lambda: exchange.fill(working, "6.1"),
        lambda: exchange.fill(working, "0"),
        lambda: exchange.fill(working, "NaN"),
        lambda: exchange.fill(done, "1"),
        lambda: exchange.fill(gone, "1"),
        lambda: exchange.cancel(done),
        lambda: exchange.cancel(gone),
        lambda: exchange.expire(gone),
        lambda: exchange.reject(working, reason="margin"),
        lambda: exchange.trigger(working),
        lambda: exchange.accept(working),
        lambda: exchange.modify(gone, limit_price="1", with_new_id=True),
        lambda: exchange.modify(working, quantity="4", with_new_id=True),
        lambda: exchange.fill(working, "1", price="-1"),
        lambda: exchange.fill(working, "1", fee="NaN"),
        lambda: exchange.fill(eth_market, "1"),
        lambda: exchange.liquidate("main", "ETH", "1", "-2500"),
        lambda: exchange.fund("main", "ETH", "Infinity"),
        lambda: eth(exchange, quantity="-1"),
        lambda: eth(exchange, quantity="Infinity"),
    ]
    for act in refused:
        with pytest.raises(ValueError, match="order 10|is not"):
            act()
    with pytest.raises(TypeError, match="is a float"):
        exchange.fund("main", "ETH", 0.1)  # type: ignore[arg-type]
    with pytest.raises(LookupError, match="no order 7"):
        exchange.cancel(7)

    assert (exchange.sequence, told, len(exchange.orders("main"))) == (before, [], 4)


def test_the_insane_can_be_forced() -> None:
    exchange = venue()
    order = eth(exchange)
    exchange.cancel(order)

    late = exchange.fill(order, "11", force=True, fill_id=7)

    row = exchange.order(101)
    assert (row.status, row.filled, row.left, row.unfilled, late.fill_id) == (
        OrderStatus.CANCELED,
        D(11),
        D(0),
        D(-1),
        7,
    )
    assert exchange.fill(eth(exchange)).fill_id == 9001  # an id that was given counts for nothing


def test_a_subscriber_hears_nothing_more_once_it_has_left() -> None:
    exchange = venue()
    told: list[Any] = []
    leave = exchange.subscribe(told.append)
    eth(exchange)
    leave()
    eth(exchange)

    assert len(told) == 1
