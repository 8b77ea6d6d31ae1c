"""The harness of these tests: a made-up venue, the real adapter on it, and a ledger that records
what it tells."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from orderledger import Ledger
from orderledger.projections.view import Row
from orderledger.simulation.hyperliquid.server import HyperliquidServer
from orderledger.simulation.market import ExchangeSimulator
from orderledger.simulation.servers import Faults
from orderledger.testing.listener import PATIENCE, Listener
from orderledger.venues.base.transport import Backoff
from orderledger.venues.base.venue import Messages
from orderledger.venues.hyperliquid.limits import HyperliquidLimits
from orderledger.venues.hyperliquid.venue import Hyperliquid
from orderledger.venues.hyperliquid.venue_context import Pace
from orderledger.venues.reconciliation.book import BookRecords
from tests.typed import values

ACCOUNT = "hyperliquid:main"
ADDRESS = "0x" + "aa" * 20
CLOID = "0x" + "b01".zfill(32)
START = datetime(2026, 9, 21, 12, tzinfo=UTC)
PACE = Pace(hold=0.1, acknowledge=2.0, ping=0.2, quiet=2.0, round=0.05, fundings=0.0)
TERMS: dict[str, Any] = {
    "instrument": "ETH",
    "side": "buy",
    "quantity": "1.2",
    "limit_price": "2500.5",
}


class Milliseconds:
    """A clock that moves by a millisecond at each reading: no two facts of the venue have the same
    time."""

    def __init__(self) -> None:
        self._now = START

    def now(self) -> datetime:
        self._now += timedelta(milliseconds=1)
        return self._now


class Harness(Listener):
    """A ledger that records everything an adapter tells, as it comes."""

    def __init__(self, server: HyperliquidServer, venue: Hyperliquid, ledger: Ledger) -> None:
        super().__init__(ledger)
        self.server = server
        self.venue = venue
        self._listening = self.listen_to(venue)

    @property
    def recorded(self) -> int:
        return self.outcomes.count("recorded")

    @property
    def heard_of(self) -> set[str]:
        """Accounts about which messages came."""
        return {told.account for told in self.received if isinstance(told, Messages)}

    def only_order(self) -> Row:
        (row,) = self.ledger.orders()
        return row

    def is_order(self, **expected: Any) -> bool:
        """Whether there is one order, and these columns of it are so."""
        rows = self.ledger.orders()
        return len(rows) == 1 and values(rows[0], expected) == list(expected.values())

    async def ended(self) -> None:
        """The listening has ended by itself."""
        await asyncio.wait_for(self._listening, PATIENCE)

    async def close(self) -> None:
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        await self.venue.aclose()
        self.ledger.close()


def adapter(
    server: HyperliquidServer,
    ledger: Ledger | None = None,
    accounts: dict[str, str] | None = None,
    **options: Any,
) -> Hyperliquid:
    """The real adapter, on a made-up venue."""
    return Hyperliquid(
        accounts or {ACCOUNT: ADDRESS},
        url=server.http_url,
        **{
            "pace": PACE,
            "backoff": Backoff(random.Random(1), first=0.005, most=0.05),
            "clock": Milliseconds(),
            "records": BookRecords(ledger) if ledger is not None else None,
            **options,
        },
    )


def made_up(*, faults: Faults | None = None, **options: Any) -> HyperliquidServer:
    return HyperliquidServer(
        ExchangeSimulator(clock=Milliseconds(), first_order_id=700_000_000_101),
        faults=faults,
        **options,
    )


@asynccontextmanager
async def listening(server: HyperliquidServer, **options: Any) -> AsyncIterator[Harness]:
    """The venue serves, and the adapter listens to it."""
    async with server:
        ledger = Ledger.open("memory://")
        harness = Harness(server, adapter(server, ledger, **options), ledger)
        try:
            yield harness
        finally:
            await harness.close()


def polling(**limits: Any) -> HyperliquidLimits:
    """No room for any stream."""
    return HyperliquidLimits(**{"users": 0, **limits})


def some(count: int) -> dict[str, str]:
    """So many accounts."""
    return {f"hyperliquid:{number}": f"0x{number:040x}" for number in range(1, count + 1)}


async def up(harness: Harness) -> HyperliquidServer:
    await harness.until(lambda: "Up" in harness.kinds)
    return harness.server
