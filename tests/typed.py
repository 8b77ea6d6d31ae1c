"""Fields and columns by name, for tests that know more of a message or a row than its declared type
says."""

from collections.abc import Iterable, Mapping
from typing import Any

from orderledger.infrastructure.messages.registry import Message


def fields(messages: Iterable[Message], name: str) -> list[Any]:
    """A field of each message, which not every message type has."""
    return [getattr(message, name) for message in messages]


def column(rows: Iterable[Mapping[str, object]], name: str) -> list[Any]:
    """A column of rows, known to be filled."""
    return [row[name] for row in rows]


def values(row: Mapping[str, object], names: Iterable[str]) -> list[Any]:
    """Some columns of a row."""
    return [row[name] for name in names]
