"""Order entry at the simulated market: who is matched first, at which price, what rests, and why
the venue refuses."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from orderledger.simulation.market import (
    Change,
    EntryRules,
    ExchangeSimulator,
    Kind,
    OrderStatus,
    Reason,
    Refusal,
    SimulatedOrder,
)
from tests.simulation.made_up import INSTRUMENTS, START, venue


def market(*sent: tuple[str, str, str, str], **terms: Any) -> ExchangeSimulator:
    """A market in which each account has sent one limit order of ETH: account, side, quantity,
    price. None of them match."""
    exchange = venue(**terms)
    for account, side, quantity, price in sent:
        send(exchange, account, side, quantity, price)
    assert not any(exchange.fills(account) for account in exchange.accounts)
    return exchange


def send(
    exchange: ExchangeSimulator,
    account: str,
    side: str,
    quantity: str,
    price: str | None,
    **terms: Any,
) -> SimulatedOrder:
    order_type = "market" if price is None else "limit"
    terms = {
        "instrument": "ETH",
        "side": side,
        "quantity": quantity,
        "limit_price": price,
        "order_type": order_type,
        **terms,
    }
    order = exchange.submit(account, **terms)
    assert isinstance(order, SimulatedOrder), order
    return order


def refused(order: SimulatedOrder | Refusal) -> str:
    assert isinstance(order, Refusal), order
    return order.reason


def fills(exchange: ExchangeSimulator, *accounts: str) -> list[tuple[str, str, str]]:
    """Account, quantity and price of the fills of these accounts, in the order in which they
    happened."""
    found = sorted(
        (fill for account in accounts for fill in exchange.fills(account)),
        key=lambda fill: fill.sequence,
    )
    return [(fill.account, str(fill.quantity), str(fill.price)) for fill in found]


def resting(exchange: ExchangeSimulator, side: str) -> list[tuple[str, str]]:
    """Account and what is left, the first to be matched first."""
    return [(order.account, str(order.left)) for order in exchange.book("ETH").resting(side)]  # type: ignore[arg-type]


def test_the_better_price_is_matched_first_and_at_one_price_the_earlier_order() -> None:
    exchange = market(
        ("late", "sell", "1", "101"), ("first", "sell", "1", "100"), ("second", "sell", "1", "100")
    )
    taker = send(exchange, "taker", "buy", "2.5", "101")
    assert fills(exchange, "first", "second", "late") == [
        ("first", "1", "100"),
        ("second", "1", "100"),
        ("late", "0.5", "101"),
    ]
    assert (taker.status, taker.filled) == (OrderStatus.FILLED, Decimal("2.5"))


def test_the_higher_bid_is_matched_first() -> None:
    exchange = market(("low", "buy", "1", "99"), ("high", "buy", "1", "100"))
    send(exchange, "taker", "sell", "2", "98")
    assert fills(exchange, "low", "high") == [("high", "1", "100"), ("low", "1", "99")]


def test_both_sides_of_a_match_have_the_resting_price_and_one_fill_id() -> None:
    exchange = market(("maker", "sell", "1", "100"))
    send(exchange, "taker", "buy", "1", "105")
    [made], [taken] = exchange.fills("maker"), exchange.fills("taker")
    assert (made.price, taken.price, made.fill_id == taken.fill_id) == (
        Decimal(100),
        Decimal(100),
        True,
    )
    assert (str(made.liquidity), str(taken.liquidity)) == ("maker", "taker")
    assert [exchange.position(account, "ETH").quantity for account in ("maker", "taker")] == [-1, 1]


def test_a_partly_filled_order_keeps_its_place_and_the_rest_of_the_taker_stays() -> None:
    exchange = market(("first", "sell", "2", "100"), ("second", "sell", "1", "100"))
    send(exchange, "small", "buy", "0.5", "100")
    assert resting(exchange, "sell") == [("first", "1.5"), ("second", "1")]
    send(exchange, "large", "buy", "4", "100")
    assert fills(exchange, "large") == [("large", "1.5", "100"), ("large", "1", "100")]
    assert (resting(exchange, "buy"), resting(exchange, "sell")) == ([("large", "1.5")], [])


def test_an_order_short_of_the_other_side_is_not_matched() -> None:
    exchange = market(("ask", "sell", "1", "100"), ("bid", "buy", "1", "99.99"))
    assert resting(exchange, "buy") == [("bid", "1")]


def test_a_market_order_takes_what_there_is_and_its_rest_is_canceled() -> None:
    exchange = market(("ask", "sell", "1", "100"), ("far", "sell", "1", "900"))
    taker = send(exchange, "taker", "buy", "3", None)
    assert fills(exchange, "taker") == [("taker", "1", "100"), ("taker", "1", "900")]
    assert (taker.status, taker.reason, taker.unfilled) == (
        OrderStatus.CANCELED,
        "no_liquidity",
        Decimal(1),
    )


def test_an_ioc_order_takes_what_it_can_and_never_rests() -> None:
    exchange = market(("ask", "sell", "1", "100"))
    taker = send(exchange, "taker", "buy", "3", "100", time_in_force="ioc")
    assert (taker.filled, taker.reason, resting(exchange, "buy")) == (
        Decimal(1),
        "immediate_or_cancel",
        [],
    )


def test_a_fok_order_is_filled_whole_or_not_at_all() -> None:
    exchange = market(("near", "sell", "1", "100"), ("far", "sell", "1", "101"))
    for quantity, price in (("2.1", "101"), ("2", "100")):
        killed = send(exchange, "taker", "buy", quantity, price, time_in_force="fok")
        assert (killed.filled, killed.reason) == (0, "fill_or_kill")
    assert (
        send(exchange, "taker", "buy", "2", "101", time_in_force="fok").status is OrderStatus.FILLED
    )


def test_a_post_only_order_that_would_match_is_refused_and_one_that_would_not_rests() -> None:
    exchange = market(("ask", "sell", "1", "100"))
    terms: dict[str, Any] = {"instrument": "ETH", "side": "buy", "quantity": "1", "post_only": True}
    assert refused(exchange.submit("taker", limit_price="100", **terms)) == "post_only_would_match"
    assert exchange.orders("taker") == []
    exchange.submit("maker", limit_price="99", **terms)
    assert resting(exchange, "buy") == [("maker", "1")]


def test_an_account_does_not_trade_with_itself_its_resting_order_is_canceled() -> None:
    exchange = market(("us", "sell", "1", "100"), ("other", "sell", "1", "100"))
    send(exchange, "us", "buy", "1", "100")
    assert [(order.status, order.reason) for order in exchange.orders("us")] == [
        (OrderStatus.CANCELED, "self_trade"),
        (OrderStatus.FILLED, None),
    ]
    assert fills(exchange, "other") == [("other", "1", "100")]


def test_a_smaller_quantity_keeps_its_place() -> None:
    exchange = market(("first", "sell", "2", "100"), ("second", "sell", "2", "100"))
    exchange.request_replace("first", order_id=101, quantity="1", with_new_id=None)
    assert (
        resting(exchange, "sell") == [("first", "1"), ("second", "2")]
        and exchange.order(101).replaced_by is None
    )


@pytest.mark.parametrize(("quantity", "price"), [("3", "100"), ("2", "101")])
@pytest.mark.parametrize("with_new_id", [True, False, None])
def test_a_larger_quantity_or_another_price_loses_its_place(
    quantity: str, price: str, with_new_id: bool | None
) -> None:
    exchange = market(("first", "sell", "2", "100"), ("second", "sell", "2", price))
    replaced = exchange.request_replace(
        "first", order_id=101, quantity=quantity, limit_price=price, with_new_id=with_new_id
    )
    assert resting(exchange, "sell") == [("second", "2"), ("first", quantity)]
    assert isinstance(replaced, SimulatedOrder) and replaced.order_id == (
        101 if with_new_id is False else 103
    )


def test_a_replace_across_the_spread_matches_at_once() -> None:
    exchange = market(("ask", "sell", "1", "100"), ("bid", "buy", "2", "99"))
    exchange.request_replace("bid", order_id=102, limit_price="100")
    assert fills(exchange, "ask", "bid") == [("ask", "1", "100"), ("bid", "1", "100")]
    assert resting(exchange, "buy") == [("bid", "1")]


@pytest.mark.parametrize("with_new_id", [True, False])
def test_the_total_of_a_replace_counts_what_was_filled_and_one_below_it_ends_the_order_as_filled(
    with_new_id: bool,
) -> None:
    exchange = market(("ask", "sell", "3", "100"))
    send(exchange, "taker", "buy", "2", "100")
    row = exchange.request_replace("ask", order_id=101, quantity="4", with_new_id=with_new_id)
    assert isinstance(row, SimulatedOrder) and resting(exchange, "sell") == [("ask", "2")]
    done = exchange.request_replace("ask", order_id=row.order_id, quantity="1")
    assert isinstance(done, SimulatedOrder)
    assert (done.status, exchange.filled_before(done) + done.filled, resting(exchange, "sell")) == (
        OrderStatus.FILLED,
        2,
        [],
    )


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"instrument": "DOGE"}, Reason.UNKNOWN_INSTRUMENT),
        ({"quantity": "0.005"}, Reason.INCORRECT_QUANTITY),
        ({"quantity": "0"}, Reason.INCORRECT_QUANTITY),
        ({"quantity": "-1"}, Reason.INCORRECT_QUANTITY),
        ({"quantity": "many"}, Reason.INCORRECT_QUANTITY),
        ({"quantity": "NaN"}, Reason.INCORRECT_QUANTITY),
        ({"limit_price": "2500.05"}, Reason.INCORRECT_PRICE),
        ({"limit_price": "-1"}, Reason.INCORRECT_PRICE),
        ({"limit_price": "a lot"}, Reason.INCORRECT_PRICE),
        ({"limit_price": None}, Reason.INCORRECT_PRICE),
        ({"order_type": "market"}, Reason.INCORRECT_PRICE),
        ({"order_type": "stop_limit"}, Reason.INCORRECT_STOP_PRICE),
        ({"stop_price": "2400"}, Reason.INCORRECT_STOP_PRICE),
        ({"order_type": "iceberg"}, Reason.UNSUPPORTED_ORDER_TYPE),
        ({"time_in_force": "gtd"}, Reason.INCORRECT_EXPIRE_AT),
        ({"time_in_force": "gtd", "expire_at": START}, Reason.INCORRECT_EXPIRE_AT),
    ],
)
def test_terms_that_the_venue_cannot_work_are_refused_and_leave_nothing(
    terms: dict[str, Any], reason: str
) -> None:
    exchange, changes = market(instruments=INSTRUMENTS), list[Change]()
    exchange.subscribe(changes.append)
    order = {"instrument": "ETH", "side": "buy", "quantity": "1", "limit_price": "2500", **terms}
    assert refused(exchange.submit("main", **order)) == reason
    assert (exchange.orders("main"), changes) == ([], [])


@pytest.mark.parametrize(
    ("rule", "while_open", "after"), [("any", 3, 4), ("unique_while_open", 1, 2), ("unique", 1, 1)]
)
def test_a_client_id_may_come_again_where_the_venue_allows_it(
    rule: Any, while_open: int, after: int
) -> None:
    exchange = market(rules=EntryRules(client_ids=rule))
    for _ in range(3):
        last = exchange.submit(
            "main", client_id="C-1", instrument="ETH", side="buy", quantity="1", limit_price="100"
        )
    if isinstance(last, Refusal):
        assert (last.reason, last.order) == (Reason.DUPLICATE_ORDER, exchange.order(101))
    assert len(exchange.orders("main")) == while_open
    for order in exchange.open_orders("main"):
        exchange.cancel(order)
    exchange.submit(
        "main", client_id="C-1", instrument="ETH", side="buy", quantity="1", limit_price="100"
    )
    exchange.submit(
        "other", client_id="C-1", instrument="ETH", side="buy", quantity="1", limit_price="100"
    )
    assert (len(exchange.orders("main")), len(exchange.orders("other"))) == (after, 1)


def test_a_judge_refuses_for_the_venues_own_reasons() -> None:
    exchange, asked = market(), list[tuple[Kind, int]]()

    def judge(kind: Kind, order: SimulatedOrder) -> str | None:
        asked.append((kind, order.order_id))
        return None if kind is Kind.PLACED and order.quantity < 5 else "not_today"

    exchange.rules.judge = judge
    order = send(exchange, "main", "buy", "4", "100")
    assert (
        refused(
            exchange.submit("main", instrument="ETH", side="buy", quantity="5", limit_price="100")
        )
        == "not_today"
    )
    assert refused(exchange.request_cancel("main", order_id=101)) == "not_today"
    assert refused(exchange.request_replace("main", order_id=101, quantity="1")) == "not_today"
    assert asked == [
        (Kind.PLACED, 101),
        (Kind.PLACED, 102),
        (Kind.CANCELED, 101),
        (Kind.MODIFIED, 101),
    ]
    assert exchange.orders("main") == [order]


def test_a_cancel_and_a_replace_name_an_open_order_of_the_account_by_either_id() -> None:
    exchange = market()
    send(exchange, "main", "buy", "1", "100", client_id="C-1")
    assert refused(exchange.request_cancel("other", order_id=101)) == Reason.UNKNOWN_ORDER
    assert refused(exchange.request_cancel("other", client_id="C-1")) == Reason.UNKNOWN_ORDER
    assert (
        refused(exchange.request_replace("main", order_id=7, quantity="2")) == Reason.UNKNOWN_ORDER
    )
    assert (
        refused(exchange.request_replace("main", client_id="C-1", quantity="0"))
        == Reason.INCORRECT_QUANTITY
    )
    assert (
        refused(exchange.request_replace("main", client_id="C-1", limit_price="0"))
        == Reason.INCORRECT_PRICE
    )
    canceled = exchange.request_cancel("main", client_id="C-1")
    assert (
        isinstance(canceled, SimulatedOrder)
        and canceled.status is OrderStatus.CANCELED
        and resting(exchange, "buy") == []
    )
    late = exchange.request_cancel("main", order_id=101)
    assert (refused(late), late.order) == (Reason.TOO_LATE_TO_CANCEL, canceled)  # type: ignore[union-attr]
    assert (
        refused(exchange.request_replace("main", order_id=101, quantity="2"))
        == Reason.TOO_LATE_TO_REPLACE
    )


def test_the_book_follows_what_is_scripted() -> None:
    exchange = market(
        ("first", "sell", "3", "100"), ("second", "sell", "1", "101"), ("gone", "sell", "1", "99")
    )
    exchange.fill(101, "2")
    exchange.cancel(103)
    exchange.modify(102, limit_price="99.5", with_new_id=True)
    assert resting(exchange, "sell") == [("second", "1"), ("first", "1")]
    exchange.place("scripted", instrument="ETH", side="buy", quantity="1", limit_price="200")
    assert fills(exchange, "scripted") == [] == resting(exchange, "buy")
    exchange.enter(105)
    assert fills(exchange, "scripted") == [("scripted", "1", "99.5")]


def test_a_stop_order_waits_until_a_match_reaches_it_and_then_matches() -> None:
    exchange = market(("ask", "sell", "1", "100"), ("far", "sell", "5", "103"))
    stop = send(exchange, "stop", "buy", "2", None, order_type="stop", stop_price="102")
    low = send(exchange, "low", "sell", "1", "90", order_type="stop_limit", stop_price="95")
    send(exchange, "taker", "buy", "1", "100")
    assert exchange.order(stop.order_id).status is OrderStatus.WAITING
    send(exchange, "taker", "buy", "1", "103")
    assert (
        fills(exchange, "stop") == [("stop", "2", "103")]
        and exchange.order(low.order_id).status is OrderStatus.WAITING
    )


def test_day_and_gtd_orders_expire_when_their_time_is_over() -> None:
    exchange = market(("good", "buy", "1", "100"))
    send(exchange, "day", "buy", "1", "100", time_in_force="day")
    send(
        exchange,
        "gtd",
        "buy",
        "1",
        "100",
        time_in_force="gtd",
        expire_at=START + timedelta(hours=1),
    )
    assert exchange.expire_due(START + timedelta(minutes=59)) == []
    assert [order.account for order in exchange.expire_due(START + timedelta(hours=1))] == ["gtd"]
    assert [order.account for order in exchange.expire_due(START + timedelta(days=1))] == ["day"]
    assert resting(exchange, "buy") == [("good", "1")]


def test_subscribers_get_the_order_before_its_fills_and_the_canceled_rest_last() -> None:
    exchange, changes = market(("ask", "sell", "1", "100")), list[tuple[str, str]]()
    exchange.subscribe(lambda change: changes.append((str(change.kind), change.account)))
    send(exchange, "taker", "buy", "3", "100", time_in_force="ioc")
    assert changes == [
        ("placed", "taker"),
        ("filled", "ask"),
        ("filled", "taker"),
        ("canceled", "taker"),
    ]


def test_a_restored_market_goes_on_as_the_saved_one() -> None:
    first = market(
        ("a", "sell", "3", "100"),
        ("b", "sell", "1", "100"),
        ("c", "buy", "1", "99"),
        instruments=INSTRUMENTS,
    )
    send(first, "taker", "buy", "1", "100")
    second = market(instruments=INSTRUMENTS)
    second.restore(first.saved())
    assert second.saved() == first.saved()
    for exchange in (first, second):
        exchange.clock = venue().clock
        send(exchange, "taker", "buy", "2.5", "100")
    assert second.saved() == first.saved() and fills(second, "a", "b")[-1] == ("b", "0.5", "100")
