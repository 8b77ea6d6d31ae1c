"""The rules of sending, at each of our venues with an order entry of its own."""

import pytest

from orderledger.testing import EntryUnderTest, RulesOfSending
from tests.venues.order_entry.kinds import KINDS


class TestSending(RulesOfSending):
    """Orders sent to each venue."""

    @pytest.fixture(params=KINDS)
    def under_test(self, request: pytest.FixtureRequest) -> EntryUnderTest:
        return KINDS[request.param]
