"""Which orders one run asks the venue about: so many at most. Those that have waited longest come first, the rest wait on."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from orderledger.infrastructure.sync.reconciliation.breaks import Kind, break_id

PREFIX = f"{Kind.NOT_ASKED}:"


class Ration:
    """The questions of one run about single orders, each by an order's name.

    `waiting` are the open breaks of the last certificate, with the time since when they are open: among them are the orders
    that were left to this run.
    """

    def __init__(self, most: int, waiting: Mapping[str, datetime]) -> None:
        self.most = most
        self._waiting = {name: since for name, since in waiting.items() if name.startswith(PREFIX)}
        self._granted: set[str] = set()
        self._left = most

    @property
    def waiting(self) -> list[str]:
        """The names of the orders that were left to this run, as the last certificate tells them."""
        return [name.removeprefix(PREFIX) for name in self._waiting]

    def plan(self, names: Sequence[str]) -> None:
        """Grant questions about these orders, as far as they go: first to those left by earlier runs, the longest wait first,
        then to the others as they are given."""
        waited = {name: since for name in names if (since := self._since(name)) is not None}
        for name in dict.fromkeys([*sorted(waited, key=waited.__getitem__), *names]):
            if self._left > 0:
                self._granted.add(name)
                self._left -= 1

    def may_ask(self, name: str) -> bool:
        """Whether a question about this order is left, planned or not."""
        if name not in self._granted and self._left > 0:
            self._granted.add(name)
            self._left -= 1
        return name in self._granted

    def _since(self, name: str) -> datetime | None:
        return self._waiting.get(break_id(Kind.NOT_ASKED, name))
