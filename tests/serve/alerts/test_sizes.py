"""The usual size of the orders of an account, against a simple count."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from statistics import median as expected_median
from typing import Any, cast

import pytest

from orderledger.rows import OrderRow
from orderledger.serve.alerts.sizes import SPARE, UsualSizes, median, notional_of, place_of

BEGAN = datetime(2026, 1, 5, tzinfo=UTC)


def order(number: int, quantity: int = 1, **given: Any) -> OrderRow:
    row = {
        "account": "a",
        "instrument": "X",
        "stream": f"a/{number:06}",
        "quantity": Decimal(quantity),
        "limit_price": Decimal(2),
        "average_price": None,
        "stop_price": None,
        "requested_at": BEGAN + timedelta(seconds=number),
        "acknowledged_at": None,
        "updated_at": None,
    }
    return cast(OrderRow, {**row, **given})


@pytest.mark.parametrize("sizes", [[], [3], [4, 1], [9, 1, 5], [1, 1, 8, 2]])
def test_the_median(sizes: list[int]) -> None:
    found = median(map(Decimal, sizes))
    assert found == (Decimal(str(expected_median(sizes))) if sizes else None)


def test_the_notional_is_at_the_first_price_that_there_is() -> None:
    prices: dict[str, Any] = {"limit_price": None, "average_price": Decimal(3)}
    assert notional_of(order(1, 5), None) == 10
    assert notional_of(order(1, -5), None) == 10
    assert notional_of(order(1, 5, **prices), None) == 15
    prices |= {"average_price": None, "stop_price": Decimal(4)}
    assert notional_of(order(1, 5, **prices), None) == 20
    assert notional_of(order(1, 5, limit_price=None), None) is None


def test_an_order_has_its_place_by_the_first_time_that_it_has() -> None:
    later = BEGAN + timedelta(hours=1)
    assert place_of(order(7)) == (BEGAN + timedelta(seconds=7), "a/000007")
    assert place_of(order(7, requested_at=None, acknowledged_at=later))[0] == later
    assert place_of(order(7, requested_at=None, updated_at=later))[0] == later
    assert place_of(order(7, requested_at=None))[0] < BEGAN


def test_the_usual_size_is_the_median_of_the_last_orders_whatever_came_late() -> None:
    chance, last, at_least = Random(1), 5, 3
    sizes, known = UsualSizes(last, at_least), dict[int, int]()
    for step in range(3 * SPARE):
        number = step if chance.random() < 0.8 else max(0, step - chance.randint(1, 50))
        known[number] = chance.randint(1, 99)
        assert sizes.note(order(number, known[number]), {}) == 2 * known[number]
        newest = [2 * known[one] for one in sorted(known)[-last:]]
        if step % 7 == 0 or step < 10:
            usual = Decimal(str(expected_median(newest))) if len(newest) >= at_least else None
            assert sizes.usual("a") == usual
    middle = sorted(known)[len(known) // 2]
    before = [2 * known[one] for one in sorted(known) if one < middle][-last:]
    found = sizes.usual_before("a", place_of(order(middle)))
    assert found == Decimal(str(expected_median(before)))
    assert sizes.usual("b") is None
