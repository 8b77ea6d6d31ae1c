"""Which positions an instrument has, and what each of its fills and adjustments belongs to."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

from tests.auditing.facts import Fact, When
from tests.auditing.positions import Split, Step, positions

Part = tuple[str, str]  # position side, position id


class Books(NamedTuple):
    """The steps of each position. `is_known`: whether it is known of every step which position it
    belongs to."""

    parts: dict[Part, list[Step]]
    is_known: bool
    conflicts: int


def told(step: Step) -> tuple[str | None, str]:
    what = step[1]
    assert not isinstance(what, Split)
    return what.get("position_side"), what.get("position_id") or ""


def mode_of(when: Any, definitions: list[Fact]) -> str:
    """The position mode in force: the last that was defined by then."""
    said = [
        (fact.when, fact.get("position_mode"))
        for fact in definitions
        if fact.get("position_mode") is not None
    ]
    return max([(at, mode) for at, mode in said if at <= when], default=(None, "unknown"))[1]


def part_of(side: str | None, name: str, mode: str) -> Part:
    return (side if side in {"long", "short"} and mode != "net" else "net"), name


def quantity_of(steps: list[Step]) -> Fraction:
    lots, _ = positions(steps, "average", is_inverse=False)
    return sum((lot.quantity for lot in lots), Fraction())


Held = Callable[[Part, list[Step], When], Fraction]
"""What a position with these steps is before another step."""


def held_by(part: Part, steps: list[Step], when: When) -> Fraction:
    return quantity_of(steps)


def books(steps: list[Step], definitions: list[Fact], held: Held = held_by) -> Books:
    """All steps of one instrument, in any order."""
    steps = sorted(steps, key=lambda step: step[0])
    parts: dict[Part, list[Step]] = {}
    modes = [mode_of(step[0], definitions) for step in steps]
    for step, mode in zip(steps, modes, strict=True):
        parts.setdefault(part_of(*told(step), mode), []).append(step)
    named = [told(step)[0] in {"long", "short"} for step in steps]
    first = next(
        (
            i
            for i, (is_named, mode) in enumerate(zip(named, modes, strict=True))
            if is_named and mode != "net"
        ),
        None,
    )
    unsided = [i for i, is_named in enumerate(named) if not is_named]
    is_lost = any(modes[i] == "hedge" for i in unsided)
    silent = [i for i in unsided if modes[i] == "unknown"]
    if first is not None and silent:
        net = [part for part in parts if part[0] == "net"]
        was_open = any(
            held(part, [step for step in steps[:first] if step in parts[part]], steps[first][0])
            for part in net
        )
        is_lost = is_lost or silent[-1] > first or was_open
    conflicts = sum(is_named and mode == "net" for is_named, mode in zip(named, modes, strict=True))
    return Books(parts, not is_lost, conflicts)
