"""Group commit: one commit stores the messages of many callers. No timer: while one commit runs,
the next group gathers."""

import os
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import TypeVar, cast

from eventsourcing.domain import EventSourcingError
from eventsourcing.persistence import ConnectionPoolClosedError, PersistenceError

from orderledger.domain.recorded import Recorded
from orderledger.infrastructure.clock import Clock
from orderledger.infrastructure.engine.batch import place_at
from orderledger.infrastructure.engine.deciding import Decider, Verdict
from orderledger.infrastructure.engine.entry import Entry
from orderledger.infrastructure.errors import (
    Fenced,
    LogWentBack,
    OutcomeUnknown,
    StoreError,
    StoreUnreachable,
    StoreVersion,
    UnreadableEvent,
)
from orderledger.infrastructure.garbage import uncollected
from orderledger.infrastructure.latency import Latencies
from orderledger.infrastructure.locks import is_held, let_go
from orderledger.infrastructure.messages.outcome import Outcome
from orderledger.infrastructure.storage.kept_evidence import RandomBytes
from orderledger.infrastructure.storage.store import Conflict, Store, unreachable

Result = TypeVar("Result")

GROUP_LIMIT = 1_000
QUEUE_LIMIT = 10_000
PREVIEWED_AT_ONCE = 250
"""Entries of a preview whose orders are in memory together, some 14 kB each."""
ATTEMPTS = 20
GROUPS_OF_CARE = 50
"""Groups to decide carefully after a conflict. A caller that records a file again, or beside
another process, will meet more."""

Answer = Callable[[list[Outcome] | None, BaseException | None], None]
"""Callback that receives the outcomes or the error."""

Waiting = tuple[list[Entry], Answer, float]
"""Entries, their callback, and the time since which they wait."""


class CommitTicket:
    """A future with exactly one waiter, cheaper than concurrent.futures.Future."""

    __slots__ = ("_error", "_lock", "_outcomes", "is_done")

    def __init__(self) -> None:
        self.is_done = False
        self._lock = threading.Lock()
        self._lock.acquire()

    def __call__(self, outcomes: list[Outcome] | None, error: BaseException | None) -> None:
        if not self.is_done:
            self._outcomes, self._error = outcomes, error
            self.is_done = True
            self._lock.release()

    def result(self) -> list[Outcome]:
        """Wait for the outcomes, and return them."""
        if not self.is_done:
            self._lock.acquire()
        if self._outcomes is None:
            raise self._error or RuntimeError("no outcome")
        return self._outcomes


