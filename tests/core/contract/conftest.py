"""A ledger in each kind of store, and two on one store."""

from collections.abc import Iterator

import pytest

from orderledger import Ledger
from orderledger.infrastructure.clock import SteppingClock
from tests.core.contract.streams import MADE_AT, opened


@pytest.fixture
def ledger(store_url: str) -> Iterator[Ledger]:
    with opened(store_url) as ledger:
        yield ledger


@pytest.fixture
def two(durable_store_url: str) -> Iterator[tuple[Ledger, Ledger]]:
    """Two ledgers on one store, as in two processes of one machine."""
    clock = SteppingClock(MADE_AT)
    with (
        Ledger.open(durable_store_url, clock=clock) as one,
        Ledger.open(durable_store_url, clock=clock) as other,
    ):
        yield one, other
