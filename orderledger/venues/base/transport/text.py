"""JSON with exact numbers."""

import json
from decimal import Decimal
from typing import Any


def parsed(text: str | bytes) -> Any:
    """A JSON document with every fraction as a Decimal of its own digits. Raises ValueError if it
    is not JSON.

    An invalid number (NaN, an absurd exponent) stays text, so that only its own field is
    unreadable.
    """
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text))
    try:
        return _decoder.decode(text)
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def parsed_first(text: str) -> tuple[Any, int]:
    """The document at the beginning of the text, and where it ends. Raises ValueError if there is
    none."""
    begins = len(text) - len(text.lstrip())
    try:
        return _decoder.raw_decode(text, begins)
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


_decoder = json.JSONDecoder(parse_float=_fraction, parse_int=_whole, parse_constant=str)
