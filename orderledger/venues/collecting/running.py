"""`collect` as a process: from settings to venues, with signals and logs."""

import asyncio
import gc
import os
import threading
import uuid
from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from orderledger import InvalidSetting
from orderledger.extend.runtime import EventLogger, threads
from orderledger.extend.values import SystemClock
from orderledger.venues.base.pauses import pacings_in, restore_pauses
from orderledger.venues.base.venue import Records
from orderledger.venues.collecting.collector import Collector
from orderledger.venues.collecting.reconciling import rules_of, venues_of
from orderledger.venues.collecting.settings import CollectSettings
from orderledger.venues.collecting.signals import Signals

if TYPE_CHECKING:
    from orderledger import Ledger

WATCHED_SECONDS = 2.5
"""Longer than the time between two publications of a collector's status, which is a second."""
CLAIM_SECONDS = 1.0
"""Much longer than a collector takes from its claim to its first status."""
ENDING_SECONDS = 20.0
"""Longer than every wait at the end, except for a store that another process has locked."""
STORE_FAILED = 3
NEW_OBJECTS = 500_000
"""More objects than are in use at once: the garbage collector then examines only objects that
stay."""


def run(settings: CollectSettings, ledger: "Ledger", records: Records, signals: Signals) -> None:
    """Collect until SIGTERM or SIGINT. Everything received by then is recorded, unless the store
    blocks it for `ENDING_SECONDS`.
    """
    _set_up_garbage()
    asyncio.run(_collect(settings, ledger, records, signals))


async def _collect(
    settings: CollectSettings, ledger: "Ledger", records: Records, signals: Signals
) -> None:
    stop = asyncio.Event()
    venues, clock = venues_of(settings, records), SystemClock()
    collector = Collector(
        ledger,
        venues,
        clock,
        rules=rules_of(settings),
        every=timedelta(seconds=settings.reconcile_seconds),
        publish=lambda status: ledger.internals.publish(
            settings.collector, to_publish(status, ledger)
        ),
        check_views=ledger.views.raise_for_fault,
        records=records,
    )

    def end() -> None:
        if not stop.is_set():
            stop.set()
            _give_up_later(collector)

    loop = asyncio.get_running_loop()

    def stop_collecting() -> None:
        """Called in a signal handler, at any point of the program."""
        if loop.is_closed():
            end()
        else:
            loop.call_soon_threadsafe(end)

    signals.lead_to(stop_collecting)
    accounts = {name for venue in settings.venues for name in venue.names}
    published = await claimed(settings.collector, accounts, ledger)
    pacings = pacings_in({account: venue for venue in venues for account in venue.accounts})
    await threads.to_thread(restore_pauses, ledger, pacings, clock)
    await collector.note_absence(published)
    await collector.run(stop)


def _give_up_later(collector: Collector) -> None:
    """Terminate the process if it cannot end by itself: a thread that waits for another process's
    lock cannot be stopped.

    Acknowledged messages are durable in any case.
    """

    def give_up() -> None:
        collector.log_unrecorded()
        EventLogger("orderledger.collect").error(
            "given_up", why=f"the process did not end within {ENDING_SECONDS:g} s"
        )
        os._exit(STORE_FAILED)

    timer = threading.Timer(ENDING_SECONDS, give_up)
    timer.daemon = True
    timer.start()


async def claimed(collector: str, ours: set[str], ledger: "Ledger") -> Collection[dict[str, Any]]:
    """Claim these accounts for this collector, and return the earlier statuses of collectors.
    Raises InvalidSetting if another collector has claimed them.

    Two collectors of one account would each record gaps and certificates, and fills if the venue
    reports none. A collector that was killed publishes nothing more. If two start together, the one
    whose claim is written last continues.
    """
    before = ledger.status()["collectors"]
    running = _running(before, collector, ours)
    if running:
        await asyncio.sleep(WATCHED_SECONDS)
        after = _running(ledger.status()["collectors"], collector, ours)
        for name in running.keys() & after.keys():
            if running[name] != after[name]:
                raise _taken(name)
    claim = {"token": uuid.uuid4().hex, "accounts": sorted(ours)}
    ledger.internals.publish(
        collector, {"accounts": {}, **before.get(collector, {}), "claim": claim}
    )
    await asyncio.sleep(CLAIM_SECONDS)
    statuses = ledger.status()["collectors"]
    if statuses.get(collector, {}).get("claim") != claim:
        raise _taken(collector)
    for name, status in statuses.items():
        other = status.get("claim")
        is_fresh = other is not None and other != before.get(name, {}).get("claim")
        if (
            is_fresh
            and name != collector
            and ours & set(other["accounts"])
            and other["token"] < claim["token"]
        ):
            raise _taken(name)
    return list(before.values())


def _taken(name: str) -> InvalidSetting:
    return InvalidSetting(
        "collector",
        f"{name!r} is already running, with this name or with some of these accounts",
    )


def _running(statuses: dict[str, Any], ours: str, accounts: set[str]) -> dict[str, str]:
    """The collectors with this name or these accounts that have not ended, and when each last
    published."""
    return {
        name: status.get("at", "")
        for name, status in statuses.items()
        if status.get("is_running")
        and (name == ours or accounts & status.get("accounts", {}).keys())
    }


def to_publish(status: dict[str, Any], ledger: "Ledger") -> dict[str, Any]:
    """The status that a collector publishes."""
    return {**status, "latencies": ledger.metrics.durations()}


def _set_up_garbage() -> None:
    """Examine fewer objects: imported modules stay, and messages hold no cycles. The search for
    cycles costs a quarter of the work.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 20, 50)
