"""Tests of many cases or seeds: some of them on every run, many more among the long tests."""

from collections.abc import Iterable
from typing import Any

import pytest

ON_EVERY_RUN = 10
AT_ONCE = 20
"""Seeds in one long test."""


def _some(first: int, end: int) -> list[range]:
    return [range(seed, seed + AT_ONCE) for seed in range(first, end, AT_ONCE)]


_MANY = [
    pytest.param(seeds, marks=pytest.mark.long)
    for seeds in [range(ON_EVERY_RUN, AT_ONCE), *_some(1_000, 5_000)]
]

of_seeds = pytest.mark.parametrize(
    "seeds", [range(ON_EVERY_RUN), *_MANY], ids=lambda seeds: str(seeds.start)
)


def few(count: int, end: int) -> list[Any]:
    """So many seeds on every run, the others up to an end among the long tests."""
    return [*range(count), *long(range(count, end))]


def long(cases: Iterable[Any]) -> list[Any]:
    """Cases among the long tests; a tuple has the values of several arguments."""
    return [
        pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.long)
        for case in cases
    ]
