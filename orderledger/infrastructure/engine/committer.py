"""Who commits: a caller for itself while nobody else does, else a thread for all.

It serves those who do not wait as well: futures, and the tasks of event loops.
"""

import threading
from concurrent.futures import Future
from contextlib import suppress
from functools import cached_property
from queue import SimpleQueue
from typing import TYPE_CHECKING

from orderledger.infrastructure.engine.entry import Entry
from orderledger.infrastructure.engine.writer import Told, Writer, settle
from orderledger.infrastructure.messages.outcome import Outcome

if TYPE_CHECKING:
    from orderledger.infrastructure.engine.loops import LoopQueues


class Committer:
    """Starts its thread with the first entry that is submitted."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._wake: SimpleQueue[None] = SimpleQueue()  # a signal handler may put into it, wherever it has come
        self._is_stopping = False
        self._starting = threading.RLock()
        self._thread: threading.Thread | None = None

    def write(self, entries: list[Entry]) -> list[Outcome]:
        """Outcomes in the order of the entries, when they are durable."""
        self._writer.refuse_within_commit()
        told = Told()
        self._writer.enqueue(entries, told)
        if not self._writer.try_flush(told) or self._writer.has_queued():
            self.wake()
        return told.result()

    def submit(self, entry: Entry) -> "Future[Outcome]":
        """The future is done when the entry is durable."""
        future: Future[Outcome] = Future()
        future.set_running_or_notify_cancel()  # what is queued will be written: nobody can take it back
        self._writer.enqueue([entry], lambda outcomes, error: settle(future, outcomes[0] if outcomes else None, error))
        self.wake()
        return future

    async def asubmit(self, entry: Entry) -> Outcome:
        """The same for a task."""
        return await self._loops.submit(entry)

    @cached_property
    def _loops(self) -> "LoopQueues":
        from orderledger.infrastructure.engine.loops import LoopQueues  # asyncio is a sixth of what a command loads

        return LoopQueues(self._writer, self.wake)

    def wake(self) -> None:
        """Something has been queued. Who has queued it writes it where no thread will: there is none, or it is about to end. In
        the middle of a commit who commits does."""
        if self._thread is None:
            self._start()
        if self._is_stopping or self._thread is None:
            if not self._writer.is_within_commit():
                self._writer.flush()
        elif self._wake.empty():
            self._wake.put(None)

    def stop(self) -> None:
        """Commit what is queued, and end the thread."""
        self._is_stopping = True
        self._wake.put(None)
        if self._thread is not None:
            self._thread.join()
        self._writer.flush()  # what was queued after the thread had looked for the last time

    def _start(self) -> None:
        """There may be no room for another thread. A signal handler that has interrupted this does not wait for it."""
        if self._starting._is_owned():  # type: ignore[attr-defined]
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
            except BaseException:  # whose commit it was have been told: others wait for theirs
                self._wake.put(None)
        self._wake.put(None)  # for the one before, if an interrupt came while it was started
