"""Derives the message classes from the events that they propose.

A field of an event becomes a field of the message, with the same default. Its type defines the
check of the message, and its meaning the description.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import msgspec
from pydantic import BeforeValidator, Field, create_model

from orderledger.domain.accounts import CertifiedBalance, OpenBreak
from orderledger.domain.fields import MEANINGS
from orderledger.domain.instrument_events import CashInLieu, OtherLeg
from orderledger.domain.log_event import LogEvent
from orderledger.domain.orders.events import OrderEvent, OrderReport
from orderledger.domain.recorded import KINDS
from orderledger.domain.values import Cause, Fee, Leg, Links, Reported, Side
from orderledger.infrastructure.messages import fields as wire
from orderledger.infrastructure.messages.base import Message, Model

Struct = type[msgspec.Struct]

PARTS: dict[Struct, str] = {
    Reported: "ReportedClaims",
    Links: "LinksTo",
    OpenBreak: "OpenBreak",
    CertifiedBalance: "CertifiedBalance",
    Fee: "Fee",
    Leg: "Leg",
    Cause: "Cause",
    CashInLieu: "CashInLieu",
    OtherLeg: "OtherLeg",
}
"""Values inside messages, and the public names of their models."""

WIRE_TYPES: dict[Any, Any] = {
    str: wire.Identifier,
    Decimal: wire.Number,
    datetime: wire.Time,
    bool: wire.Flag,
    int: wire.Count,
    dict[str, str]: wire.Names,
    dict[str, object]: wire.Tags,
}
REPORTED_SIDE = Annotated[Side | None, BeforeValidator(lambda side: None if side == "" else side)]
"""The side in a report. An empty one was not reported."""


def model_classes(module: str) -> dict[str, type[Model]]:
    """All models by name, as classes of this module: values, base classes, message types."""
    models: dict[Struct, type[Model]] = {}

    def derive(kind: Struct, name: str, base: type[Model], **needed: Any) -> type[Model]:
        fields = {**needed, **dict(_fields(kind, {*base.model_fields, *needed}, models))}
        return create_model(name, __base__=base, __module__=module, __doc__=kind.__doc__, **fields)

    for kind, name in PARTS.items():
        models[kind] = derive(kind, name, Model)
    about_order = derive(OrderEvent, "OrderMessage", Message)
    report = derive(OrderReport, "Report", about_order)
    found = [*models.values(), about_order, report]
    for event in KINDS.values():
        if event.wire_name:
            base = (
                report
                if issubclass(event, OrderReport)
                else about_order
                if issubclass(event, OrderEvent)
                else Message
            )
            found.append(
                _settled(derive(event, class_name(event.wire_name), base, **_needed(event)), event)
            )
    return {model.__name__: model for model in found}


def _settled(model: Any, event: type[LogEvent]) -> type[Model]:
    """The message type with what else its event declares."""
    model.fact = event
    for name in ("needs_role", "default_source", "needs_one_of", "forms"):
        setattr(model, name, getattr(event, name))
    return cast(type[Model], model)


def class_name(wire_name: str) -> str:
    return "".join(part.capitalize() for part in wire_name.split("_"))


def meaning(kind: Struct, name: str, hint: Any) -> str:
    """The meaning of a field of this event or value."""
    own = [meta.description for meta in _metadata(hint) if meta.description]
    return own[-1] if own else MEANINGS[name]


def _needed(event: type[LogEvent]) -> dict[str, Any]:
    """The type of a message, and the fields that it needs while other messages may leave them
    out."""
    hints = get_type_hints(event, include_extras=True)
    return {
        "type": (Literal[event.wire_name], event.wire_name),
        **{
            name: (_wire_type(hints[name], {})[0], Field(description=text))
            for name, text in event.needs.items()
        },
    }


def _fields(kind: Struct, known: Collection[str], models: Any) -> Iterator[tuple[str, Any]]:
    hints = get_type_hints(kind, include_extras=True)
    for field in msgspec.structs.fields(kind):
        if field.name in known:
            continue
        extra = _extra(hints[field.name])
        settings: dict[str, Any] = {"description": meaning(kind, field.name, hints[field.name])}
        if "wire_name" in extra:
            settings |= dict.fromkeys(
                ("validation_alias", "serialization_alias"), extra["wire_name"]
            )
        if "most" in extra:
            settings["max_length"] = extra["most"]
        if field.default is not msgspec.NODEFAULT:
            settings["default"] = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            settings["default_factory"] = field.default_factory
        checked, is_optional = _wire_type(hints[field.name], models)
        hint = checked | None if is_optional else checked
        yield field.name, (REPORTED_SIDE if hint == Side | None else hint, Field(**settings))


def _wire_type(hint: Any, models: Any) -> tuple[Any, bool]:
    """How a message checks a field, and whether it may be None."""
    named = _extra(hint).get("wire")
    kind, is_optional = _plain(hint)
    if named:
        return getattr(wire, named), is_optional
    if get_origin(kind) is tuple:
        item, _ = _wire_type(get_args(kind)[0], models)
        return tuple.__class_getitem__((item, ...)), is_optional
    return models.get(kind, WIRE_TYPES.get(kind, kind)), is_optional


def _plain(hint: Any) -> tuple[Any, bool]:
    """The type without metadata and without None, and whether it had None."""
    if get_origin(hint) is Annotated:
        return _plain(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        (kind,) = [part for part in get_args(hint) if part is not NoneType]
        return _plain(kind)[0], True
    return hint, False


def _metadata(hint: Any) -> Iterable[msgspec.Meta]:
    """The metadata of a type and of its parts, the outermost last."""
    if get_origin(hint) in (Annotated, Union, UnionType):
        for part in get_args(hint):
            yield from [part] if isinstance(part, msgspec.Meta) else _metadata(part)


def _extra(hint: Any) -> dict[str, Any]:
    return {name: value for meta in _metadata(hint) for name, value in (meta.extra or {}).items()}
