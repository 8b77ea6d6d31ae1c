"""What stands in an answer: its rows, and the code of a refusal."""

import json
from typing import Any

from orderledger.venues.base.fields import Document
from orderledger.venues.errors import VenueUnavailable


def rows_in(document: Document, name: str) -> list[Any]:
    """The rows of an answer. An answer without them is no empty list: raises VenueUnavailable."""
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


def refusal_in(said: str) -> Document:
    """A refusal that is a JSON object; empty if it is something else."""
    try:
        document = json.loads(said)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def code_in(said: str, *names: str) -> str | None:
    """The code of a refusal, by default in `code`."""
    document = refusal_in(said)
    return next(
        (code for name in names or ("code",) if isinstance(code := document.get(name), str)), None
    )


def number_in(said: str, name: str) -> float:
    """A number in a refusal that is not negative, such as the seconds to wait for; 0 without
    one."""
    value = refusal_in(said).get(name)
    return max(float(value), 0.0) if isinstance(value, (int, float)) else 0.0
