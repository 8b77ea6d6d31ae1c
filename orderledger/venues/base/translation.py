"""`Translation`: the result of reading a venue's payload."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from orderledger import Fill, InvalidMessage, Message, ReportedClaims
from orderledger.extend.messages import facts
from orderledger.venues.base.fields import Unreadable

NO_ORDER = "none:"
"""Prefix of the venue order id of a fill without an order: such a fill is an order of its own,
which no venue knows.
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """An unreadable row, field or payload."""

    fault: str
    payload: Any


@dataclass(frozen=True, slots=True)
class Translation:
    """The messages of a payload in its order, its unreadable parts, and the ids of orders to
    query.
    """

    messages: Sequence[Message] = ()
    faults: Sequence[Fault] = ()
    questions: Sequence[str] = ()

    def __add__(self, other: "Translation") -> "Translation":
        return joined((self, other))


def joined(translations: Iterable[Translation]) -> Translation:
    """The translations combined, in this order."""
    parts = list(translations)
    return Translation(
        tuple(message for part in parts for message in part.messages),
        tuple(fault for part in parts for fault in part.faults),
        tuple(question for part in parts for question in part.questions),
    )


def whole_order(fill: Fill) -> Fill:
    """A fill that completes its order, because nothing else will be reported for that order."""
    return fill.model_copy(
        update={"reported": ReportedClaims(quantity=fill.quantity, cum_quantity=fill.quantity)}
    )


def as_text(payload: Any) -> str:
    """Any payload as text, to be shown beside a fault."""
    if isinstance(payload, str):
        return payload
    try:
        return json.dumps(payload, default=str)
    except (TypeError, ValueError, RecursionError):
        return f"a {type(payload).__name__} that cannot be shown"


def guarded(read: Callable[[], Translation], row: Any) -> Translation:
    """The translation of a row, if the ledger can store all of it; else a fault, which affects
    only this row.
    """
    try:
        translation = read()
        for message in translation.messages:
            facts.to_fact(message)
            facts.evidence_of(message.evidence)
    except (Unreadable, InvalidMessage) as fault:
        return Translation(faults=(Fault(str(fault), row),))
    except ValidationError as fault:
        found = fault.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in found["loc"])
        return Translation(
            faults=(Fault(f"{where} {found['msg'].removeprefix('Value error, ')}", row),)
        )
    return translation
