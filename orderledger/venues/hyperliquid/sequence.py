"""Sorts fills in the order in which they happened. One order may fill many times within a
millisecond.

Some answers list the newest row first, others the oldest, and within a millisecond either order may
occur. Each fill states the position before it (`startPosition`): the fills of one coin and time are
chained by it. Neither `tid`, a hash, nor `oid`, which a maker has long before, puts fills in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from itertools import groupby, pairwise
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from orderledger import Side
from orderledger.extend.values import EXACT
from orderledger.venues.hyperliquid.rows import Row, Unreadable, time_of


class Turn(Enum):
    """Marks a chain that ends at the position where it began: it may begin at any of its steps."""

    TURN = "turn"


TURN = Turn.TURN


class Placed(NamedTuple):
    """A row in its place. `number`: its place among the fills of its coin and time, if the list
    proves it.
    """

    row: Any
    number: int | None


@dataclass(frozen=True, slots=True)
class Leg:
    """A fill between two positions. `place`: its index in the payload."""

    place: int
    trade: int
    start: Decimal
    end: Decimal


@dataclass(frozen=True, slots=True)
class Step:
    """A fill, or both fills of a self-trade, after which the position is unchanged."""

    legs: tuple[Leg, ...]
    start: Decimal
    end: Decimal


@dataclass(slots=True)
class Group:
    """The fills of one coin and time. `places`: their indexes in the payload. `chain`: empty if
    they form none.
    """

    places: list[int]
    steps: list[Step]
    begin: Decimal | Turn | None
    chain: Sequence[Step] = ()

    @property
    def legs(self) -> list[Leg]:
        return [leg for step in self.chain for leg in step.legs]


def by_time(payload: Any) -> Any:
    """Rows by their `time`. Rows of one time keep their order."""
    return sorted(payload, key=time_of) if isinstance(payload, list) else payload


def fills_in_sequence(rows: Sequence[Any]) -> list[Placed]:
    """Rows of fills in the order in which they happened: by time, and within one coin and time by
    the positions before them.

    A missing or unreadable row breaks the chain. The other rows then keep the order of the payload,
    or its reverse if the payload lists chained milliseconds in reverse.

    The numbers are the same in every list that gives them. So a fill has a number only if one chain
    is possible, and the list has all fills of the coin at that time. Then the fills before and
    after them match their positions.
    """
    rows = by_time(list(rows))
    placed = [Placed(row, None) for row in rows]
    by_coin = _groups_by_coin(rows)
    for groups in by_coin.values():
        _chain(groups)
    is_reversed = _is_reversed([group for groups in by_coin.values() for group in groups])
    for groups in by_coin.values():
        for number, group in enumerate(groups):
            has_numbers = _is_unique(group) and _meets(groups, number)
            for place, placed_row in zip(
                group.places, _placed_rows(group, rows, is_reversed=is_reversed), strict=True
            ):
                placed[place] = placed_row if has_numbers else Placed(placed_row.row, None)
    return placed


def _placed_rows(group: Group, rows: Sequence[Any], *, is_reversed: bool) -> list[Placed]:
    if not group.chain:
        places = group.places[::-1] if is_reversed else group.places
        return [Placed(rows[place], None) for place in places]
    return [
        Placed(rows[leg.place], number)
        for number, step in enumerate(group.chain)
        for leg in step.legs
    ]


def _groups_by_coin(rows: Sequence[Any]) -> dict[str, list[Group]]:
    """The rows by coin, those of one time together. Rows without a readable time or coin are
    left out.
    """
    groups: dict[str, list[Group]] = {}
    numbered = [(time_of(row), place) for place, row in enumerate(rows)]
    for time, of_one_time in groupby(numbered, key=itemgetter(0)):
        by_coin: dict[str, list[int]] = {}
        for _, place in of_one_time:
            coin = rows[place].get("coin") if isinstance(rows[place], dict) else None
            if time and isinstance(coin, str):
                by_coin.setdefault(coin, []).append(place)
        for coin, places in by_coin.items():
            steps = _paired(_legs([rows[place] for place in places], places))
            groups.setdefault(coin, []).append(Group(places, steps, _begin_of(steps)))
    return groups


def _legs(rows: Sequence[Any], places: Sequence[int]) -> list[Leg]:
    """The fills as legs. Empty if one of them does not state where it begins or ends."""
    legs = [_leg(row, place) for row, place in zip(rows, places, strict=True)]
    known = [leg for leg in legs if leg is not None]
    return known if len(known) == len(legs) else []


def _leg(raw: Any, place: int) -> Leg | None:
    try:
        row = Row(raw)
        trade, start, size, side = (
            row.count("tid") or 0,
            row.number("startPosition"),
            row.number("sz"),
            row.side(),
        )
    except Unreadable:
        return None
    if start is None or size is None:
        return None
    return Leg(
        place,
        trade,
        start,
        EXACT.add(start, size) if side is Side.BUY else EXACT.subtract(start, size),
    )


def _paired(legs: Sequence[Leg]) -> list[Step]:
    """The legs as steps, both legs of a self-trade as one.

    Such legs state the same position, or each states the position that the other left. In the
    second case either may be the first: the one whose position another fill of this time states.
    """
    by_trade: dict[int, list[Leg]] = {}
    for leg in legs:
        by_trade.setdefault(leg.trade, []).append(leg)
    steps: list[Step] = []
    for leg in legs:
        twins = by_trade[leg.trade]
        if not leg.trade or len(twins) != 2 or not _is_pair(*twins):
            steps.append(Step((leg,), leg.start, leg.end))
        elif leg is twins[0]:
            others = {
                position
                for other in legs
                if other not in twins
                for position in (other.start, other.end)
            }
            first, second = (
                twins if twins[0].start in others or twins[1].start not in others else twins[::-1]
            )
            steps.append(Step((first, second), first.start, first.start))
    return steps


def _is_pair(one: Leg, other: Leg) -> bool:
    change = EXACT.subtract(one.end, one.start)
    is_opposite = change == EXACT.subtract(other.start, other.end)
    return is_opposite and (one.start == other.start or one.end == other.start)


def _chain(groups: Sequence[Group]) -> None:
    """Chain the fills of one coin, each group of one time separately.

    A closed chain, which ends at the position where it began, may begin at any of its steps. It
    begins where the fills before it ended, else where the fills after it begin.
    """
    following: list[Decimal | None] = [None] * len(groups)
    for number in range(len(groups) - 1, 0, -1):
        begin = groups[number].begin
        following[number - 1] = following[number] if isinstance(begin, Turn) else begin
    held: Decimal | None = None
    for group, after in zip(groups, following, strict=True):
        group.chain = _chained(group.steps, group.begin, held, after)
        held = group.chain[-1].end if group.chain else None


def _begin_of(steps: Sequence[Step]) -> Decimal | Turn | None:
    """The position at which a chain of all steps begins. None if there is none."""
    surplus: dict[Decimal, int] = {}
    for step in steps:
        surplus[step.start] = surplus.get(step.start, 0) + 1
        surplus[step.end] = surplus.get(step.end, 0) - 1
    begins = [position for position, count in surplus.items() if count > 0]
    if not begins and steps:
        return TURN
    return begins[0] if len(begins) == 1 and surplus[begins[0]] == 1 else None


def _chained(
    steps: Sequence[Step], begin: Decimal | Turn | None, held: Decimal | None, after: Decimal | None
) -> Sequence[Step]:
    """The steps, each beginning where the one before it ended. Empty if they form no chain."""
    if begin is None:
        return _of_one_side(steps)
    if isinstance(begin, Turn):
        starts = [step.start for step in steps]
        begin = next((position for position in (held, after) if position in starts), starts[0])
    for way in (steps, steps[::-1]):
        if way[0].start == begin and all(one.end == other.start for one, other in pairwise(way)):
            return way
    return _walked(steps, begin) or _of_one_side(steps)


def _walked(steps: Sequence[Step], start: Decimal) -> Sequence[Step]:
    """A chain of all steps (Hierholzer's algorithm). Empty if some cannot be reached."""
    left: dict[Decimal, list[Step]] = {}
    for step in reversed(steps):
        left.setdefault(step.start, []).append(step)
    way: list[Step] = []
    trail: list[Step] = []
    while True:
        position = trail[-1].end if trail else start
        if left.get(position):
            trail.append(left[position].pop())
        elif trail:
            way.append(trail.pop())
        else:
            return way[::-1] if len(way) == len(steps) else []


def _of_one_side(steps: Sequence[Step]) -> Sequence[Step]:
    """Sorts fills of one side, which move the position one way, so that a missing fill between
    them does not matter.
    """
    ways = {(step.end > step.start) - (step.end < step.start) for step in steps}
    return (
        sorted(steps, key=attrgetter("start"), reverse=ways == {-1})
        if len(ways) == 1 and 0 not in ways
        else []
    )


def _is_unique(group: Group) -> bool:
    """Whether these fills form exactly one chain: no position is left twice, except for a
    self-trade before that.
    """
    if group.begin is None or isinstance(group.begin, Turn) or len(group.chain) < 2:
        return False
    kinds = [(step.start, step.start == step.end) for step in group.chain]
    is_linked = all(one.end == other.start for one, other in pairwise(group.chain))
    return (
        is_linked
        and len(set(kinds)) == len(kinds)
        and not any(_fits_elsewhere(step, group.chain) for step in group.chain)
    )


def _fits_elsewhere(step: Step, chain: Sequence[Step]) -> bool:
    """Whether a self-trade may also begin with its second fill, at another position of the
    chain.
    """
    start = step.legs[-1].start
    return start != step.start and any(
        start in (other.start, other.end) for other in chain if other is not step
    )


def _meets(groups: Sequence[Group], number: int) -> bool:
    """Whether the fills before and after this group in the list match its positions: then none
    of its fills is missing.
    """
    if not 0 < number < len(groups) - 1:
        return False
    before, chain, after = groups[number - 1].chain, groups[number].chain, groups[number + 1].chain
    return (
        bool(before and after)
        and before[-1].end == chain[0].start
        and chain[-1].end == after[0].start
    )


def _is_reversed(groups: Sequence[Group]) -> bool:
    """Whether this payload lists fills of one time from the newest to the oldest, as far as chains
    show it."""
    shown = 0
    for group in groups:
        places = [leg.place for leg in group.legs]
        if _is_unique(group):
            shown += (places == sorted(places)) - (places == sorted(places, reverse=True))
    return shown < 0
