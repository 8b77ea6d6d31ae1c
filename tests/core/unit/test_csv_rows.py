"""CSV for spreadsheets: text that would run gets an apostrophe, everything else is as it is."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from orderledger.infrastructure.csv_rows import csv_cell, csv_lines


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd", "-x", "@SUM(A1)", "\tx", "\r", "-", "+1-2", "-1.5e", "-1 "]
)
def test_a_formula_gets_an_apostrophe(text: str) -> None:
    assert csv_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("-1.5", "-1.5"),
        ("+2E-7", "+2E-7"),
        ("a=b", "a=b"),
        (Decimal("-1.50"), "-1.5"),
        (-3, "-3"),
        (-0.25, "-0.25"),
        (None, ""),
        (False, "false"),
        (datetime(2026, 11, 2, tzinfo=UTC), "2026-11-02T00:00:00.000000Z"),
        ({"USD": Decimal("1.50")}, '{"USD":"1.5"}'),
        (["=x"], '["=x"]'),
    ],
)
def test_other_values_are_as_they_are(value: Any, cell: str) -> None:
    assert csv_cell(value) == cell


def test_each_row_is_a_line() -> None:
    assert list(csv_lines([("a", "b"), ('say "so"', 1)])) == ["a,b\n", '"say ""so""",1\n']
