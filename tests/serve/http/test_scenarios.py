"""The scenarios of FIX over HTTP: the same outcomes and the same orders as in Python."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from orderledger import Ledger
from orderledger.infrastructure.clock import SteppingClock
from tests.serve.http.harness import BEGAN_AT, client_of

pytestmark = pytest.mark.shared


@pytest.fixture
def cases(shared: Path) -> list[dict[str, Any]]:
    convert = [
        shared / "tools" / "fix_cases_to_messages.py",
        shared / "data" / "cases" / "fix_order_state.json",
    ]
    printed = subprocess.run(
        [sys.executable, *map(str, convert)], capture_output=True, check=True
    ).stdout
    return [json.loads(line) for line in printed.splitlines()]


def path_of(account: str, order_id: str) -> str:
    return f"/api/orders/{quote(account, safe='')}/{quote(order_id, safe='')}"


def test_every_scenario_of_fix_ends_over_http_as_the_matrix_says(
    cases: list[dict[str, Any]], store_url: str
) -> None:
    lines = ["\n".join(json.dumps(message) for message in case["messages"]) for case in cases]

    async def told(ledger: Ledger) -> tuple[list[list[str]], list[list[dict[str, Any]]]]:
        outcomes, found = [], []
        async with client_of(ledger) as client:
            for text in lines:
                answer = await client.post(
                    "/api/messages", content=text, headers={"Content-Type": "application/x-ndjson"}
                )
                outcomes.append([json.loads(line)["outcome"] for line in answer.text.splitlines()])
            for case in cases:
                paths = [path_of(case["messages"][0]["account"], name) for name in case["expected"]]
                found.append([(await client.get(path)).json() for path in paths])
        return outcomes, found

    with Ledger.open(store_url, clock=SteppingClock(BEGAN_AT), update_views=False) as ledger:
        outcomes, found = asyncio.run(told(ledger))
    with Ledger.open("memory://", clock=SteppingClock(BEGAN_AT), update_views=False) as other:
        assert outcomes == [
            [one.outcome for one in other.recording.record_lines(text.splitlines())]
            for text in lines
        ]
    assert len(found) > 30
    for case, rows in zip(cases, found, strict=True):
        for (name, wanted), row in zip(case["expected"].items(), rows, strict=True):
            assert {field: row.get(field) for field in wanted} == wanted, (case["id"], name, row)
