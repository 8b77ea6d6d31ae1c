"""Rows in statements' worth."""

import pytest

from orderledger.infrastructure.storage.recorder import chunks


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 499, 500, 501, 1_350])
def test_every_row_stands_in_one_statement_and_those_of_many_rows_are_of_two_sizes(
    count: int,
) -> None:
    found = list(chunks(range(count)))
    assert [row for chunk in found for row in chunk] == list(range(count))
    assert {len(chunk) for chunk in found[:-1]} <= {500, 100}
    assert all(len(chunk) in (500, 100) or 0 < len(chunk) < 100 for chunk in found[-1:])
