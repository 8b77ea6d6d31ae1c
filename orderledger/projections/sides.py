"""Which position of an instrument a fill, an adjustment or a funding belongs to: the net one, or
the long or the short one.

An entry takes the position mode in force at its time. Where no mode is known, one entry that names
long or short shows that the venue keeps two positions. Older entries without a side then stay in
the net position if they left it flat. In every other case the side of an entry is unknown. Then all
positions of the instrument are unknown, since the ledger never nets by a guess.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypedDict

from orderledger.domain.orders.when import rank_of
from orderledger.domain.values import Anomaly
from orderledger.projections.view import AnyRow

NET = "net"
NAMED = ("long", "short")
HEDGE = "hedge"
UNKNOWN = "unknown"

SIDE_UNKNOWN = str(Anomaly.POSITION_SIDE_UNKNOWN)
SIDE_CONFLICT = str(Anomaly.POSITION_SIDE_CONFLICT)
IMPOSSIBLE_PRICE = str(Anomaly.IMPOSSIBLE_PRICE)
KIND_CONFLICT = str(Anomaly.KIND_CONFLICT)

Part = tuple[str, str]
"""Position side and position id, which identify a position of one instrument."""

Moment = tuple[datetime, str]
"""A time, and the rank among the facts of that time."""

Modes = tuple[tuple[datetime, str, str], ...]
"""The position modes of an instrument, each with the time and the rank from which it holds.
Neighbours differ."""


class NamedPosition(TypedDict):
    """The position that an order or an entry names."""

    position_side: str | None
    position_id: str | None


class Sided(NamedPosition):
    """Columns that show which position an entry changes."""

    at: datetime
    position: int


def when(entry: AnyRow) -> Moment:
    """The place of a trade, an account event or a checkpoint in time order."""
    values: Mapping[str, Any] = entry
    return values["at"], values["rank"] if "rank" in values else rank_of(values["position"])


def mode_at(modes: Modes, moment: Moment) -> str:
    """The mode in force at a moment."""
    return next((mode for at, rank, mode in reversed(modes) if (at, rank) <= moment), UNKNOWN)


def part_of(entry: Sided, modes: Modes) -> Part:
    """The position that an entry is counted in."""
    named = entry["position_side"]
    if named not in NAMED or (modes and mode_at(modes, when(entry)) == NET):
        named = NET
    return named, entry["position_id"] or ""


def part_now(order: NamedPosition, modes: Modes) -> Part:
    """The position that an order opens or closes, by the mode in force now."""
    named = order["position_side"]
    if named not in NAMED or (modes and modes[-1][2] == NET):
        named = NET
    return named, order["position_id"] or ""


def part_words(part: Part) -> tuple[str, ...]:
    """The words that name a position beside its instrument: its side and id, where it has them."""
    return tuple(word for word in part if word not in (NET, ""))


@dataclass(slots=True)
class Sides:
    """Counts of fills and adjustments that show which positions an instrument has.

    `first`: the first entry that names long or short. `before`, `after`: the number of entries
    without a side before and after it, while no mode was known. `lost`: the number without a side
    in hedge mode. `conflicts`: the number with a side in net mode. `was_open`: whether the entries
    `before` left a position open at `first`. `is_torn`: whether a split or a settlement is of one
    position, names none, and several were open.
    """

    first: Moment | None = None
    before: int = 0
    after: int = 0
    lost: int = 0
    conflicts: int = 0
    was_open: bool = False
    is_torn: bool = False

    @property
    def reason(self) -> str | None:
        """Why the positions of the instrument are unknown, or None."""
        is_lost = self.lost or self.after or self.was_open or self.is_torn
        return SIDE_UNKNOWN if is_lost else None

    def is_lost(self, moment: Moment, mode: str) -> bool:
        """Whether the position that an entry without a side changes is unknown. `mode`: the
        position mode in force at its time."""
        if mode != UNKNOWN:
            return mode == HEDGE
        return self.first is not None and (moment > self.first or self.was_open)

    def note(self, entry: Sided, one: int, modes: Modes, *, is_newest: bool, is_open: bool) -> bool:
        """Count an entry, or take it away (-1). False: the result can only be found by counting all
        entries again.

        `is_newest`: it comes after all others. `is_open`: a net position is open before it.
        """
        mode, moment = mode_at(modes, when(entry)), when(entry)
        if mode == NET:
            self.conflicts += one if entry["position_side"] in NAMED else 0
            return True
        if entry["position_side"] in NAMED:
            return self._note_named(moment, one, is_newest=is_newest, is_open=is_open)
        if mode == HEDGE:
            self.lost += one
            return True
        if self.first is not None and moment > self.first:
            self.after += one
            return True
        self.before += one
        return self.first is None

    def _note_named(self, moment: Moment, one: int, *, is_newest: bool, is_open: bool) -> bool:
        if self.first is not None:
            return moment > self.first
        self.first, self.was_open = moment, is_open and self.before > 0
        return is_newest and one > 0

    def state(self, modes: Modes) -> dict[str, Any]:
        """As it is stored, with the modes that it follows from."""
        first = None if self.first is None else [self.first[0].isoformat(), self.first[1]]
        return {
            **asdict(self),
            "first": first,
            "modes": [[at.isoformat(), rank, mode] for at, rank, mode in modes],
        }


def sides_from(state: dict[str, Any] | None) -> tuple[Sides | None, Modes]:
    """As they were stored."""
    if state is None:
        return None, ()
    values = {name: value for name, value in state.items() if name not in ("first", "modes")}
    first = state["first"]
    modes = tuple((datetime.fromisoformat(at), rank, mode) for at, rank, mode in state["modes"])
    return Sides(
        None if first is None else (datetime.fromisoformat(first[0]), first[1]), **values
    ), modes
