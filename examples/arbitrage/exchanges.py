"""Nobitex, Wallex and Invex as simulated servers in one process, around one price that moves. They
replace the real ones.

`python -m examples.arbitrage.exchanges` prints a settings file for `orderledger collect` and serves
until it is stopped. One address more, `control` on the first line, answers `/books` (what the
exchanges themselves hold: the truth that a ledger is compared with). `POST /calm` ends all faults
and all flow.
"""

import argparse
import asyncio
import os
import random
import sys
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from aiohttp import web

from orderledger.extend.values import SystemClock
from orderledger.simulation import (
    BackgroundFlow,
    ExchangeSimulator,
    Faults,
    FeeSchedule,
    InvexServer,
    KeyedServer,
    Kind,
    NobitexServer,
    SimulatedInstrument,
    SimulatedOrder,
    WallexServer,
)

PRICE = Decimal(52_000_000_000)
"""Of a bitcoin, in rial."""
TICK, LOT = Decimal(5_000_000), Decimal("0.0001")
"""Coarse, so that a few orders make a book. In rial; a tick of Wallex is the same in toman."""
FEES = FeeSchedule(maker=Decimal("0.002"), taker=Decimal("0.0025"), is_of_received=True)
APART = 0.016
"""How far the cheapest and the dearest exchange go from the common price. The third keeps to it."""
CHANGES_PER_STEP = 0.003
"""How often the exchanges change these places: every seven seconds. A price needs longer to follow,
so that two of any three differ enough to trade nearly always."""
STEP_SECONDS = 0.02
ORDERS_PER_STEP = 3
TICKS_PER_STEP = 1 / 4
"""How far a price goes in a step: order books are queried once a second."""
POLL_SECONDS = {"nobitex": 4, "wallex": 1.5, "invex": 3}
"""What the exchanges' limits allow: Nobitex 30 lists a minute, two of them in each poll."""
LIMITS = {"nobitex": {"/v3/orderbook": 300, "/market/orders/status": 300}}
"""Requests a minute that the exchanges answer, by path. Wallex and Invex publish no number."""
TOKEN_VARIABLE = "ARBITRAGE_TOKEN"

SETTINGS = """db = "{db}"
reconcile_seconds = 60
"""
SECTION = """
[[venues]]
venue = "{name}"
account = "{account}"
url = "{url}"
poll_seconds = {pause}
idle_seconds = {pause}
token = {{ env = "{variable}" }}"""


@dataclass(kw_only=True)
class Exchange:
    """One exchange with its own market. `rials`: how many rial its unit of price is. `away`: where
    its price goes, off the common one."""

    name: str
    rials: int
    server: KeyedServer
    flow: BackgroundFlow
    away: float = 0.0

    @property
    def instrument(self) -> SimulatedInstrument:
        return self.server.instruments[0]

    def trade(self, price: float, chance: random.Random) -> None:
        """Let the others trade: the exchange's price goes to its target tick by tick."""
        target = Decimal(price * (1 + self.away)) / self.rials
        if chance.random() < TICKS_PER_STEP:
            self.flow.state.price += self.instrument.tick * (1 if target > self.flow.price else -1)
        for _ in range(ORDERS_PER_STEP):
            self.flow.step(SystemClock().now())

    def books(self) -> dict[str, Any]:
        """All that the exchange holds of the account."""
        exchange, account = self.server.exchange, self.server.account
        orders = [
            {
                "client_id": one.client_id,
                "status": str(one.status),
                "filled": str(one.filled),
                "at": one.created_at.isoformat(),
            }
            for one in exchange.orders(account)
        ]
        fills = [
            {
                "client_id": one.client_id,
                "side": str(one.side),
                "quantity": str(one.quantity),
                "price": str(one.price),
            }
            for one in exchange.fills(account)
        ]
        position = exchange.position(account, self.instrument.name).quantity
        return {
            "instrument": self.instrument.name,
            "position": str(position),
            "orders": orders,
            "fills": fills,
        }


