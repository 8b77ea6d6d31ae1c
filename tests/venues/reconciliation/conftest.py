"""A desk for every test: an empty ledger in memory, a plain venue, and one clock for both."""

from collections.abc import Iterator

import pytest

from orderledger import Ledger
from orderledger.infrastructure.clock import SteppingClock
from tests.scenarios import at
from tests.venues.reconciliation.desk import Desk
from tests.venues.reconciliation.plain_venue import PlainVenue


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock(at(0))


@pytest.fixture
def ledger(clock: SteppingClock) -> Iterator[Ledger]:
    with Ledger.open("memory://", clock=clock, update_views=False) as ledger:
        yield ledger


@pytest.fixture
def venue(clock: SteppingClock) -> PlainVenue:
    return PlainVenue(clock)


@pytest.fixture
def desk(ledger: Ledger, venue: PlainVenue, clock: SteppingClock) -> Desk:
    return Desk(ledger, venue, clock)
