"""Conversion of a message to the event that it proposes, and to the fields around that event."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from math import gcd, isfinite
from typing import Any

import msgspec

from orderledger.domain.accounts import (
    GapRecorded,
    InstrumentRenamed,
    InstrumentSettled,
    InstrumentSplit,
)
from orderledger.domain.orders.events import OrderEvent
from orderledger.domain.orders.reports import StatusObserved
from orderledger.domain.recorded import AnyFact
from orderledger.domain.values import DatedBy, Premium
from orderledger.infrastructure.errors import InvalidMessage
from orderledger.infrastructure.messages.registry import MESSAGES, Message

EXACT_TYPES = (Decimal, datetime)
"""Types that msgspec takes over unchanged, not by way of text."""

NESTING_LIMIT = 200
"""Most levels of evidence and tags. Deeper values could be stored, but not shown."""

_evidence = msgspec.json.Encoder(decimal_format="number")


def to_fact(message: Message) -> AnyFact:
    """The event that the message proposes. Raises InvalidMessage if fields that go together are
    missing."""
    convert = _CONVERTERS.get(type(message))
    if convert is None:
        kind = type(message).__name__
        raise TypeError(
            f"only a message such as Fill(...) can be recorded, not a {kind}; use parse_document "
            "for a dictionary"
        )
    return convert(message)


def source_of(message: Message) -> str:
    """The source of the message. Default: the strategy for commands, the venue for the rest."""
    return (message.default_source if message.source is None else message.source).value


class Evidence(dict[str, Any]):
    """Raw payload of a venue with the JSON text that is stored, made once when it is checked. Do
    not change its items.

    Raises InvalidMessage if the payload cannot be written as JSON.
    """

    __slots__ = ("text",)

    def __init__(self, payload: Mapping[str, Any]) -> None:
        super().__init__(payload)
        self.text = _json_text("evidence", payload)


def evidence_of(payload: Any) -> bytes:
    """The raw payload of a venue as JSON text. Raises InvalidMessage if it cannot be written as
    JSON."""
    return payload.text if isinstance(payload, Evidence) else _json_text("evidence", payload)


def _converter(message_class: type[Message]) -> Callable[[Message], AnyFact]:
    """A function that copies fields by name. msgspec builds a frozen event without its `__init__`,
    in half the time."""
    fact_class, needed = message_class.fact, message_class.needs_one_of
    is_about_order = issubclass(fact_class, OrderEvent)
    has_tags = "tags" in message_class.model_fields
    forms, has_fees = message_class.forms, {"fees", "fee"} <= message_class.model_fields.keys()
    has_legs = "legs" in message_class.model_fields
    has_trail = "trail_offset" in message_class.model_fields
    completed = _COMPLETED.get(fact_class)
    names = [*zip(fact_class.__struct_fields__, fact_class.__struct_encode_fields__, strict=True)]

    def convert(message: Message) -> AnyFact:
        given = message.__dict__
        if (
            is_about_order
            and given["client_order_id"] is None
            and given["venue_order_id"] is None
            and not given["aliases"]
        ):
            raise InvalidMessage(
                "client_order_id", "is missing, and so are venue_order_id and aliases"
            )
        if needed and all(given[name] is None for name in needed):
            raise InvalidMessage(
                needed[0], "is missing" + "".join(f", and so is {name}" for name in needed[1:])
            )
        if forms:
            _check_form(forms, given)
        if has_fees and given["fees"] and (given["fee"], given["fee_currency"]) != (None, None):
            raise InvalidMessage("fees", "is given beside fee: give the one or the other")
        if has_legs and given["legs"]:
            _check_combination(given["quantity"])
        if has_trail and (given["trail_offset"] is None) != (given["trail_offset_type"] is None):
            raise InvalidMessage("trail_offset", "is given with trail_offset_type, or not at all")
        if completed is not None:
            given = completed(given)
        if has_tags and given["tags"]:
            _check_json(given["tags"])
            given = {**given, "tags": _exact(given["tags"])}
        return msgspec.convert(
            {stored: value for name, stored in names if (value := given[name]) is not None},
            fact_class,
            builtin_types=EXACT_TYPES,
            from_attributes=True,
        )

    return convert


def _gap(given: dict[str, Any]) -> dict[str, Any]:
    if given["to_at"] is not None and given["to_at"] < given["from_at"]:
        raise InvalidMessage("to", "is before from: a gap ends after it begins")
    return given


def _status(given: dict[str, Any]) -> dict[str, Any]:
    is_dated = given["at"] is not None and given["dated_by"] is None
    return {**given, "dated_by": DatedBy.VENUE} if is_dated else given


def _split(given: dict[str, Any]) -> dict[str, Any]:
    """With the ratio in lowest terms, so that one split is one fact."""
    divisor = gcd(*given["ratio"])
    return {**given, "ratio": tuple(one // divisor for one in given["ratio"])}


def _settlement(given: dict[str, Any]) -> dict[str, Any]:
    if given["into"] and given["into"].instrument == given["instrument"]:
        raise InvalidMessage("into.instrument", "is the instrument that is settled")
    return {**given, "premium": None} if given["premium"] == Premium.REALIZE else given


def _rename(given: dict[str, Any]) -> dict[str, Any]:
    if given["to"] == given["instrument"]:
        raise InvalidMessage("to", "is the name that it has")
    return given


_COMPLETED: dict[type[AnyFact], Callable[[dict[str, Any]], dict[str, Any]]] = {
    GapRecorded: _gap,
    StatusObserved: _status,
    InstrumentSplit: _split,
    InstrumentSettled: _settlement,
    InstrumentRenamed: _rename,
}
"""Checks of fields that go together, and the forms in which facts are compared."""


def _check_form(forms: Mapping[str, tuple[str, ...]], given: Mapping[str, Any]) -> None:
    """Exactly one of the fields that make a form, and with it what it needs and nothing of the
    others."""
    made = [name for name in forms if given[name] is not None]
    if len(made) != 1:
        first, *others = forms
        raise InvalidMessage(
            first,
            "is missing" + "".join(f", and so is {name}" for name in others)
            if not made
            else f"is given beside {' and '.join(made[1:])}: give exactly one",
        )
    for name, needed in forms.items():
        for field in needed:
            if name == made[0] and given[field] is None:
                raise InvalidMessage(field, f"is missing: {name} needs it")
            if name != made[0] and given[field] is not None:
                raise InvalidMessage(field, f"does not go with {made[0]}")


def _check_combination(quantity: Decimal | None) -> None:
    if quantity is None:
        raise InvalidMessage("quantity", "is missing: legs need it")
    if quantity != quantity.to_integral_value():
        raise InvalidMessage("quantity", "is not a whole number of combinations")


def _check_json(tags: dict[str, Any]) -> None:
    if b"\\u0000" in _json_text("tags", tags):
        raise InvalidMessage("tags", "hold a NUL character")


def _exact(value: Any) -> Any:
    """The value with floats as the decimals of their shortest text. The log keeps text, so a
    repeated message is equal."""
    if isinstance(value, dict):
        return {name: _exact(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_exact(item) for item in value]
    return Decimal(repr(value)) if isinstance(value, float) and isfinite(value) else value


def _json_text(field: str, value: Any) -> bytes:
    """JSON text of a value. Refuses a Decimal such as NaN: it would be a bare word in the text,
    which no parser can read again."""
    try:
        text = _evidence.encode(value)
        if b"NaN" in text or b"Infinity" in text:
            msgspec.json.decode(text)
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
        raise InvalidMessage(field, "cannot be kept as JSON") from None
    # A level takes at least two bytes, so most evidence is too short to need the count.
    if (
        len(text) > 2 * NESTING_LIMIT
        and text.count(b"[") + text.count(b"{") > NESTING_LIMIT
        and _levels(value) > NESTING_LIMIT
    ):
        raise InvalidMessage(field, "is nested too deeply")
    return text


def _levels(value: Any) -> int:
    level, count = [value], 0
    while level := [
        item for each in level if isinstance(each, (dict, list, tuple)) for item in _items(each)
    ]:
        count += 1
    return count


def _items(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


_CONVERTERS = {message_class: _converter(message_class) for message_class in MESSAGES.values()}
