"""The service on each kind of store: the same answers, byte for byte, and the same stream."""

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from orderledger import Ledger
from orderledger.infrastructure.clock import SteppingClock
from orderledger.serve.collections import COLLECTIONS
from orderledger.simulation.servers.ports import held
from tests.serve.http.harness import BEGAN_AT, client_of, day, document_of
from tests.serve.http.processes import Server, StreamReader, reading

FILTERS = (
    "open=true", "account=sim:1&order=newest&limit=3", "search=C-2", "search=V-1", "as_of=40",
    "since=2026-11-20T09:00:05Z",
    "effective_at=2026-11-20T09:00:10Z", "count=true&limit=2&order=desc", "columns=account,status",
    "certainty=unresolved",
)  # fmt: skip
NEEDED = {"history": "?id=C-3", "restate": "?view=orders&from=1", "valuation": "?in=USD"}
PATHS = (
    *(f"/api/{one.path}{NEEDED.get(one.path, '')}" for one in COLLECTIONS),
    *(f"/api/orders?{one}" for one in FILTERS),
    *(f"/api/events?{one}" for one in ("stream=sim%3A0%2FC-3", "name=fill_recorded",
    "after=50&limit=7", "order=desc&limit=5")),
    "/api/orders/sim:0/C-3", "/api/orders/sim:0/V-3", "/api/orders/sim:0/C-3/history",
    "/api/orders/sim:0/C-3/explanation",
    "/api/orders/sim:0/C-3?as_of=12", "/api/orders/sim:0/nothing",
    "/api/pnl?by=strategy,day&method=fifo",
)  # fmt: skip
HALT = {"account": "sim:0", "reason": "operator", "text": "wait", "message_id": "H-1"}
RESUME = {"account": "sim:0", "message_id": "H-2"}
REFUSED = document_of(next(day())) | {"quantity": "7"}
OF_THIS_RUN = re.compile(
    r"(?m)^(#.*|(process|python)_.*"
    r"|orderledger_(\S*age_seconds|reading|commit|queue|views_delay)\S* .*)$"
)


def told_by(url: str) -> dict[str, tuple[int, bytes]]:
    """The status and body of every answer, after a day was recorded over HTTP and trading was
    halted."""

    async def ask(ledger: Ledger) -> dict[str, tuple[int, bytes]]:
        found: dict[str, tuple[int, bytes]] = {}

        def keep(name: str, answer: httpx.Response) -> None:
            found[name] = answer.status_code, answer.content

        async with client_of(ledger) as client:
            for number, message in enumerate(day(12)):
                keep(
                    f"message {number}",
                    await client.post("/api/messages", json=document_of(message)),
                )
            bodies: tuple[tuple[str, dict[str, Any]], ...] = (
                ("/api/messages", REFUSED), ("/api/halts", HALT), ("/api/halts/resume", RESUME),
                ("/api/halts", HALT),
            )  # fmt: skip
            for number, (path, body) in enumerate(bodies):
                keep(f"{number} {path}", await client.post(path, json=body))
            for path in (*PATHS, "/health/live", "/health/ready"):
                keep(path, await client.get(path))
            metrics = await client.get("/metrics")
            lines = OF_THIS_RUN.sub("", metrics.text).split("\n")
            found.update(
                (f"/metrics {line.rpartition(' ')[0]}", (metrics.status_code, line.encode()))
                for line in lines
            )
        return found

    with Ledger.open(url, clock=SteppingClock(BEGAN_AT), update_views=False) as ledger:
        return asyncio.run(ask(ledger))


@pytest.mark.slow
def test_every_answer_is_the_same_on_each_kind_of_store(
    tmp_path: Path, postgres_ledger_url: str
) -> None:
    sqlite = told_by(str(tmp_path / "orders.db"))
    assert {status for path, (status, _) in sqlite.items() if "nothing" not in path} == {200, 409}
    postgres = told_by(postgres_ledger_url)
    for path, answer in sqlite.items():
        assert postgres[path] == answer, path


@pytest.mark.slow
def test_a_reader_resumes_where_it_stopped_on_each_kind_of_store(durable_store_url: str) -> None:
    """The server is killed and started again under its reader, while another process records."""
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        first, second = list(day(20))[:30], list(day(20))[30:]
        with (
            held("127.0.0.1") as keeping,
            Server(durable_store_url, port=keeping.getsockname()[1]) as server,
        ):
            reader = StreamReader(server.url)
            with reading(reader):
                last = ledger.record_many(first)[-1].position or 0
                reader.wait_for(last)
                server.kill()
                last = ledger.record_many(second)[-1].position or 0
                with Server(durable_store_url, port=server.port):
                    reader.wait_for(last)
        assert reader.positions() == list(range(1, last + 1))
