"""A row that was found against the row that was expected."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.auditing.facts import Row, instant


def differences(
    expected: Row, found: Mapping[str, Any], fields: Iterable[str] | None = None
) -> list[str]:
    """What a row of the command line shows otherwise than expected, one sentence per field; all
    expected fields by default."""
    missing = object()
    return [
        f"{field}: expected {expected[field]!r}, found {found.get(field, 'nothing')!r}"
        for field in (expected if fields is None else fields)
        if not agrees(expected[field], found.get(field, missing))
    ]


def agrees(expected: Any, found: Any) -> bool:
    """Numbers are compared as exact numbers (to 1e-15 where no decimal is exact), times as
    instants, the rest as it stands."""
    if isinstance(expected, Fraction):
        is_plain = isinstance(found, Decimal) or (
            isinstance(found, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", found)
        )
        return bool(is_plain) and is_near(expected, Fraction(found))
    if isinstance(expected, datetime):
        return isinstance(found, str | datetime) and instant(found) == expected
    if isinstance(expected, dict):
        return (
            isinstance(found, dict)
            and expected.keys() == found.keys()
            and all(agrees(v, found[n]) for n, v in expected.items())
        )
    if isinstance(expected, list):
        return (
            isinstance(found, list)
            and len(expected) == len(found)
            and all(map(agrees, expected, found))
        )
    return type(expected) is type(found) and bool(expected == found)


def is_near(expected: Fraction, found: Fraction) -> bool:
    """Equal; a Fraction that no decimal can show needs only agree to 1e-15 of itself."""
    rest = expected.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return expected == found if rest == 1 else abs(expected - found) <= abs(expected) / 10**15
