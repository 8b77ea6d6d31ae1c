"""Logs a lasting fault: when it begins, when it changes, and again after `AGAIN_SECONDS`."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence

from orderledger import StoreError
from orderledger.extend.runtime import EventLogger
from orderledger.venues.base.venue import Venue

AGAIN_SECONDS = 300.0
VIEWS_CHECKED_SECONDS = 0.2
FEEDS_CHECKED_SECONDS = 1.0
VIEWS = "views"


class Watch:
    """`check_views` raises if the views do not follow the log. `now` counts seconds."""

    def __init__(
        self,
        log: EventLogger,
        venues: Sequence[Venue],
        check_views: Callable[[], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._venues = venues
        self._check_views = check_views
        self._now = now
        self._logged: dict[tuple[object, str], float] = {}

    def is_due(self, subject: object, fault: str) -> bool:
        """Whether to log this fault: it was not logged within the last `AGAIN_SECONDS`. Notes
        the time if so.
        """
        now = self._now()
        self._logged = {
            subject_and_fault: at
            for subject_and_fault, at in self._logged.items()
            if now - at < AGAIN_SECONDS
        }
        is_due = (subject, fault) not in self._logged
        self._logged.setdefault((subject, fault), now)
        return is_due

    async def feeds(self) -> None:
        """While an adapter tries to connect, it only reports why the last attempt failed."""
        while True:
            for venue in self._venues:
                faults = Counter(filter(None, map(venue.error_for, venue.accounts)))
                for fault, accounts in faults.items():
                    if self.is_due(venue, fault):
                        self._log.warning(
                            "not_listened_to", venue=venue.name, accounts=accounts, why=fault
                        )
            await asyncio.sleep(FEEDS_CHECKED_SECONDS)

    async def views(self) -> None:
        while True:
            self.look_at_views()
            await asyncio.sleep(VIEWS_CHECKED_SECONDS)

    def look_at_views(self) -> None:
        """A fault of the views does not end the process: the log is what counts, and users of
        the views see the fault too.
        """
        try:
            self._check_views()
        except StoreError as error:
            if self.is_due(VIEWS, str(error)):
                self._log.warning("views_not_kept", why=str(error))
