"""The pre-trade checks of the orders that the emulator sends: halts and limits hold for them too.

- A halt holds an order back. No trigger price counts as reached while a halt forbids its order, so
  the mark decides again after the halt.
- A limit ends a triggered order that has no parent, like an order of a caller. It holds back the
  exits of a parent, and so does everything else: nobody could submit them again.
"""

from collections.abc import Collection
from decimal import Decimal

from msgspec.structs import replace

from orderledger.extend.values import HELD
from orderledger.gateway.book import Book
from orderledger.gateway.emulation.groups import Groups, group_name
from orderledger.gateway.emulation.marking import (
    EMULATED,
    PARENT,
    PART_OF,
    request_of,
    tags_of,
)
from orderledger.gateway.emulation.members import Group, Leg
from orderledger.gateway.emulation.requests import part_of
from orderledger.gateway.limits import NAMES, Denial, Proposed
from orderledger.gateway.pre_trade import PreTradeChecks
from orderledger.gateway.proposed import proposed_of


class EmulatedChecks:
    """Checks the orders of emulated groups before they are sent."""

    def __init__(self, checks: PreTradeChecks, book: Book, groups: Groups) -> None:
        self._checks = checks
        self._book = book
        self._groups = groups

    def halt_of_trigger(self, group: Group, leg: Leg, quantity: Decimal) -> Denial | None:
        """The halt that forbids the order of a leg whose trigger price is reached. The other legs
        are canceled before it, so they do not count."""
        others = () if group.kind == "oto" else (one for one in group.legs if one is not leg)
        names = {part.name for one in others for part in one.parts}
        return self._checks.halted(proposed_of(part_of(leg, quantity, is_held=False)), names)

    def why_not(self, leg: Leg, order: Proposed) -> Denial | None:
        """Why an order or a change for a leg must not be sent now. Orders that only reduce a
        position are exempt from the limits of positions, losses and counts."""
        self._book.catch_up_once()
        halted = self._checks.halted(order)
        if halted is not None:
            return halted
        reduces = self._reduces(leg, order)
        checked = replace(
            order, reduce_only=order.reduce_only or reduces, is_new=order.is_new and not reduces
        )
        return self._checks.why_not(checked, is_new=checked.is_new)

    def _reduces(self, leg: Leg, order: Proposed) -> bool:
        """Whether an order reduces a position. Each exit of a parent is compared with the position
        as if the other exits did not work."""
        exposures = self._book.exposures
        if not is_exit(leg):
            return exposures.only_reduces(order)
        return exposures.only_reduces(order, self._siblings(leg), is_exit=True)

    def _siblings(self, leg: Leg) -> Collection[str]:
        """The orders that work for the other legs of the group."""
        members = self._groups.members.get((leg.order.account, group_name(leg.order)))
        if members is None or str(request_of(leg.order).tags[EMULATED]) == "oto":
            return ()
        return {
            name
            for name, order in members.orders.items()
            if EMULATED in tags_of(order) and tags_of(order).get(PART_OF, name) != leg.name
        }


def is_exit(leg: Leg) -> bool:
    """Whether a leg works what its parent has filled."""
    return tags_of(leg.order).get(HELD) == PARENT


def ends(leg: Leg, denial: Denial) -> bool:
    """Whether a denial ends a held leg: by a limit, unless it is an exit of a parent."""
    return leg.parts[0].is_held and denial.reason in NAMES and not is_exit(leg)
