"""Each limit: what it allows, what it denies, and what the denial says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from orderledger.domain.exposure import Interval, Working, interval_of
from orderledger.domain.values import OrderType, Side
from orderledger.gateway.limit_checks import CHECKS, check
from orderledger.gateway.limits import NAMES, Limits, Proposed

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
D = Decimal
NOTHING, HUNDRED = D(0), D(100)


@dataclass
class Given:
    """The state of an account, as a test gives it."""

    price: Decimal | None = HUNDRED
    marked_at: datetime = NOW
    held: Interval = field(default_factory=lambda: Interval(D(0), D(0)))
    opened: int = 0
    gross: Decimal | None = NOTHING
    second: int = 0
    today: int = 0
    other: str | None = None
    loss: Mapping[str, Decimal] = field(default_factory=dict)
    fallen: Mapping[str, Decimal] = field(default_factory=dict)

    def at(self) -> datetime:
        return NOW

    def mark(self, order: Proposed) -> tuple[Decimal, datetime] | None:
        return None if self.price is None else (self.price, self.marked_at)

    def notional(self, order: Proposed, quantity: Decimal, price: Decimal) -> Decimal:
        return quantity * price

    def position(self, order: Proposed, rule: Limits) -> Interval:
        return self.held

    def open_orders(self, rule: Limits) -> int:
        return self.opened

    def gross_notional(self, rule: Limits) -> Decimal | None:
        return self.gross

    def sent_in_last_second(self, rule: Limits) -> int:
        return self.second

    def sent_today(self, rule: Limits) -> int:
        return self.today

    def crossed(self, order: Proposed) -> str | None:
        return self.other

    def losses(self, rule: Limits) -> Mapping[str, Decimal]:
        return self.loss

    def drawdowns(self, rule: Limits) -> Mapping[str, Decimal]:
        return self.fallen


def order(
    side: str = "buy", quantity: str = "2", price: str | None = "100", **more: Any
) -> Proposed:
    terms: dict[str, Any] = {
        "account": "sim:main",
        "instrument": "BTC-USD",
        "side": Side(side),
        "quantity": D(quantity),
        "added": D(quantity),
        "order_type": OrderType.LIMIT if price is not None else OrderType.MARKET,
        "limit_price": None if price is None else D(price),
    }
    return Proposed(**{**terms, **more})


ALLOWED_AND_DENIED: list[tuple[dict[str, Any], Proposed, Given, Given, str]] = [
    ({"order_quantity": D(2)}, order(), Given(), Given(), ""),
    (
        {"order_quantity": D("1.9")},
        order(),
        Given(),
        Given(),
        "order_quantity: the quantity would become 2, the limit is 1.9",
    ),
    ({"order_notional": D(200)}, order(), Given(), Given(), ""),
    (
        {"order_notional": D(199)},
        order(),
        Given(),
        Given(),
        "order_notional: the notional would become 200, the limit is 199",
    ),
    (
        {"order_notional": D(199)},
        order(price=None),
        Given(),
        Given(price=None),
        (
            "order_notional: the order has no limit price and BTC-USD no mark, so its notional is "
            "unknown"
        ),
    ),
]


@pytest.mark.parametrize(("limit", "proposed", "_", "given", "text"), ALLOWED_AND_DENIED)
def test_quantity_and_notional(
    limit: dict[str, Any], proposed: Proposed, _: Given, given: Given, text: str
) -> None:
    found = check(proposed, given, [Limits(**limit)])
    assert ("" if found is None else found.text) == text


@pytest.mark.parametrize(
    ("side", "price", "is_denied"),
    [
        ("buy", "105", False),
        ("buy", "105.01", True),
        ("buy", "1", False),
        ("sell", "95", False),
        ("sell", "94.99", True),
        ("sell", "900", False),
    ],
)
def test_the_collar_denies_prices_on_the_losing_side_of_the_mark(
    side: str, price: str, is_denied: bool
) -> None:
    found = check(order(side, price=price), Given(), [Limits(price_collar=D("0.05"))])
    assert (found is not None) == is_denied


def test_the_collar_needs_a_mark() -> None:
    found = check(order(), Given(price=None), [Limits(price_collar=D("0.05"))])
    assert found is not None and found.reason == "price_collar" and "no mark" in found.text


@pytest.mark.parametrize(
    ("held", "proposed", "reached"),
    [
        (Interval(D(-3), D(8)), order("buy", "2"), None),
        (Interval(D(-3), D(8)), order("buy", "2.5"), "10.5"),
        (Interval(D(-3), D(8)), order("sell", "7"), None),
        (Interval(D(-3), D(8)), order("sell", "7.1"), "10.1"),
        (Interval(D(12), D(20)), order("sell", "5"), None),
        (Interval(D(-20), D(-15)), order("buy", "5"), None),
        (Interval(D(20), D(20)), order("buy", "1", reduce_only=True), None),
        (Interval(D(0), D(9)), order("buy", "30", added=D(1)), None),
    ],
)
def test_the_position_in_the_worst_case_counts_every_open_order_of_the_side(
    held: Interval, proposed: Proposed, reached: str | None
) -> None:
    found = check(proposed, Given(held=held), [Limits(position_quantity=D(10))])
    expected = (
        None
        if reached is None
        else f"position_quantity: the worst-case position would become {reached}, the limit is 10"
    )
    assert (None if found is None else found.text) == expected


def test_a_position_without_a_bound_is_beyond_every_limit() -> None:
    found = check(order(), Given(held=Interval(D(0), None)), [Limits(position_quantity=D(10))])
    assert found is not None and "unbounded" in found.text


@pytest.mark.parametrize(
    ("limit", "given"),
    [
        ({"open_orders": 3}, {"opened": 2}),
        ({"gross_notional": D(1000)}, {"gross": D(800)}),
        ({"orders_per_second": 5}, {"second": 4}),
        ({"orders_per_day": 5}, {"today": 4}),
        ({"daily_loss": D(50)}, {"loss": {"USD": D(50)}}),
        ({"drawdown": D(50)}, {"fallen": {"USD": D(50)}}),
        ({"mark_age_seconds": D(5)}, {"marked_at": NOW - timedelta(seconds=5)}),
        ({"self_crossing": True}, {"other": "C-7"}),
        ({"self_crossing": False}, {"other": None}),
    ],
)
def test_what_just_reaches_a_limit_is_allowed(limit: dict[str, Any], given: dict[str, Any]) -> None:
    assert check(order(), Given(**given), [Limits(**limit)]) is None


@pytest.mark.parametrize(
    ("limit", "given", "text"),
    [
        ({"open_orders": 3}, {"opened": 3}, "the open orders would become 4, the limit is 3"),
        (
            {"gross_notional": D(1000)},
            {"gross": D(801)},
            "the gross notional would become 1001, the limit is 1000",
        ),
        (
            {"gross_notional": D(1000)},
            {"gross": None},
            "an instrument in its scope has neither a mark nor a limit price",
        ),
        (
            {"orders_per_second": 5},
            {"second": 5},
            "the orders of one second would become 6, the limit is 5",
        ),
        (
            {"orders_per_day": 5},
            {"today": 5},
            "the orders of this day would become 6, the limit is 5",
        ),
        (
            {"daily_loss": D(50)},
            {"loss": {"EUR": D(1), "USD": D("50.01")}},
            "the loss of this day is 50.01 USD, the limit is 50",
        ),
        (
            {"drawdown": D(50)},
            {"fallen": {"USD": D(51)}},
            "the loss since the high of this day is 51 USD, the limit is 50",
        ),
        (
            {"mark_age_seconds": D(5)},
            {"marked_at": NOW - timedelta(seconds=6)},
            "the mark is 6 s old, the limit is 5",
        ),
        ({"mark_age_seconds": D(5)}, {"price": None}, "BTC-USD has no mark"),
        ({"self_crossing": False}, {"other": "C-7"}, "it would trade with C-7 of the same account"),
    ],
)
def test_what_goes_beyond_a_limit_is_denied_in_a_sentence(
    limit: dict[str, Any], given: dict[str, Any], text: str
) -> None:
    found = check(order(), Given(**given), [Limits(**limit)])
    assert found is not None and text in found.text
    assert found.reason == next(iter(limit)), "the reason is the name of the limit"


def test_an_order_that_only_reduces_is_exempt_from_limits_of_loss() -> None:
    lost = Given(
        loss={"USD": D(99)}, fallen={"USD": D(99)}, gross=D(10**9), held=Interval(D(99), D(99))
    )
    rule = Limits(daily_loss=D(1), drawdown=D(1), gross_notional=D(1), position_quantity=D(1))
    assert check(order(reduce_only=True), lost, [rule]) is None


@pytest.mark.parametrize(
    ("scope", "is_about"),
    [
        ({}, True),
        ({"account": "sim:main"}, True),
        ({"account": "sim:two"}, False),
        ({"instrument": "BTC-USD", "strategy": "grid"}, True),
        ({"strategy": "arb"}, False),
    ],
)
def test_a_rule_is_about_the_orders_of_its_scope(scope: dict[str, Any], is_about: bool) -> None:
    found = check(order(strategy="grid"), Given(), [Limits(order_quantity=D(1), **scope)])
    assert (found is not None) == is_about


def test_the_name_of_a_rule_is_in_the_denial() -> None:
    found = check(order(), Given(), [Limits(name="small", order_quantity=D(1))])
    assert (
        found is not None
        and found.text == "order_quantity of small: the quantity would become 2, the limit is 1"
    )


def test_every_limit_has_its_check() -> None:
    assert tuple(CHECKS) == NAMES


def test_the_interval_of_a_position() -> None:
    working = [
        Working("C-1", "C-1", Side.BUY, D(2)),
        Working("C-2", "C-2", Side.SELL, D(5)),
        Working("C-3", "C-3", Side.BUY, D("0.5")),
    ]
    assert interval_of(D(1), working) == Interval(D(-4), D("3.5"))
    assert interval_of(D(1), [*working, Working("C-4", "C-4", Side.SELL, None)]) == Interval(
        None, D("3.5")
    )
