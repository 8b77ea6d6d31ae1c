"""The venues as a world needs them: their exchange, their fake, the real adapter with its waits
scaled down, and how an order of ours is named there."""

import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

from orderledger.infrastructure.clock import Clock
from orderledger.simulation.ccxt import simulated as ccxt_simulated
from orderledger.simulation.ccxt.binance import TOKEN as BINANCE_TOKEN
from orderledger.simulation.ccxt.binance import BinanceServer
from orderledger.simulation.hyperliquid.server import HyperliquidServer
from orderledger.simulation.invex.server import InvexServer, uuid_of
from orderledger.simulation.lighter.server import FIRST_ORDER_ID, LighterServer
from orderledger.simulation.market import (
    HAPPENINGS,
    ExchangeSimulator,
    FeeSchedule,
    SimulatedInstrument,
)
from orderledger.simulation.nobitex.server import NobitexServer
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.keyed import KeyedServer
from orderledger.simulation.servers.server import VenueServer
from orderledger.simulation.tradier.server import TradierServer
from orderledger.simulation.wallex.server import WallexServer, handle
from orderledger.testing import VenueUnderTest
from orderledger.venues.base.transport import Backoff
from orderledger.venues.base.venue import Records, Venue
from orderledger.venues.ccxt.exchange import connected
from orderledger.venues.ccxt.settings import CcxtSettings
from orderledger.venues.ccxt.venue import CcxtVenue
from orderledger.venues.ccxt.vocabulary import CLIENT_ID as CCXT_CLIENT_ID
from orderledger.venues.hyperliquid.limits import HyperliquidLimits
from orderledger.venues.hyperliquid.venue import Hyperliquid
from orderledger.venues.hyperliquid.venue_context import Pace
from orderledger.venues.hyperliquid.vocabulary import CLOID, cloid_for
from orderledger.venues.invex.adapter import INVEX
from orderledger.venues.lighter.ids import hashed_index
from orderledger.venues.lighter.pace import LighterPace
from orderledger.venues.lighter.rest import Allowance, http_for
from orderledger.venues.lighter.venue import LighterAccount, LighterVenue
from orderledger.venues.lighter.vocabulary import CLIENT_ORDER_INDEX
from orderledger.venues.nobitex.adapter import NOBITEX
from orderledger.venues.polled.listed import ListedVenue
from orderledger.venues.polled.table import SpotTable
from orderledger.venues.tradier.tags import tag_for
from orderledger.venues.tradier.venue import TradierVenue
from orderledger.venues.tradier.vocabulary import TAG_ALIAS
from orderledger.venues.wallex.adapter import WALLEX
from tests.worlds.plan import Plan

ROOMY = 1_000_000
"""No limit of a venue is what these worlds are about."""

CCXT_TOKEN = "CCXT_TOKEN_OF_THE_WORLDS"
TOKEN_ENDS = 4_000_000_000


def kind_of(plan: Plan) -> VenueUnderTest:
    return KINDS[plan.venue](plan)


def _waits(chance: Random) -> Backoff:
    return Backoff(chance, first=0.001, most=0.02)


def _some(number: int, name: str) -> str | None:
    """Not everybody gives their orders a name."""
    return None if number % 4 == 0 else name


PERPETUALS = (
    SimulatedInstrument(name="ETH", price=Decimal(2500), tick=Decimal("0.05"), lot=Decimal("0.01")),
    SimulatedInstrument(
        name="BTC", price=Decimal(60000), tick=Decimal("0.5"), lot=Decimal("0.001")
    ),
)
SHARES = (
    SimulatedInstrument(name="SPY", price=Decimal(500), tick=Decimal("0.01"), lot=Decimal(1)),
    SimulatedInstrument(
        name="SPY261218C00500000",
        price=Decimal(12),
        tick=Decimal("0.05"),
        lot=Decimal(1),
        most_lots=9,
    ),
)


def _hyperliquid(plan: Plan) -> VenueUnderTest:
    names = {f"hyperliquid:{number}": f"0x{number:040x}" for number in range(1, plan.accounts + 1)}
    limits = HyperliquidLimits(
        users=plan.streams, weight_per_minute=ROOMY, connections_per_minute=ROOMY
    )
    pace = Pace(hold=0.12, acknowledge=0.15, ping=0.05, quiet=0.5, round=0.01, fundings=0.02)

    def serve(exchange: ExchangeSimulator, faults: Faults, clock: Clock) -> VenueServer:
        return HyperliquidServer(
            exchange, faults=faults, weight=ROOMY, connections_per_minute=ROOMY, connections=100
        )

    def connect(server: VenueServer, records: Records, clock: Clock, chance: Random) -> Venue:
        return Hyperliquid(
            names,
            url=server.http_url,
            limits=limits,
            pace=pace,
            records=records,
            clock=clock,
            backoff=_waits(chance),
        )

    return VenueUnderTest(
        name="hyperliquid",
        names=names,
        instruments=PERPETUALS,
        happenings=HAPPENINGS,
        new_ids=True,
        can_resize=True,
        reports_fills=True,
        alias=CLOID,
        client_id=lambda account, name: cloid_for(name),
        others_client_id=lambda number: _some(number, f"0x{number:032x}"),
        exchange=partial(
            _truth,
            first_order_id=700_000_000_101,
            first_fill_id=200_000_000_001,
            accounts=list(names.values()),
        ),
        serve=serve,
        connect=connect,
    )


