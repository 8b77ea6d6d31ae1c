"""A ledger with a day of orders."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.infrastructure.clock import SteppingClock
from orderledger.serve.openapi import build
from tests.serve.http.harness import BEGAN_AT, day


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "orders.db"


@pytest.fixture
def ledger(store: Path) -> Iterator[Ledger]:
    with Ledger.open(store, clock=SteppingClock(BEGAN_AT), update_views=False) as ledger:
        ledger.record_many(day())
        yield ledger


@pytest.fixture
def document() -> dict[str, Any]:
    """The OpenAPI document, made in the test that reads it."""
    return build()
