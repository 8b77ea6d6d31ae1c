"""Tradier in the registry: its networks and settings, and functions that make its parts."""

import asyncio
import random
from typing import Literal

from pydantic import Field

from orderledger.extend.values import SystemClock
from orderledger.venues.base.adapter import Adapter
from orderledger.venues.base.networks import Network, Networks
from orderledger.venues.base.order_entry import OrderEntry
from orderledger.venues.base.recorded import Recording
from orderledger.venues.base.settings import (
    WEBSOCKET_URL,
    OneAccountSection,
    Seconds,
    Secret,
    WebsocketUrl,
)
from orderledger.venues.base.venue import Records, Venue
from orderledger.venues.tradier.vocabulary import LEG_ALIAS, NAME, TAG_ALIAS

LIVE_PER_MINUTE = 120
SANDBOX_PER_MINUTE = 60
"""Queries per minute, for each token."""

NETWORKS = Networks(
    {
        "live": Network("https://api.tradier.com/v1", "wss://ws.tradier.com/v1/accounts/events"),
        "sandbox": Network(
            "https://sandbox.tradier.com/v1", "wss://sandbox-ws.tradier.com/v1/accounts/events"
        ),
    },
    "/accounts/events",
)


class TradierSettings(OneAccountSection):
    """One account at Tradier."""

    networks = NETWORKS
    defaults_of_networks = {"sandbox": {"requests_per_minute": SANDBOX_PER_MINUTE}}  # noqa: RUF012  (declared by VenueSection)
    venue: Literal["tradier"]
    number: str = Field(
        pattern=r"^[A-Za-z0-9]{1,30}$", description="The account number at the venue."
    )
    token: Secret = Field(description="The access token.")
    websocket_url: WebsocketUrl = Field(default="", description=WEBSOCKET_URL)
    requests_per_minute: int = Field(
        default=LIVE_PER_MINUTE,
        ge=1,
        description="Queries that the venue allows per minute. Default in the sandbox: 60.",
    )
    poll_seconds: Seconds = Field(
        default=2.0, description="Seconds between two queries of the orders while any is open."
    )

    @property
    def at_venue(self) -> tuple[str, ...]:
        return (f"number {self.number}",)


def build(settings: TradierSettings, records: Records) -> Venue:
    from orderledger.venues.tradier.venue import TradierVenue

    return TradierVenue(
        accounts={settings.account: settings.number},
        token=settings.token.read("venues.tradier.token"),
        records=records,
        now=SystemClock().now,
        sleep=asyncio.sleep,
        chance=random.Random(),
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
