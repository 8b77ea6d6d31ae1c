"""A curve of few points shows what the curve of all points does: its extremes and its end."""

from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any, cast

import pytest

from orderledger.projections.equity_points import EquityPointRow, Points


def row(equity: int | None, drawdown: int | None, kind: str, net: int | None = None) -> Any:
    at = datetime(2026, 1, 5, tzinfo=UTC)
    numbers = {"equity": equity, "drawdown": drawdown, "net_pnl": net, "peak": 0}
    return {
        "at": at,
        "kind": kind,
        **{key: None if one is None else Decimal(one) for key, one in numbers.items()},
    }


def curve(chance: Random, length: int) -> list[Any]:
    return [
        row(
            chance.choice([None, chance.randint(-99, 99), chance.randint(-99, 99)]),
            chance.choice([None, chance.randint(0, 99)]),
            chance.choice(["fill", "fill", "mark"]),
            chance.randint(-99, 99),
        )
        for _ in range(length)
    ]


def kept_of(rows: list[Any], most: int | None) -> list[EquityPointRow]:
    points = Points(most)
    for one in rows:
        points.take(cast(EquityPointRow, dict(one)))
    return points.rows()


def heights(rows: list[Any]) -> list[Decimal]:
    return [one["net_pnl"] if one["equity"] is None else one["equity"] for one in rows]


def without_moments(rows: list[Any]) -> list[dict[str, Any]]:
    return [{name: value for name, value in one.items() if name != "moments"} for one in rows]


@pytest.mark.parametrize("seed", range(40))
def test_few_points_have_the_extremes_the_deepest_the_first_and_the_last(seed: int) -> None:
    chance = Random(seed)
    rows = curve(chance, chance.randint(1, 300))
    most = chance.choice([1, 2, 5, 9, 20, 50])
    kept = kept_of(rows, most)
    assert len(kept) <= max(most, 5)
    assert (min(heights(kept)), max(heights(kept))) == (min(heights(rows)), max(heights(rows)))
    depths = [one["drawdown"] or Decimal(0) for one in rows]
    assert max(one["drawdown"] or Decimal(0) for one in kept) == max(depths)
    assert without_moments(kept)[-1] == rows[-1]
    assert sum(one["moments"] for one in kept) == len(rows)
    assert all(one["moments"] >= 1 for one in kept)
    numbers = [sum(one["moments"] for one in kept[: end + 1]) for end in range(len(kept))]
    assert without_moments(kept) == [rows[number - 1] for number in numbers]


def test_without_a_bound_every_fill_is_kept_and_the_extremes_of_marks_between() -> None:
    marks = [row(one, 0, "mark") for one in (3, 9, 1, 5, 4)]
    rows = [row(1, 0, "fill"), *marks, row(2, 0, "fill")]
    kept = kept_of(rows, None)
    assert heights(kept) == [1, 3, 9, 1, 4, 2]
    assert [one["moments"] for one in kept] == [1, 1, 1, 1, 2, 1]


def test_of_equal_extremes_the_first_is_kept() -> None:
    rows = [row(0, 0, "fill"), *(row(one, 0, "mark") for one in (5, 7, 7, 5, 5, 6))]
    assert [one["moments"] for one in kept_of(rows, None)] == [1, 1, 1, 4]


def test_while_the_points_are_few_enough_all_are_kept() -> None:
    rows = [row(one, 0, "fill") for one in (3, 1, 2, 2, 2)]
    assert without_moments(kept_of(rows, 5)) == rows
    assert len(kept_of(rows, 4)) < 5
