"""An empty ledger in memory."""

from collections.abc import Iterator

import pytest

from orderledger import Ledger
from orderledger.infrastructure.clock import SteppingClock
from tests.core.domain.positions import START


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger.open("memory://", clock=SteppingClock(START), update_views=False) as ledger:
        yield ledger
