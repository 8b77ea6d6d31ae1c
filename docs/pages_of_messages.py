"""messages.md and message-schema.json, from the pydantic models."""

# ruff: noqa: E501  (a cell of a Markdown table is one line)

import json
from inspect import getdoc
from typing import get_type_hints

from markdown import table, wire_word
from pydantic import BaseModel, TypeAdapter

from orderledger.infrastructure.messages.derived import class_name
from orderledger.infrastructure.messages.parsing import LINE_LIMIT
from orderledger.infrastructure.messages.registry import (
    GROUPS,
    MESSAGES,
    AnyMessage,
    CashInLieu,
    Cause,
    CertifiedBalance,
    Fee,
    Leg,
    LinksTo,
    Message,
    OpenBreak,
    OrderMessage,
    OtherLeg,
    Report,
    ReportedClaims,
    RequestReplace,
)
from orderledger.infrastructure.numbers_and_times import DIGITS

INTRODUCTION = f"""# Messages

A message is one JSON object on one line, in UTF-8. In Python each type is a class with the same name in CamelCase
(`request_cancel` is `RequestCancel`). The JSON Schema is in [message-schema.json](message-schema.json), and
`orderledger schema [TYPE]` prints it. It cannot express that one of several fields is needed.

An unknown type, an unknown field or a field given twice makes the message invalid. Only `aliases`, `tags` and `evidence` may contain any
names. A line may have {LINE_LIMIT:,} bytes.

| type | meaning |
|---|---|
| number | A decimal as text (`"0.10"`) or as a JSON number, read from its text and never through a float. Up to {DIGITS} digits before the point and {DIGITS} after it. In Python: text, `Decimal` or `int`; a `float` is refused. |
| time | RFC 3339 with an offset (`"2026-11-20T09:00:00.25Z"`), or an integer count since 1970: seconds below 1e12, milliseconds from 1e12, microseconds from 1e15, nanoseconds from 1e18. Kept in UTC to the microsecond; finer digits are cut off. |
| identifier | 1 to 200 printable characters, kept unchanged. Case and leading zeros matter. |
| text | Up to 10,000 characters. |

A command is ours, and the ledger may [refuse](errors.md#reasons-of-refusals) it. A report is the venue's, and the ledger never refuses it; if it
contradicts the record, the order gets an [anomaly](errors.md#anomalies). Each message has one [outcome](errors.md#outcomes).
The FIX terms below are those of FIX 4.4.
"""

FORMER = """## Former words

Reports had the words of commands before. Every door reads the former words for ever, and nothing writes them. A fact in a former
word and the same fact in its present word are duplicates. The schema has the present words alone. The former classes are gone.
"""

CONSTRAINT = "Needs one of `client_order_id`, `venue_order_id` and `aliases`."


def messages() -> str:
    parts = [INTRODUCTION]
    parts += ["## Every message\n", _table(Message, frozenset())]
    parts += [
        "## Every message about an order\n",
        f"{CONSTRAINT}\n",
        _table(OrderMessage, frozenset(Message.model_fields)),
    ]
    parts += [
        "## Every report\n",
        "Give instrument and side if the order may be unknown to the ledger.\n",
        _table(Report, frozenset(OrderMessage.model_fields)),
    ]
    for title, models in GROUPS.items():
        parts += [f"## {title}\n", *map(_section, models)]
    parts += [FORMER, _former_words(), "## Objects inside messages\n"]
    for model in (
        ReportedClaims,
        LinksTo,
        OpenBreak,
        CertifiedBalance,
        Fee,
        Leg,
        Cause,
        CashInLieu,
        OtherLeg,
    ):
        parts += [f"### {model.__name__}\n", f"{getdoc(model)}\n", _table(model, frozenset())]
    return "\n".join(parts)


def _former_words() -> str:
    rows = [
        (
            f"`{model.fact.former_wire_name}`",
            f"`{kind}`",
            f"`{class_name(model.fact.former_wire_name)}`",
            f"`{model.__name__}`",
        )
        for kind, model in MESSAGES.items()
        if model.fact.former_wire_name
    ]
    return table(("former type", "type", "former class", "class"), rows)


def schema() -> str:
    return json.dumps(TypeAdapter(AnyMessage).json_schema(), indent=2) + "\n"


def _section(model: type[Message]) -> str:
    name = str(model.model_fields["type"].default)
    base = (
        Report
        if issubclass(model, Report)
        else OrderMessage
        if issubclass(model, OrderMessage)
        else Message
    )
    lines = [
        f"### {name}\n",
        f"`{model.__name__}`, stored as `{model.fact.stored_name}`, [recorded over HTTP](http.md#roles) with the role `{model.needs_role}`. {' '.join((model.__doc__ or '').split())}\n",
    ]
    if model.fact.fix:
        lines.append(f"FIX: {model.fact.fix}\n")
    needed = model.needs_one_of
    if needed and needed != RequestReplace.needs_one_of:
        lines.append(f"Needs one of {' and '.join(f'`{field}`' for field in needed)}.\n")
    inherited = {
        field
        for field in base.model_fields
        if base.model_fields[field].is_required() == model.model_fields[field].is_required()
    }
    rows = _table(model, frozenset(inherited | {"type"}))
    return "\n".join([*lines, rows or "No fields of its own.\n"])


def _table(model: type[BaseModel], inherited: frozenset[str]) -> str:
    hints = get_type_hints(model, include_extras=True)
    rows = []
    for name, field in model.model_fields.items():
        if name not in inherited:
            rows.append(
                (
                    f"`{field.serialization_alias or name}`",
                    wire_word(hints[name]),
                    "needed" if field.is_required() else "",
                    field.description or "",
                )
            )
    return table(("field", "type", "", "meaning"), rows) if rows else ""
