"""Converts events back to messages, so that a log can be recorded again."""

from typing import Any

import msgspec

from orderledger import Message
from orderledger.extend.events import Recorded
from orderledger.extend.messages import registry
from orderledger.extend.values import stream_names

Document = dict[str, Any]

TYPES: dict[type, tuple[str, type[Message]]] = {
    model.fact: (name, model) for name, model in registry.MESSAGES.items()
}
"""The message type that becomes each event."""


def document_of(recorded: Recorded) -> Document | None:
    """The message that becomes this event, with its time and source, without the rest of the
    envelope. None for an event that the ledger itself adds, and for a fact that is repeated under
    the order it was attributed to.
    """
    event = recorded.event
    if recorded.attributed_from is not None or type(event) not in TYPES:
        return None
    name, model = TYPES[type(event)]
    stored = dict(zip(event.__struct_encode_fields__, event.__struct_fields__, strict=True))
    given = {stored[key]: value for key, value in msgspec.to_builtins(event).items()}
    given |= {"at": recorded.at.isoformat(), "source": recorded.source}
    fields = {_given_as(model, key): value for key, value in given.items() if value is not None}
    return {"type": name, "account": stream_names.account_of(recorded.stream), **fields}


def _given_as(model: type[Message], name: str) -> str:
    return model.model_fields[name].serialization_alias or name
