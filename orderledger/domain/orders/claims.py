"""Claims of the venue beside the facts: numbers to compare with ours, and its status."""

from datetime import datetime
from decimal import Decimal
from typing import Generic, NamedTuple, TypeVar

from orderledger.domain.orders.when import When
from orderledger.domain.values import Reported, Status

Value = TypeVar("Value")
FILLED = Status.FILLED

NUMBERS = (
    "quantity",
    "cum_quantity",
    "leaves_quantity",
    "average_price",
    "limit_price",
    "stop_price",
)


class Latest(NamedTuple, Generic[Value]):
    """A value that reports set: the later report counts. `when` is None before the first."""

    value: Value
    when: When | None = None

    @property
    def at(self) -> datetime | None:
        return None if self.when is None else self.when.at

    def then(self, value: Value, when: When) -> "Latest[Value]":
        """The value after another report."""
        return Latest(value, when) if self.when is None or when >= self.when else self


def note(known: dict[str, Latest[Value]], name: str, value: Value, when: When) -> None:
    """Set one of several values by name."""
    latest = known.get(name)
    if latest is None or latest.when is None or when >= latest.when:
        known[name] = Latest(value, when)


class Claims:
    """The latest number of each kind that the venue claimed, and its latest status."""

    __slots__ = ("is_filled", "numbers", "word")

    def __init__(self) -> None:
        self.numbers: dict[str, Latest[Decimal]] = {}
        self.word: Latest[str | None] = Latest(None)
        self.is_filled = False
        """True if the venue has ever reported the order filled."""

    def number(self, name: str) -> Decimal | None:
        return self.numbers[name].value if name in self.numbers else None

    def add(self, reported: Reported, when: When) -> None:
        """Add a report's claims. Of claims with the same time and sequence, the latest is the one
        with the largest cumulative quantity or the smallest open quantity."""
        if reported.status is not None:
            self.set_status(reported.status, when)
            self.is_filled = self.is_filled or reported.status == FILLED
        is_outdated = self._is_outdated(reported, when)
        for name in NUMBERS:
            number: Decimal | None = getattr(reported, name)
            if number is None or (
                is_outdated
                and name in self.numbers
                and _is_of_one_moment(self.numbers[name].when, when)
            ):
                continue
            note(self.numbers, name, number, when)

    def set_status(self, word: str, when: When) -> None:
        """Set the venue's status."""
        self.word = self.word.then(word, when)

    def _is_outdated(self, reported: Reported, when: When) -> bool:
        """Check for a claim of the same time and sequence with a larger filled quantity."""
        cum, leaves = self.numbers.get("cum_quantity"), self.numbers.get("leaves_quantity")
        if (
            reported.cum_quantity is not None
            and cum is not None
            and _is_of_one_moment(cum.when, when)
        ):
            return reported.cum_quantity < cum.value
        if (
            reported.leaves_quantity is not None
            and leaves is not None
            and _is_of_one_moment(leaves.when, when)
        ):
            return reported.leaves_quantity > leaves.value
        return False


def _is_of_one_moment(one: When | None, other: When) -> bool:
    return one is not None and one.is_dated_as(other)