def exchange(
    name: str,
    make: type[KeyedServer],
    instrument_name: str,
    rials: int,
    token: str,
    away: float,
    chance: random.Random,
) -> Exchange:
    """One exchange with a filled book. One order in twelve is refused for lack of funds."""
    instrument = SimulatedInstrument(
        name=instrument_name, price=PRICE / rials, tick=TICK / rials, lot=LOT
    )
    market = ExchangeSimulator(
        clock=SystemClock(),
        accounts=[f"{name}:main"],
        first_order_id=make.first_order_id,
        first_fill_id=make.first_fill_id,
        fees=FEES,
        instruments=[instrument],
    )

    def refuses(kind: Kind, order: SimulatedOrder) -> str | None:
        return "insufficient_funds" if kind is Kind.PLACED and chance.random() < 1 / 12 else None

    market.rules.judge = refuses
    faults = Faults(chance.randrange(2**32), lose_answer=0.02)
    server = make(
        market,
        account=f"{name}:main",
        key=token,
        instruments=[instrument],
        faults=faults,
        limits=LIMITS.get(name),
    )
    flow = BackgroundFlow(market, instrument, chance)
    flow.state.price += round(flow.price * Decimal(away) / instrument.tick) * instrument.tick
    flow.open(SystemClock().now())
    return Exchange(name=name, rials=rials, server=server, flow=flow, away=away)


class Control:
    """A control server beside the exchanges: it shows their books, and ends all faults."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self._exchanges = exchanges
        self.is_calm = False

    async def start(self) -> str:
        application = web.Application()
        application.add_routes(
            [
                web.get("/books", self._books),
                web.post("/calm", self._calm),
            ],
        )
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def _books(self, request: web.Request) -> web.Response:
        return web.json_response({one.server.account: one.books() for one in self._exchanges})

    async def _calm(self, request: web.Request) -> web.Response:
        self.is_calm = True
        for one in self._exchanges:
            one.server.faults.heal()
            one.server.exchange.rules.judge = lambda kind, order: None
        return web.json_response({})


def places(chance: random.Random) -> list[float]:
    """Where the exchanges' prices go, off the common one."""
    return chance.sample([-APART, 0.0, APART], 3)


async def serve(seed: int, db: str) -> None:
    """Until the process is ended."""
    chance, token = random.Random(seed), os.environ[TOKEN_VARIABLE]
    first, second, third = places(chance)
    exchanges = [
        exchange("nobitex", NobitexServer, "BTC/IRR", 1, token, first, chance),
        exchange("wallex", WallexServer, "BTC/IRT", 10, token, second, chance),
        exchange("invex", InvexServer, "BTC/IRR", 1, token, third, chance),
    ]
    control = Control(exchanges)
    print(f"# control {await control.start()}\n{SETTINGS.format(db=db)}", end="")
    for one in exchanges:
        await one.server.start()
        names = {"name": one.name, "account": one.server.account, "url": one.server.http_url}
        print(SECTION.format(**names, pause=POLL_SECONDS[one.name], variable=TOKEN_VARIABLE))
    sys.stdout.close()  # the settings are whole
    price = float(PRICE)
    while True:
        price *= 1 + chance.gauss(0, 0.0001)
        if chance.random() < CHANGES_PER_STEP:
            for one, away in zip(exchanges, places(chance), strict=True):
                one.away = away
        for one in exchanges:
            if not control.is_calm:
                one.trade(price, chance)
        await asyncio.sleep(STEP_SECONDS)


def main() -> None:
    parser = argparse.ArgumentParser(description="Simulated Nobitex, Wallex and Invex.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--db", default="arbitrage.db", help="Written into the settings that are printed."
    )
    options = parser.parse_args()
    asyncio.run(serve(options.seed, options.db))


if __name__ == "__main__":
    main()
