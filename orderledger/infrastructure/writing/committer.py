"""Who commits: a caller for itself while nobody else does, else a thread for all.

It serves those who do not wait as well: futures, and the tasks of event loops.
"""

import asyncio
import threading
from concurrent.futures import Future
from contextlib import suppress
from weakref import WeakKeyDictionary, ref

from orderledger.infrastructure.wire.outcome import Outcome
from orderledger.infrastructure.writing.entry import Entry
from orderledger.infrastructure.writing.writer import GROUP_LIMIT, Told, Writer, settle

Task = tuple[Entry, "asyncio.Future[Outcome]"]


class Committer:
    """Starts its thread with the first entry that is submitted."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._wake = threading.Event()
        self._is_stopping = False
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, LoopQueue] = WeakKeyDictionary()

    def write(self, entries: list[Entry]) -> list[Outcome]:
        """Outcomes in the order of the entries, when they are durable."""
        self._writer.refuse_within_commit()
        told = Told()
        self._writer.enqueue(entries, told)
        if not self._writer.try_flush(told) or self._is_stopping:
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
        loop = asyncio.get_running_loop()
        queue = self._loops.get(loop)
        if queue is None:
            queue = self._loops.setdefault(loop, LoopQueue(self._writer, self, loop))
        return await queue.submit(entry)

    def wake(self) -> None:
        """Something has been queued. Once the thread is to end it may not see it, and who has queued it writes it, or in the
        middle of a commit who commits."""
        if self._is_stopping:
            if not self._writer.is_within_commit():
                self._writer.flush()
            return
        if self._thread is None:
            self._start()
        if not self._wake.is_set():
            self._wake.set()

    def stop(self) -> None:
        """Commit what is queued, and end the thread."""
        self._is_stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        self._writer.flush()  # what was queued after the thread had looked for the last time

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="orderledger-commits", daemon=True)
                thread.start()
                self._thread = thread

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            self._writer.flush()
            if self._is_stopping:
                return


class LoopQueue:
    """What the tasks of one event loop wait for. One crossing to the committing thread and back per commit, not per task."""

    def __init__(self, writer: Writer, committer: Committer, loop: asyncio.AbstractEventLoop) -> None:
        self._writer = writer
        self._committer = committer
        self._loop = ref(loop)  # the committer keeps a queue as long as its loop lives
        self._waiting: list[Task] = []
        self._is_busy = False

    def submit(self, entry: Entry) -> "asyncio.Future[Outcome]":
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Outcome] = loop.create_future()
        self._waiting.append((entry, answer))
        if not self._is_busy:
            self._is_busy = True
            loop.call_soon(self._send)  # after all tasks that are ready now have added theirs
        return answer

    def _send(self) -> None:
        group, self._waiting = self._waiting[:GROUP_LIMIT], self._waiting[GROUP_LIMIT:]

        def answer(outcomes: list[Outcome] | None, error: BaseException | None) -> None:
            loop = self._loop()
            with suppress(RuntimeError):  # the loop was closed meanwhile, or is gone: nobody waits
                if loop is not None:
                    loop.call_soon_threadsafe(self._receive, group, outcomes, error)

        self._writer.enqueue([entry for entry, _ in group], answer)
        self._committer.wake()

    def _receive(self, group: list[Task], outcomes: list[Outcome] | None, error: BaseException | None) -> None:
        for index, (_, answer) in enumerate(group):
            if answer.done():
                continue
            if outcomes is None:
                answer.set_exception(error or RuntimeError("no outcome"))
            else:
                answer.set_result(outcomes[index])
        if self._waiting:
            self._send()
        else:
            self._is_busy = False
