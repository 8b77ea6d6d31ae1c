"""A second process takes an account over when its sender is killed."""

import asyncio
import os

import pytest

from tests.gateway.processes.failover import measure
from tests.gateway.processes.trader import LEASE_SECONDS

SLOWNESS = 8.0
"""Seconds that a busy machine may add. `docs/explanation/reliability.md` has measured figures."""
KILLS = int(os.environ.get("ORDERLEDGER_FAILOVER_KILLS", "3"))


@pytest.mark.slow
def test_the_next_process_has_every_order_of_a_killed_sender(durable_store_url: str) -> None:
    found = asyncio.run(measure(durable_store_url, KILLS))
    print(found)
    assert (found.forgotten, found.doubled) == ([], [])
    assert max(found.seconds) < LEASE_SECONDS + 1 + SLOWNESS
    assert sum(len(one["open"]) for one in found.taken) > 3
