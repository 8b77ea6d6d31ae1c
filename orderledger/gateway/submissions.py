"""The submissions of a day, counted: as many numbers as there are scopes, however many orders."""

from collections import Counter, deque
from datetime import datetime, timedelta

from orderledger.gateway.limits import Limits

RECENT = timedelta(seconds=2)
"""Single submissions are kept for this long, for limits of orders per second."""

Scope = tuple[str, str, str | None]
"""Account, instrument and strategy."""


class Submissions:
    """Orders that were handed to the venue since the day began. `counts`: by scope."""

    def __init__(self) -> None:
        self._recent: deque[tuple[datetime, Scope]] = deque()
        self.counts: Counter[Scope] = Counter()

    def __len__(self) -> int:
        """The entries in memory."""
        return len(self._recent) + len(self.counts)

    def add(self, at: datetime, scope: Scope) -> None:
        """Count a submission."""
        self.counts[scope] += 1
        self._recent.append((at, scope))
        while self._recent[0][0] < at - RECENT:
            self._recent.popleft()

    def clear(self) -> None:
        """A new day begins, or the day is counted again."""
        self._recent.clear()
        self.counts.clear()

    def since(self, since: datetime, rule: Limits) -> int:
        """The submissions in the scope of a rule after a time, which is not long ago."""
        count = 0
        for at, scope in reversed(self._recent):
            if at <= since:
                break
            count += rule.covers(*scope)
        return count

    def today(self, rule: Limits) -> int:
        """The submissions in the scope of a rule since the day began."""
        return sum(count for scope, count in self.counts.items() if rule.covers(*scope))
