"""The matching engine of the simulated venue: who is matched first, at which price, and what stays in the book."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orderledger.simulation.market.order_book import BookOrder, OrderBook, Side, TimeInForce


def limit(
    order_id: str,
    side: Side,
    quantity: str,
    price: str,
    *,
    time_in_force: TimeInForce = "gtc",
    is_post_only: bool = False,
    owner: str = "",
) -> BookOrder:
    return BookOrder(
        order_id=order_id,
        owner=owner or order_id,
        side=side,
        quantity=Decimal(quantity),
        limit_price=Decimal(price),
        time_in_force=time_in_force,
        is_post_only=is_post_only,
    )


def market(order_id: str, side: Side, quantity: str) -> BookOrder:
    return BookOrder(order_id=order_id, owner=order_id, side=side, quantity=Decimal(quantity))


def book_of(*orders: BookOrder) -> OrderBook:
    book = OrderBook()
    for order in orders:
        assert book.submit(order).matches == ()
    return book


def matches(book: OrderBook, order: BookOrder) -> list[tuple[str, str, str]]:
    return [(match.maker.order_id, str(match.quantity), str(match.price)) for match in book.submit(order).matches]


def resting(book: OrderBook, side: Side) -> list[tuple[str, str]]:
    return [(order.order_id, str(order.leaves_quantity)) for order in book.resting(side)]


def test_the_better_price_is_matched_first_and_at_one_price_the_earlier_order() -> None:
    book = book_of(limit("late", "sell", "1", "101"), limit("first", "sell", "1", "100"), limit("second", "sell", "1", "100"))
    assert matches(book, limit("taker", "buy", "2.5", "101")) == [
        ("first", "1", "100"),
        ("second", "1", "100"),
        ("late", "0.5", "101"),
    ]


def test_the_higher_bid_is_matched_first() -> None:
    book = book_of(limit("low", "buy", "1", "99"), limit("high", "buy", "1", "100"))
    assert matches(book, limit("taker", "sell", "2", "98")) == [("high", "1", "100"), ("low", "1", "99")]


def test_a_match_is_made_at_the_price_of_the_resting_order() -> None:
    book = book_of(limit("maker", "sell", "1", "100"))
    assert matches(book, limit("taker", "buy", "1", "105")) == [("maker", "1", "100")]


def test_a_partly_filled_order_keeps_its_place_and_the_rest_of_the_taker_stays() -> None:
    book = book_of(limit("first", "sell", "2", "100"), limit("second", "sell", "1", "100"))
    assert matches(book, limit("small", "buy", "0.5", "100")) == [("first", "0.5", "100")]
    assert resting(book, "sell") == [("first", "1.5"), ("second", "1")]
    assert matches(book, limit("large", "buy", "4", "100")) == [("first", "1.5", "100"), ("second", "1", "100")]
    assert resting(book, "buy") == [("large", "1.5")] and book.resting("buy")[0].limit_price == Decimal(100)


def test_an_order_short_of_the_other_side_is_not_matched() -> None:
    book = book_of(limit("ask", "sell", "1", "100"))
    assert matches(book, limit("bid", "buy", "1", "99.99")) == []
    assert resting(book, "buy") == [("bid", "1")]


def test_a_market_order_takes_what_there_is_and_its_rest_is_canceled() -> None:
    book = book_of(limit("ask", "sell", "1", "100"), limit("far", "sell", "1", "900"))
    taker = market("taker", "buy", "3")
    execution = book.submit(taker)
    assert [str(match.price) for match in execution.matches] == ["100", "900"]
    assert (execution.reason, taker.leaves_quantity) == ("no_liquidity", Decimal(1))
    assert resting(book, "buy") == []


def test_an_ioc_order_takes_what_it_can_and_never_rests() -> None:
    book = book_of(limit("ask", "sell", "1", "100"))
    execution = book.submit(limit("taker", "buy", "3", "100", time_in_force="ioc"))
    assert [str(match.quantity) for match in execution.matches] == ["1"]
    assert execution.reason == "immediate_or_cancel" and resting(book, "buy") == []


def test_a_fok_order_is_filled_whole_or_not_at_all() -> None:
    book = book_of(limit("near", "sell", "1", "100"), limit("far", "sell", "1", "101"))
    refused = book.submit(limit("too-large", "buy", "2.1", "101", time_in_force="fok"))
    assert (refused.matches, refused.reason) == ((), "fill_or_kill")
    too_dear = book.submit(limit("too-cheap", "buy", "2", "100", time_in_force="fok"))
    assert (too_dear.matches, too_dear.reason) == ((), "fill_or_kill")
    assert matches(book, limit("fitting", "buy", "2", "101", time_in_force="fok")) == [("near", "1", "100"), ("far", "1", "101")]


def test_a_post_only_order_that_would_match_is_refused_and_one_that_would_not_rests() -> None:
    book = book_of(limit("ask", "sell", "1", "100"))
    assert book.submit(limit("crossing", "buy", "1", "100", is_post_only=True)).reason == "post_only_would_match"
    assert book.submit(limit("passive", "buy", "1", "99", is_post_only=True)).reason is None
    assert (resting(book, "buy"), resting(book, "sell")) == ([("passive", "1")], [("ask", "1")])


def test_a_smaller_quantity_keeps_its_priority() -> None:
    first, second = limit("first", "sell", "2", "100"), limit("second", "sell", "2", "100")
    book = book_of(first, second)
    book.replace(first, quantity=Decimal(1), limit_price=Decimal(100))
    assert resting(book, "sell") == [("first", "1"), ("second", "2")]


@pytest.mark.parametrize(("quantity", "price"), [("3", "100"), ("2", "101")])
def test_a_larger_quantity_or_another_price_loses_its_priority(quantity: str, price: str) -> None:
    first, second = limit("first", "sell", "2", "100"), limit("second", "sell", "2", price)
    book = book_of(first, second)
    book.replace(first, quantity=Decimal(quantity), limit_price=Decimal(price))
    assert resting(book, "sell") == [("second", "2"), ("first", quantity)]


def test_a_replace_across_the_spread_matches_at_once() -> None:
    bid = limit("bid", "buy", "2", "99")
    book = book_of(limit("ask", "sell", "1", "100"), bid)
    execution = book.replace(bid, quantity=Decimal(2), limit_price=Decimal(100))
    assert [(match.maker.order_id, match.taker.order_id) for match in execution.matches] == [("ask", "bid")]
    assert resting(book, "buy") == [("bid", "1")]


def test_a_replace_below_what_is_filled_is_raised_to_it_and_leaves_the_book() -> None:
    ask = limit("ask", "sell", "3", "100")
    book = book_of(ask)
    book.submit(limit("taker", "buy", "2", "100"))
    book.replace(ask, quantity=Decimal(1), limit_price=Decimal(100))
    assert (ask.quantity, ask.leaves_quantity, resting(book, "sell")) == (Decimal(2), Decimal(0), [])


def test_an_owner_does_not_trade_with_itself_the_resting_order_is_taken_out() -> None:
    book = book_of(limit("own", "sell", "1", "100", owner="us"), limit("other", "sell", "1", "100"))
    execution = book.submit(limit("taker", "buy", "1", "100", owner="us"))
    assert [order.order_id for order in execution.self_trades] == ["own"]
    assert [match.maker.order_id for match in execution.matches] == ["other"]
