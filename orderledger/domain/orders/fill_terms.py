"""The identifying terms in the reports of an order's fills, by time."""

from bisect import insort
from collections.abc import Iterable
from operator import itemgetter
from typing import Any

from orderledger.domain.orders.claims import Latest
from orderledger.domain.orders.fill import Fill
from orderledger.domain.orders.when import When


class FillTerms:
    """The values of one term, each with its place and its fill, sorted by place.

    An entry is outdated if its fill was reported again with an earlier time. It is removed when it
    would be the latest.
    """

    __slots__ = ("_entries", "_name")

    def __init__(self, name: str, fills: Iterable[Fill]) -> None:
        self._name = name
        self._entries: list[tuple[When, Any, Fill]] = []
        for fill in fills:
            self.note(fill)

    def note(self, fill: Fill) -> None:
        """Add the values of a new fill, or of a fill that was reported again."""
        for value, when in fill.reports_of(self._name).items():
            insort(self._entries, (when, value, fill), key=itemgetter(0))

    def latest(self) -> Latest[Any]:
        """The latest value."""
        while self._entries:
            when, value, fill = self._entries[-1]
            if fill.reports_of(self._name).get(value) == when:
                return Latest(value, when)
            self._entries.pop()
        return Latest(None)
