"""Percentiles of durations: the nearest rank, to four significant digits, in bounded memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderledger.projections.latency import Durations, rounded_to_digits


def durations(values: list[int]) -> Durations:
    found = Durations()
    for value in values:
        found.add(value)
    return found


@given(st.lists(st.integers(-9_999, 9_999), min_size=1), st.integers(1, 100))
def test_a_percentile_is_the_smallest_duration_that_so_many_do_not_exceed(
    values: list[int], percent: int
) -> None:
    found = durations(values).percentile(percent)
    least = min(
        value
        for value in values
        if 100 * sum(one <= value for one in values) >= percent * len(values)
    )
    assert found == least


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1))
def test_the_count_and_the_maximum_are_exact_and_no_percentile_exceeds_it(
    values: list[int],
) -> None:
    found = durations(values)
    assert (found.count, found.most) == (len(values), max(values))
    assert found.percentile(100) <= found.most


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, 0),
        (9_999, 9_999),
        (12_344, 12_340),
        (12_345, 12_350),
        (-12_345, -12_350),
        (99_996, 100_000),
        (1_234_567_890, 1_235_000_000),
    ],
)
def test_durations_are_rounded_to_four_digits(number: int, shown: int) -> None:
    assert rounded_to_digits(number) == shown


def test_memory_does_not_grow_with_the_number_of_durations() -> None:
    found = durations(list(range(0, 1_000_000, 7)))
    assert len(found._counts) < 2 * 9_000 + 10_000
    assert found.percentile(50) == pytest.approx(500_000, rel=0.0005)
