"""How long an order was in doubt, and whether that was longer than promised.

While a gateway runs and the venue answers, no doubt is older than `PROMISED_SECONDS` after the
expiry of its request and the venue's bounds.
"""

import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from orderledger.venues.base.absence import Absence

PROMISED_SECONDS = 10.0
EXPIRY = re.compile(r'"request_expires_at":"([^"]+)"')
REQUESTS = """
SELECT max(originator_version) FROM orderledger_events WHERE originator_id = ? AND (
    topic LIKE 'order_submitted%' OR topic LIKE 'replace_requested%'
    OR topic LIKE 'cancel_requested%'
    OR (topic LIKE 'submission_unresolved%' AND state NOT LIKE '%"reason":"restart"%')
)
"""
"""The last request about an order, or the last one without an answer."""
EXPIRIES = """
SELECT state FROM orderledger_events WHERE originator_id = ? AND (
    topic LIKE 'order_submitted%' OR topic LIKE 'replace_requested%'
) ORDER BY originator_version DESC LIMIT 1
"""


@dataclass(slots=True)
class Seen:
    """A doubt: when it was first seen, and for how many seconds after its bounds it could have been
    settled."""

    first_at: float
    asked_seconds: float = 0.0
    is_told: bool = False


class Doubts:
    """`faults`: doubts that were older than promised. `oldest`: the oldest one, in seconds after
    its expiry and the venue's bounds. `count`: how many there were."""

    def __init__(self, database: Path, rule: Absence) -> None:
        self.faults: list[str] = []
        self.oldest, self.count = 0.0, 0
        self._bound, self._margin = rule.least_seconds, rule.margin
        self._log = sqlite3.connect(database)
        self._seen: dict[tuple[str, int], Seen] = {}
        self._looked_at = 0.0

    def close(self) -> None:
        self._log.close()

    def look(
        self, now: float, venue_now: datetime, open_orders: Iterable[Any], *, is_asking: bool
    ) -> None:
        """Look at the doubts of this moment. They count only while somebody can ask, and after the
        bounds of the venue."""
        passed, self._looked_at = now - self._looked_at, now
        seen = {}
        for row in open_orders:
            if row["certainty"] != "unresolved" and row["pending"] != "replace":
                continue
            key = (row["stream"], self._log.execute(REQUESTS, (row["stream"],)).fetchone()[0])
            self.count += key not in self._seen
            seen[key] = one = self._seen.get(key, Seen(now))
            is_due = now - one.first_at > self._bound and self._is_dead(row["stream"], venue_now)
            if is_asking and is_due:
                self._count(key[0], one, now, passed)
        self._seen = seen

    def _is_dead(self, stream: str, venue_now: datetime) -> bool:
        """Whether the last request has expired by the venue's clock, and its margin has passed."""
        (state,) = self._log.execute(EXPIRIES, (stream,)).fetchone() or ("{}",)
        found = EXPIRY.search(state if isinstance(state, str) else state.decode())
        if found is None:
            return True
        return datetime.fromisoformat(found[1]) + self._margin < venue_now

    def _count(self, name: str, one: Seen, now: float, passed: float) -> None:
        one.asked_seconds += passed
        self.oldest = max(self.oldest, one.asked_seconds)
        if one.asked_seconds > PROMISED_SECONDS and not one.is_told:
            one.is_told = True
            self.faults.append(
                f"{name} is in doubt for more than {PROMISED_SECONDS:g} s after its expiry and the "
                f"venue's bounds, at {now:.0f} s"
            )
