"""What a venue wrote, read exactly."""

import json
from decimal import Decimal
from typing import Any


def parsed(text: str | bytes) -> Any:
    """A JSON document with every fraction as a Decimal of its own digits. ValueError if it is none, or has NaN or Infinity."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refused)
    except (ArithmeticError, RecursionError) as error:  # an exponent or a depth beyond all reason
        raise ValueError(f"not a document: {type(error).__name__}") from error


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is not a number")
