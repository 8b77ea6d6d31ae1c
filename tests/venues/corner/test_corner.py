"""The rules of `orderledger.testing` for an adapter outside the package."""

from random import Random

import pytest

from orderledger.extend.values import Clock
from orderledger.simulation import ExchangeSimulator
from orderledger.simulation.market import HAPPENINGS
from orderledger.simulation.servers.server import VenueServer
from orderledger.simulation.servers.simulated import COINS
from orderledger.testing import (
    RulesOfAsking,
    RulesOfListening,
    RulesOfUnreadableRows,
    VenueUnderTest,
)
from orderledger.venues import Records, Venue
from orderledger.venues.base.transport import Backoff
from tests.venues.corner.simulated import ACCOUNT, KEY, CornerServer
from tests.venues.corner.translate import CLIENT_ID
from tests.venues.corner.venue import CornerVenue


def exchange(clock: Clock) -> ExchangeSimulator:
    return ExchangeSimulator(clock=clock, accounts=[ACCOUNT], currency="USD")


def connect(server: VenueServer, records: Records, clock: Clock, chance: Random) -> Venue:
    return CornerVenue(
        ACCOUNT,
        key=KEY,
        url=server.http_url,
        records=records,
        now=clock.now,
        backoff=Backoff(chance, first=0.001, most=0.02),
    )


CORNER = VenueUnderTest(
    name="corner",
    names={ACCOUNT: ACCOUNT},
    instruments=COINS,
    happenings={name: HAPPENINGS[name] for name in ("place", "partial_fill", "fill", "cancel")},
    new_ids=False,
    can_resize=False,
    reports_fills=False,
    alias=CLIENT_ID,
    client_id=lambda account, name: name,
    others_client_id=str,
    exchange=exchange,
    serve=lambda exchange, faults, clock: CornerServer(exchange, faults=faults),
    connect=connect,
    can_modify=False,
    is_polled=True,
    has_frames=False,
    lists_ended_orders=True,
)


@pytest.fixture
def under_test() -> VenueUnderTest:
    return CORNER


class TestAsking(RulesOfAsking):
    """Queries of Corner."""


class TestUnreadableRows(RulesOfUnreadableRows):
    """Answers of Corner with rows that cannot be read."""


class TestListening(RulesOfListening):
    """Listening to Corner."""
