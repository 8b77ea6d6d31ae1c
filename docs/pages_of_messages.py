"""messages.md and message-schema.json, from the pydantic models."""

# ruff: noqa: E501  (a cell of a Markdown table is one line)

import json
from typing import get_type_hints

import meanings
from markdown import table, wire_word
from pydantic import BaseModel, TypeAdapter

from orderledger.infrastructure.messages.base import OrderMessage
from orderledger.infrastructure.messages.commands import RequestReplace
from orderledger.infrastructure.messages.fields import DIGITS
from orderledger.infrastructure.messages.parsing import LINE_LIMIT
from orderledger.infrastructure.messages.registry import GROUPS, AnyMessage, LinksTo, Message, OpenBreak, ReportedClaims
from orderledger.infrastructure.messages.reports import Report

INTRODUCTION = f"""# Messages

One JSON object per message, one message per line, UTF-8. In Python there is one class per type, named like it in CamelCase
(`request_cancel` is `RequestCancel`). As JSON Schema, which
cannot say that one of several fields is needed: [message-schema.json](message-schema.json), or
`orderledger schema [TYPE]`.

An unknown type, an unknown field or a field given twice makes the message invalid; only `aliases`, `tags` and `evidence` are
free inside. A line may have {LINE_LIMIT:,} bytes.

| word | is |
|---|---|
| number | A decimal as text (`"0.10"`) or as a JSON number, which is read from its text, never through a float. Up to {DIGITS} digits before the point and {DIGITS} after it. In Python: text, `Decimal` or `int`; a `float` is refused. |
| time | RFC 3339 with an offset (`"2026-11-20T09:00:00.25Z"`), or an integer count since 1970: below 1e12 of seconds, from 1e12 of milliseconds, from 1e15 of microseconds, from 1e18 of nanoseconds. Kept in UTC to the microsecond; what is finer is cut off. |
| identifier | 1 to 200 printable characters, kept as they come. Case and leading zeros matter. |
| text | Up to 10,000 characters. |

A command is ours and may be [refused](errors.md#reasons-of-refusals). A report is the venue's and never is; what is odd about it
is an [anomaly](errors.md#anomalies). The answers are in [errors.md](errors.md#outcomes).
"""

CONSTRAINT = "Needs one of `client_order_id`, `venue_order_id` and `aliases`."


def messages() -> str:
    parts = [INTRODUCTION]
    parts += ["## Every message\n", _table(Message, frozenset())]
    parts += ["## Every message about an order\n", f"{CONSTRAINT}\n", _table(OrderMessage, frozenset(Message.model_fields))]
    parts += [
        "## Every report\n",
        "Both help when the order may be unknown to us.\n",
        _table(Report, frozenset(OrderMessage.model_fields)),
    ]
    for title, models in GROUPS.items():
        parts += [f"## {title}\n", *map(_section, models)]
    parts += ["## Objects inside messages\n"]
    for model in (ReportedClaims, LinksTo, OpenBreak):
        parts += [f"### {model.__name__}\n", f"{model.__doc__}\n", _table(model, frozenset())]
    return "\n".join(parts)


def schema() -> str:
    return json.dumps(TypeAdapter(AnyMessage).json_schema(), indent=2) + "\n"


def _section(model: type[Message]) -> str:
    name = str(model.model_fields["type"].default)
    base = Report if issubclass(model, Report) else OrderMessage if issubclass(model, OrderMessage) else Message
    lines = [
        f"### {name}\n",
        f"`{model.__name__}`, stored as `{model.fact.stored_name}`. {' '.join((model.__doc__ or '').split())}\n",
    ]
    needed = model.needs_one_of
    if needed and needed != RequestReplace.needs_one_of:
        lines.append(f"Needs one of {' and '.join(f'`{field}`' for field in needed)}.\n")
    inherited = {
        field for field in base.model_fields if base.model_fields[field].is_required() == model.model_fields[field].is_required()
    }
    rows = _table(model, frozenset(inherited | {"type"}))
    return "\n".join([*lines, rows or "No fields of its own.\n"])


def _table(model: type[BaseModel], inherited: frozenset[str]) -> str:
    hints = get_type_hints(model, include_extras=True)
    rows = []
    for name, field in model.model_fields.items():
        if name not in inherited:
            called = field.serialization_alias or name
            kind = getattr(model.model_fields.get("type"), "default", "")
            meaning = meanings.OF_MESSAGE.get((kind, called)) or field.description or meanings.FIELDS[called]
            rows.append((f"`{called}`", wire_word(hints[name]), "needed" if field.is_required() else "", meaning))
    return table(("field", "is", "", "meaning"), rows) if rows else ""
