"""One ledger in memory for all stories of a file."""

from collections.abc import Iterator

import pytest

from orderledger import Ledger
from orderledger.infrastructure.clock import SteppingClock
from tests.core.properties import checks


@pytest.fixture(scope="module")
def ledger() -> Iterator[Ledger]:
    """One for all examples: each has an account of its own."""
    with Ledger.open(
        "memory://", clock=SteppingClock(checks.RECORDED_AT), update_views=False
    ) as opened:
        yield opened
