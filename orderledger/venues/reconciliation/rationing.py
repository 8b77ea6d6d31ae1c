"""Limits the orders that one run queries at the venue. Those that waited longest come first; the
rest wait for the next run."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from orderledger.venues.reconciliation.breaks import Kind, break_id

PREFIX = f"{Kind.NOT_ASKED}:"


class Ration:
    """The queries of one run about single orders, each by an order's name.

    `waiting`: open breaks of the last certificate, with their times. They include the orders left
    to this run.
    """

    def __init__(self, most: int, waiting: Mapping[str, datetime]) -> None:
        self.most = most
        self._waiting = {name: since for name, since in waiting.items() if name.startswith(PREFIX)}
        self._granted: set[str] = set()
        self._left = most

    @property
    def waiting(self) -> list[str]:
        """The names of the orders left to this run, from the last certificate."""
        return [name.removeprefix(PREFIX) for name in self._waiting]

    def plan(self, names: Sequence[str]) -> None:
        """Grant queries about these orders up to the limit. Orders left by earlier runs come first,
        the longest wait before others; then the rest in the given order."""
        waited = {name: since for name in names if (since := self._since(name)) is not None}
        for name in dict.fromkeys([*sorted(waited, key=waited.__getitem__), *names]):
            if self._left > 0:
                self._granted.add(name)
                self._left -= 1

    def may_ask(self, name: str) -> bool:
        """Check whether this order may be queried, planned or not."""
        if name not in self._granted and self._left > 0:
            self._granted.add(name)
            self._left -= 1
        return name in self._granted

    def _since(self, name: str) -> datetime | None:
        return self._waiting.get(break_id(Kind.NOT_ASKED, name))
