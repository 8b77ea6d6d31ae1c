"""A collector of one Hyperliquid whose minute is shorter than ours, so that a round of many polled
accounts ends soon.

`scaled_collector.py MINUTE CONFIG`; everything but the length of the minute, and of what is counted
in minutes, is the command's.
"""

import asyncio
import signal
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path

from orderledger.infrastructure.clock import SystemClock
from orderledger.ledger import Ledger
from orderledger.venues.collecting.collector import Collector
from orderledger.venues.collecting.records import records_of
from orderledger.venues.collecting.settings import CollectSettings
from orderledger.venues.hyperliquid.limits import HyperliquidLimits
from orderledger.venues.hyperliquid.settings import HyperliquidSettings
from orderledger.venues.hyperliquid.venue import Hyperliquid
from orderledger.venues.hyperliquid.venue_context import Pace


async def main(minute: float, path: Path) -> None:
    settings = CollectSettings.read(path)
    (told,) = settings.venues
    assert isinstance(told, HyperliquidSettings)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    with (
        Ledger.open(settings.db, update_views="process") as ledger,
        records_of(settings.db, ledger, settings.adapters) as records,
    ):
        venue = Hyperliquid(
            {one.account: one.address for one in told.accounts},
            url=told.url,
            websocket_url=told.websocket_url,
            limits=HyperliquidLimits(minute=minute),
            pace=Pace(round=10.0 * minute / 60),
            records=records,
        )
        collector = Collector(
            ledger,
            [venue],
            SystemClock(),
            every=timedelta(seconds=settings.reconcile_seconds),
            publish=partial(ledger.internals.publish, settings.collector),
            check_views=ledger.views.raise_for_fault,
        )
        await collector.run(stop)


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), Path(sys.argv[2])))
