"""Families of fills: a fill, its corrections, their corrections, and the busts of any of them.

At most one fill of a family counts, its tip. From the topmost fill on, the latest correction of a
fill replaces it. A bust removes the fill that it names, and those of its corrections that are dated
before the bust.
"""

from bisect import insort

from orderledger.domain.orders.fill import Fill
from orderledger.domain.orders.when import When, last


class Family:
    """Linked fills. `ids` has all their ids, also of corrected fills that have not arrived.

    `tip` is the fill at the end of the corrections. None while no fill has arrived, and in a circle
    of corrections.
    """

    __slots__ = (
        "_busts",
        "_corrections",
        "_fills",
        "_is_circle",
        "_last_bust",
        "_top",
        "ids",
        "tip",
    )

    def __init__(self, fill_id: str, fill: Fill | None) -> None:
        self.ids = [fill_id]
        self.tip = fill
        self._top = fill_id
        self._fills: dict[str, Fill] = {} if fill is None else {fill_id: fill}
        self._corrections: dict[str, list[Fill]] = {}
        self._busts: dict[str, When] = {}
        self._last_bust: When | None = None
        self._is_circle = False

    @property
    def active(self) -> Fill | None:
        """The fill that counts, if any."""
        return None if self.tip is None or self._is_taken_down(self.tip) else self.tip

    def corrections_of(self, fill_id: str) -> list[Fill]:
        """The direct corrections of this fill. The last one counts."""
        return self._corrections.get(fill_id, [])

    def enter(self, fill: Fill) -> None:
        """Add a fill whose corrections or bust arrived earlier."""
        self._fills[fill.fill_id] = fill
        if self.tip is None and not self._is_circle:
            self.tip = fill

    def bust(self, fill_id: str, when: When) -> None:
        self._busts[fill_id] = when
        self._last_bust = last(self._last_bust, when)

    def close_cycle(self) -> None:
        """Mark a circle of corrections: none of its fills is active."""
        self._is_circle = True
        self.tip = None

    def take_in(self, other: "Family", *, above: "Family", below: "Family", link: Fill) -> None:
        """Unite two families: `link`, the topmost fill of the one below, corrects a fill of the one
        above."""
        assert link.corrects is not None
        tip, top = above._tip_with(link, below.tip), above._top
        self.ids += other.ids
        self._fills |= other._fills
        self._corrections |= other._corrections
        self._busts |= other._busts
        self._last_bust = last(self._last_bust, other._last_bust)
        insort(self._corrections.setdefault(link.corrects, []), link, key=_age)
        self._is_circle = self._is_circle or other._is_circle
        self.tip, self._top = None if self._is_circle else tip, top

    def reconsider(self) -> None:
        """Sort the corrections again after a time changed: another one may be the latest."""
        for corrections in self._corrections.values():
            corrections.sort(key=_age)
        if not self._is_circle:
            self.tip = self._end_of(self._fills.get(self._top), self._top)

    def _tip_with(self, link: Fill, tip_below: Fill | None) -> Fill | None:
        """The tip after `link` corrects one of these fills."""
        assert link.corrects is not None
        corrections = self.corrections_of(link.corrects)
        if corrections and _age(corrections[-1]) > _age(link):
            return self.tip
        if (
            self.tip is None
            or self.tip is self._fills.get(link.corrects)
            or self._is_on_the_way(link.corrects)
        ):
            return tip_below
        return self.tip

    def _is_on_the_way(self, fill_id: str) -> bool:
        """Check whether the corrections that count lead from the topmost fill through this one."""
        while fill_id != self._top:
            fill = self._fills[fill_id]
            assert fill.corrects is not None
            if self._corrections[fill.corrects][-1] is not fill:
                return False
            fill_id = fill.corrects
        return True

    def _end_of(self, fill: Fill | None, fill_id: str) -> Fill | None:
        while corrections := self._corrections.get(fill_id):
            fill = corrections[-1]
            fill_id = fill.fill_id
        return fill

    def _is_taken_down(self, fill: Fill) -> bool:
        if not self._busts:
            return False
        if fill.fill_id in self._busts:
            return True
        is_later = self._last_bust is not None and self._last_bust.is_dated_after(fill.when)
        return is_later and _is_busted_above(fill, self._fills, self._busts)


def _is_busted_above(fill: Fill, known: dict[str, Fill], busts: dict[str, When]) -> bool:
    """Check whether a fill that this one corrects, directly or indirectly, has a bust dated after
    this fill."""
    step: Fill | None = fill
    while step is not None and step.corrects is not None and step.corrects_another:
        busted = busts.get(step.corrects)
        if busted is not None and busted.is_dated_after(fill.when):
            return True
        step = known.get(step.corrects)
    return False


def _age(fill: Fill) -> When:
    """Sort key of the corrections of one fill: the later counts."""
    return fill.when
