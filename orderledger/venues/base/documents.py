"""Readers of an answer: its rows, and the code of a refusal."""

import json
from typing import Any

from orderledger.venues.base.fields import Document
from orderledger.venues.errors import VenueUnavailable


def rows_in(document: Document, name: str) -> list[Any]:
    """The rows of an answer. Raises VenueUnavailable for an answer without the field, which does
    not count as an empty list.
    """
    rows = document.get(name)
    if not isinstance(rows, list):
        raise VenueUnavailable(f"the answer has no {name}")
    return rows


def row_in(document: Document, name: str) -> Document:
    """The one row of an answer. Raises VenueUnavailable if there is none."""
    row = document.get(name)
    if not isinstance(row, dict):
        raise VenueUnavailable(f"the answer has no {name}")
    return row


def refusal_in(text: str) -> Document:
    """A refusal that is a JSON object; empty if it is something else."""
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def code_in(text: str, *names: str) -> str | None:
    """The code of a refusal, by default in `code`."""
    document = refusal_in(text)
    return next(
        (code for name in names or ("code",) if isinstance(code := document.get(name), str)), None
    )


def number_in(text: str, name: str) -> float:
    """A non-negative number in a refusal, such as the seconds to wait; 0 without one."""
    value = refusal_in(text).get(name)
    return max(float(value), 0.0) if isinstance(value, (int, float)) else 0.0
