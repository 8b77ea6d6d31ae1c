"""The venues that take orders."""

import asyncio
from random import Random

import pytest

from orderledger.infrastructure.clock import SystemClock
from orderledger.simulation.hyperliquid.server import HyperliquidServer
from orderledger.simulation.lighter.server import FIRST_ORDER_ID, LighterServer
from orderledger.simulation.market import EntryRules
from orderledger.simulation.servers.server import VenueServer
from orderledger.simulation.tradier.server import TradierServer
from orderledger.testing.order_entry import SECRET, EntryHarness, EntryUnderTest
from orderledger.venues.base.order_entry import OrderEntry
from orderledger.venues.base.transport import Backoff
from orderledger.venues.base.venue import Records, Venue
from orderledger.venues.hyperliquid.order_entry import HyperliquidOrderEntry
from orderledger.venues.hyperliquid.signing import signer_of
from orderledger.venues.hyperliquid.venue import Hyperliquid
from orderledger.venues.lighter.order_entry import LighterOrderEntry
from orderledger.venues.lighter.signing import SdkSigner
from orderledger.venues.lighter.tokens import LighterAccount
from orderledger.venues.lighter.venue import LighterVenue
from orderledger.venues.tradier.order_entry import TradierOrderEntry
from orderledger.venues.tradier.venue import TradierVenue

LIGHTER_KEY = SECRET + "5e" * 8
"""Keys have 40 bytes there."""

NUMBER = "VA000001"
ADDRESS = "0xd8291e50e2e68fb2c70d77ccdc707d291a89f209"
"""Of the key."""


def _tradier(server: VenueServer, account: str) -> OrderEntry:
    assert isinstance(server, TradierServer)
    return TradierOrderEntry(
        account=account,
        number=NUMBER,
        token=SECRET,
        url=server.url,
        now=SystemClock().now,
        timeout=5,
    )


def _query_tradier(server: VenueServer, account: str, records: Records) -> Venue:
    assert isinstance(server, TradierServer)
    return TradierVenue(
        accounts={account: NUMBER},
        token=SECRET,
        records=records,
        now=SystemClock().now,
        sleep=asyncio.sleep,
        backoff=Backoff(Random(1)),
        url=server.url,
        stream_url=None,
        requests_per_minute=10_000,
    )


def _query_hyperliquid(server: VenueServer, account: str, records: Records) -> Venue:
    return Hyperliquid({account: ADDRESS}, url=server.http_url, records=records)


def _query_lighter(server: VenueServer, account: str, records: Records) -> Venue:
    token = f"{int(SystemClock().now().timestamp()) + 3600}:1234:3:00ff"
    account_there = LighterAccount(account_index=1234, token=lambda: token)
    return LighterVenue({account: account_there}, url=server.http_url, records=records)


def _refused_by_tradier(world: EntryHarness) -> None:
    assert isinstance(world.server, TradierServer)
    world.server.desk.errors = [
        "Sell order cannot be placed unless you are closing a long position"
    ]


def _hyperliquid(server: VenueServer, account: str) -> OrderEntry:
    assert isinstance(server, HyperliquidServer)
    sign = signer_of(SECRET, is_mainnet=False)
    return HyperliquidOrderEntry(
        account=account, url=server.http_url, sign=sign, now=SystemClock().now, timeout=5
    )


def _without_margin(world: EntryHarness) -> None:
    world.exchange.rules = EntryRules(judge=lambda kind, order: "insufficient_margin")


def _lighter(server: VenueServer, account: str) -> OrderEntry:
    signer = SdkSigner(
        url=server.http_url, account_index=1234, api_key_index=3, private_key=LIGHTER_KEY
    )
    now = SystemClock().now
    return LighterOrderEntry(
        account=account,
        account_index=1234,
        api_key_index=3,
        url=server.http_url,
        signer=signer,
        now=now,
        timeout=5,
    )


TRADIER = EntryUnderTest(
    name="tradier",
    query=_query_tradier,
    there=NUMBER,
    instrument="SPY",
    quantity="10",
    price="500.25",
    better_price="500.5",
    serve=lambda exchange, faults: TradierServer(exchange, token=SECRET, faults=faults),
    connect=_tradier,
    refuse=_refused_by_tradier,
    refusal="no_position",
    first_order_id=900_101,
    accepts_with="pending_new",
)

HYPERLIQUID = EntryUnderTest(
    name="hyperliquid",
    query=_query_hyperliquid,
    there=ADDRESS,
    instrument="ETH",
    quantity="0.5",
    price="2500.5",
    better_price="2501.5",
    serve=lambda exchange, faults: HyperliquidServer(exchange, faults=faults),
    connect=_hyperliquid,
    refuse=_without_margin,
    refusal="insufficient_margin",
    first_order_id=700_000_000_101,
    answers_replace=True,
)

LIGHTER = EntryUnderTest(
    name="lighter",
    query=_query_lighter,
    there="1234",
    instrument="ETH",
    quantity="0.5",
    price="2500.5",
    better_price="2501.5",
    serve=lambda exchange, faults: LighterServer(
        exchange, {"1234": 1234}, clock=SystemClock(), faults=faults
    ),
    connect=_lighter,
    refuse=_without_margin,
    refusal="insufficient_margin",
    first_order_id=FIRST_ORDER_ID,
    accepts_with="pending_new",
    cancel_of_filled=(),
    secret=LIGHTER_KEY,
)

KINDS = {kind.name: kind for kind in (TRADIER, HYPERLIQUID, LIGHTER)}

every_kind = pytest.mark.parametrize("name", KINDS)
