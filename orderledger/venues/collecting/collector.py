"""One process that keeps a ledger in step with its venues until it is stopped.

An interrupted feed is recorded as a `gap`. When the feed is back, the account is reconciled and the
gap ends. Every account is reconciled at the start, after each gap, and from time to time.
"""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, assert_never

from orderledger import DamagedRow, Gap, Source, StoreError
from orderledger.extend.runtime import EventLogger, printable, threads
from orderledger.extend.values import Clock
from orderledger.venues.base.pauses import pause_until
from orderledger.venues.base.transport import happens_within
from orderledger.venues.base.venue import (
    Down,
    FeedEvent,
    Messages,
    Records,
    UnreadablePayload,
    Up,
    Venue,
)
from orderledger.venues.collecting.counters import AccountCounters
from orderledger.venues.collecting.recorder import FeedRecorder
from orderledger.venues.collecting.watching import Watch
from orderledger.venues.errors import VenueError
from orderledger.venues.reconciliation.reconciler import Reconciled, Reconciler, Rules

if TYPE_CHECKING:
    from orderledger import Ledger

ACTOR = "collector"
RETRY_SECONDS = 5.0
PUBLISHED_APART = 0.05
PAYLOAD_SHOWN = 200
HANGING_UP_SECONDS = 10.0
"""How long venues may take to deliver the rest when the collector is stopped."""

Publish = Callable[[dict[str, Any]], None]


class _InOrder:
    """Publishes statuses from several threads, and none after the last one of a collector."""

    def __init__(self, publish: Publish) -> None:
        self._publish, self._lock, self._has_ended = publish, threading.Lock(), False

    def __call__(self, status: dict[str, Any]) -> None:
        with self._lock:
            if not self._has_ended:
                self._has_ended = not status["is_running"]
                self._publish(status)


