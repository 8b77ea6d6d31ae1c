"""A ledger in each kind of store, and two on one store.

Tests that take `ledger` alone run a second time, on SQLite, with the methods of `AsyncLedger`.
"""

from collections.abc import Iterator

import pytest

from orderledger import Ledger
from orderledger.infrastructure.clock import SteppingClock
from tests.asyncio_ledger import waiting
from tests.core.contract.streams import MADE_AT, opened

DOORS = ("calls", "coroutines")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Coroutines are tested on one store: what differs between stores lies behind them."""
    items[:] = [one for one in items if _is_wanted(one)]


def _is_wanted(item: pytest.Item) -> bool:
    given = getattr(getattr(item, "callspec", None), "params", {})
    return given.get("ledger") != "coroutines" or given.get("store_url") == "sqlite"


@pytest.fixture(params=DOORS)
def ledger(store_url: str, request: pytest.FixtureRequest) -> Iterator[Ledger]:
    """A ledger that is used by calls, or by coroutines."""
    with opened(store_url) as ledger:
        if request.param == "calls":
            yield ledger
            return
        with waiting(ledger) as around:
            yield around


@pytest.fixture
def two(durable_store_url: str) -> Iterator[tuple[Ledger, Ledger]]:
    """Two ledgers on one store, as in two processes of one machine."""
    clock = SteppingClock(MADE_AT)
    with (
        Ledger.open(durable_store_url, clock=clock) as one,
        Ledger.open(durable_store_url, clock=clock) as other,
    ):
        yield one, other
