"""`Tags`: the fields of one FIX message."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from orderledger import InvalidMessage
from orderledger.venues.importers.source import moment_of
from orderledger.venues.interop.objects import ForeignObject

CLOCKS = ("%Y%m%d-%H:%M:%S.%f", "%Y%m%d-%H:%M:%S")


class Tags:
    """The fields of one FIX message, by tag. A group's tag is repeated as often as it was sent."""

    def __init__(self, pairs: list[tuple[int, str]]) -> None:
        self.pairs = pairs
        self._first = dict(reversed(pairs))

    def get(self, tag: int) -> str | None:
        """The first value of a tag; None if it is missing or empty."""
        return self._first.get(tag) or None

    def needed(self, tag: int) -> str:
        """A value that is required. Raises InvalidMessage."""
        value = self.get(tag)
        if value is None:
            raise InvalidMessage(str(tag), "is missing")
        return value

    def number(self, tag: int) -> Decimal | None:
        """A number. Raises InvalidMessage."""
        return ForeignObject({str(tag): self.get(tag)}).number(str(tag))

    def above_zero(self, tag: int) -> Decimal | None:
        """A price or a quantity; 0 means none."""
        found = self.number(tag)
        return found if found else None

    def moment(self, *tags: int) -> datetime | None:
        """The first time among these tags. FIX times are UTC, to the second or finer; fractions
        of a microsecond are cut off.
        """
        for tag in tags:
            text = self.get(tag)
            if text is not None:
                whole, _, fraction = text.partition(".")
                return moment_of(
                    f"{whole}.{fraction[:6]}" if fraction else whole, UTC, str(tag), CLOCKS
                )
        return None

    def word(self, tag: int, words: Mapping[str, str]) -> str | None:
        """The ledger's word for a code; None if the tag is missing or the code has no word."""
        return words.get(self.get(tag) or "")

    def groups(self, count: int, first: int) -> list["Tags"]:
        """The entries of a repeating group: each begins with the tag `first`, and the last one has
        the rest of the message. Raises InvalidMessage if they are not as many as were counted."""
        found: list[list[tuple[int, str]]] = []
        for tag, value in self.pairs:
            if tag == first:
                found.append([])
            if found:
                found[-1].append((tag, value))
        if str(len(found)) != (self.get(count) or "0"):
            raise InvalidMessage(str(count), f"is {self.get(count)}, but {len(found)} follow")
        return [Tags(pairs) for pairs in found]