class Collector:
    """`publish` is given the status every `publishing` seconds, and at the end. `every`: seconds
    between two reconciliations of an account; None to reconcile only at the start and after
    gaps. `check_views` raises if the views do not follow the log. `records`: where orders are
    looked up by their names, by default in the book's views. `closes_venues`: False if the caller
    closes them.
    """

    def __init__(
        self,
        book: "Ledger",
        venues: Sequence[Venue],
        clock: Clock,
        *,
        rules: Rules | None = None,
        every: timedelta | None = timedelta(minutes=5),
        publish: Publish = lambda status: None,
        publishing: float = 1.0,
        check_views: Callable[[], None] = lambda: None,
        records: Records | None = None,
        retry_seconds: float = RETRY_SECONDS,
        closes_venues: bool = True,
    ) -> None:
        self._book = book
        self._venues = venues
        self._clock = clock
        self._rules = rules or Rules()
        self._every = every
        self._publish = _InOrder(publish)
        self._publishing = publishing
        self._retry_seconds = retry_seconds
        self._closes_venues = closes_venues
        self._records = records
        self._began_at = clock.now()
        self._is_running = True
        self._stopped_at: datetime | None = None
        self._log = EventLogger("orderledger.collect")
        self._due: dict[Venue, dict[str, None]] = {venue: {} for venue in venues}
        self._up_at: dict[str, datetime] = {}
        self._wake = {venue: asyncio.Event() for venue in venues}
        self.counters: defaultdict[str, AccountCounters] = defaultdict(AccountCounters)
        self._recorder = FeedRecorder(book, self.counters)
        self._watch = Watch(self._log, venues, check_views)
        self._news = asyncio.Event()
        """An account has come up, gone down or been reconciled: publish at once."""

    async def note_absence(self, published: Collection[dict[str, Any]]) -> None:
        """The last status of these accounts from earlier collectors of any name: the account has
        had no feed since then.
        """
        for account in (account for venue in self._venues for account in venue.accounts):
            statuses = [status for status in published if account in status.get("accounts", {})]
            before = max(statuses, key=lambda status: str(status["at"]), default=None)
            if before is not None and before["accounts"][account]["is_up"]:
                since = datetime.fromisoformat(before["at"])
                self.counters[account].gaps += 1
                gap = Gap(
                    account=account,
                    from_at=since,
                    at=since,
                    reason="collector_stopped",
                    actor=ACTOR,
                )
                await threads.to_thread(self._book.record_many, [gap])

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set and everything received by then is recorded. Raises StoreError
        if the store fails.
        """
        recording = asyncio.ensure_future(self._recorder.run())
        listening = [asyncio.ensure_future(self._listen(venue, stop)) for venue in self._venues]
        watching = [self._publish_status(), self._watch.views(), self._watch.feeds()]
        others = [*watching, *(self._reconcile(venue) for venue in self._venues)]
        tasks = [recording, *listening, *map(asyncio.ensure_future, others)]
        stopping = asyncio.ensure_future(stop.wait())
        try:
            done, _ = await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopping}:
                task.result()
            await self._wind_down(recording, listening)
        except StoreError:
            self.log_unrecorded()
            raise
        finally:
            for task in [*tasks, stopping]:
                task.cancel()
            await asyncio.gather(*tasks, stopping, return_exceptions=True)
            for venue in self._venues if self._closes_venues else ():
                await venue.aclose()
            self._is_running = False
            self._watch.look_at_views()
            self._publish(self.status())

    def log_unrecorded(self) -> None:
        """Received messages that may not be durable. The next collector has to query them."""
        left = dict(+self._recorder.unrecorded)
        if left and self._watch.is_due(self, f"not recorded: {left}"):
            self._log.error("not_recorded", messages=sum(left.values()), accounts=left)

    async def _wind_down(
        self, recording: "asyncio.Future[None]", listening: Sequence["asyncio.Future[None]"]
    ) -> None:
        """Record what the venues have received by now: everything they deliver before they end
        by themselves.
        """
        self._stopped_at = self._clock.now()
        hanging_up = [asyncio.ensure_future(venue.disconnect()) for venue in self._venues]
        _, late = await asyncio.wait([*listening, *hanging_up], timeout=HANGING_UP_SECONDS)
        for task in late:
            task.cancel()
        for failed in [
            one
            for one in await asyncio.gather(*hanging_up, return_exceptions=True)
            if isinstance(one, Exception)
        ]:
            self._log.error("not_hung_up", exc_info=failed)
        drained = asyncio.ensure_future(self._recorder.drained())
        await asyncio.wait([recording, drained], return_when=asyncio.FIRST_COMPLETED)
        drained.cancel()
        if recording.done():
            recording.result()

    async def _listen(self, venue: Venue, stop: asyncio.Event) -> None:
        """Run until disconnected. A feed that fails in an unexpected way is a gap like any
        other, and is restarted.
        """
        while not stop.is_set():
            try:
                async for event in venue.listen():
                    await self._take(venue, event)
                reason = "the feed ended"
            except Exception as error:
                reason = f"the feed failed: {type(error).__name__}"
                if self._watch.is_due(venue, f"{reason}: {error}"):
                    self._log.exception("feed_failed", venue=venue.name)
            if not stop.is_set():
                await self._take(
                    venue,
                    Down(accounts=self._listened_to(venue), at=self._clock.now(), reason=reason),
                )
                for account in venue.accounts:
                    self.counters[account].down_because = reason
                await happens_within(stop, self._retry_seconds)

    def _listened_to(self, venue: Venue) -> list[str]:
        return [account for account in venue.accounts if self.counters[account].is_up]

    async def _take(self, venue: Venue, event: FeedEvent) -> None:
        match event:
            case Messages():
                self._count_received(event)
                await self._recorder.put(event.account, event.messages)
            case Up():
                for account in event.accounts:
                    self.counters[account].is_up, self.counters[account].down_because = True, None
                    self._up_at[account] = event.at
                    self._ask(venue, account)
                self._news.set()
                self._log.info("up", venue=venue.name, accounts=len(event.accounts))
            case Down():
                await self._note_gap(event.accounts, event.at, event.reason)
                if self._watch.is_due(venue, event.reason) or event.accounts:
                    accounts, since = len(event.accounts), event.at.isoformat()
                    self._log.warning(
                        "down", venue=venue.name, accounts=accounts, since=since, why=event.reason
                    )
            case UnreadablePayload():
                await self._take_unreadable(venue, event)
            case _:
                assert_never(event)

    def _count_received(self, event: Messages) -> None:
        counters = self.counters[event.account]
        counters.frames += event.frames
        if event.messages:
            counters.last_received_at = self._clock.now()
            counters.last_happened_at = event.messages[-1].at or counters.last_happened_at

    async def _note_gap(self, accounts: Sequence[str], at: datetime, reason: str) -> None:
        for account in accounts:
            self.counters[account].is_up, self.counters[account].down_because = False, reason
            self._up_at.pop(account, None)
            self.counters[account].gaps += 1
            gap = Gap(
                account=account,
                from_at=at,
                at=at,
                reason=printable(reason)[:200],
                source=Source.VENUE_PUSH,
                actor=ACTOR,
            )
            await self._recorder.put(account, [gap])
        self._news.set()

    async def _take_unreadable(self, venue: Venue, event: UnreadablePayload) -> None:
        if event.is_answer and not self._watch.is_due(
            (venue, *event.accounts), f"{event.fault}: {event.payload}"
        ):
            return  # it returns with each answer
        for account in event.accounts:
            self.counters[account].unreadable += 1
            if not event.is_answer:
                self._ask(venue, account)
        self._log.warning(
            "unreadable", venue=venue.name, fault=event.fault, payload=event.payload[:PAYLOAD_SHOWN]
        )

    # Reconciliation

    def _ask(self, venue: Venue, account: str) -> None:
        """Have an account reconciled soon."""
        self._due[venue][account] = None
        self._wake[venue].set()

    async def _reconcile(self, venue: Venue) -> None:
        wake, due = self._wake[venue], self._due[venue]
        periodic = asyncio.ensure_future(self._ask_periodically(venue))
        try:
            while True:
                await wake.wait()
                wake.clear()
                while due:
                    account = next(iter(due))
                    del due[account]
                    if not await self._reconcile_account(venue, account):
                        await asyncio.sleep(self._retry_seconds)
        finally:
            periodic.cancel()

    async def _ask_periodically(self, venue: Venue) -> None:
        """Reconcile each account once per `every`, spread over that time."""
        while self._every is not None:
            for account in venue.accounts:
                await asyncio.sleep(self._every.total_seconds() / len(venue.accounts))
                if self.counters[account].is_up:
                    self._ask(venue, account)

    async def _reconcile_account(self, venue: Venue, account: str) -> bool:
        """Returns whether the reconciliation could be done. If not, the account stays due."""
        counters = self.counters[account]
        await self._recorder.drained()
        try:
            reconciler = Reconciler(
                self._book,
                venue,
                self._clock,
                self._rules,
                records=self._records,
            )
            found = await reconciler.run(
                account,
                up_at=lambda: self._up_at.get(account),
                recorded=self._recorder.drained,
            )
        except (
            VenueError,
            DamagedRow,
        ) as error:  # an error of the views must not stop recording
            fault = str(error)
            if self._watch.is_due(account, fault):
                self._log.warning("not_reconciled", account=account, why=fault)
        except StoreError:
            raise
        except Exception as error:
            fault = f"reconciling failed: {type(error).__name__}"
            if self._watch.is_due(account, f"{fault}: {error}"):
                self._log.exception("reconciliation_failed", account=account)
        else:
            self._count_reconciled(counters, found)
            return True
        counters.failed_reconciliations += 1
        counters.fault = fault
        self._news.set()
        self._due[venue][account] = None
        return False

    def _count_reconciled(self, counters: AccountCounters, found: Reconciled) -> None:
        counters.count_reconciled(found)
        self._news.set()
        for one in found.breaks:
            log = self._log.info if one.is_settled else self._log.warning
            log(
                "break",
                account=one.account,
                kind=one.kind.value,
                subject=one.subject,
                what=one.text,
                is_settled=one.is_settled,
            )

    # Status

    async def _publish_status(self) -> None:
        """Publish regularly and on every change: if the process is killed, the time since the
        last publication becomes the gap.
        """
        while True:
            self._news.clear()
            await threads.to_thread(self._publish, self.status())
            await asyncio.sleep(min(PUBLISHED_APART, self._publishing))
            await happens_within(self._news, self._publishing)

    def status(self) -> dict[str, Any]:
        """Counters of every account, and the number of waiting messages. `at` is the time up to
        which the venues' messages are recorded.
        """
        now = self._stopped_at or self._clock.now()
        accounts = {
            account: {
                "venue": venue.name,
                **self.counters[account].shown(now, venue.error_for(account)),
                "paused_until": pause_until(getattr(venue, "pacing", None), now),
            }
            for venue in self._venues
            for account in venue.accounts
        }
        return {
            "began_at": self._began_at.isoformat(),
            "at": now.isoformat(),
            "is_running": self._is_running,
            "waiting": self._recorder.waiting,
            "due": sum(len(due) for due in self._due.values()),
            "accounts": accounts,
        }
