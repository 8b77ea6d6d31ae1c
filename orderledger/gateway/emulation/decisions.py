"""Decides what to do for an emulated group: a pure function of its orders, the marks and the time.

The wanted quantity of each leg is compared with its working quantity in the worst case. The legs of
one side never work more than the parent has filled. The rules:

- A child works what its parent has filled, less what the children of its group have filled. It
  grows with each fill of the parent.
- An order of an OCO group works its quantity, less the fills of the others. It is canceled when
  another one ends.
- A leg whose trigger price is reached takes over: the other legs are canceled first, and it works
  what is left then.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from orderledger.extend.values import EXACT, ZERO, plain, total
from orderledger.gateway.emulation.actions import (
    Action,
    Ask,
    Cancel,
    Create,
    End,
    Resize,
    Send,
    Wait,
)
from orderledger.gateway.emulation.leg_parts import Part
from orderledger.gateway.emulation.members import Group, Leg
from orderledger.gateway.emulation.triggers import Marks
from orderledger.gateway.limits import Denial
from orderledger.gateway.terms import is_conditional

RETRY = timedelta(seconds=5)
"""Time between two orders of a leg if the first was not taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The conditions of a decision, besides the orders. `marks`: by leg, of its instrument.
    `resizes`: whether the venue changes the quantity of an order. `resizes_waiting`: also of one
    that waits for its trigger there.
    `halted`: the halt that forbids the order of a leg whose trigger price is reached."""

    now: datetime
    marks: Mapping[str, Marks]
    mark_age_seconds: float
    resizes: bool
    resizes_waiting: bool
    halted: Callable[[Group, Leg, Decimal], Denial | None]

    def changes(self, leg: Leg) -> bool:
        """Whether the quantity of a leg's orders is changed in place."""
        waits_at_venue = leg.trigger is None and is_conditional(leg.order)
        return self.resizes and (self.resizes_waiting or not waits_at_venue)


def decide(group: Group, situation: Situation) -> list[Action]:
    """The actions for each leg of a group now. Empty if all is done."""
    wanted = _wanted(group)
    if _is_done(group, wanted):
        return list(_ends(group))
    firing = next(
        (
            leg
            for leg, quantity in zip(group.legs, wanted, strict=True)
            if quantity and (leg.is_fired or _may_fire(group, leg, quantity, situation))
        ),
        None,
    )
    actions: list[Action] = []
    for leg, quantity in zip(group.legs, wanted, strict=True):
        if firing is not None and leg is not firing and group.kind != "oto":
            quantity = ZERO
        actions += _of_leg(group, leg, quantity, situation)
    return actions


def _wanted(group: Group) -> list[Decimal]:
    """The quantity that each leg should work now, if its trigger price is reached."""
    if group.has_parent:
        return _of_children(group)
    filled = total(leg.filled for leg in group.legs)
    is_ended = group.kind == "oco" and any(leg.is_over for leg in group.legs)
    return [
        ZERO if leg.is_over or is_ended else _not_negative(EXACT.subtract(leg.quantity, filled))
        for leg in group.legs
    ]


def _of_children(group: Group) -> list[Decimal]:
    """Wanted quantities of children. Stops share the filled quantity of their parent, and so do
    take-profits."""
    parent = group.parent
    filled = ZERO if parent is None else parent.cum_quantity
    by_all = total(leg.filled for leg in group.legs)
    left = {True: EXACT.subtract(filled, by_all), False: EXACT.subtract(filled, by_all)}
    wanted: list[Decimal] = []
    for leg in group.legs:
        if group.kind == "oto":
            open_quantity = EXACT.subtract(min(filled, leg.quantity), leg.filled)
        else:
            open_quantity = min(EXACT.subtract(leg.quantity, leg.filled), left[leg.is_stop])
        quantity = ZERO if leg.is_over else _not_negative(open_quantity)
        left[leg.is_stop] = EXACT.subtract(left[leg.is_stop], quantity)
        wanted.append(quantity)
    return wanted


def _fires(leg: Leg, situation: Situation) -> bool:
    """Whether the trigger price of a leg is reached: by the marks, or by a refusal of the venue."""
    if leg.has_passed:
        return True
    marks = situation.marks[leg.name]
    return (
        leg.trigger is not None
        and marks.are_fresh(situation.now, situation.mark_age_seconds)
        and leg.trigger.fires(marks.seen)
    )


def _may_fire(group: Group, leg: Leg, quantity: Decimal, situation: Situation) -> bool:
    """Whether the trigger price of a leg is reached, and no halt forbids its order."""
    return _fires(leg, situation) and situation.halted(group, leg, quantity) is None


def _is_done(group: Group, wanted: Sequence[Decimal]) -> bool:
    """Whether nothing can change any more: no leg has anything to work, and its parent, if any,
    has ended."""
    if any(wanted) or any(leg.working for leg in group.legs):
        return False
    if not group.has_parent:
        return True
    return group.parent is not None and group.parent.is_ended


def _ends(group: Group) -> Iterator[Action]:
    """End what was held in vain."""
    for leg in group.legs:
        for part in leg.parts:
            if part.is_held:
                yield End(leg, part, *_why_ended(group, leg))


