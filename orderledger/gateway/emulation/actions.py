"""The actions that the emulator may take for a leg of a group."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from orderledger.gateway.emulation.leg_parts import Part
from orderledger.gateway.emulation.members import Leg


@dataclass(frozen=True, slots=True)
class Send:
    """Send the requested order of a leg as it is."""

    leg: Leg
    part: Part


@dataclass(frozen=True, slots=True)
class Create:
    """Request another order for a leg, and send it unless it `waits` for the other legs."""

    leg: Leg
    quantity: Decimal
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Resize:
    """Change the total quantity of an order."""

    leg: Leg
    part: Part
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel an order at the venue, so that its leg works less."""

    leg: Leg
    part: Part


@dataclass(frozen=True, slots=True)
class End:
    """End an order that was never sent."""

    leg: Leg
    part: Part
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Query the venue about an order that has ended: it may have filled more than is recorded."""

    leg: Leg
    part: Part


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do for a leg. `reason`: parent, trigger, no_mark, answer, retry, sibling,
    halted."""

    leg: Leg
    reason: str
    text: str


Action: TypeAlias = Send | Create | Resize | Cancel | End | Ask | Wait
