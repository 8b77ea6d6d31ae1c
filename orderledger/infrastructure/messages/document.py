"""Messages as JSON, as `orderledger record` reads them."""

import json
from typing import Any

import msgspec

from orderledger.infrastructure.messages.facts import evidence_of
from orderledger.infrastructure.messages.registry import Message


def document(message: Message) -> dict[str, Any]:
    """A message as input of `orderledger record`, without empty fields and without evidence."""
    fields: dict[str, Any] = json.loads(
        message.model_dump_json(exclude_none=True, by_alias=True, exclude={"evidence"})
    )
    return {
        "type": fields.pop("type"),
        **{
            name: value
            for name, value in fields.items()
            if value is not False and value not in ({}, [])
        },
    }


def message_line(message: Message) -> str:
    """The message as JSON with its evidence, whose numbers stay as they were sent."""
    fields = document(message)
    if message.evidence is not None:
        fields["evidence"] = msgspec.Raw(evidence_of(message.evidence))
    return msgspec.json.encode(fields).decode()
