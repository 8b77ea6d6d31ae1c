"""Group commit: whoever comes first commits for all that wait. No timer; while one commit runs, the next group gathers."""

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar, cast

from eventsourcing.domain import EventSourcingError
from eventsourcing.persistence import ConnectionPoolClosedError, PersistenceError

from orderledger.infrastructure.clock import Clock
from orderledger.infrastructure.collecting import uncollected
from orderledger.infrastructure.errors import StoreError, StoreUnreachable
from orderledger.infrastructure.storage.recording import Binding
from orderledger.infrastructure.storage.store import Conflict, Store, unreachable
from orderledger.infrastructure.wire.outcome import Outcome
from orderledger.infrastructure.writing.deciding import Decider, Entry

Result = TypeVar("Result")

GROUP_LIMIT = 1_000
QUEUE_LIMIT = 10_000
ATTEMPTS = 20

Answer = Callable[[list[Outcome] | None, BaseException | None], None]
"""How a caller is told: outcomes, or what went wrong."""

Waiting = tuple[list[Entry], Answer]


class Writer:
    """The one way into the log of this process. Thread-safe.

    Several processes may write to one store: a stream that has grown meanwhile is read again and decided anew.
    """

    def __init__(self, store: Store, clock: Clock, on_commit: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._on_commit = on_commit
        self._decider = Decider(store)
        self._lock = threading.Lock()
        self._queue: deque[Waiting] = deque()
        self._chance = random.Random(0)
        self._last = clock.now()
        self._position = store.recorder.last_position()

    def write(self, entries: list[Entry]) -> list[Outcome]:
        """Outcomes in the order of the entries, when they are durable."""
        future: Future[list[Outcome]] = Future()
        self.enqueue(entries, lambda outcomes, error: settle(future, outcomes, error))
        self.flush(future)
        return future.result()

    def enqueue(self, entries: list[Entry], answer: Answer) -> None:
        """Queue entries for a commit that `flush` makes. What is queued will be written. Waits while the queue is full."""
        while not self.has_room():
            self.flush_once()
        self._queue.append((entries, answer))

    def has_room(self) -> bool:
        """Whether more may be queued."""
        return len(self._queue) < QUEUE_LIMIT

    def flush_once(self) -> None:
        """Commit one group, if anything is queued."""
        with self._lock:
            group = self._take_group()
            if group:
                self._commit(group)

    def flush(self, until: "Future[list[Outcome]] | None" = None) -> None:
        """Commit what is queued: all of it, or until one future is done."""
        while self._queue if until is None else not until.done():
            with self._lock:
                if until is not None and until.done():
                    return
                group = self._take_group()
                if group:
                    self._commit(group)

    def _take_group(self) -> list[Waiting]:
        group: list[Waiting] = []
        size = 0
        while self._queue and (not group or size + len(self._queue[0][0]) <= GROUP_LIMIT):
            waiting = self._queue.popleft()
            group.append(waiting)
            size += len(waiting[0])
        return group

    def _commit(self, group: list[Waiting]) -> None:
        entries = [entry for waiting in group for entry in waiting[0]]
        try:
            with uncollected():
                outcomes = self._write(entries)
        except Exception as error:
            self._decider.failed()
            if len(group) > 1 and not isinstance(error, (StoreError, EventSourcingError)):
                for waiting in group:
                    self._commit([waiting])
                return
            failure = _said(error)
            for _, answer in group:
                answer(None, failure)
            return
        start = 0
        for asked, answer in group:
            answer(outcomes[start : start + len(asked)], None)
            start += len(asked)

    def _write(self, entries: list[Entry]) -> list[Outcome]:
        for attempt in range(ATTEMPTS):
            try:
                return self._try(entries)
            except Conflict:
                self._decider.failed()
                time.sleep(self._chance.uniform(0, 0.002 * attempt))
        if len(entries) == 1:
            raise unreachable(TimeoutError("other writers were faster each time"))
        half = len(entries) // 2
        return [*self._write(entries[:half]), *self._write(entries[half:])]

    def _try(self, entries: Sequence[Entry]) -> list[Outcome]:
        decider = self._decider
        self._last = max(self._last, self._clock.now())
        verdicts = decider.decide(list(entries), self._last)
        positions: list[int] = []
        bindings: list[Binding] = []
        if decider.events:
            bindings = list(decider.bindings)
            positions = list(self._store.append(decider.events, bindings))
        decider.committed()
        if positions:
            self._meet_others(positions, bindings)
            self._on_commit()
        return [verdict.told(positions) for verdict in verdicts]

    def _meet_others(self, positions: list[int], bindings: list[Binding]) -> None:
        """If others have written in between, a name bound here may have been bound there first."""
        is_alone = positions[0] == self._position + 1
        self._position = positions[-1]
        if is_alone or not bindings:
            return
        lost = []
        for binding in bindings:
            key = (binding.kind, binding.name)
            stream = self._store.recorder.streams_named(binding.account, {binding.kind: [binding.name]}).get(key)
            if stream is not None and stream != binding.stream:
                lost.append((binding, stream))
        if lost:
            self._decider.live.forget({stream for binding, theirs in lost for stream in (binding.stream, theirs)})
            self._decider.naming.forget()
            self._decider.mend(lost, self._last)
            if self._decider.events:
                self._store.append(self._decider.events, self._decider.bindings)
            self._decider.committed()


def _said(error: Exception) -> Exception:
    """A failure of the store in this package's words."""
    if isinstance(error, ConnectionPoolClosedError):
        return StoreUnreachable("the ledger is closed")
    return unreachable(error) if isinstance(error, PersistenceError) else error


def settle(future: "Future[Result]", result: "Result | None", error: BaseException | None) -> None:
    """Finish a future."""
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(cast(Result, result))
