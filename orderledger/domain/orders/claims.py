"""Claims of the venue beside the facts: numbers to compare with ours, and its status."""

from datetime import datetime
from decimal import Decimal
from typing import Generic, NamedTuple, TypeVar

from orderledger.domain.values import Reported

Value = TypeVar("Value")

NUMBERS = ("quantity", "cum_quantity", "leaves_quantity", "average_price", "limit_price", "stop_price")


class Latest(NamedTuple, Generic[Value]):
    """A value that reports set: the later `at` wins; of equal times, the later in the log. `at` is None before the first."""

    value: Value
    at: datetime | None = None

    def then(self, value: Value, at: datetime) -> "Latest[Value]":
        """The value after another report."""
        return Latest(value, at) if self.at is None or at >= self.at else self


def note(known: dict[str, Latest[Value]], name: str, value: Value, at: datetime) -> None:
    """Set one of several values by name."""
    latest = known.get(name)
    if latest is None or latest.at is None or at >= latest.at:
        known[name] = Latest(value, at)


class Claims:
    """The latest number of each kind that the venue claimed, and its latest status."""

    __slots__ = ("is_filled", "numbers", "word")

    def __init__(self) -> None:
        self.numbers: dict[str, Latest[Decimal]] = {}
        self.word: Latest[str | None] = Latest(None)
        self.is_filled = False
        """True if a status query has ever shown the order filled."""

    def number(self, name: str) -> Decimal | None:
        return self.numbers[name].value if name in self.numbers else None

    def hear(self, reported: Reported, at: datetime) -> None:
        """Add a report's claims. Of claims with the same time, the latest is the one with the largest cumulative quantity or
        the smallest open quantity."""
        if reported.status is not None:
            self.say(reported.status, at)
        is_outdated = self._is_outdated(reported, at)
        for name in NUMBERS:
            number: Decimal | None = getattr(reported, name)
            if number is None or (is_outdated and name in self.numbers and self.numbers[name].at == at):
                continue
            note(self.numbers, name, number, at)

    def say(self, word: str, at: datetime) -> None:
        """Set the venue's status."""
        self.word = self.word.then(word, at)

    def _is_outdated(self, reported: Reported, at: datetime) -> bool:
        """Check for a claim of the same time with a larger filled quantity."""
        cum, leaves = self.numbers.get("cum_quantity"), self.numbers.get("leaves_quantity")
        if reported.cum_quantity is not None and cum is not None and cum.at == at:
            return reported.cum_quantity < cum.value
        if reported.leaves_quantity is not None and leaves is not None and leaves.at == at:
            return reported.leaves_quantity > leaves.value
        return False
