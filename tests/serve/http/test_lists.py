"""The lists of the API are those of the command line: the same rows, in pages, under the same
names."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orderledger import Canceled, Ledger
from orderledger.infrastructure.messages.parsing import parse_document
from orderledger.serve.collections import COLLECTIONS
from tests.command_line import run
from tests.serve.http.harness import BEGAN_AT, asked, client_of, day, document_of

ALONE = ("reconciliation/orders",)
"""A list whose command prints a page; see tests/serve/http/test_reconciliation.py."""
LATER = "2026-12-01T00:00:00Z"
ASKING_MORE = ("history", "restate", "order-records", "valuation")
"""Lists that need a parameter, or that end with a summary on the command line."""
COMMANDS = [
    one.path for one in COLLECTIONS if one.is_of_log and one.path not in (*ASKING_MORE, *ALONE)
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_list_has_the_bytes_of_the_command_line(
    command: str, ledger: Ledger, store: Path
) -> None:
    (answer,) = asked(ledger, f"/api/{command}?limit=5000")
    printed = run(command, "--json", "--db", store).out.encode()
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(
        b'{"rows":[' + b",".join(printed.splitlines()) + b'],"after":null,'
    )


def test_one_order_and_its_history_are_those_of_the_command_line(
    ledger: Ledger, store: Path
) -> None:
    order, history = asked(ledger, "/api/orders/sim:0/C-3", "/api/orders/sim:0/V-3/history")
    assert order.content + b"\n" == run("order", "C-3", "--json", "--db", store).out.encode()
    assert history.json()["rows"] == [
        json.loads(line) for line in run("history", "C-3", "--json", "--db", store).out.splitlines()
    ]


def paged(ledger: Ledger, path: str, **parameters: Any) -> tuple[list[dict[str, Any]], int]:
    """All rows of a list, read in pages, and the number of pages."""

    async def ask() -> tuple[list[dict[str, Any]], int]:
        rows: list[dict[str, Any]] = []
        pages, after = 0, None
        async with client_of(ledger) as client:
            while True:
                answer = await client.get(
                    path, params={**parameters, **({"after": after} if after else {})}
                )
                assert answer.status_code == 200, answer.text
                rows += answer.json()["rows"]
                pages, after = pages + 1, answer.json()["after"]
                if after is None:
                    return rows, pages

    return asyncio.run(ask())


@pytest.mark.parametrize("order", ["asc", "desc", "newest"])
@pytest.mark.parametrize(
    "filters", [{}, {"account": "sim:1"}, {"open": "true"}, {"search": "C-2"}, {"as_of": "60"}]
)
def test_pages_of_orders_leave_out_nothing_and_repeat_nothing(
    order: str, filters: dict[str, str], ledger: Ledger
) -> None:
    whole, _ = paged(ledger, "/api/orders", order=order, limit=5000, **filters)
    parts, pages = paged(ledger, "/api/orders", order=order, limit=4, **filters)
    assert parts == whole
    assert pages == -(-len(whole) // 4) > 1


@pytest.mark.parametrize("path", ["/api/events", "/api/trades", "/api/positions", "/api/exposure"])
def test_pages_of_other_lists_add_up(path: str, ledger: Ledger) -> None:
    whole, _ = paged(ledger, path, limit=5000)
    parts, _ = paged(ledger, path, limit=2)
    assert parts == whole
    assert len(whole) > 2


def test_an_order_is_found_by_the_beginning_of_any_of_its_ids(ledger: Ledger) -> None:
    rows, _ = paged(ledger, "/api/orders", search="V-2", columns="venue_order_id")
    assert {row["venue_order_id"] for row in rows} == {
        "V-2",
        *(f"V-{number}" for number in range(20, 30)),
    }


def test_who_recorded_reads_what_was_written(ledger: Ledger) -> None:
    async def ask() -> int:
        async with client_of(ledger) as client:
            recorded = 0
            for message in list(day(40))[95:]:
                outcome = await client.post("/api/messages", json=document_of(message))
                assert outcome.status_code == 200, outcome.text
                newest = (await client.get("/api/events?order=desc&limit=1")).json()["rows"][0]
                if outcome.json()["outcome"] == "recorded":
                    assert newest["position"] == outcome.json()["position"]
                    recorded += 1
            return recorded

    assert asyncio.run(ask()) > 20


def test_another_ledger_on_the_store_is_noticed(ledger: Ledger, store: Path) -> None:
    async def ask() -> None:
        async with client_of(ledger) as client:
            first = await client.get("/api/orders/sim:0/C-12")
            known = {"if-none-match": first.headers["etag"]}
            again = await client.get("/api/orders/sim:0/C-12", headers=known)
            assert (again.status_code, again.content) == (304, b"")
            with Ledger.open(store, update_views=False) as other:
                other.record(
                    Canceled(
                        account="sim:0", client_order_id="C-12", at=BEGAN_AT + timedelta(hours=1)
                    )
                )
            now = await client.get("/api/orders/sim:0/C-12", headers=known)
            assert now.status_code == 200
            assert now.json()["version"] == first.json()["version"] + 1

    asyncio.run(ask())


def test_events_are_listed_with_their_evidence_and_text(ledger: Ledger) -> None:
    evidence = {"price": 1.5, "of": "C-0"}
    report = {
        "type": "status_observed",
        "account": "sim:0",
        "client_order_id": "C-0",
        "status": "filled",
        "at": "2026-11-20T10:00:00Z",
    }
    ledger.record(parse_document({**report, "evidence": evidence, "text": "as said"}))
    events, history = asked(
        ledger, "/api/events?order=newest&limit=5", "/api/orders/sim:0/C-0/history"
    )
    for rows in (events.json()["rows"], history.json()["rows"]):
        (row,) = [row for row in rows if row["evidence"] is not None]
        assert (row["evidence"], row["text"], row["is_forgotten"]) == (evidence, "as said", False)


@pytest.mark.parametrize(
    "path",
    [
        "why?subject=pnl",
        "why?subject=order",
        "restate?view=orders&from=999999",
        "what-if?filled=C-1&not_filled=C-1",
        "pnl?timezone=Mars",
        "pnl?since=2026-11-21T00:00:00Z&until=2026-11-20T00:00:00Z",
        "audit?late=soon",
        "what-if?fee_rate=low",
    ],
)
def test_arguments_that_do_not_go_together_are_a_problem(path: str, ledger: Ledger) -> None:
    (answer,) = asked(ledger, f"/api/{path}")
    assert answer.status_code == 400, answer.text


def test_one_object_is_what_the_command_line_says(ledger: Ledger, store: Path) -> None:
    why, recover = asked(
        ledger, "/api/why?subject=order&id=C-3&account=sim:0", "/api/recover?account=sim:0"
    )
    *parts, summary = run(
        "why", "order", "C-3", "--account", "sim:0", "--json", "--db", store
    ).out.splitlines()
    assert why.json()["parts"] == [json.loads(part) for part in parts]
    assert why.json()["figures"] == json.loads(summary)["summary"]["figures"]
    *rows, _ = run("recover", "--account", "sim:0", "--json", "--db", store).out.splitlines()
    ids = [json.loads(row)["client_order_id"] for row in rows]
    assert [row["client_order_id"] for row in recover.json()["open"]] == ids


def test_changed_rows_are_those_of_the_command_line(ledger: Ledger, store: Path) -> None:
    (answer,) = asked(ledger, f"/api/restate?view=orders&from=60&effective_at={LATER}&limit=5000")
    lines = run(
        "restate", "orders", "--from", "@60", "--effective-at", LATER, "--json", "--db", store
    ).out.splitlines()
    assert answer.json()["rows"] == [json.loads(line) for line in lines] != []
