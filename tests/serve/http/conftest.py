"""A ledger with a day of orders."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orderledger import Ledger
from orderledger.infrastructure.clock import SteppingClock
from tests.serve.http.harness import BEGAN_AT, day


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "orders.db"


@pytest.fixture
def ledger(store: Path) -> Iterator[Ledger]:
    with Ledger.open(store, clock=SteppingClock(BEGAN_AT), update_views=False) as ledger:
        ledger.record_many(day())
        yield ledger
