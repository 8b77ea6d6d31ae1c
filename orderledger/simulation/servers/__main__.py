"""Serves a made-up venue on loopback until it is stopped: `python -m orderledger.simulation.servers tradier > fake.toml`.

On standard output comes a whole file of settings for `orderledger collect`, on standard error what to export for it. Orders come
and go there, and are filled, one happening each `--every` seconds. Needs the extra `fake`.
"""

import argparse
import asyncio
import random
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from orderledger.infrastructure.clock import Clock, SystemClock
from orderledger.infrastructure.venues.base.transport import happens_within
from orderledger.simulation.servers.exchange import Truth
from orderledger.simulation.servers.faults import ANSWER_FAULTS, FRAME_FAULTS, Faults
from orderledger.simulation.servers.flow import HAPPENINGS, Traded, step

if TYPE_CHECKING:
    from orderledger.simulation.servers.server import FakeServer

COINS = (
    Traded(name="ETH", price=Decimal(2500), tick=Decimal("0.05"), lot=Decimal("0.01")),
    Traded(name="BTC", price=Decimal(60000), tick=Decimal("0.5"), lot=Decimal("0.001")),
)
SHARES = (Traded(name="SPY", price=Decimal(500), tick=Decimal("0.01"), lot=Decimal(1)),)
ADDRESS, INDEX, NUMBER = "0x" + "fa" * 20, 281, "VA000001"
TOKEN = "FAKE_TOKEN"
SETTINGS = """db = "fake.db"

[[venues]]
venue = "{venue}"
url = "{url}"
websocket_url = "{websocket_url}"
{section}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """A fake, with what its settings need besides, and what happens at it. `account` is the truth's name of it."""

    server: "FakeServer"
    account: str
    section: str
    token: str | None = None
    path: str = ""
    instruments: Sequence[Traded] = COINS
    happenings: Mapping[str, int]
    client_id: Callable[[int], str | None]
    with_new_id: bool = False


def hyperliquid(faults: Faults, clock: Clock) -> Stand:
    from orderledger.simulation.hyperliquid.server import HyperliquidFake

    return Stand(
        server=HyperliquidFake(Truth(clock=clock, accounts=[ADDRESS], first_order_id=700_000_000_101), faults=faults),
        account=ADDRESS,
        section=f'accounts = [{{ account = "hyperliquid:fake", address = "{ADDRESS}" }}]',
        happenings=HAPPENINGS,
        client_id=lambda number: f"0x{number:032x}",
        with_new_id=True,
    )


def lighter(faults: Faults, clock: Clock) -> Stand:
    from orderledger.simulation.lighter.server import FIRST_ORDER_ID, LighterFake

    name = "lighter:fake"
    truth = Truth(clock=clock, accounts=[name], first_order_id=FIRST_ORDER_ID + 101, first_fill_id=19_300_000_001)
    ends_at = int((clock.now() + timedelta(days=365)).timestamp())
    return Stand(
        server=LighterFake(truth, {name: INDEX}, clock=clock, faults=faults),
        account=name,
        section=f'account = "{name}"\naccount_index = {INDEX}\ntoken = {{ env = "{TOKEN}" }}',
        token=f"{ends_at}:{INDEX}:2:{INDEX:040x}",
        happenings=HAPPENINGS,
        client_id=str,
    )


def tradier(faults: Faults, clock: Clock) -> Stand:
    from orderledger.simulation.tradier.server import TradierFake

    server = TradierFake(Truth(clock=clock, accounts=[NUMBER], first_order_id=900_101, currency="USD"), faults=faults)
    return Stand(
        server=server,
        account=NUMBER,
        section=f'account = "tradier:fake"\nnumber = "{NUMBER}"\ntoken = {{ env = "{TOKEN}" }}',
        token=server.token,
        path="/v1",
        instruments=SHARES,
        happenings={name: often for name, often in HAPPENINGS.items() if name != "fund"},
        client_id=lambda number: f"O-{number}",
    )


STANDS: dict[str, Callable[[Faults, Clock], Stand]] = {"hyperliquid": hyperliquid, "lighter": lighter, "tradier": tradier}


async def serve(told: argparse.Namespace) -> None:
    """Until SIGTERM or SIGINT."""
    stop, chance = asyncio.Event(), random.Random(told.seed)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    faults = Faults(told.seed, **dict.fromkeys((*FRAME_FAULTS, *ANSWER_FAULTS), told.faults))
    stand = STANDS[told.venue](faults, SystemClock())
    stand.server.port = told.port
    async with stand.server as server:
        url = f"{server.http_url}{stand.path}"
        print(SETTINGS.format(venue=told.venue, url=url, websocket_url=server.websocket_url, section=stand.section), flush=True)
        if stand.token is not None:
            print(f"export {TOKEN}={stand.token}", file=sys.stderr, flush=True)
        while not await happens_within(stop, told.every):
            step(
                server.truth,
                chance,
                [stand.account],
                stand.instruments,
                happenings=stand.happenings,
                client_id=stand.client_id,
                with_new_id=stand.with_new_id,
            )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orderledger.simulation.servers", description=__doc__)
    parser.add_argument("venue", choices=STANDS)
    parser.add_argument("--port", type=int, default=0, help="Default: one that is free.")
    parser.add_argument("--seed", type=int, default=0, help="Of what happens, and of the faults.")
    parser.add_argument("--every", type=float, default=1.0, help="Seconds between two happenings. Default: 1.")
    parser.add_argument("--faults", type=float, default=0.0, help="The chance of each fault for a frame or an answer, e.g. 0.01.")
    told = parser.parse_args()
    if not 0 <= told.faults * len(ANSWER_FAULTS) <= 1:
        parser.error(f"--faults: {told.faults:g} for each of {len(ANSWER_FAULTS)} faults is no chance")
    try:
        asyncio.run(serve(told))
    except ModuleNotFoundError as error:
        parser.exit(2, f"no {error.name}: install the extra, pip install 'orderledger[fake]'\n")


if __name__ == "__main__":
    main()
