"""The venues that the rules of `orderledger.testing` are tried with."""

import pytest

from orderledger.testing import VenueUnderTest
from tests.venues.harness import venue_named
from tests.worlds.plan import VENUES


@pytest.fixture(params=VENUES)
def under_test(request: pytest.FixtureRequest) -> VenueUnderTest:
    return venue_named(request.param)
