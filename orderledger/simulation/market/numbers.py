"""The numbers that a simulated exchange accepts."""

from decimal import Decimal

Number = Decimal | str | int


def number(value: Number) -> Decimal:
    """A finite decimal, exactly as given. TypeError for a float."""
    if isinstance(value, float):
        raise TypeError(f"{value!r} is a float")
    exact = Decimal(value)
    if not exact.is_finite():
        raise ValueError(f"{value!r} is not a finite number")
    return exact


def positive(value: Number) -> Decimal:
    """A number above zero."""
    exact = number(value)
    if exact <= 0:
        raise ValueError(f"{value!r} is not greater than zero")
    return exact


def positive_or_none(value: Number | None) -> Decimal | None:
    """A number above zero, or None."""
    return None if value is None else positive(value)
