"""Queues for tasks of asyncio event loops that wait for commits."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from weakref import WeakKeyDictionary, ref

from orderledger.infrastructure.engine.entry import Entry
from orderledger.infrastructure.engine.writer import GROUP_LIMIT, Writer
from orderledger.infrastructure.messages.outcome import Outcome

Task = tuple[Entry, "asyncio.Future[Outcome]"]

Answered = tuple[list[Task], list[Outcome] | None, BaseException | None]
"""The tasks of a group, with their outcomes or the error."""


class LoopQueues:
    """The queues of all running event loops. `wake` makes the writer commit its queue."""

    def __init__(self, writer: Writer, wake: Callable[[], None]) -> None:
        self._writer = writer
        self._wake = wake
        self._queues: WeakKeyDictionary[asyncio.AbstractEventLoop, LoopQueue] = WeakKeyDictionary()

    def submit(self, entry: Entry) -> "asyncio.Future[Outcome]":
        """Queue an entry for a task of the running loop."""
        loop = asyncio.get_running_loop()
        queue = self._queues.get(loop)
        if queue is None:
            queue = self._queues.setdefault(loop, LoopQueue(self._writer, self._wake, loop))
        return queue.submit(entry)

    def submit_together(self, entries: list[Entry]) -> "asyncio.Future[list[Outcome]]":
        """Queue entries of one commit for a task of the running loop. They share the commit with
        others, not their errors."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Outcome]] = loop.create_future()

        def deliver(outcomes: list[Outcome] | None, error: BaseException | None) -> None:
            if answer.done():
                return
            if outcomes is None:
                answer.set_exception(error or RuntimeError("no outcome"))
            else:
                answer.set_result(outcomes)

        def settle(outcomes: list[Outcome] | None, error: BaseException | None) -> None:
            with suppress(RuntimeError):  # the loop is closed, so no task waits
                loop.call_soon_threadsafe(deliver, outcomes, error)

        self._writer.enqueue(entries, settle)
        self._wake()
        return answer


class LoopQueue:
    """The waiting tasks of one event loop. Each commit crosses to the committing thread and back
    once, not once per task.

    An interrupt may end any step. If the loop continues, it repeats the step.
    """

    def __init__(
        self, writer: Writer, wake: Callable[[], None], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._writer = writer
        self._wake = wake
        self._loop = ref(loop)  # a weak reference: the queue must not keep its loop alive
        self._waiting: list[Task] = []
        self._answered: deque[Answered] = deque()
        self._is_busy = False

    def submit(self, entry: Entry) -> "asyncio.Future[Outcome]":
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Outcome] = loop.create_future()
        self._waiting.append((entry, answer))
        if self._answered or not self._is_busy:
            loop.call_soon(
                self._go_on
            )  # after all tasks that are ready now have queued their entries
        return answer

    def _go_on(self) -> None:
        """Deliver the answers, and queue the next group of waiting tasks."""
        try:
            while self._answered:
                _answer(*self._answered[0])
                self._is_busy = False
                self._answered.popleft()
            if self._waiting and not self._is_busy:
                self._send()
            if self._is_busy:
                self._wake()
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
        with suppress(RuntimeError):  # the loop is closed or gone, so no task waits
            if loop is not None:
                loop.call_soon_threadsafe(self._go_on)


def _answer(group: list[Task], outcomes: list[Outcome] | None, error: BaseException | None) -> None:
    for index, (_, answer) in enumerate(group):
        if answer.done():
            continue
        if outcomes is None:
            answer.set_exception(error or RuntimeError("no outcome"))
        else:
            answer.set_result(outcomes[index])
