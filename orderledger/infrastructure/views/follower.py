"""Keeps the views up to date while a ledger is open: a thread that follows the log."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal

from orderledger.infrastructure.errors import InvalidSetting
from orderledger.infrastructure.latency import Latencies
from orderledger.infrastructure.settings import Settings
from orderledger.infrastructure.storage.store import Store, as_store_error
from orderledger.infrastructure.storage.urls import MEMORY
from orderledger.infrastructure.views.projector import Projector

Follow = bool | Literal["process"]
"""Whether the views are kept up to date while a ledger is open, and whether a process does that or a thread."""

POLL_SECONDS = 1.0
PAUSE_SECONDS = 0.1
EVENTS_WHEN_BUSY = 1_000
"""Who records one message after the other waits for each commit of the views: they pause between two, and so hold up fewer
than one message in a hundred. Who records thousands in that time does not notice one more."""


class Follower:
    """A thread that keeps the views up to date while a ledger is open."""

    def __init__(self, projector: Projector) -> None:
        self._projector = projector
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._resting = 0
        self._pausing = 0
        self.failure: Exception | None = None

    def fault(self) -> Exception | None:
        """Why the views are not kept up to date as they were to be, if they are not."""
        return self.failure

    def notice(self) -> None:
        """Something has been committed."""
        if not self._wake.is_set():
            self._wake.set()

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Leave the interpreter to a bulk recording: begin nothing. Questions bring the views up to date all the same."""
        self._resting += 1
        try:
            yield
        finally:
            self._resting -= 1
            self._wake.set()

    @contextmanager
    def pausing(self) -> Iterator[None]:
        """Leave the interpreter to a recovery: stop after the batch that is under way."""
        self._pausing += 1
        try:
            with self.resting():
                yield
        finally:
            self._pausing -= 1

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="orderledger-views", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._look()

    def _look(self) -> None:
        """Wait until there is something to do, but not for ever, and do it."""
        self._wake.wait(POLL_SECONDS)
        self._wake.clear()
        if self._resting:
            return
        try:
            while self._follow() > EVENTS_WHEN_BUSY:
                pass
            self.failure = None
        except Exception as error:  # the database may come back; reading the views says what is wrong
            self.failure = as_store_error(error)
            self._stopping.wait(POLL_SECONDS)
        self._stopping.wait(PAUSE_SECONDS)

    def _follow(self) -> int:
        """Catch up, unless there is something else to do. Returns how many events there were."""
        read_before = self._projector.events_read
        if not self._has_to_leave():
            self._projector.catch_up(is_enough=self._has_to_leave)
        return self._projector.events_read - read_before

    def _has_to_leave(self) -> bool:
        return bool(self._pausing) or self._stopping.is_set()


def check_follow(update_views: Follow, url: str) -> None:
    """Raises InvalidSetting where the store at this URL cannot be followed so."""
    if update_views not in (True, False, "process"):
        raise InvalidSetting("update_views", f"{update_views!r} is none of True, False, 'process'")
    if update_views == "process" and url == MEMORY:
        raise InvalidSetting("update_views", "a store in memory cannot be opened by a process of its own")


def follower_of(store: Store, projector: Projector, latencies: Latencies, settings: Settings, update_views: Follow) -> Follower:
    """A follower that has still to be started."""
    if update_views != "process" or store.url is None:
        return Follower(projector)
    from orderledger.infrastructure.views.follower_process import FollowingProcess  # few need what it imports

    return FollowingProcess(projector, latencies, replace(settings, db=store.url))
