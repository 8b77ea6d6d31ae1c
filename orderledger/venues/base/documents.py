"""Readers of a refusal."""

import json

from orderledger.venues.base.fields import Document


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
