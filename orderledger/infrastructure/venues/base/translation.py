"""What comes of reading a venue's payload."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from orderledger.infrastructure.errors import InvalidMessage
from orderledger.infrastructure.messages.facts import evidence_of, to_fact
from orderledger.infrastructure.messages.registry import Fill, Message, ReportedClaims
from orderledger.infrastructure.venues.base.fields import Unreadable

NO_ORDER = "none:"
"""Before the id of a fill that no order made: the name of an order of its own, which no venue knows."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A row, a field of one, or a whole payload, that could not be read."""

    fault: str
    payload: Any


@dataclass(frozen=True, slots=True)
class Translation:
    """The messages of a payload in its order, what of it could not be read, and the orders it leaves a question about."""

    messages: Sequence[Message] = ()
    faults: Sequence[Fault] = ()
    questions: Sequence[str] = ()

    def __add__(self, other: "Translation") -> "Translation":
        return joined((self, other))


def joined(translations: Iterable[Translation]) -> Translation:
    """All of them, one after the other."""
    parts = list(translations)
    return Translation(
        tuple(message for part in parts for message in part.messages),
        tuple(fault for part in parts for fault in part.faults),
        tuple(question for part in parts for question in part.questions),
    )


def whole_order(fill: Fill) -> Fill:
    """The fill as all that there is of its order, which so has ended by it."""
    return fill.model_copy(update={"reported": ReportedClaims(quantity=fill.quantity, cum_quantity=fill.quantity)})


def as_text(payload: Any) -> str:
    """A payload as it may be shown beside a fault, whatever it is."""
    if isinstance(payload, str):
        return payload
    try:
        return json.dumps(payload, default=str)
    except (TypeError, ValueError, RecursionError):
        return f"a {type(payload).__name__} that cannot be written"


def guarded(read: Callable[[], Translation], row: Any) -> Translation:
    """What was read of a row, if the ledger could keep it all; else its fault, which costs no other row anything."""
    try:
        told = read()
        for message in told.messages:
            to_fact(message)
            evidence_of(message.evidence)
    except (Unreadable, InvalidMessage) as fault:
        return Translation(faults=(Fault(str(fault), row),))
    except ValidationError as fault:
        found = fault.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in found["loc"])
        return Translation(faults=(Fault(f"{where} {found['msg'].removeprefix('Value error, ')}", row),))
    return told
