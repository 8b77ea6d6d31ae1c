"""The demo's environment: three instruments at a simulated venue, with one virtual time for all."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from orderledger import Ledger
from orderledger.simulation.local import CALM, LocalVenue, SimulatedInstrument

ACCOUNT = "sim:main"
OPENING = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
LIMIT_NOTIONAL = Decimal(100_000)
"""Limit of the risk check: the largest value of an order, in USD."""

INSTRUMENTS = (
    SimulatedInstrument(
        name="BTC-USD",
        currency="USD",
        tick=Decimal("0.5"),
        lot=Decimal("0.05"),
        price=Decimal(64_000),
    ),
    SimulatedInstrument(
        name="ETH-USD",
        currency="USD",
        tick=Decimal("0.05"),
        lot=Decimal("0.5"),
        price=Decimal(3_200),
    ),
    SimulatedInstrument(
        name="SOL-USD", currency="USD", tick=Decimal("0.01"), lot=Decimal(5), price=Decimal(140)
    ),
)
TICKS = {instrument.name: instrument.tick for instrument in INSTRUMENTS}


class VenueClock:
    """The ledger's clock in the demo: the venue's time, so that one seed gives one log."""

    def __init__(self, venue: LocalVenue) -> None:
        self._venue = venue

    def now(self) -> datetime:
        """The venue's virtual time."""
        return self._venue.now


def store_in(folder: Path) -> Path:
    """The path of the ledger's store."""
    return folder / "orders.db"


def memory_in(folder: Path) -> Path:
    """The path of the venue's memory. The venue outlives the processes that trade with it."""
    return folder / "venue.json"


def new_venue(seed: int, memory: Path) -> LocalVenue:
    """A venue that opens for the day. Its failures are not random: the story sets them."""
    return LocalVenue(
        seed,
        start=OPENING,
        instruments=INSTRUMENTS,
        account=ACCOUNT,
        faults=CALM,
        flow_interval_seconds=1.0,
        memory=memory,
    )


def open_ledger(store: Path, venue: LocalVenue) -> Ledger:
    """The ledger on the venue's clock. No background update: queries update the views, at known
    moments."""
    return Ledger.open(str(store), clock=VenueClock(venue), update_views=False)