def _why_ended(group: Group, leg: Leg) -> tuple[str, str]:
    worked = [part.name for part in leg.parts[1:]]
    if worked:
        return "group_done", f"it was worked as {', '.join(worked)}"
    if group.kind == "oco":
        is_filled = any(other.filled for other in group.legs if other is not leg)
        return (
            ("other_filled", "the other order of its group has filled")
            if is_filled
            else ("other_ended", "the other order of its group has ended")
        )
    if group.parent is not None and not group.parent.cum_quantity:
        return "parent_ended", "its parent has ended without a fill"
    return "group_done", "nothing is left to work"


def _of_leg(group: Group, leg: Leg, wanted: Decimal, situation: Situation) -> Iterator[Action]:
    whole = leg.parts[0]
    if whole.cancel_is_asked:
        yield End(leg, whole, "withdrawn", "it was canceled before it was sent")
        return
    if leg.is_over:
        yield from _reduced(leg, ZERO, situation)
        held = [part for part in leg.parts if part.is_held]
        yield from (
            End(leg, part, "other_ended", "the orders that worked for it have ended")
            for part in held
        )
        return
    if leg.working > wanted:
        yield from _reduced(leg, wanted, situation)
    elif not wanted:
        yield Wait(leg, *_waiting(group))
    elif leg.trigger is not None:
        yield from _of_trigger(group, leg, wanted, situation)
    elif leg.working < wanted:
        yield from _grown(leg, wanted, situation)


def _waiting(group: Group) -> tuple[str, str]:
    if group.has_parent and group.parent is None:
        return "parent", "its parent is not an order of this ledger"
    return (
        ("parent", "its parent has no fill to work for")
        if group.has_parent
        else (
            "sibling",
            "another order of its group works",
        )
    )


def _of_trigger(group: Group, leg: Leg, wanted: Decimal, situation: Situation) -> Iterator[Action]:
    """Fire when the price is reached; then work what the other legs leave."""
    assert leg.trigger is not None
    others = (
        ZERO
        if group.kind == "oto"
        else total(other.working for other in group.legs if other is not leg)
    )
    if not leg.is_fired and leg.working < wanted:
        yield from _watched(group, leg, wanted, others, situation)
        return
    latest = leg.parts[-1]
    if latest.is_held and others:
        yield Wait(leg, "sibling", "the other orders of its group are being canceled")
    elif latest.is_held and latest.quantity == wanted:
        yield Send(leg, latest)
    elif latest.is_held:
        yield End(leg, latest, "resized", f"{plain(wanted)} is left to work")
    elif leg.working < wanted:
        yield from _grown(leg, wanted, situation, is_waiting=bool(others))


def _watched(
    group: Group, leg: Leg, wanted: Decimal, others: Decimal, situation: Situation
) -> Iterator[Action]:
    assert leg.trigger is not None
    marks, price = situation.marks[leg.name], leg.trigger.price
    if not leg.has_passed and not marks.are_fresh(situation.now, situation.mark_age_seconds):
        since = "no mark" if marks.at is None else f"no mark since {marks.at.isoformat()}"
        yield Wait(leg, "no_mark", f"{since}: its trigger price is not watched")
    elif _fires(leg, situation):
        halted = situation.halted(group, leg, wanted)
        yield (
            Create(leg, EXACT.subtract(wanted, leg.working), waits=bool(others))
            if halted is None
            else Wait(leg, halted.reason, halted.text)
        )
    else:
        at = "" if price is None else f" at {plain(price)}"
        yield Wait(leg, "trigger", f"its trigger price{at} is not reached")


def _grown(
    leg: Leg, wanted: Decimal, situation: Situation, *, is_waiting: bool = False
) -> Iterator[Action]:
    """Work more: send the order itself, enlarge the last one, or add another one."""
    whole, last = leg.parts[0], leg.parts[-1]
    missing = EXACT.subtract(wanted, leg.working)
    if any(part.is_open and not part.is_held and not part.is_settled for part in leg.parts):
        yield Wait(leg, "answer", "the venue has not answered the last request")
    elif _is_too_soon(last, situation):
        yield Wait(leg, "retry", "the last order was not taken")
    elif whole.is_held and leg.trigger is None and whole.quantity == missing:
        yield Send(leg, whole)
    elif situation.changes(leg) and last.is_open and not last.is_held:
        yield Resize(leg, last, EXACT.add(last.quantity, missing))
    else:
        yield Create(leg, missing, waits=is_waiting)


def _is_too_soon(last: Part, situation: Situation) -> bool:
    return last.is_untaken and last.ended_at is not None and situation.now - last.ended_at < RETRY


def _reduced(leg: Leg, wanted: Decimal, situation: Situation) -> Iterator[Action]:
    """Work less: reduce or cancel the newest orders first."""
    excess = EXACT.subtract(leg.working, wanted)
    for part in reversed(leg.parts):
        if excess <= 0:
            return
        if not part.leaves:
            continue
        if not part.is_open:
            yield Ask(leg, part)
        elif not part.is_settled:
            yield Wait(leg, "answer", "the venue has not answered the last request")
        elif situation.changes(leg) and excess < part.leaves:
            yield Resize(leg, part, EXACT.subtract(part.quantity, excess))
        else:
            yield Cancel(leg, part)
        excess = EXACT.subtract(excess, part.leaves)


def _not_negative(quantity: Decimal) -> Decimal:
    return max(ZERO, quantity)
