"""The ledger: record messages, recover, ask (see `Queries`). What records returns when its message is durable. Thread-safe."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from functools import cached_property
from importlib import import_module
from itertools import islice
from os import PathLike, fspath
from types import TracebackType
from typing import TYPE_CHECKING, Any

from orderledger.infrastructure.clock import Clock, SystemClock
from orderledger.infrastructure.engine.committer import Committer
from orderledger.infrastructure.engine.entry import Entry
from orderledger.infrastructure.engine.writer import GROUP_LIMIT, Writer
from orderledger.infrastructure.errors import InvalidMessage, OutcomeUnknown, StoreUnreachable, UnreadableEvent
from orderledger.infrastructure.latency import Latencies
from orderledger.infrastructure.messages.outcome import Outcome
from orderledger.infrastructure.settings import Settings
from orderledger.infrastructure.storage.collector_status import Board
from orderledger.infrastructure.storage.store import Store, as_store_error, cannot_be_written, open_store, reaching
from orderledger.infrastructure.views.arguments import check_argument
from orderledger.infrastructure.views.check import Checked, check
from orderledger.infrastructure.views.follower import Follow, check_follow, follower_of
from orderledger.infrastructure.views.projector import Projector, stored_position
from orderledger.infrastructure.views.queries import Queries
from orderledger.infrastructure.views.rebuild import Rebuilt, rebuild, rebuild_outdated
from orderledger.infrastructure.views.recovering import open_orders_in_log
from orderledger.infrastructure.views.views import FoldedViews
from orderledger.projections import queries
from orderledger.projections.orders import ORDERS
from orderledger.projections.recovery import Recovery, recovery_of
from orderledger.projections.view import Row

if TYPE_CHECKING:
    from orderledger.infrastructure.messages.registry import Message

__all__ = ["Ledger"]


class Ledger(Queries):
    """One store, open. Use it as a context manager, or close it. What can be asked of it stands in `Queries`."""

    def __init__(self, store: Store, settings: Settings, clock: Clock | None = None, *, update_views: Follow = True) -> None:
        self._latencies = Latencies()
        super().__init__(store, settings.db, Projector(store, self._latencies, folds_ahead=update_views == "process"))
        self._board = Board(store.database)
        self._follower = follower_of(store, self._projector, self._latencies, settings, update_views)
        self._writer = Writer(store, clock or SystemClock(), self._follower.notice, self._latencies)
        self._committer = Committer(self._writer)
        self._closing = threading.RLock()  # a signal handler may close it while it is closed
        self._is_closed = False
        if self._has_current_views() and update_views:
            self._follower.start()

    def _has_current_views(self) -> bool:
        """Whether the views are of this version, or could be rebuilt."""
        try:
            rebuild_outdated(self._store, self._projector)
        except UnreadableEvent as error:  # recording goes on; whoever asks the views is told
            self._projector.fault = self._follower.failure = error
        except Exception as error:
            if not cannot_be_written(error):
                raise
            self._projector.is_outdated = True  # whoever asks is answered from the log
            self._follower.failure = as_store_error(error, self._url)
        else:
            return True
        return False

    @classmethod
    def open(
        cls,
        url: str | PathLike[str] | None = None,
        *,
        synchronous: str | None = None,
        lock_timeout: int | None = None,
        answer_timeout: int | None = None,
        clock: Clock | None = None,
        update_views: Follow = True,
    ) -> "Ledger":
        """Open the store at a path, `sqlite:///path`, `postgresql://...` or `memory://`, and create it if it is not there.

        `synchronous`, `lock_timeout` and `answer_timeout` are explained in `Settings`. `follow` keeps the views up to date in the
        background: with a thread, or with "process" in a process of its own, which leaves the interpreter to those who record.
        Raises InvalidSetting, StoreUnreachable, or StoreVersion for a store made by a newer version.
        """
        if isinstance(url, PathLike):
            url = fspath(url)
        check_argument("url", "text", url)
        settings = Settings.read(db=url, synchronous=synchronous, lock_timeout=lock_timeout, answer_timeout=answer_timeout)
        check_follow(update_views, settings.db)
        store = open_store(**settings.of_store())
        try:
            with reaching(settings.db):
                return cls(store, settings, clock, update_views=update_views)
        except BaseException:
            store.close()
            raise

    # Recording

    def record(self, message: "Message") -> Outcome:
        """Record one message. Raises InvalidMessage where fields that go together are missing."""
        return self._committer.write([self._wire.to_entry(message)])[0]

    def record_many(self, messages: "Iterable[Message]") -> list[Outcome]:
        """Record messages in order, a thousand to a commit. Where the store fails after the first, OutcomeUnknown says how many
        are recorded."""
        outcomes: list[Outcome] = []
        to_entry = self._wire.to_entry
        remaining = iter(messages)
        with self._follower.resting():
            while group := [to_entry(message) for message in islice(remaining, GROUP_LIMIT)]:
                try:
                    outcomes += self._committer.write(group)
                except StoreUnreachable as error:  # of this group; what it says is not true of all
                    if outcomes:
                        raise OutcomeUnknown(f"recorded are the first {len(outcomes)} messages: {error}") from error
                    raise
        return outcomes

    def record_lines(self, lines: Sequence[str | bytes]) -> list[Outcome]:
        """Record NDJSON lines in order, in one commit. What is no message is answered `invalid`, and the rest recorded."""
        if isinstance(lines, (str, bytes)):
            raise TypeError("lines takes a sequence of lines, not one text: splitlines makes one of it")
        outcomes: list[Outcome | None] = []
        entries: list[Entry] = []
        for line in lines:
            try:
                entries.append(self._wire.to_entry(self._wire.parse_line(line)))
                outcomes.append(None)
            except InvalidMessage as error:
                outcomes.append(Outcome("invalid", reason=str(error), text=error.fault, field=error.field or None))
        told = iter(self._committer.write(entries) if entries else ())
        return [next(told) if outcome is None else outcome for outcome in outcomes]

    def record_soon(self, message: "Message") -> "Future[Outcome]":
        """Queue one message; the future is done when it is durable. It shares a commit with its neighbours.

        Waits while ten thousand messages are queued.
        """
        return self._committer.submit(self._wire.to_entry(message))

    async def arecord(self, message: "Message") -> Outcome:
        """Record one message without holding up the event loop. It shares a commit with its neighbours."""
        return await self._committer.asubmit(self._wire.to_entry(message))

    def preview(self, messages: "Iterable[Message]") -> list[Outcome]:
        """What would be answered if these were recorded now, in order, in one commit. Nothing is."""
        return self._writer.preview([self._wire.to_entry(message) for message in messages])

    def simulate(self, messages: "Iterable[Message]") -> list[Row]:
        """The orders that these messages are about, as they would be if they were recorded now, in order. Nothing is."""
        with reaching(self._url):
            events = self._writer.simulate([self._wire.to_entry(message) for message in messages])
        return queries.orders(FoldedViews(events, None, None))

    # Recovery

    def recover(self, *, account: str | None = None) -> Recovery:
        """What a restart finds: open, in-flight and unresolved orders, outstanding cancels and replaces, and what it cost."""
        check_argument("account", "text", account)
        began = time.perf_counter()
        rows, events_read = self._open_orders_at_restart(account)
        return recovery_of(rows, events_read, time.perf_counter() - began)

    def _open_orders_at_restart(self, account: str | None) -> tuple[list[Row], int]:
        """Views that are far behind the log, or gone, are not waited for: the open orders are found without them."""
        before = self._projector.events_read
        with reaching(self._url):
            if self._projector.is_far_behind() or self._projector.caught_up() is None:
                with self._follower.pausing():
                    found, events_read = open_orders_in_log(self._store)
                return [ORDERS.shown(row) for row in found if account in (None, row["account"])], events_read
        return self.open_orders(account=account), self._projector.events_read - before

    # Care

    def rebuild(self, names: Sequence[str] = (), *, jobs: int = 1, progress: Callable[[int, int], None] | None = None) -> Rebuilt:
        """Build views anew beside the live ones, with `jobs` processes, and put them in their place. Recording goes on."""
        with reaching(self._url):
            return rebuild(self._store, self._projector, names, jobs=jobs, progress=progress)

    def check(self, *, progress: Callable[[int, int], None] | None = None) -> Checked:
        """Compare the whole log with its streams and the views."""
        with reaching(self._url):
            return check(self._store, self._projector, progress)

    def catch_up(self, progress: Callable[[int], None] | None = None) -> int:
        """Bring the views up to the end of the log now. Every question does so by itself."""
        with reaching(self._url):
            return self._projector.catch_up(progress)

    def check_views(self) -> None:
        """Raises StoreUnreachable where the views are not kept up to date in the background as was asked for, with the reason."""
        fault = self._follower.fault()
        if fault is not None:
            with reaching(self._url):
                raise fault

    def publish(self, name: str, status: dict[str, Any]) -> None:
        """Put up what a process that feeds this ledger says of itself. It is shown by `status`, and is no fact of the log."""
        with reaching(self._url):
            self._board.write(name, status)

    def status(self) -> dict[str, Any]:
        """Where the log and the views are, and what the processes that feed this ledger last said of themselves."""
        with reaching(self._url):
            last, collectors = self._store.recorder.last_position(), self._board.read()
            with self._store.database.reading() as session:
                views = stored_position(session)
        return {"position": last, "views_position": views, "views_behind": max(0, last - views), "collectors": collectors}

    def latencies(self) -> dict[str, dict[str, int]]:
        """Since it was opened here: how long messages waited for their commit, commits took, and the views were behind a commit.

        Of `queue`, `commit` and `views` each the count, and microseconds: median, 90th and 99th percentile, most.
        """
        return self._latencies.shown()

    def close(self) -> None:
        """Commit what is queued, and let go of the store. Where this was interrupted, call it again.

        Raises RuntimeError in a signal handler that has come in the middle of a commit, or of bringing the views up to date, and
        in a future's callback.
        """
        if self._writer.is_within_commit() or self._projector.is_catching_up_here():
            who = "a signal handler or a future's callback"
            raise RuntimeError(f"{who} cannot close a ledger in the middle of whose work it runs: end that, as by SystemExit")
        with self._closing:
            if not self._is_closed:
                self._committer.stop()
                self._follower.stop()
                self._store.close()
                self._is_closed = True

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @cached_property
    def _wire(self) -> Any:
        """The messages and their models, which questions do without."""
        return import_module("orderledger.infrastructure.engine.entries")
