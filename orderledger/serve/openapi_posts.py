"""The parts of the OpenAPI document about the bodies of POST requests."""

from collections.abc import Mapping
from typing import Any

from orderledger.extend.messages import registry
from orderledger.serve.accepting import CONFIRM
from orderledger.serve.idempotency import HEADER, LONGEST_KEY
from orderledger.serve.operating import TAKEN
from orderledger.serve.tokens import OPERATE

Document = dict[str, Any]

IDEMPOTENCY_KEY = {
    "name": HEADER,
    "in": "header",
    "description": "Sent again with the same request, the answer of the first attempt; with "
    "another one: 422.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
}


def as_posted(messages: Document) -> Document:
    """The schemas of messages, as a POST takes them: an operator's command has the server's
    time."""
    operators = {
        model.__name__ for model in registry.MESSAGES.values() if model.needs_role == OPERATE
    }
    return {
        name: _without_time(schema) if name in operators else schema
        for name, schema in messages.items()
    }


def _without_time(schema: Document) -> Document:
    fields = {name: field for name, field in schema["properties"].items() if name != "at"}
    return {
        **schema,
        "properties": fields,
        "required": [name for name in schema["required"] if name != "at"],
    }


def halt_schema(messages: Mapping[str, Document]) -> Document:
    """The schema of the body of a halt, and of its end."""
    fields = {
        name: schema for name, schema in messages["Halt"]["properties"].items() if name in TAKEN
    }
    confirm = {"type": "boolean", "description": CONFIRM.meaning, "default": False}
    return {
        "type": "object",
        "required": ["account"],
        "additionalProperties": False,
        "properties": {**fields, "confirm": confirm},
    }
