"""Sorts fills in the order in which they happened, also within a millisecond, in which one order may fill many times.

Some answers list the newest row first, others the oldest, and within a millisecond either order may occur. Each fill states the
position it found (`startPosition`): the fills of one coin and time are chained by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

from orderledger.domain.exact import EXACT
from orderledger.domain.values import Side
from orderledger.infrastructure.venues.hyperliquid.rows import Row, Unreadable, time_of


class Turn(Enum):
    """Marks a chain that ends at the position where it began: it may begin at any of its fills."""

    TURN = "turn"


TURN = Turn.TURN


@dataclass(frozen=True, slots=True)
class Link:
    """A fill as a step between two positions. `place`: its index in the payload."""

    place: int
    start: Decimal
    end: Decimal


def by_time(payload: Any) -> Any:
    """Rows by their `time`. Rows of one time keep their order, reversed where the payload begins with its newest row."""
    if not isinstance(payload, list):
        return payload
    times = [time_of(row) for row in payload]
    if times and times[0] > times[-1]:
        payload, times = payload[::-1], times[::-1]
    return [row for _, row in sorted(zip(times, payload, strict=True), key=itemgetter(0))]


def fills_in_sequence(payload: Any) -> Any:
    """Rows of fills as they happened: by time, and within one coin and time by the positions they found.

    Rows that form no chain, because one is missing or unreadable, keep the order of `by_time`.
    """
    rows = by_time(payload)
    if not isinstance(rows, list) or len(rows) < 2:
        return rows
    placed = list(rows)
    for groups in _groups_by_coin(rows).values():
        links = [_links([rows[place] for place in places], places) for places in groups]
        for places, chain in zip(groups, _chains(links), strict=True):
            for place, link in zip(places, chain, strict=False):
                placed[place] = rows[link.place]
    return placed


def _groups_by_coin(rows: Sequence[Any]) -> dict[str, list[list[int]]]:
    """By coin the places of its rows, those of one time together. Rows without a readable time or coin are left out."""
    groups: dict[str, list[list[int]]] = {}
    numbered = [(time_of(row), place) for place, row in enumerate(rows)]
    for time, of_one_time in groupby(numbered, key=itemgetter(0)):
        by_coin: dict[str, list[int]] = {}
        for _, place in of_one_time:
            coin = rows[place].get("coin") if isinstance(rows[place], dict) else None
            if time and isinstance(coin, str):
                by_coin.setdefault(coin, []).append(place)
        for coin, places in by_coin.items():
            groups.setdefault(coin, []).append(places)
    return groups


def _links(rows: Sequence[Any], places: Sequence[int]) -> list[Link]:
    """The fills as steps. Empty if one of them does not say where it begins or ends."""
    links = [_link(row, place) for row, place in zip(rows, places, strict=True)]
    known = [link for link in links if link is not None]
    return known if len(known) == len(links) else []


def _link(raw: Any, place: int) -> Link | None:
    try:
        row = Row(raw)
        start, size, side = row.number("startPosition"), row.number("sz"), row.side()
    except Unreadable:
        return None
    if start is None or size is None:
        return None
    return Link(place, start, EXACT.add(start, size) if side is Side.BUY else EXACT.subtract(start, size))


def _chains(groups: Sequence[Sequence[Link]]) -> list[Sequence[Link]]:
    """The fills of one coin, each group of one time chained. Empty for a group that forms no chain.

    A turn, which ends at the position where it began, may begin anywhere in itself: it begins where the fills before it
    ended, else where the fills after it begin.
    """
    begins = [_begin_of(links) for links in groups]
    following: list[Decimal | None] = [None] * len(groups)
    for number in range(len(groups) - 1, 0, -1):
        following[number - 1] = following[number] if begins[number] is TURN else begins[number]  # type: ignore[assignment]
    chains: list[Sequence[Link]] = []
    held: Decimal | None = None
    for links, begin, after in zip(groups, begins, following, strict=True):
        chains.append(_chained(links, begin, held, after))
        held = chains[-1][-1].end if chains[-1] else None
    return chains


def _begin_of(links: Sequence[Link]) -> Decimal | Turn | None:
    """The position at which a chain of all links begins. None if there is none."""
    surplus: dict[Decimal, int] = {}
    for link in links:
        surplus[link.start] = surplus.get(link.start, 0) + 1
        surplus[link.end] = surplus.get(link.end, 0) - 1
    begins = [position for position, count in surplus.items() if count > 0]
    if not begins and links:
        return TURN
    return begins[0] if len(begins) == 1 and surplus[begins[0]] == 1 else None


def _chained(links: Sequence[Link], begin: Decimal | Turn | None, held: Decimal | None, after: Decimal | None) -> Sequence[Link]:
    """The links, each beginning where the one before ended. Empty where they form no chain."""
    if begin is None:
        return _of_one_side(links)
    if begin is TURN:
        starts = [link.start for link in links]
        begin = next((position for position in (held, after) if position in starts), starts[0])
    for way in (links, links[::-1]):
        if way[0].start == begin and all(one.end == other.start for one, other in pairwise(way)):
            return way
    return _walked(links, begin) or _of_one_side(links)


def _walked(links: Sequence[Link], start: Decimal) -> Sequence[Link]:
    """A chain of all links (Hierholzer's way through a graph). Empty if some cannot be reached."""
    left: dict[Decimal, list[Link]] = {}
    for link in reversed(links):
        left.setdefault(link.start, []).append(link)
    way: list[Link] = []
    trail: list[Link] = []
    while True:
        position = trail[-1].end if trail else start
        if left.get(position):
            trail.append(left[position].pop())
        elif trail:
            way.append(trail.pop())
        else:
            return way[::-1] if len(way) == len(links) else []


def _of_one_side(links: Sequence[Link]) -> Sequence[Link]:
    """Fills of one side move the position one way, so that they can be sorted though one between them is missing."""
    steps = {link.end > link.start for link in links}
    return sorted(links, key=_position, reverse=steps == {False}) if len(steps) == 1 else []


def _position(link: Link) -> Decimal:
    return link.start
