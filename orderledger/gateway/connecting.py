"""`connect`: the ledger, the venues, a collector and the gateway from one settings file, opened in
order and closed in reverse.

    async with orderledger.connect("orderledger.toml") as desk:
        sent = await desk.gateway.submit(Request(...))
        rows = await desk.ledger.open_orders()
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from os import PathLike
from types import TracebackType
from typing import Any, Self

from orderledger import AsyncLedger, InvalidSetting
from orderledger.extend.runtime import EventLogger, threads
from orderledger.extend.values import SystemClock
from orderledger.gateway.connecting_keys import asked_keys, asked_of, check_keys
from orderledger.gateway.connecting_settings import DeskSettings
from orderledger.gateway.gateway import Gateway
from orderledger.gateway.marking import NO_PRICES, Marker, needs_marks
from orderledger.gateway.results import OrderLookup
from orderledger.venues.base.base_venue import BaseVenue
from orderledger.venues.base.keys import KeyPermissions
from orderledger.venues.base.order_entry import OrderEntry
from orderledger.venues.base.pauses import pacings_in, restore_pauses
from orderledger.venues.base.registry import adapter, installed
from orderledger.venues.base.settings import VenueSection
from orderledger.venues.base.venue import NoRecords, Records, ReportsMarks, Venue
from orderledger.venues.collecting.collector import Collector
from orderledger.venues.collecting.reconciling import rules_of, venue_of
from orderledger.venues.collecting.records import records_of
from orderledger.venues.collecting.running import claimed, to_publish

__all__ = ["Desk", "connect"]

log = EventLogger("orderledger.connect")


def connect(
    config: str | PathLike[str] = "orderledger.toml",
    *,
    entries: Mapping[str, OrderEntry] | None = None,
    venues: Sequence[Venue] = (),
    take_over: Iterable[str] = (),
) -> "Desk":
    """Connect to the venues of a settings file: `async with orderledger.connect(...) as desk`.

    Reads the file when it is called, and opens nothing until it is entered. `entries`: order
    entries of yours by account, and `venues`: venues of yours, instead of those of the file. You
    close them. `take_over`: accounts to take over at once from a process that may still send.

    Raises InvalidSetting with the line and the key of a fault. Entering it raises StoreError, and
    InvalidSetting for a key that may not be used or an account that another collector reads.
    """
    settings = DeskSettings.read(config, needs_venues=not (entries or venues))
    return Desk(settings, entries=entries, venues=venues, take_over=take_over)


class Desk:
    """The opened parts: `async with connect(...) as desk`.

    `ledger`: an `AsyncLedger`. `gateway`: sends the orders. `venues`: by account, what is queried
    and listened to. `keys`: by account, what its key may do. `collector`: records the venues'
    reports; None if another process collects. Leaving it stops the gateway, then the collector,
    then the connections, then the ledger.
    """

    ledger: AsyncLedger
    gateway: Gateway
    collector: Collector | None = None

    def __init__(
        self,
        settings: DeskSettings,
        *,
        entries: Mapping[str, OrderEntry] | None = None,
        venues: Sequence[Venue] = (),
        take_over: Iterable[str] = (),
    ) -> None:
        self.settings = settings
        self.venues: dict[str, Venue] = {}
        self.keys: dict[str, KeyPermissions] = {}
        self._own_entries = dict(entries or {})
        self._own_venues = tuple(venues)
        self._take_over = tuple(take_over)
        self._opened = AsyncExitStack()
        self._collecting: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opened:
            await self._open(opened)
            self._opened = opened.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        opened, self._opened = self._opened, AsyncExitStack()
        await opened.__aexit__(kind, error, trace)

    async def _open(self, opened: AsyncExitStack) -> None:
        settings = self.settings.collect
        self.ledger = await opened.enter_async_context(AsyncLedger.open(settings.db))
        records = await self._records(opened)
        for venue in self._own_venues:
            if isinstance(venue, BaseVenue) and isinstance(venue.records, NoRecords):
                venue.records = records
        venues = [*self._own_venues, *self._venues(opened, records)]
        self.venues = {account: venue for venue in venues for account in venue.accounts}
        entries = self._entries(opened)
        pacings = pacings_in(entries)
        await threads.to_thread(restore_pauses, self.ledger.sync, pacings, SystemClock())
        await self._check_keys()
        if self.settings.gateway.collects:
            await self._collect(opened, venues, records)
        marker = self._marker(opened, entries)
        gateway = Gateway(
            self.ledger.sync,
            entries,
            limits=self.settings.gateway,
            venues=self._look_ups(),
            name=self.settings.gateway.name,
            take_over=self._take_over,
            answer_seconds=self.settings.gateway.answer_seconds,
            marks=marker,
        )
        self.gateway = await opened.enter_async_context(gateway)

    async def _records(self, opened: AsyncExitStack) -> Records:
        settings = self.settings.collect
        own = [adapter(venue.name) for venue in self._own_venues if venue.name in installed()]
        adapters = [*settings.adapters, *own]
        manager = records_of(settings.db, self.ledger.sync, adapters)
        records = await threads.to_thread(manager.__enter__)
        opened.push_async_callback(threads.to_thread, manager.__exit__, None, None, None)
        return records

    def _venues(self, opened: AsyncExitStack, records: Records) -> list[Venue]:
        """The venues of the file. Each is closed by this desk."""
        given = {account for venue in self._own_venues for account in venue.accounts}
        made: list[Venue] = []
        for section in self.settings.collect.venues:
            if given.isdisjoint(section.names):
                try:
                    made.append(venue_of(section, records))
                except InvalidSetting as error:
                    raise self.settings.invalid(error, section) from None
                opened.push_async_callback(made[-1].aclose)
        return made

    def _entries(self, opened: AsyncExitStack) -> dict[str, OrderEntry]:
        """The order entry of each account that sends. Those of the file are closed by this desk."""
        entries = dict(self._own_entries)
        for section, account in self.settings.senders:
            if account not in entries:
                try:
                    entries[account] = entry_of(section, account)
                except InvalidSetting as error:
                    raise self.settings.invalid(error, section) from None
                opened.push_async_callback(entries[account].aclose)
        if not entries:
            raise InvalidSetting(
                "gateway.accounts", "no account has a key to send orders: use `orderledger collect`"
            )
        return entries

    async def _check_keys(self) -> None:
        """Ask the venues what the keys may do, those of the caller's own entries too."""
        if self.settings.gateway.asks_keys:
            senders = self.settings.senders
            self.keys = await asked_keys(
                (section, account)
                for section, account in senders
                if account not in self._own_entries
            )
            self.keys |= await asked_of(self._own_entries)
            allows = self.settings.gateway.allows_withdrawals
            check_keys(self.keys, SystemClock().now(), allows_withdrawals=allows)

    def _marker(self, opened: AsyncExitStack, entries: Mapping[str, OrderEntry]) -> Marker | None:
        """The task that records marks: if a limit needs them, of all instruments; else of those
        with a trigger price that the gateway watches."""
        settings = self.settings.gateway
        reporting = {
            account: venue
            for account, venue in self.venues.items()
            if isinstance(venue, ReportsMarks)
        }
        if settings.marks is False:
            return None
        is_needed = needs_marks(settings)
        for account in self.venues.keys() - reporting.keys() if is_needed else ():
            log.warning("no_marks", account=account, why=NO_PRICES)
        marker = Marker(
            self.ledger, reporting, entries, SystemClock(), settings, only_triggers=not is_needed
        )
        marking = asyncio.create_task(marker.run())
        opened.push_async_callback(_ended, marking)
        return marker

    def _look_ups(self) -> Mapping[str, OrderLookup]:
        found: Any = self.venues
        return {**found}

    async def _collect(
        self, opened: AsyncExitStack, venues: Sequence[Venue], records: Records
    ) -> None:
        settings, ledger = self.settings.collect, self.ledger.sync
        published = await claimed(settings.collector, {*self.venues}, ledger)
        self.collector = Collector(
            ledger,
            venues,
            SystemClock(),
            rules=rules_of(settings),
            every=timedelta(seconds=settings.reconcile_seconds),
            publish=lambda status: ledger.internals.publish(
                settings.collector, to_publish(status, ledger)
            ),
            check_views=ledger.views.raise_for_fault,
            records=records,
            closes_venues=False,
        )
        await self.collector.note_absence(published)
        stop = asyncio.Event()
        self._collecting = asyncio.create_task(self.collector.run(stop))
        self._collecting.add_done_callback(_note_end)
        opened.push_async_callback(self._stop_collecting, stop)

    async def _stop_collecting(self, stop: asyncio.Event) -> None:
        """Record what was received by now. Raises what has ended the collector before."""
        stop.set()
        if self._collecting is not None:
            await self._collecting


def entry_of(section: VenueSection, account: str) -> OrderEntry:
    """The order entry of one account of a section. Raises InvalidSetting."""
    made = adapter(section.venue).order_entry
    if made is None:
        raise InvalidSetting(
            "gateway.accounts", f"{account!r} cannot send: {section.venue} only reads"
        )
    return made(section, account)


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _note_end(collecting: "asyncio.Task[None]") -> None:
    if not collecting.cancelled() and (error := collecting.exception()) is not None:
        log.error("collecting_ended", exc_info=error)
