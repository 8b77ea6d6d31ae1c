"""The ledger: record messages, ask the views, recover. What records returns when its message is durable. Thread-safe."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from importlib import import_module
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any

from orderledger.domain.events import OrderAttributed
from orderledger.domain.values import order_stream
from orderledger.infrastructure.clock import Clock, SystemClock
from orderledger.infrastructure.errors import AmbiguousOrder, InvalidMessage, UnknownOrder
from orderledger.infrastructure.latency import Latencies
from orderledger.infrastructure.settings import Settings
from orderledger.infrastructure.storage.board import Board
from orderledger.infrastructure.storage.checking import Checked, check
from orderledger.infrastructure.storage.codec import NAMES, name_of, readable_payload
from orderledger.infrastructure.storage.following import Follow, check_follow, follower_of
from orderledger.infrastructure.storage.histories import stored_event_row
from orderledger.infrastructure.storage.projecting import Projector, stored_position
from orderledger.infrastructure.storage.rebuilding import Rebuilt, rebuild, rebuild_outdated
from orderledger.infrastructure.storage.recording import Row as StoredRow
from orderledger.infrastructure.storage.recovering import open_orders_in_log
from orderledger.infrastructure.storage.store import Store, open_store, reaching
from orderledger.infrastructure.storage.views import StoredViews, Views, folded
from orderledger.infrastructure.wire.outcome import Outcome
from orderledger.infrastructure.writing.committer import Committer
from orderledger.infrastructure.writing.entry import Entry
from orderledger.infrastructure.writing.writer import GROUP_LIMIT, Writer
from orderledger.projections import queries
from orderledger.projections.history import event_row
from orderledger.projections.positions import Method
from orderledger.projections.recovery import Recovery, recovery_of
from orderledger.projections.tables import ACCOUNT_EVENTS, ANOMALIES, CERTIFICATES, INSTRUMENTS, ORDERS, PROPOSALS, Row

if TYPE_CHECKING:
    from orderledger.infrastructure.wire.messages import Message

__all__ = ["Ledger"]

ATTRIBUTED = NAMES[OrderAttributed]


class Ledger:
    """One store, open. Use it as a context manager, or close it."""

    def __init__(self, store: Store, settings: Settings, clock: Clock | None = None, *, follow: Follow = True) -> None:
        self._store = store
        self._url = settings.db
        self._board = Board(store.database)
        self._latencies = Latencies()
        self._projector = Projector(store, self._latencies, folds_ahead=follow == "process")
        self._follower = follower_of(store, self._projector, self._latencies, settings, follow)
        self._writer = Writer(store, clock or SystemClock(), self._follower.notice, self._latencies)
        self._committer = Committer(self._writer)
        self._closing = threading.Lock()
        self._is_closed = False
        rebuild_outdated(store, self._projector)
        if follow:
            self._follower.start()

    @classmethod
    def open(
        cls,
        url: str | None = None,
        *,
        synchronous: str | None = None,
        lock_timeout: int | None = None,
        clock: Clock | None = None,
        follow: Follow = True,
    ) -> "Ledger":
        """Open the store at a path, `sqlite:///path`, `postgresql://...` or `memory://`, and create it if it is not there.

        `synchronous` and `lock_timeout` are explained in `Settings`. `follow` keeps the views up to date in the background:
        with a thread, or with "process" in a process of its own, which leaves the interpreter to those who record.
        Raises InvalidSetting, StoreUnreachable, or StoreVersion for a store made by a newer version.
        """
        settings = Settings.read(db=url, synchronous=synchronous, lock_timeout=lock_timeout)
        check_follow(follow, settings.db)
        store = open_store(settings.db, synchronous=settings.synchronous, lock_timeout=settings.lock_timeout)
        with reaching(settings.db):
            return cls(store, settings, clock, follow=follow)

    # Recording

    def record(self, message: "Message") -> Outcome:
        """Record one message. Raises InvalidMessage where fields that go together are missing."""
        return self._committer.write([self._wire.to_entry(message)])[0]

    def record_many(self, messages: "Iterable[Message]") -> list[Outcome]:
        """Record messages in order, a thousand to a commit."""
        outcomes: list[Outcome] = []
        to_entry = self._wire.to_entry
        remaining = iter(messages)
        with self._follower.resting():
            while group := [to_entry(message) for message in islice(remaining, GROUP_LIMIT)]:
                outcomes += self._committer.write(group)
        return outcomes

    def record_lines(self, lines: Sequence[str | bytes]) -> list[Outcome]:
        """Record NDJSON lines in order, in one commit. What is no message is answered `invalid`, and the rest recorded."""
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

    # Asking

    def orders(
        self, *, open_only: bool = False, as_of: datetime | None = None, effective_at: datetime | None = None, **where: Any
    ) -> list[Row]:
        """Orders, oldest request first. `where`: values of columns, e.g. account, instrument, side, status, strategy, origin."""
        with self._views(as_of, effective_at) as views:
            return queries.orders(views, is_open=open_only, **where)

    def open_orders(self, **where: Any) -> list[Row]:
        """Orders that have not ended."""
        return self.orders(open_only=True, **where)

    def order(
        self, name: str, *, account: str | None = None, as_of: datetime | None = None, effective_at: datetime | None = None
    ) -> Row:
        """One order by any id it has borne. Raises UnknownOrder, or AmbiguousOrder where several accounts have such an order."""
        with self._views(as_of, effective_at) as views:
            return ORDERS.shown(_one(views, name, account))

    def history(
        self, name: str, *, account: str | None = None, as_of: datetime | None = None, effective_at: datetime | None = None
    ) -> list[Row]:
        """The events of one order, as they were recorded. Raises as `order` does."""
        stored = self._stored_under(name, account) if as_of is None and effective_at is None else []
        if not stored:
            with self._views(as_of, effective_at) as views:
                stream = _one(views, name, account)["stream"]
            with reaching(self._url):
                stored = self._store.recorder.rows_of([stream])
        return [
            row
            for row in map(stored_event_row, stored)
            if (as_of is None or row["recorded_at"] <= as_of) and (effective_at is None or row["at"] <= effective_at)
        ]

    def _stored_under(self, name: str, account: str | None) -> list[StoredRow]:
        """The stream that has the name of the order, where there is one and the order did not turn out to be another."""
        if account is None:
            return []
        with reaching(self._url):
            stored = self._store.recorder.rows_of([order_stream(account, name)])
        return [] if any(row.name == ATTRIBUTED for row in stored) else stored

    def events(self) -> Iterator[Row]:
        """The whole log, as `history` shows it."""
        with reaching(self._url):
            for recorded in self._store.all_events():
                yield event_row(recorded, name_of(recorded.event), readable_payload(recorded.event))

    def trades(
        self, *, with_busted: bool = False, as_of: datetime | None = None, effective_at: datetime | None = None, **where: Any
    ) -> list[Row]:
        """Fills that stand, in the order they happened; with `with_busted` also those that were busted or corrected."""
        with self._views(as_of, effective_at) as views:
            return queries.trades(views, with_busted=with_busted, **where)

    def positions(
        self, *, method: Method = "average", as_of: datetime | None = None, effective_at: datetime | None = None, **where: Any
    ) -> list[Row]:
        """Positions with their P&L, and the quantities that open and unresolved orders may add."""
        with self._views(as_of, effective_at) as views:
            return queries.positions(views, method=method, **where)

    def pnl(
        self,
        *,
        method: Method = "average",
        by: Sequence[str] | str = ("account", "instrument"),
        as_of: datetime | None = None,
        effective_at: datetime | None = None,
        **where: Any,
    ) -> list[Row]:
        """P&L by account and instrument, or by any of account, instrument, strategy and day. Methods: average, fifo, lifo."""
        with self._views(as_of, effective_at) as views:
            return queries.pnl(views, method=method, by=tuple(by.split(",") if isinstance(by, str) else by), **where)

    def anomalies(self, *, as_of: datetime | None = None, effective_at: datetime | None = None, **where: Any) -> list[Row]:
        """Everything odd that was ever detected, with the time it was cleared."""
        with self._views(as_of, effective_at) as views:
            return [ANOMALIES.shown(row) for row in views.rows(ANOMALIES, **where)]

    def proposals(self, *, as_of: datetime | None = None, effective_at: datetime | None = None, **where: Any) -> list[Row]:
        """Proposals, and what was decided about them."""
        with self._views(as_of, effective_at) as views:
            return [PROPOSALS.shown(row) for row in views.rows(PROPOSALS, **where)]

    def instruments(self, *, as_of: datetime | None = None, effective_at: datetime | None = None, **where: Any) -> list[Row]:
        """Instruments as they were defined, their marks, and what the venue says is held."""
        with self._views(as_of, effective_at) as views:
            return [INSTRUMENTS.shown(row) for row in views.rows(INSTRUMENTS, **where)]

    def account_events(self, *, as_of: datetime | None = None, effective_at: datetime | None = None, **where: Any) -> list[Row]:
        """Funding, adjustments and gaps."""
        with self._views(as_of, effective_at) as views:
            return [ACCOUNT_EVENTS.shown(row) for row in views.rows(ACCOUNT_EVENTS, **where)]

    def certificates(self, *, as_of: datetime | None = None, effective_at: datetime | None = None, **where: Any) -> list[Row]:
        """What agreed with the venues each time they were compared, and what did not."""
        with self._views(as_of, effective_at) as views:
            return [CERTIFICATES.shown(row) for row in views.rows(CERTIFICATES, **where)]

    def recover(self, *, account: str | None = None) -> Recovery:
        """What a restart finds: open, in-flight and unresolved orders, outstanding cancels and replaces, and what it cost."""
        began = time.perf_counter()
        rows, events_read = self._open_orders_at_restart(account)
        return recovery_of(rows, events_read, time.perf_counter() - began)

    def _open_orders_at_restart(self, account: str | None) -> tuple[list[Row], int]:
        """Views that are far behind the log, or gone, are not waited for: the open orders are found without them."""
        with reaching(self._url):
            if self._projector.is_far_behind():
                with self._follower.pausing():
                    found, events_read = open_orders_in_log(self._store)
                return [ORDERS.shown(row) for row in found if account in (None, row["account"])], events_read
        before = self._projector.events_read
        return self.open_orders(account=account), self._projector.events_read - before

    # Care

    def rebuild(self, names: Sequence[str] = (), *, jobs: int = 1, progress: Callable[[int, int], None] | None = None) -> Rebuilt:
        """Build views anew beside the live ones, with `jobs` processes, and put them in their place. Recording goes on."""
        with reaching(self._url):
            rebuilt = rebuild(self._store, self._projector, names, jobs=jobs, progress=progress)
            if not rebuilt.is_equal:
                self._follower.restart()
            return rebuilt

    def check(self, *, progress: Callable[[int, int], None] | None = None) -> Checked:
        """Compare the whole log with its streams and the views."""
        with reaching(self._url):
            return check(self._store, self._projector, progress)

    def catch_up(self, progress: Callable[[int], None] | None = None) -> int:
        """Bring the views up to the end of the log now. Every question does so by itself."""
        with reaching(self._url):
            return self._projector.catch_up(progress)

    def check_following(self) -> None:
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
        """Commit what is queued, and let go of the store."""
        with self._closing:
            if not self._is_closed:
                self._is_closed = True
                self._committer.stop()
                self._follower.stop()
                self._store.close()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @cached_property
    def _wire(self) -> Any:
        """The messages and their models, which questions do without."""
        return import_module("orderledger.infrastructure.entries")

    @contextmanager
    def _views(self, as_of: datetime | None, effective_at: datetime | None) -> Iterator[Views]:
        with reaching(self._url):
            if as_of is not None or effective_at is not None:
                yield folded(self._store, as_of, effective_at)
                return
            self._projector.catch_up()
            with self._store.database.reading() as session:
                yield StoredViews(session)


def _one(views: Views, name: str, account: str | None) -> Row:
    found = views.orders_named(name, account)
    if not found:
        raise UnknownOrder(name, account)
    if len(found) > 1:
        raise AmbiguousOrder(name, sorted({row["account"] for row in found}))
    return found[0]