class Writer:
    """The only writer to the log in this process. Thread-safe.

    Several processes may write to one store. If a stream has grown meanwhile, it is read again and
    the entries are decided again.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        on_commit: Sequence[Callable[[], None]],
        latencies: Latencies,
        random_bytes: RandomBytes = os.urandom,
    ) -> None:
        self._store = store
        self._random_bytes = random_bytes
        self._latencies = latencies
        self._clock = clock
        self._on_commit = on_commit
        self._epoch = store.epoch.number
        self._decider = Decider(store, random_bytes)
        self._lock = threading.RLock()
        self._committing = threading.Condition(self._lock)
        self._queue: deque[Waiting] = deque()
        self._chance = random.Random(0)
        self._last = clock.now()
        self._careful_for = 0

    def preview(self, entries: list[Entry]) -> list[Outcome]:
        """The outcomes that `write` would return now. Nothing is appended, so there are no
        positions.
        """
        return [verdict.outcome_at(None) for verdict in self._dry_run(entries)[0]]

    def simulate(self, entries: list[Entry], *, is_whole: bool = False) -> list[Recorded]:
        """The streams that `write` would append to now, including the new events, in log order.
        Appends nothing. `is_whole`: the whole log, with the new events."""
        _, events = self._dry_run(entries)
        last = self._store.recorder.last_position()
        known = self._all(last) if is_whole else self._streams_of(events)
        for number, event in enumerate(events, 1):
            place_at(event, last + number)
        return [*known, *events]

    def _all(self, last: int) -> list[Recorded]:
        return [event for event in self._store.all_events() if (event.position or 0) <= last]

    def _streams_of(self, events: Iterable[Recorded]) -> list[Recorded]:
        stored = self._store.events_of(list(dict.fromkeys(event.stream for event in events)))
        return sorted(
            (event for stream in stored.values() for event in stream),
            key=lambda event: event.position or 0,
        )

    def _dry_run(self, entries: list[Entry]) -> tuple[list[Verdict], list[Recorded]]:
        """Decide with a fresh Decider: cached streams may be stale, which only a commit would
        reveal."""
        with self._lock:
            self._store.make_sure()
            decider = Decider(self._store, self._random_bytes)
            now = max(self._last, self._clock.now())
            verdicts: list[Verdict] = []
            for start in range(0, len(entries), PREVIEWED_AT_ONCE):
                group = entries[start : start + PREVIEWED_AT_ONCE]
                verdicts += decider.decide(group, now, is_careful=True)
                decider.streams.forget_unchanged()
            return verdicts, decider.events

    def enqueue(self, entries: list[Entry], answer: Answer) -> None:
        """Queue entries for a commit by `flush`. Queued entries will be written. Waits while the
        queue is full."""
        while not self.has_room():
            self.flush_once()
        self._queue.append((entries, answer, time.perf_counter()))

    def has_room(self) -> bool:
        """Check for room in the queue."""
        return len(self._queue) < QUEUE_LIMIT

    def has_queued(self) -> bool:
        """Check for entries that wait for a commit."""
        return bool(self._queue)

    def is_within_commit(self) -> bool:
        """Check whether this thread is inside a commit: in a signal handler that interrupted it, or
        in a future's callback."""
        return is_held(self._committing)

    def refuse_within_commit(self) -> None:
        """Raise RuntimeError inside a commit of this thread, where waiting for a commit would be a
        deadlock.

        That is in a signal handler that interrupted a commit, and in a future's callback, which the
        commit calls.
        """
        if self.is_within_commit():
            raise RuntimeError(
                "a signal handler or a future's callback cannot wait in the middle of a commit: "
                "use record_soon there"
            )

    def flush_once(self) -> None:
        """Commit one group, if anything is queued."""
        self.refuse_within_commit()
        with self._lock:
            self._flush_group()

    def flush(self) -> None:
        """Commit what is queued."""
        while self._queue:
            self.flush_once()

    def try_flush(self, until: CommitTicket) -> bool:
        """Commit until this caller has its outcomes. Returns False if another thread is committing:
        the entries stay queued."""
        try:
            if not self._lock.acquire(blocking=False):
                return False
            while not until.is_done:
                self._flush_group()
        finally:
            try:
                let_go(self._lock)
            finally:  # an interrupt may end the first call
                let_go(self._lock)
        return True

    def _flush_group(self) -> None:
        """Commit one group. An interrupt may come anywhere; callers that wait in other threads must
        still get an answer."""
        group: list[Waiting] = []
        try:
            self._take_group(group)
            if group:
                self._commit(group)
        except BaseException:
            # after a conflict, nothing in memory is reliable
            self._decider = Decider(self._store, self._random_bytes)
            self._store.database.let_go()
            for _, answer, _ in group:
                answer(None, OutcomeUnknown("interrupted in the middle of a commit"))
            raise

    def _take_group(self, group: list[Waiting]) -> None:
        size = 0
        while self._queue and (not group or size + len(self._queue[0][0]) <= GROUP_LIMIT):
            group.append(self._queue[0])
            self._queue.popleft()
            size += len(group[-1][0])

    def _commit(self, group: list[Waiting]) -> None:
        entries = [entry for waiting in group for entry in waiting[0]]
        began = time.perf_counter()
        for asked, _, since in group:
            self._latencies.queue.add(began - since, len(asked))
        try:
            with uncollected():
                outcomes = self._write(entries)
        except Exception as error:
            self._decider.failed()
            if len(group) > 1 and _is_of_one(error):
                for waiting in group:
                    self._commit([waiting])
                return
            failure = _converted(error)
            for _, answer, _ in group:
                answer(None, failure)
            return
        self._latencies.outcomes.update([outcome.outcome for outcome in outcomes])
        start = 0
        for asked, answer, _ in group:
            answer(outcomes[start : start + len(asked)], None)
            start += len(asked)

    def _write(self, entries: list[Entry]) -> list[Outcome]:
        for attempt in range(ATTEMPTS):
            try:
                return self._try(entries)
            except Conflict:
                self._decider.failed()
                self._careful_for = GROUPS_OF_CARE
                time.sleep(self._chance.uniform(0, 0.002 * attempt))
            except LogWentBack:  # the next attempt forgets everything
                self._decider.failed()
        if len(entries) == 1:
            raise unreachable(TimeoutError("other writers were faster at every attempt"))
        half = len(entries) // 2
        outcomes = self._write(entries[:half])
        try:
            return [*outcomes, *self._write(entries[half:])]
        except (StoreUnreachable, StoreVersion) as error:  # applies only to the rest
            raise OutcomeUnknown(
                f"of {len(entries)} messages sent together, {half} are recorded: {error}"
            ) from error

    def _try(self, entries: list[Entry]) -> list[Outcome]:
        self._store.make_sure()
        epoch = self._begin_epoch()
        decider = self._decider
        self._last = max(self._last, self._clock.now())
        verdicts = decider.decide(entries, self._last, is_careful=self._careful_for > 0)
        positions: list[int] = []
        if decider.events:
            began = time.perf_counter()
            resolver = decider.resolver
            facts = decider.streams.facts
            fences = list(
                {(entry.account, entry.fence) for entry in entries if entry.fence is not None}
            )
            positions = list(
                self._store.append(
                    decider.events,
                    resolver.bindings,
                    resolver.free,
                    facts,
                    fences,
                    decider.evidence,
                    epoch=epoch,
                )
            )
            self._latencies.committed(positions[-1], time.perf_counter() - began)
        else:  # answered from memory
            self._store.recorder.confirm(epoch)
        decider.committed(positions)
        self._careful_for = max(0, self._careful_for - 1)
        if positions:
            for notice in self._on_commit:
                notice()
        return [verdict.outcome_at(positions) for verdict in verdicts]

    def _begin_epoch(self) -> int:
        """The number of the log's epoch. After the log went back, forget what was read before."""
        number = self._store.epoch.number
        if number != self._epoch:
            self._decider, self._epoch = Decider(self._store, self._random_bytes), number
        return number


def _is_of_one(error: Exception) -> bool:
    """Check whether one message caused the error, e.g. one for an unreadable order. The rest of its
    group can be recorded."""
    return isinstance(error, (UnreadableEvent, Fenced)) or not isinstance(
        error, (StoreError, EventSourcingError)
    )


def _converted(error: Exception) -> Exception:
    """The error in this package's terms, if it comes from the store."""
    if isinstance(error, ConnectionPoolClosedError):
        return StoreUnreachable("the ledger is closed")
    return unreachable(error) if isinstance(error, PersistenceError) else error


def settle(future: "Future[Result]", result: "Result | None", error: BaseException | None) -> None:
    """Finish a future, unless it is done."""
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(cast(Result, result))