def _lighter(plan: Plan) -> VenueUnderTest:
    indexes = {f"lighter:{number}": number + 1000 for number in range(1, plan.accounts + 1)}

    def serve(exchange: ExchangeSimulator, faults: Faults, clock: Clock) -> VenueServer:
        return LighterServer(exchange, indexes, clock=clock, faults=faults)

    def connect(server: VenueServer, records: Records, clock: Clock, chance: Random) -> Venue:
        allowance = Allowance(per_minute=ROOMY)
        accounts = {
            name: LighterAccount(account_index=index, token=partial(token_of, index))
            for name, index in indexes.items()
        }
        return LighterVenue(
            accounts,
            url=server.http_url,
            http=http_for(server.http_url, allowance, backoff=_waits(chance)),
            allowance=allowance,
            records=records,
            clock=clock,
            backoff=_waits(chance),
            pace=LighterPace(
                rest_lag=timedelta(0),
                ping_every=0.05,
                quiet_for=0.5,
                confirm_within=timedelta(milliseconds=500),
            ),
        )

    return VenueUnderTest(
        name="lighter",
        names={name: name for name in indexes},
        instruments=PERPETUALS,
        happenings=HAPPENINGS,
        new_ids=False,
        can_resize=True,
        reports_fills=True,
        alias=CLIENT_ORDER_INDEX,
        client_id=lambda account, name: str(hashed_index(account, name, 0)),
        others_client_id=lambda number: _some(number, str(number)),
        exchange=partial(
            _truth,
            first_order_id=FIRST_ORDER_ID + 101,
            first_fill_id=19_300_000_001,
            accounts=list(indexes),
            fees=FeeSchedule(maker=Decimal("0.000028"), taker=Decimal("0.000196")),
        ),
        serve=serve,
        connect=connect,
    )


def token_of(index: int) -> str:
    """A token for an account of Lighter that holds longer than any world."""
    return f"{TOKEN_ENDS}:{index}:2:{index:040x}"


def _tradier(plan: Plan) -> VenueUnderTest:
    numbers = {f"tradier:{number}": f"VA00000{number}" for number in range(1, plan.accounts + 1)}

    def serve(exchange: ExchangeSimulator, faults: Faults, clock: Clock) -> VenueServer:
        return TradierServer(exchange, faults=faults, limit=ROOMY)

    def connect(server: VenueServer, records: Records, clock: Clock, chance: Random) -> Venue:
        assert isinstance(server, TradierServer)
        return TradierVenue(
            accounts=numbers,
            token=server.token,
            records=records,
            now=clock.now,
            sleep=_sleep,
            url=server.url,
            stream_url=server.websocket_url if plan.streams else None,
            requests_per_minute=ROOMY,
            poll_seconds=0.01,
            idle_seconds=0.03,
            backoff=_waits(chance),
            kept_for=timedelta(milliseconds=200),
        )

    return VenueUnderTest(
        name="tradier",
        is_polled=True,
        lists_ended_orders=True,
        names=numbers,
        instruments=SHARES,
        happenings={name: often for name, often in HAPPENINGS.items() if name != "fund"},
        new_ids=False,
        can_resize=False,
        reports_fills=False,
        alias=TAG_ALIAS,
        client_id=lambda account, name: tag_for(name),
        others_client_id=lambda number: _some(number, f"O-{number}"),
        exchange=partial(
            _truth, first_order_id=900_101, accounts=list(numbers.values()), currency="USD"
        ),
        serve=serve,
        connect=connect,
    )


COIN = SimulatedInstrument(
    name="ETH/USDT", price=Decimal(2500), tick=Decimal("0.01"), lot=Decimal("0.0001")
)
RIAL_MARKETS = (
    SimulatedInstrument(
        name="BTC/IRR", price=Decimal(52_000_000_000), tick=Decimal(10), lot=Decimal("0.000001")
    ),
    COIN,
)
TOMAN_MARKETS = (
    SimulatedInstrument(
        name="BTC/IRT", price=Decimal(5_200_000_000), tick=Decimal(1), lot=Decimal("0.000001")
    ),
    COIN,
)
SPOT_FEES = FeeSchedule(maker=Decimal("0.00015"), taker=Decimal("0.00045"), is_of_received=True)
OVERLAP = timedelta(seconds=2)
"""More than clocks are apart here."""


def _nobitex(plan: Plan) -> VenueUnderTest:
    return _spot(NobitexServer, NOBITEX, RIAL_MARKETS, reports_liquidity=False)


