"""The ledger: record messages, recover after a restart, query (see `Queries`). Thread-safe.

A recording method returns when its messages are durable; `record_soon` returns a future instead.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property
from importlib import import_module
from itertools import islice
from os import PathLike, fspath
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any
from weakref import WeakMethod, WeakSet, finalize

from orderledger.infrastructure.clock import Clock, SystemClock
from orderledger.infrastructure.engine.committer import Committer
from orderledger.infrastructure.engine.writer import GROUP_LIMIT, Writer
from orderledger.infrastructure.errors import (
    AmbiguousOrder,
    ForkedLedger,
    OutcomeUnknown,
    StoreError,
    StoreUnreachable,
    StoreVersion,
    UnknownOrder,
    UnreadableEvent,
)
from orderledger.infrastructure.latency import Latencies
from orderledger.infrastructure.messages.outcome import Outcome
from orderledger.infrastructure.recording_methods import RecordingMethods
from orderledger.infrastructure.running_parts import RunningParts
from orderledger.infrastructure.settings import Settings
from orderledger.infrastructure.storage.collector_status import CollectorStatuses
from orderledger.infrastructure.storage.copies import lag
from orderledger.infrastructure.storage.epoch import Loss
from orderledger.infrastructure.storage.kept_evidence import RandomBytes
from orderledger.infrastructure.storage.proof_tables import proof_positions
from orderledger.infrastructure.storage.store import (
    Store,
    as_store_error,
    cannot_be_written,
    open_store,
    reaching,
)
from orderledger.infrastructure.storage.urls import POSTGRES, file_of, is_bundle
from orderledger.infrastructure.storage.view_versions import stored_position
from orderledger.infrastructure.views import rebuild as rebuilding
from orderledger.infrastructure.views.arguments import check_argument
from orderledger.infrastructure.views.doubts import doubts_in, order_now
from orderledger.infrastructure.views.follower import Follow, Follower, check_follow
from orderledger.infrastructure.views.internals import Internals
from orderledger.infrastructure.views.parameters import Account
from orderledger.infrastructure.views.projector import Projector
from orderledger.infrastructure.views.queries import Queries
from orderledger.infrastructure.views.rebuild import rebuild_outdated
from orderledger.infrastructure.views.recovering import open_orders_in_log
from orderledger.projections.orders import ORDERS
from orderledger.projections.positions import Method
from orderledger.projections.recovery import DoubtRow, Recovery, recovery_of
from orderledger.projections.view import Row, RowList
from orderledger.renamed import hint_for_method

if TYPE_CHECKING:
    from orderledger.analytics.tables import Tables
    from orderledger.audit.proof.methods import Proofs
    from orderledger.audit.queries import Audit
    from orderledger.infrastructure.messages.registry import Message
    from orderledger.serve.statement.statement import Statement

__all__ = ["Ledger"]

SECONDS_BETWEEN_ATTEMPTS = 1.0


def _opened(settings: Settings) -> Store:
    """The store of a ledger, or of a bundle."""
    path = None if settings.db.startswith(POSTGRES) else file_of(settings.db)
    if is_bundle(path):
        from orderledger.audit.proof.bundles import open_bundle

        given = settings.of_store()
        del given["url"]
        return open_bundle(Path(str(path)), **given)
    return open_store(**settings.of_store())


def _follower(
    projector: Projector,
    latencies: Latencies,
    settings: Settings,
    store: Store,
    update_views: Follow,
) -> Follower:
    """The thread or the process that updates the views in the background."""
    if update_views != "process" or store.url is None:
        return Follower(projector)
    from orderledger.infrastructure.views.follower_process import FollowingProcess

    return FollowingProcess(projector, latencies, replace(settings, db=store.url))


class Ledger(Queries):
    """An open store. Use it as a context manager, or close it: a ledger that is dropped warns.
    Query methods: see `Queries`."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Clock | None = None,
        *,
        update_views: Follow = True,
        random_bytes: RandomBytes | None = None,
    ) -> None:
        store.rate_rules = settings.rate_rules
        latencies = Latencies()
        projector = Projector(store, rebuilding, latencies, folds_ahead=update_views == "process")
        follower = _follower(projector, latencies, settings, store, update_views)
        super().__init__(store, settings.db, projector, follower, latencies, clock or SystemClock())
        self._statuses = CollectorStatuses(store.database)
        self._parts = RunningParts(store, follower, self._following)
        notices = (follower.notice, self._following.notice)
        self._writer = Writer(store, self._clock, notices, latencies, random_bytes or os.urandom)
        self._committer = self._parts.committer = Committer(self._writer)
        self._dropped = finalize(self, self._parts.close_dropped, self._url)
        self._dropped.atexit = False
        self._closing = threading.RLock()  # a signal handler may call `close` during `close`
        self._is_closed = False
        _OPENED.add(self)
        store.epoch.on_loss = _in_thread(WeakMethod(self._record_loss))
        if self._can_update_views() and update_views:
            self._follower.start()

    def _record_loss(self, loss: Loss) -> None:
        """Record that the log went back, as soon as the store can be written."""
        entry = self._wire.entry_of_loss(loss)
        while not self._is_closed:
            with suppress(StoreError):
                self._committer.write([entry])
                return
            time.sleep(SECONDS_BETWEEN_ATTEMPTS)

    def _can_update_views(self) -> bool:
        """Rebuild views of an older version. Returns False if an event of the log cannot be
        read."""
        try:
            rebuild_outdated(self._store, self._projector)
        except UnreadableEvent as error:  # recording continues; queries raise this error
            self._projector.fault = self._follower.failure = error
            return False
        except Exception as error:
            if not cannot_be_written(error):
                raise
            self._projector.is_outdated = (
                True  # queries are answered from the log until the follower has rebuilt the views
            )
            self._follower.failure = as_store_error(error, self._url)
        return True

    @classmethod
    def open(
        cls,
        url: str | PathLike[str] | None = None,
        *,
        synchronous: str | None = None,
        lock_timeout: int | None = None,
        answer_timeout: int | None = None,
        parities: Sequence[str] | None = None,
        mark_serves: int | None = None,
        clock: Clock | None = None,
        update_views: Follow = True,
        random_bytes: RandomBytes | None = None,
    ) -> "Ledger":
        """Open the store at a path, `sqlite:///path`, `postgresql://...` or `memory://`. Creates a
        missing store.

        `synchronous`, `lock_timeout`, `answer_timeout` and `mark_serves`: see `Settings`.
        `parities` lists pairs of currencies of equal worth, such as USDT=USD. `update_views` keeps
        the views up to date in the background: True in a thread, "process" in a process of its own,
        which leaves this interpreter to recording. `random_bytes` gives the salts of the hashes of
        evidence; tests give their own to repeat a run byte for byte. Raises InvalidSetting,
        StoreUnreachable, or StoreVersion for a store made by a newer version.
        """
        if isinstance(url, PathLike):
            url = fspath(url)
        check_argument("url", "text", url)
        settings = Settings.read(
            db=url,
            synchronous=synchronous,
            lock_timeout=lock_timeout,
            answer_timeout=answer_timeout,
            parities=None if parities is None else ",".join(parities),
            mark_serves=mark_serves,
        )
        check_follow(update_views, settings.db)
        store = _opened(settings)
        try:
            with reaching(settings.db):
                return cls(
                    store, settings, clock, update_views=update_views, random_bytes=random_bytes
                )
        except BaseException:
            store.close()
            raise

    # Recording

    def record(self, message: "Message") -> Outcome:
        """Record one message, and return when it is durable. Raises InvalidMessage if fields that
        go together are missing."""
        return self._committer.write([self._wire.to_entry(message)])[0]

    def record_many(self, messages: Iterable["Message"]) -> list[Outcome]:
        """Record messages in order, a thousand per commit. If the store fails after the first
        commit, raises OutcomeUnknown with the number of messages recorded."""
        outcomes: list[Outcome] = []
        to_entry = self._wire.to_entry
        remaining = iter(messages)
        with self._follower.resting():
            while group := [to_entry(message) for message in islice(remaining, GROUP_LIMIT)]:
                try:
                    outcomes += self._committer.write(group)
                except (
                    StoreUnreachable,
                    StoreVersion,
                ) as error:  # true of this group only, not of all messages
                    if outcomes:
                        raise OutcomeUnknown(
                            f"the first {len(outcomes)} messages are recorded: {error}"
                        ) from error
                    raise
        return outcomes

    def record_soon(self, message: "Message") -> "Future[Outcome]":
        """Queue one message. Returns a future that is done when the message is durable.

        Messages queued together share a commit. Waits while ten thousand messages are queued.
        """
        return self._committer.submit(self._wire.to_entry(message))

    async def arecord(self, message: "Message") -> Outcome:
        """Record one message without blocking the event loop. Concurrent calls share a commit."""
        return await self._committer.asubmit(self._wire.to_entry(message))

    # Namespaces. Those of queries are in `Queries`

    @cached_property
    def recording(self) -> RecordingMethods:
        """Recording of lines and of batches in one commit, and previews."""
        return RecordingMethods(self)

    @cached_property
    def internals(self) -> Internals:
        """The parts of the ledger, such as its store and its clock, for other packages of
        `orderledger`."""
        return Internals(self._url, self._store, self._clock, self._following, self._statuses)

    @cached_property
    def audit(self) -> "Audit":
        """Questions of auditors: explain, why, restate, findings, …"""
        from orderledger.audit.queries import Audit

        return Audit(self)

    @cached_property
    def proof(self) -> "Proofs":
        """Checkpoints, proofs, forgetting and bundles."""
        from orderledger.audit.proof.methods import Proofs

        return Proofs(self)

    @cached_property
    def tables(self) -> "Tables":
        """Tables for pandas, Polars and DuckDB, SQL over them, and ready-made analyses. Needs the
        extra `analytics`."""
        from orderledger.analytics.tables import Tables

        return Tables(self)

    # Recovery

    def recover(self, *, account: Account = None) -> Recovery:
        """List the orders in doubt after a restart.

        Lists open, in-flight and unresolved orders, and pending cancels and replaces, with the cost
        of finding them. Each doubt has its age and the commands that settle it.
        """
        began = time.perf_counter()
        rows, events_read = self._open_orders_at_restart(account)
        with reaching(self._url):
            now = self._clock.now()
            doubts, more = doubts_in(self._store, rows, now)
        return recovery_of(rows, events_read + more, time.perf_counter() - began, doubts, now)

    def doubts(self, *, account: Account = None) -> RowList[DoubtRow]:
        """List the open orders whose outcome is unknown, oldest doubt first.

        Each has its age and the commands that settle it.
        """
        return RowList(self.recover(account=account).doubts)

    def resolve(
        self,
        client_order_id: str,
        /,
        *,
        account: str | None = None,
        never_arrived: bool = False,
        worked_as: str | None = None,
        canceled: bool = False,
        actor: str | None = None,
        reason: str | None = None,
        text: str | None = None,
    ) -> Outcome:
        """Record an operator's decision on an order in doubt.

        `never_arrived`: the venue never received it, it ends as denied. `worked_as`: the venue
        works it under this id, it counts as acknowledged. `canceled`: it has ended there, and keeps
        its fills. The last two also for an order that the venue had shown, and no longer knows;
        the last also if the venue has reported an end, and shown the order working later. Give one
        of them. Refused as `not_in_doubt` if the order has ended, the venue has it, or it was never
        sent. Refused as `venue_order_id_reused` if the id belongs to another order of ours. Raises
        UnknownOrder and AmbiguousOrder.
        """
        from orderledger.infrastructure.views.resolutions import check_decision, decision_on

        check_decision(never_arrived, worked_as, canceled)
        row = self.order(client_order_id, account=account)
        given = {"actor": actor, "reason": reason, "text": text, "at": self._clock.now()}
        fields = {name: value for name, value in given.items() if value is not None}
        if worked_as is not None and (other := self._own_order(worked_as, row["account"])) not in (
            None,
            row["client_order_id"],
        ):
            return Outcome(
                "refused",
                reason="venue_order_id_reused",
                text=f"{worked_as} is an id of order {other}",
            )
        with reaching(self._url):
            order = order_now(self._store, row["stream"])
            decision = decision_on(row, order, worked_as, canceled, fields)
        return decision if isinstance(decision, Outcome) else self.record(decision)

    def _own_order(self, name: str, account: str) -> str | None:
        """Our client order id of our order with this name."""
        with suppress(UnknownOrder, AmbiguousOrder):
            row = self.order(name, account=account)
            return row["client_order_id"] if row["origin"] == "own" else None
        return None

    def _open_orders_at_restart(self, account: str | None) -> tuple[list[Row], int]:
        """The open orders, and the number of events read. Uses the log, without waiting, if the
        views are missing or far behind."""
        before = self._projector.events_read
        with reaching(self._url):
            if self._projector.is_far_behind() or self._projector.caught_up() is None:
                with self._follower.pausing():
                    found, events_read = open_orders_in_log(self._store)
                return [
                    ORDERS.shown(row) for row in found if account in (None, row["account"])
                ], events_read
        return self.open_orders(account=account), self._projector.events_read - before

    # Maintenance

    def status(self) -> dict[str, Any]:
        """The positions of the log, the views, the tiles of hashes and the newest checkpoint. `log`
        has the newest event that this process knows, and the times that the log went back. Also
        the last status of each collector, of the gateway of each account that has breakers, and of
        each watcher of alerts. `copies` has the archives and relays, and how far each is behind."""
        with reaching(self._url):
            collectors, gateways, watchers, copies = self._statuses.read_by_kind()
            with self._store.database.reading() as session:
                last, now = session.last_position(), self._clock.now()
                views, proof = stored_position(session), proof_positions(session)
                for status in copies.values():
                    status.update(lag(session, status["position"], now))
        return {
            "position": last,
            "views_position": views,
            "views_behind": max(0, last - views),
            "tiles_position": proof.tiles,
            "tiles_behind": max(0, last - proof.tiles),
            "checkpoint_position": proof.checkpoint,
            "log": self._store.epoch.shown(),
            "collectors": collectors,
            "gateways": gateways,
            "watchers": watchers,
            "copies": copies,
        }

    # Statements

    def statement(
        self,
        since: datetime | date,
        until: datetime | date,
        *,
        timezone: str = "UTC",
        account: str | None = None,
        method: Method = "average",
        as_of: datetime | int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> "Statement":
        """Make the statement of the period from `since` on and before `until`. A day begins and
        ends in the time zone, and as `until` is part of the period. Raises InvalidSetting for a
        period that ends before it begins."""
        from orderledger.serve.statement.statement import checked_statement

        with reaching(self._url):
            return checked_statement(
                self._store,
                since,
                until,
                timezone,
                account=account,
                method=method,
                as_of=as_of,
                progress=progress,
            )

    def close(self) -> None:
        """Commit what is queued, and release the store. If an interrupt ends this call, call it
        again.

        Raises RuntimeError in a future's callback, and in a signal handler that interrupted a
        commit or an update of the views.
        """
        if self._writer.is_within_commit() or self._projector.is_catching_up_here():
            who = "a signal handler or a future's callback"
            raise RuntimeError(
                f"{who} cannot close a ledger during the ledger's own work: end that first, e.g. "
                "raise SystemExit"
            )
        with self._closing:
            if not self._is_closed:
                self._parts.close()
                self._dropped.detach()
                self._is_closed = True

    if not TYPE_CHECKING:  # a checker then reports a name that does not exist

        def __getattr__(self, name: str) -> Any:
            """Raise AttributeError, saying where the name is now, or which one was meant."""
            hint = "" if name[:1] == "_" else f".{hint_for_method(self, name)}"
            raise AttributeError(f"'Ledger' object has no attribute {name!r}{hint}")

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @cached_property
    def _wire(self) -> Any:
        """The message models. Loaded at the first use, because queries do not need them."""
        return import_module("orderledger.infrastructure.engine.entries")


def _in_thread(method: "WeakMethod[Callable[[Loss], None]]") -> Callable[[Loss], None]:
    """Call the method in a thread of its own, if its object still exists."""

    def call(loss: Loss) -> None:
        if (bound := method()) is not None:
            threading.Thread(
                target=bound, args=(loss,), name="orderledger-loss", daemon=True
            ).start()

    return call


_OPENED: "WeakSet[Ledger]" = WeakSet()


class _InheritedLedger(Ledger):
    """A ledger in a process that was forked while the ledger was open. Its threads do not run here,
    and its connections belong to the other process."""

    def __getattribute__(self, name: str) -> Any:
        if name in ("__class__", "close"):
            return super().__getattribute__(name)
        raise ForkedLedger

    def __enter__(self) -> "Ledger":
        raise ForkedLedger

    def close(self) -> None:
        """Release nothing: the other process uses all of it."""


def _disown() -> None:
    for ledger in _OPENED:
        ledger._dropped.detach()
        ledger.__class__ = _InheritedLedger  # refuses every use, and costs an open ledger nothing


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_disown)
