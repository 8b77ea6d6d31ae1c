"""Who commits: a caller for itself while nobody else does, else a thread for all.

It serves those who do not wait as well: futures, and the tasks of event loops.
"""

import asyncio
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from weakref import WeakKeyDictionary, ref

from orderledger.infrastructure.wire.outcome import Outcome
from orderledger.infrastructure.writing.entry import Entry
from orderledger.infrastructure.writing.writer import GROUP_LIMIT, Told, Writer, settle

Task = tuple[Entry, "asyncio.Future[Outcome]"]

Answered = tuple[list[Task], list[Outcome] | None, BaseException | None]
"""What the tasks of a group are to be told."""


class Committer:
    """Starts its thread with the first entry that is submitted."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._wake: SimpleQueue[None] = SimpleQueue()  # a signal handler may put into it, wherever it has come
        self._is_stopping = False
        self._starting = threading.RLock()
        self._thread: threading.Thread | None = None
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, LoopQueue] = WeakKeyDictionary()

    def write(self, entries: list[Entry]) -> list[Outcome]:
        """Outcomes in the order of the entries, when they are durable."""
        self._writer.refuse_within_commit()
        told = Told()
        self._writer.enqueue(entries, told)
        if not self._writer.try_flush(told):
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
        """Something has been queued. Who has queued it writes it where no thread will: there is none, or it is about to end."""
        if self._thread is None:
            self._start()
        if self._is_stopping or self._thread is None:
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


class LoopQueue:
    """What the tasks of one event loop wait for. One crossing to the committing thread and back per commit, not per task.

    An interrupt may end any step: the loop, if it is run on, takes it again.
    """

    def __init__(self, writer: Writer, committer: Committer, loop: asyncio.AbstractEventLoop) -> None:
        self._writer = writer
        self._committer = committer
        self._loop = ref(loop)  # the committer keeps a queue as long as its loop lives
        self._waiting: list[Task] = []
        self._answered: deque[Answered] = deque()
        self._is_busy = False

    def submit(self, entry: Entry) -> "asyncio.Future[Outcome]":
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Outcome] = loop.create_future()
        self._waiting.append((entry, answer))
        if self._answered or not self._is_busy:
            loop.call_soon(self._go_on)  # after all tasks that are ready now have added theirs
        return answer

    def _go_on(self) -> None:
        """Tell what was answered, and send what waits, a group at a time."""
        try:
            while self._answered:
                _tell(*self._answered[0])
                self._is_busy = False
                self._answered.popleft()
            if self._waiting and not self._is_busy:
                self._send()
            if self._is_busy:
                self._committer.wake()
        except BaseException:
            self._call_soon()
            raise

    def _send(self) -> None:
        group, rest = self._waiting[:GROUP_LIMIT], self._waiting[GROUP_LIMIT:]

        def answer(outcomes: list[Outcome] | None, error: BaseException | None) -> None:
            self._answered.append((group, outcomes, error))
            self._call_soon()

        self._writer.enqueue([entry for entry, _ in group], answer)
        self._waiting, self._is_busy = rest, True

    def _call_soon(self) -> None:
        loop = self._loop()
        with suppress(RuntimeError):  # the loop was closed meanwhile, or is gone: nobody waits
            if loop is not None:
                loop.call_soon_threadsafe(self._go_on)


def _tell(group: list[Task], outcomes: list[Outcome] | None, error: BaseException | None) -> None:
    for index, (_, answer) in enumerate(group):
        if answer.done():
            continue
        if outcomes is None:
            answer.set_exception(error or RuntimeError("no outcome"))
        else:
            answer.set_result(outcomes[index])
