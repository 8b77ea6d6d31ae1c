"""Rates between currencies: the shortest way through marks of spot instruments and parities."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from math import prod
from typing import NamedTuple

from tests.auditing.facts import Row

MOST_STEPS = 3


class Mark(NamedTuple):
    """A mark of a spot instrument: 1 base is worth `price` quote, until a split."""

    instrument: str
    base: str
    quote: str
    price: Fraction
    at: datetime
    until: datetime | None = None


class Edge(NamedTuple):
    """One step of a path. `rank` decides between paths of equal length: parities in their declared
    order come first, then marks in the alphabet of their instruments."""

    source: str
    target: str
    rate: Fraction
    rank: tuple[int, str]
    shown: Row


class Path(NamedTuple):
    rate: Fraction
    steps: list[Row]


@dataclass(frozen=True)
class Rates:
    """The marks of an account, latest last, and how long each of them serves."""

    marks: Sequence[Mark]
    mark_life: timedelta

    def path(
        self, source: str, target: str, at: datetime, parities: Sequence[str] = ()
    ) -> Path | None:
        """The way from a currency to another at a time. None where there is no way."""
        if source == target:
            return Path(Fraction(1), [])
        edges = [*parity_edges(parities), *self._mark_edges(at)]
        ways = [way for way in ways_from(source, edges) if way[-1].target == target]
        if not ways:
            return None
        best = min(ways, key=lambda way: (len(way), [edge.rank for edge in way]))
        rate = prod((edge.rate for edge in best), start=Fraction(1))
        return Path(rate, [edge.shown for edge in best])

    def _mark_edges(self, at: datetime) -> Iterator[Edge]:
        """The latest mark of each instrument, unless it is too old. One as old as its life still
        serves."""
        latest = {
            mark.instrument: mark
            for mark in self.marks
            if mark.at <= at and (mark.until is None or at < mark.until)
        }
        for name, mark in latest.items():
            if at - mark.at <= self.mark_life and mark.price > 0:
                shown = {"instrument": name, "price": mark.price, "at": mark.at}
                rank, direct, inverse = (1, name), {"use": "direct"}, {"use": "inverse"}
                yield Edge(mark.base, mark.quote, mark.price, rank, shown | direct)
                yield Edge(mark.quote, mark.base, 1 / mark.price, rank, shown | inverse)


def parity_edges(parities: Iterable[str]) -> Iterator[Edge]:
    """Each parity `A=B`, both ways."""
    for index, parity in enumerate(parities):
        one, other = parity.split("=")
        shown = {"parity": parity, "use": "parity"}
        rank = (0, f"{index:09}")
        yield Edge(one, other, Fraction(1), rank, shown)
        yield Edge(other, one, Fraction(1), rank, shown)


def ways_from(source: str, edges: list[Edge]) -> Iterator[list[Edge]]:
    """Every way of one to three steps."""
    ways: list[list[Edge]] = [[edge] for edge in edges if edge.source == source]
    for _ in range(MOST_STEPS):
        yield from ways
        ways = [[*way, edge] for way in ways for edge in edges if edge.source == way[-1].target]
