"""A query that takes too long is stopped, and long ones leave room for recording."""

import asyncio
import itertools
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from orderledger import Ledger
from orderledger.infrastructure.deadline import OutOfTime, deadline, within_time
from orderledger.infrastructure.views.views import FoldedViews
from orderledger.serve.answers import QueryPools
from orderledger.serve.problems import Problem
from orderledger.serve.settings import ServerLimits
from tests.serve.http.harness import day, document_of
from tests.serve.http.processes import Server

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT MAX(i) FROM n"


def folding(ledger: Ledger) -> object:
    """Fold a log that has no end."""
    events = itertools.cycle(list(ledger.internals.store.all_events()))
    return FoldedViews(within_time(events), None, None)


def counting(ledger: Ledger) -> object:
    """Ask the database for something that has no end."""
    with ledger.internals.store.database.reading() as session:
        return session.execute(ENDLESS)


@pytest.mark.slow
@pytest.mark.parametrize("query", [folding, counting])
def test_a_query_that_takes_too_long_leaves_its_thread(
    query: Callable[[Ledger], object], durable_store_url: str
) -> None:
    async def ask() -> None:
        answers = QueryPools(ledger, ServerLimits(answer_seconds=0.5, folds=1, folds_waiting=0))
        try:
            with pytest.raises(Problem, match=r"took more than 0\.5 s"):
                await answers.ask(lambda: query(ledger), is_fold=True)
            began = time.monotonic()
            while True:
                try:
                    found = await answers.ask(ledger.log.position, is_fold=True)
                    break
                except Problem:  # the thread is about to stop
                    assert time.monotonic() < began + 20
                    await asyncio.sleep(0.02)
            assert found == ledger.log.position()
        finally:
            answers.close()

    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(day(3))
        ledger.orders()
        asyncio.run(ask())
        assert len(ledger.orders()) == 3  # the connection has no deadline any more


def test_the_update_of_views_has_no_deadline(durable_store_url: str) -> None:
    """What it does counts for all: a query that is late must not throw it away."""
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(day(100))
        with deadline(time.monotonic() - 1), pytest.raises(OutOfTime):
            folding(ledger)
        with deadline(time.monotonic() - 1):
            assert ledger._projector.catch_up() == ledger.log.position()


@pytest.mark.slow
def test_long_folds_leave_room_for_recording(tmp_path: Path) -> None:
    """Clients ask for folds of a log all the time, more than the server does at once. Messages are
    recorded meanwhile."""
    store = tmp_path / "orders.db"
    with Ledger.open(store) as ledger:
        last = ledger.record_many(day(2_000))[-1].position or 0
    numbers = itertools.count()
    stop = threading.Event()
    statuses: set[int] = set()

    def ask() -> None:
        with httpx.Client(base_url=server.url, timeout=60) as client:
            while not stop.is_set():
                statuses.add(client.get(f"/api/positions?as_of={last - next(numbers)}").status_code)

    seconds = []
    with Server(store) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        asking = [threading.Thread(target=ask) for _ in range(4)]
        for thread in asking:
            thread.start()
        try:
            for message in (document_of(one) | {"account": "sim:x"} for one in day(10)):
                began = time.monotonic()
                outcome: dict[str, Any] = client.post("/api/messages", json=message).json()
                seconds.append(time.monotonic() - began)
                assert outcome["outcome"] == "recorded"
        finally:
            stop.set()
        for thread in asking:
            thread.join()
    assert statuses == {200}
    assert statistics.median(seconds) < 1, seconds
