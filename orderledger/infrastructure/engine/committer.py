"""Commits for callers: a caller commits itself if no other thread is committing; otherwise a
background thread commits for all.

It also serves futures and the tasks of event loops, which do not wait.
"""

import threading
from concurrent.futures import Future
from contextlib import suppress
from functools import cached_property
from queue import SimpleQueue
from typing import TYPE_CHECKING

from orderledger.infrastructure.engine.entry import Entry
from orderledger.infrastructure.engine.writer import CommitTicket, Writer, settle
from orderledger.infrastructure.locks import is_held
from orderledger.infrastructure.messages.outcome import Outcome

if TYPE_CHECKING:
    from orderledger.infrastructure.engine.loops import LoopQueues


class Committer:
    """Commits entries. Its thread starts with the first call of `wake`."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._wake: SimpleQueue[None] = (
            SimpleQueue()
        )  # a signal handler may call `put` at any moment
        self._is_stopping = False
        self._starting = threading.Condition()
        self._thread: threading.Thread | None = None

    def write(self, entries: list[Entry]) -> list[Outcome]:
        """Write entries, and return their outcomes in order when they are durable."""
        self._writer.refuse_within_commit()
        ticket = CommitTicket()
        self._writer.enqueue(entries, ticket)
        if not self._writer.try_flush(ticket) or self._writer.has_queued():
            self.wake()
        return ticket.result()

    def submit(self, entry: Entry) -> "Future[Outcome]":
        """Queue an entry. The future is done when the entry is durable."""
        future: Future[Outcome] = Future()
        future.set_running_or_notify_cancel()  # no cancel: a queued entry will be written
        self._writer.enqueue(
            [entry],
            lambda outcomes, error: settle(future, outcomes[0] if outcomes else None, error),
        )
        self.wake()
        return future

    async def asubmit(self, entry: Entry) -> Outcome:
        """Write an entry for a task of an event loop."""
        return await self._loops.submit(entry)

    async def asubmit_together(self, entries: list[Entry]) -> list[Outcome]:
        """Write entries in one commit for a task of an event loop. An error of theirs does not
        affect other callers."""
        return await self._loops.submit_together(entries)

    @cached_property
    def _loops(self) -> "LoopQueues":
        from orderledger.infrastructure.engine.loops import (
            LoopQueues,
        )  # importing asyncio is a sixth of a command's import time

        return LoopQueues(self._writer, self.wake)

    def wake(self) -> None:
        """Have queued entries committed by the thread.

        If there is no thread, or it is about to end, the caller commits. Inside a commit nothing is
        needed: the committer continues.
        """
        if self._thread is None:
            self._start()
        if self._is_stopping or self._thread is None:
            if not self._writer.is_within_commit():
                self._writer.flush()
        elif self._wake.empty():
            self._wake.put(None)

    def stop(self) -> None:
        """Commit the queue, and end the thread."""
        self._is_stopping = True
        self._wake.put(None)
        if self._thread is not None:
            self._thread.join()
        self._writer.flush()  # entries queued after the thread's last check

    def _start(self) -> None:
        """Start the thread, if the system allows one more. A signal handler that interrupted this
        method returns at once."""
        if is_held(self._starting):
            return
        with self._starting, suppress(RuntimeError):
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="orderledger-commits", daemon=True)
                thread.start()
                self._thread = thread

    def _run(self) -> None:
        while not self._is_stopping:
            self._wake.get()
            try:
                self._writer.flush()
            except (
                BaseException
            ):  # the callers of this commit have the error; others still wait for theirs
                self._wake.put(None)
        self._wake.put(None)  # for an earlier thread, if an interrupt came while it was started
