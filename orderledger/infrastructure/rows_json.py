"""Rows as JSON, the same bytes on the command line and over HTTP.

Decimals are plain text, times RFC 3339 in UTC with microseconds. Numbers in `evidence` stay JSON
numbers with all their digits. NaN and infinities are null.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import msgspec

from orderledger.domain.exact import plain
from orderledger.infrastructure.storage.columns import time_text

AS_THEY_ARE = frozenset({str, bool, type(None)})
LARGEST = (1 << 63) - 1
"""msgspec writes integers of 64 bits; longer ones are written here."""

_encode = msgspec.json.Encoder().encode
_encode_evidence = msgspec.json.Encoder(decimal_format="number").encode


def row_json(row: Mapping[str, Any]) -> bytes:
    """One row as a JSON object."""
    return _encode(_shown_row(row))


def rows_json(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows as a JSON array."""
    return _encode([_shown_row(row) for row in rows])


def document_json(document: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """A JSON object whose first member is `rows`."""
    return _encode({"rows": [_shown_row(row) for row in rows], **_shown(document)})


def value_text(value: Any) -> str:
    """A value as the text of a cell: lists and objects are JSON."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case dict() | list() | tuple():
            return _encode(_shown(value)).decode()
        case _:
            return str(_shown(value))


def _shown_row(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {
        name: value if value.__class__ in AS_THEY_ARE else _shown(value)
        for name, value in row.items()
    }
    if shown.get("evidence") is not None:
        shown["evidence"] = msgspec.Raw(_encode_evidence(row["evidence"]))
    return shown


def _shown(value: Any) -> Any:
    """The value in types that have one form in JSON."""
    match value:
        case bool() | str() | None:
            return value
        case int():
            return value if -LARGEST <= value <= LARGEST else msgspec.Raw(str(int(value)).encode())
        case Decimal():
            return plain(value)
        case datetime():
            return (
                time_text(value) if value.tzinfo else value.isoformat()
            )  # a query in SQL has times without a zone
        case date() | time():
            return value.isoformat()
        case bytes():
            return value.hex()
        case dict():
            return {name: _shown(item) for name, item in value.items()}
        case list() | tuple():
            return [_shown(item) for item in value]
        case _:
            return value
