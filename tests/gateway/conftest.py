from collections.abc import Iterator

import pytest

from orderledger import Ledger


@pytest.fixture
def ledger(durable_store_url: str) -> Iterator[Ledger]:
    with Ledger.open(durable_store_url) as ledger:
        yield ledger
