"""From settings to venues: the one place that knows every adapter."""

import asyncio
import random
from dataclasses import replace
from functools import partial

from orderledger.infrastructure.clock import SystemClock
from orderledger.infrastructure.sync.collecting.settings import (
    HyperliquidSettings,
    LighterSettings,
    TradierSettings,
    VenueSettings,
)
from orderledger.infrastructure.venues.base.venue import Records, Venue


def build(settings: VenueSettings, records: Records) -> Venue:
    """The venue of one section. Raises InvalidSetting where a secret cannot be read."""
    match settings:
        case HyperliquidSettings():
            return _hyperliquid(settings, records)
        case LighterSettings():
            return _lighter(settings, records)
        case TradierSettings():
            return _tradier(settings, records)


def _hyperliquid(settings: HyperliquidSettings, records: Records) -> Venue:
    from orderledger.infrastructure.venues.hyperliquid.limits import Limits
    from orderledger.infrastructure.venues.hyperliquid.venue import Hyperliquid

    return Hyperliquid(
        {one.account: one.address for one in settings.accounts},
        url=settings.url,
        websocket_url=settings.websocket_url,
        exchanges=settings.exchanges,
        limits=Limits(users=settings.websocket_users, weight_per_minute=settings.weight_per_minute),
        records=records,
    )


def _lighter(settings: LighterSettings, records: Records) -> Venue:
    from orderledger.infrastructure.venues.lighter.rest import PREMIUM, STANDARD
    from orderledger.infrastructure.venues.lighter.venue import LighterAccount, LighterVenue

    token = partial(settings.token.read, "venues.lighter.token")
    token()  # one that is not there is told at once; it is read again for each connection, since tokens end
    allowed = settings.requests_per_minute
    return LighterVenue(
        {settings.account: LighterAccount(account_index=settings.account_index, token=token)},
        url=settings.url,
        websocket_url=settings.websocket_url,
        records=records,
        allowance=replace(STANDARD if allowed <= STANDARD.per_minute else PREMIUM, per_minute=allowed),
    )


def _tradier(settings: TradierSettings, records: Records) -> Venue:
    from orderledger.infrastructure.venues.tradier.venue import TradierVenue

    return TradierVenue(
        accounts={settings.account: settings.number},
        token=settings.token.read("venues.tradier.token"),
        records=records,
        now=SystemClock().now,
        sleep=asyncio.sleep,
        chance=random.Random(),
        url=settings.url,
        stream_url=settings.websocket_url,
        budget=settings.requests_per_minute,
        poll_seconds=settings.poll_seconds,
    )
