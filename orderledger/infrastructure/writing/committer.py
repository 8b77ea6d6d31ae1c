"""A thread that commits for those who do not wait: futures, and the tasks of an event loop."""

import asyncio
import threading
from concurrent.futures import Future

from orderledger.infrastructure.wire.outcome import Outcome
from orderledger.infrastructure.writing.deciding import Entry
from orderledger.infrastructure.writing.writer import Writer


class Committer:
    """Starts its thread with the first entry that is submitted."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._wake = threading.Event()
        self._is_stopping = False
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def submit(self, entry: Entry) -> "Future[Outcome]":
        """The future is done when the entry is durable."""
        future: Future[Outcome] = Future()
        future.set_running_or_notify_cancel()
        self._enqueue(entry, future)
        return future

    async def asubmit(self, entry: Entry, loop: asyncio.AbstractEventLoop) -> Outcome:
        """The same for a task."""
        answer: asyncio.Future[Outcome] = loop.create_future()
        future: Future[Outcome] = Future()
        future.add_done_callback(lambda done: loop.call_soon_threadsafe(_hand_over, done, answer))
        while not self._writer.has_room():
            await asyncio.sleep(0.001)
        self._enqueue(entry, future)
        return await answer

    def stop(self) -> None:
        """Commit what is queued, and end the thread."""
        self._is_stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _enqueue(self, entry: Entry, future: "Future[Outcome]") -> None:
        self._writer.enqueue([entry]).add_done_callback(lambda done: _pass_on(done, future))
        if self._thread is None:
            self._start()
        self._wake.set()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="orderledger-commits", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            self._writer.flush()
            if self._is_stopping:
                return


def _pass_on(done: "Future[list[Outcome]]", future: "Future[Outcome]") -> None:
    error = done.exception()
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(done.result()[0])


def _hand_over(done: "Future[Outcome]", answer: "asyncio.Future[Outcome]") -> None:
    if answer.cancelled():
        return
    error = done.exception()
    if error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(done.result())
