"""A thread that keeps the views up to date while a ledger is open."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from orderledger.infrastructure.errors import InvalidSetting
from orderledger.infrastructure.storage.store import as_store_error
from orderledger.infrastructure.storage.urls import MEMORY
from orderledger.infrastructure.views.projector import Projector

Follow = bool | Literal["process"]
"""How an open ledger updates its views in the background: True in a thread, "process" in a process,
False not at all."""

POLL_SECONDS = 1.0
REBUILD_SECONDS = 60.0
"""Pause between two attempts to rebuild views of an older version. A failed attempt may fill the
disk until it ends."""

PAUSE_SECONDS = 0.1
EVENTS_WHEN_BUSY = 1_000
"""A message recorded alone waits for each commit of the views. The pause between two commits of the
views keeps this to fewer than one message in a hundred. A caller that records thousands in that
time does not notice one more commit."""


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
        """The reason why the background update does not run, or None."""
        return self.failure

    def notice(self) -> None:
        """Wake the thread after a commit."""
        if not self._wake.is_set():
            self._wake.set()

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Leave the interpreter to a bulk recording: start no update. Queries still bring the views
        up to date."""
        self._resting += 1
        try:
            yield
        finally:
            self._resting -= 1
            self._wake.set()

    @contextmanager
    def pausing(self) -> Iterator[None]:
        """Leave the interpreter to a recovery: stop after the current batch."""
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
        """Wait for a commit, for a limited time, and update the views."""
        self._wake.wait(POLL_SECONDS)
        self._wake.clear()
        if self._resting:
            return
        try:
            while self._follow() > EVENTS_WHEN_BUSY:
                pass
            self.failure = None
        except Exception as error:  # the database may come back; queries raise this error
            self.failure = as_store_error(error)
            self._stopping.wait(REBUILD_SECONDS if self._projector.is_outdated else POLL_SECONDS)
        self._stopping.wait(PAUSE_SECONDS)

    def _follow(self) -> int:
        """Catch up, unless the thread has to pause or stop. Returns the number of events."""
        read_before = self._projector.events_read
        if not self._has_to_leave():
            self._projector.catch_up(is_enough=self._has_to_leave)
        return self._projector.events_read - read_before

    def _has_to_leave(self) -> bool:
        return bool(self._pausing) or self._stopping.is_set()


def check_follow(update_views: Follow, url: str) -> None:
    """Raise InvalidSetting if the views of the store at this URL cannot be updated in this way."""
    if update_views not in (True, False, "process"):
        raise InvalidSetting(
            "update_views", f"{update_views!r} is not one of True, False, 'process'"
        )
    if update_views == "process" and url == MEMORY:
        raise InvalidSetting(
            "update_views", "a store in memory cannot be opened by a process of its own"
        )
