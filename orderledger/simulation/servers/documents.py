"""Exact JSON: no number becomes a float."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any


def as_text(number: Decimal) -> str:
    """The JSON of a decimal as text, with all its digits and no exponent."""
    return f'"{number:f}"'


def as_number(number: Decimal) -> str:
    """The JSON of a decimal as a number, with all its digits and no exponent."""
    return f"{number:f}"


def as_float(number: Decimal) -> str:
    """The form in which programs write floats: a whole number ends in `.0`."""
    text = f"{number:f}"
    return text if "." in text else f"{text}.0"


def written(document: Any, decimal: Callable[[Decimal], str] = as_text) -> str:
    """The JSON text of a document of dicts, lists, text, whole numbers, Decimals, True, False and
    None. TypeError for a float."""
    match document:
        case None | bool() | int() | str():
            return json.dumps(document)
        case Decimal():
            return decimal(document)
        case dict():
            return (
                "{"
                + ",".join(
                    f"{json.dumps(str(key))}:{written(value, decimal)}"
                    for key, value in document.items()
                )
                + "}"
            )
        case list() | tuple():
            return "[" + ",".join(written(value, decimal) for value in document) + "]"
        case _:
            raise TypeError(f"{document!r} has no exact JSON")
