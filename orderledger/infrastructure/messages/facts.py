"""From a message to the fact it proposes, and to the envelope around it."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from math import isfinite
from typing import Any

import msgspec

from orderledger.domain.recorded import AnyFact
from orderledger.infrastructure.errors import InvalidMessage
from orderledger.infrastructure.messages.base import OrderMessage
from orderledger.infrastructure.messages.registry import MESSAGES, Gap, Message

EXACT_TYPES = (Decimal, datetime)
"""Go over as they are, not by way of text."""

NESTING_LIMIT = 200
"""Levels in evidence and tags. What is nested deeper might be kept, and could then not be shown."""

_evidence = msgspec.json.Encoder(decimal_format="number")


def to_fact(message: Message) -> AnyFact:
    """The fact that the message proposes. Raises InvalidMessage where fields that go together are missing."""
    convert = _CONVERTERS.get(type(message))
    if convert is None:
        kind = type(message).__name__
        raise TypeError(f"a message such as Fill(...) can be recorded, not a {kind}; parse_document makes one of a dictionary")
    return convert(message)


def source_of(message: Message) -> str:
    """Who speaks, where the message does not say: the strategy for what is ours, the venue for the rest."""
    return (message.default_source if message.source is None else message.source).value


class Evidence(dict[str, Any]):
    """A venue's raw payload, with the JSON text that it is kept as: made once, when it is looked whether there is one. Nothing
    in it is to be changed. Raises InvalidMessage where there is none."""

    __slots__ = ("text",)

    def __init__(self, payload: Mapping[str, Any]) -> None:
        super().__init__(payload)
        self.text = _json_text("evidence", payload)


def evidence_of(payload: Any) -> bytes:
    """The venue's raw payload as JSON text. Raises InvalidMessage for what is none."""
    return payload.text if isinstance(payload, Evidence) else _json_text("evidence", payload)


def _converter(message_class: type[Message]) -> Callable[[Message], AnyFact]:
    """Fields go over by name. msgspec fills in a frozen fact without its `__init__`, in half the time."""
    fact_class, needed = message_class.fact, message_class.needs_one_of
    is_about_order = issubclass(message_class, OrderMessage)
    has_tags = "tags" in message_class.model_fields
    is_gap = message_class is Gap
    stored_as = zip(fact_class.__struct_fields__, fact_class.__struct_encode_fields__, strict=True)
    names = [(name, stored) for name, stored in stored_as if name in message_class.model_fields]

    def convert(message: Message) -> AnyFact:
        given = message.__dict__
        if is_about_order and given["client_order_id"] is None and given["venue_order_id"] is None and not given["aliases"]:
            raise InvalidMessage("client_order_id", "is missing, and so are venue_order_id and aliases")
        if needed and all(given[name] is None for name in needed):
            raise InvalidMessage(needed[0], "is missing" + "".join(f", and so is {name}" for name in needed[1:]))
        if is_gap and given["to_at"] is not None and given["to_at"] < given["from_at"]:
            raise InvalidMessage("to", "is before from: a gap ends after it begins")
        if has_tags and given["tags"]:
            _check_json(given["tags"])
            given = {**given, "tags": _exact(given["tags"])}
        return msgspec.convert(
            {stored: given[name] for name, stored in names}, fact_class, builtin_types=EXACT_TYPES, from_attributes=True
        )

    return convert


def _check_json(tags: dict[str, Any]) -> None:
    if b"\\u0000" in _json_text("tags", tags):
        raise InvalidMessage("tags", "hold a NUL character")


def _exact(value: Any) -> Any:
    """With floats as the decimals that they are written as, which the log keeps as text: what is told again is the same."""
    if isinstance(value, dict):
        return {name: _exact(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_exact(item) for item in value]
    return Decimal(repr(value)) if isinstance(value, float) and isfinite(value) else value


def _json_text(field: str, value: Any) -> bytes:
    """A Decimal that is no number would be written as a bare word, and could never be read again."""
    try:
        text = _evidence.encode(value)
        if b"NaN" in text or b"Infinity" in text:
            msgspec.json.decode(text)
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
        raise InvalidMessage(field, "cannot be kept as JSON") from None
    # A level takes two bytes at the least: most evidence is too short to be asked.
    if len(text) > 2 * NESTING_LIMIT and text.count(b"[") + text.count(b"{") > NESTING_LIMIT and _levels(value) > NESTING_LIMIT:
        raise InvalidMessage(field, "is nested too deeply")
    return text


def _levels(value: Any) -> int:
    level, count = [value], 0
    while level := [item for each in level if isinstance(each, (dict, list, tuple)) for item in _items(each)]:
        count += 1
    return count


def _items(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


_CONVERTERS = {message_class: _converter(message_class) for message_class in MESSAGES.values()}
