"""What a venue wrote, read exactly."""

import json
from decimal import Decimal
from typing import Any


def parsed(text: str | bytes) -> Any:
    """A JSON document with every fraction as a Decimal of its own digits. ValueError if it is none.

    What stands for a number and is none (NaN, an exponent beyond all reason) stays the text that it is: it costs the field
    that it stands in, and not the document.
    """
    try:
        return json.loads(text, parse_float=_fraction, parse_int=_whole, parse_constant=str)
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def _fraction(digits: str) -> Decimal | str:
    try:
        return Decimal(digits)
    except ArithmeticError:
        return digits


def _whole(digits: str) -> int | str:
    try:
        return int(digits)
    except ValueError:  # more digits than Python converts
        return digits