def _invex(plan: Plan) -> VenueUnderTest:
    return _spot(InvexServer, INVEX, RIAL_MARKETS, venue_id=uuid_of)


def _wallex(plan: Plan) -> VenueUnderTest:
    """Names are never used again there."""
    return _spot(
        WallexServer,
        WALLEX,
        TOMAN_MARKETS,
        reports_liquidity=False,
        venue_id=handle,
        others_client_id=lambda number: f"app_{number}" if number % 4 > 1 else None,
    )


def _spot(
    server_of: type[KeyedServer],
    table: SpotTable,
    markets: tuple[SimulatedInstrument, ...],
    **options: Any,
) -> VenueUnderTest:
    """A venue of one account, that can change no order."""
    account = f"{table.name}:1"

    def serve(exchange: ExchangeSimulator, faults: Faults, clock: Clock) -> VenueServer:
        return server_of(exchange, account=account, instruments=markets, faults=faults)

    def connect(server: VenueServer, records: Records, clock: Clock, chance: Random) -> Venue:
        assert isinstance(server, KeyedServer)
        venue = ListedVenue(
            table,
            account,
            token=server.key,
            records=records,
            now=clock.now,
            url=server.http_url,
            poll_seconds=0.01,
            idle_seconds=0.03,
            roomy=ROOMY,
            backoff=_waits(chance),
        )
        venue.overlap, venue.terms_again = OVERLAP, timedelta(0)
        return venue

    usual: dict[str, Any] = {
        "others_client_id": lambda number: _some(number, f"app-{number}"),
        "reports_fills": True,
        "new_ids": False,
        "can_resize": False,
        "can_modify": False,
    }
    first: Any = {
        "first_order_id": server_of.first_order_id,
        "first_fill_id": server_of.first_fill_id,
    }
    return VenueUnderTest(
        name=table.name,
        is_polled=True,
        has_frames=False,
        lists_ended_orders=True,
        names={account: account},
        instruments=markets,
        happenings=server_of.happenings,
        alias=table.alias,
        client_id=lambda account, name: table.client_ids.of(name),
        exchange=partial(_truth, accounts=[account], fees=SPOT_FEES, instruments=markets, **first),
        serve=serve,
        connect=connect,
        **{**usual, **options},
    )


def _ccxt(plan: Plan) -> VenueUnderTest:
    """One account, which is all that an adapter of ccxt has."""

    def serve(exchange: ExchangeSimulator, faults: Faults, clock: Clock) -> VenueServer:
        return BinanceServer(exchange, "main", ccxt_simulated.PERPETUALS, faults=faults)

    def connect(server: VenueServer, records: Records, clock: Clock, chance: Random) -> Venue:
        settings = CcxtSettings.model_validate(
            {
                "venue": "ccxt",
                "exchange": "binanceusdm",
                "account": "ccxt:1",
                "url": server.http_url,
                "websocket_url": server.websocket_url,
                "milliseconds_per_request": 0.001,
                "credentials": {"apiKey": {"env": CCXT_TOKEN}, "secret": {"env": CCXT_TOKEN}},
            }
        )
        os.environ[CCXT_TOKEN] = BINANCE_TOKEN
        return CcxtVenue(
            "ccxt:1",
            exchange=connected(settings),
            records=records,
            now=clock.now,
            symbols=[one.name for one in ccxt_simulated.PERPETUALS],
            streams=plan.streams > 0,
            poll_seconds=0.02,
            idle_seconds=0.03,
            settled_seconds=0.05,
            sleep=_sleep,
            backoff=_waits(chance),
        )

    return VenueUnderTest(
        name="ccxt",
        is_polled=True,
        names={"ccxt:1": "main"},
        instruments=ccxt_simulated.PERPETUALS,
        happenings={
            name: often
            for name, often in HAPPENINGS.items()
            if name not in ccxt_simulated.NOT_THERE
        },
        new_ids=False,
        can_resize=True,
        reports_fills=True,
        alias=CCXT_CLIENT_ID,
        client_id=lambda account, name: name,
        others_client_id=lambda number: _some(number, f"O-{number}"),
        exchange=partial(
            _truth,
            first_order_id=8_000_001,
            first_fill_id=70_001,
            accounts=["main"],
            currency="USDT",
        ),
        serve=serve,
        connect=connect,
    )


async def _sleep(seconds: float) -> None:
    import asyncio

    await asyncio.sleep(seconds)


KINDS: Mapping[str, Callable[[Plan], VenueUnderTest]] = {
    "ccxt": _ccxt,
    "hyperliquid": _hyperliquid,
    "invex": _invex,
    "lighter": _lighter,
    "nobitex": _nobitex,
    "tradier": _tradier,
    "wallex": _wallex,
}


def _truth(clock: Clock, **options: Any) -> ExchangeSimulator:
    fees = (
        FeeSchedule(maker=Decimal("0.00015"), taker=Decimal("0.00045"))
        if options.get("currency") != "USD"
        else None
    )
    return ExchangeSimulator(clock=clock, **{"fees": fees, **options})
