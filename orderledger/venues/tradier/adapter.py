"""Tradier in the registry: how its parts are made."""

import asyncio
import random

from orderledger.extend.values import SystemClock
from orderledger.venues.base.adapter import Adapter
from orderledger.venues.base.order_entry import OrderEntry
from orderledger.venues.base.recorded import Recording
from orderledger.venues.base.venue import Records, Venue
from orderledger.venues.tradier.settings import TradierSettings
from orderledger.venues.tradier.vocabulary import LEG_ALIAS, NAME, TAG_ALIAS


def build(settings: TradierSettings, records: Records) -> Venue:
    from orderledger.venues.base.transport import Backoff
    from orderledger.venues.tradier.venue import TradierVenue

    return TradierVenue(
        accounts={settings.account: settings.number},
        token=settings.token.read("venues.tradier.token"),
        records=records,
        now=SystemClock().now,
        sleep=asyncio.sleep,
        backoff=Backoff(random.Random()),
        url=settings.url,
        stream_url=settings.websocket_url,
        requests_per_minute=settings.requests_per_minute,
        poll_seconds=settings.poll_seconds,
    )


def recording(account: str, number: str, records: Records | None) -> Recording:
    from orderledger.venues.tradier.translate import TradierRecording

    return TradierRecording(account, records, number=number or None)


def order_entry(settings: TradierSettings, account: str) -> OrderEntry:
    from orderledger.venues.tradier.order_entry import TradierOrderEntry

    return TradierOrderEntry(
        account=account,
        number=settings.number,
        token=settings.token.read("venues.tradier.token"),
        url=settings.url,
        now=SystemClock().now,
        native_groups=settings.native_groups,
    )


ADAPTER = Adapter(
    name=NAME,
    settings=TradierSettings,
    build=build,
    recording=recording,
    alias=TAG_ALIAS,
    alias_prefixes=(LEG_ALIAS,),
    order_entry=order_entry,
    simulation="orderledger.simulation.tradier.simulated:simulated",
)
