"""A ledger in each kind of store."""

from collections.abc import Iterator

import pytest

from orderledger import Ledger
from tests.core.contract.streams import opened


@pytest.fixture
def ledger(store_url: str) -> Iterator[Ledger]:
    with opened(store_url) as ledger:
        yield ledger
