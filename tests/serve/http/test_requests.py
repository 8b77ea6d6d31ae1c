"""Every parameter and body is checked, and the answer names the field and the fault."""

import asyncio
import gzip
import json
from typing import Any

import httpx
import pytest

from orderledger import Ledger
from orderledger.serve.settings import ServerLimits, ServiceSettings
from tests.serve.http.harness import asked, client_of

REQUEST = {
    "type": "request", "account": "sim:9", "client_order_id": "N-1", "instrument": "X",
    "side": "buy", "quantity": "1",
    "order_type": "market",
}  # fmt: skip


def posted(
    ledger: Ledger,
    path: str = "/api/messages",
    *,
    settings: ServiceSettings | None = None,
    **request: Any,
) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with client_of(ledger, settings) as client:
            return await client.post(path, **request)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("path", "field", "fault"),
    [
        ("/api/orders?limt=3", "limt", "is not a parameter here"),
        ("/api/orders?limit=0", "limit", "takes 1 to 5000"),
        ("/api/orders?limit=5001", "limit", "takes 1 to 5000"),
        ("/api/orders?limit=-1", "limit", "is not a whole number"),
        ("/api/orders?limit=%D9%A3", "limit", "is not a whole number"),
        ("/api/orders?limit=1&limit=2", "limit", "is given twice"),
        ("/api/orders?account=", "account", "is empty"),
        ("/api/orders?account=%00", "account", "cannot be printed"),
        ("/api/orders?account=" + "x" * 4001, "account", "longer than 4000"),
        ("/api/orders?side=long", "side", "is not one of buy, sell"),
        ("/api/orders?open=1", "open", "neither true nor false"),
        ("/api/orders?quantity=NaN", "quantity", "is not a decimal number"),
        ("/api/orders?order=random", "order", "is not one of asc, desc, newest"),
        ("/api/orders?columns=account,nothing", "columns", "'nothing' is not one of"),
        ("/api/orders?columns=", "columns", "is empty"),
        ("/api/orders?since=yesterday", "since", "not an RFC 3339 time"),
        ("/api/orders?since=2026-11-20T09:00:00", "since", "not an RFC 3339 time"),
        (
            "/api/orders?since=2026-11-21T00:00:00Z&until=2026-11-20T00:00:00Z",
            "until",
            "is before since",
        ),
        ("/api/orders?as_of=-1", "as_of", "neither a log position nor"),
        ("/api/orders?as_of=99999999999999999999", "as_of", "not a whole number"),
        ("/api/orders?after=%21", "after", "not a cursor"),
        ("/api/orders?after=WyJ4Il0", "after", "another list"),
        ("/api/orders?tags=x", "tags", "is not a parameter here"),
        ("/api/trades?after=WzFd", "after", "another list"),
        ("/api/positions?after=" + "A" * 3000, "after", "not a cursor"),
        ("/api/pnl?by=account,colour", "by", "'colour' is not one of"),
        ("/api/pnl?method=best", "method", "is not one of average, fifo, lifo, hifo"),
        ("/api/latency?by=", "by", "is empty"),
        ("/api/events?name=order_eaten", "name", "is not one of"),
        ("/api/events?after=x", "after", "is not a whole number"),
        ("/api/history?account=sim:0", "id", "is missing"),
        ("/api/accounts?minutes=0", "minutes", "takes 1 to"),
        ("/api/status?x=1", "x", "is not a parameter here"),
        ("/api/stream?view=trades", "view", "is not one of events, orders"),
        ("/api/stream?view=orders&name=fill_recorded", "name", "is not a filter of view=orders"),
        ("/api/stream?instrument=X", "instrument", "is not a filter of view=events"),
        ("/api/orders/sim:0/C-1?limit=1", "limit", "is not a parameter here"),
    ],
)
def test_a_wrong_parameter_is_named(path: str, field: str, fault: str, ledger: Ledger) -> None:
    (answer,) = asked(ledger, path)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["field"] == field
    assert fault in problem["fault"]
    assert problem["status"] == 400


@pytest.mark.parametrize("query", ["limit", "=1", "%FF=1", "account=%FF", "&" * 70, "a=1&" * 70])
def test_a_wrong_query_string_is_a_problem(query: str, ledger: Ledger) -> None:
    (answer,) = asked(ledger, f"/api/orders?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_sign_of_an_offset_may_be_lost_as_a_form_loses_it(ledger: Ledger) -> None:
    lost, kept = asked(
        ledger,
        "/api/orders?since=2026-11-20T11:00:10+02:00",
        "/api/orders?since=2026-11-20T09:00:10Z",
    )
    assert lost.content == kept.content
    assert len(kept.json()["rows"]) == 20


@pytest.mark.parametrize(
    ("message", "field", "fault"),
    [
        ({**REQUEST, "quantity": "-1"}, "quantity", "must be greater than 0"),
        ({**REQUEST, "colour": "red"}, "colour", "is not a field of this message"),
        ({"type": "eat"}, "type", "'eat' is not a message type"),
        ({}, "type", "is missing"),
    ],
)
def test_an_invalid_message_names_its_field(
    message: dict[str, Any], field: str, fault: str, ledger: Ledger
) -> None:
    answer = posted(ledger, json=message)
    assert (answer.status_code, answer.json()["field"], answer.json()["fault"]) == (
        400,
        field,
        fault,
    )


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"", "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b"[" * 100_000, "nested too deeply"),
        (b"\xff", "is not UTF-8"),
        (b'{"type":"mark","type":"mark"}', "is given twice"),
        (b'{"a":NaN}', "NaN"),
    ],
)
def test_a_body_that_is_no_message_is_a_problem(body: bytes, fault: str, ledger: Ledger) -> None:
    answer = posted(ledger, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert fault in answer.json()["detail"]


def test_a_refused_command_is_no_success(ledger: Ledger) -> None:
    answer = posted(ledger, json={"type": "submit", "account": "sim:9", "client_order_id": "never"})
    problem = answer.json()
    assert (answer.status_code, problem["outcome"], problem["reason"]) == (
        409,
        "refused",
        "unknown_order",
    )


def test_lines_are_answered_one_by_one_in_order(ledger: Ledger) -> None:
    lines = [
        json.dumps(REQUEST),
        "",
        "no",
        json.dumps({**REQUEST, "quantity": "2"}),
        json.dumps(REQUEST),
    ]
    answer = posted(
        ledger, content="\n".join(lines), headers={"content-type": "application/x-ndjson"}
    )
    assert answer.status_code == 200
    outcomes = [json.loads(line) for line in answer.text.splitlines()]
    assert [(one["line"], one["outcome"]) for one in outcomes] == [
        (1, "recorded"),
        (3, "invalid"),
        (4, "refused"),
        (5, "duplicate"),
    ]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({}, 415),
        ({"content-type": "application/json; charset=utf-16"}, 415),
        ({"content-type": "application/json; charset=utf-8"}, 200),
    ],
)
def test_only_json_is_taken(headers: dict[str, str], status: int, ledger: Ledger) -> None:
    assert (
        posted(ledger, content=json.dumps(REQUEST).encode(), headers=headers).status_code == status
    )


def test_a_compressed_body_is_refused_unread(ledger: Ledger) -> None:
    bomb = gzip.compress(b" " * (64 << 20))
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    assert posted(ledger, content=bomb, headers=headers).status_code == 415


def test_bodies_and_lines_have_a_limit(ledger: Ledger) -> None:
    settings = ServiceSettings(limits=ServerLimits(body_bytes=10_000, lines=10))
    ndjson = {"content-type": "application/x-ndjson"}
    assert (
        posted(ledger, content=b"x" * 10_001, headers=ndjson, settings=settings).status_code == 413
    )
    assert posted(ledger, content=b"x\n" * 11, headers=ndjson, settings=settings).status_code == 413

    async def pieces() -> Any:
        for _ in range(11):
            yield b"x" * 1000

    assert posted(ledger, content=pieces(), headers=ndjson, settings=settings).status_code == 413
    long = json.dumps({**REQUEST, "text": "x" * (1 << 20)}).encode()
    assert (
        posted(ledger, content=long, headers={"content-type": "application/json"}).status_code
        == 400
    )
    assert ledger.status()["position"] == 100


def test_a_body_that_does_not_come_is_given_up(ledger: Ledger) -> None:
    async def slow() -> Any:
        yield b"{"
        await asyncio.sleep(5)

    settings = ServiceSettings(limits=ServerLimits(body_seconds=0.1))
    assert (
        posted(
            ledger, content=slow(), headers={"content-type": "application/json"}, settings=settings
        ).status_code
        == 408
    )


@pytest.mark.parametrize("path", ["/api/halts", "/api/halts/resume"])
def test_a_halt_takes_its_own_fields_only(path: str, ledger: Ledger) -> None:
    for body, field in (
        ({"account": "x", "type": "mark"}, "type"),
        ({}, "account"),
        ({"account": "x", "reason": ""}, "reason"),
    ):
        answer = posted(ledger, path, json=body)
        assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_no_fault_of_ours_shows_a_trace(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(type(ledger), "status", fail)
    (answer,) = asked(ledger, "/api/status")
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:orderledger:problem:internal_error"
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_too_many_queries_are_refused_and_recording_goes_on(ledger: Ledger) -> None:
    settings = ServiceSettings(limits=ServerLimits(folds=1, folds_waiting=1))

    async def ask() -> None:
        async with client_of(ledger, settings) as client:
            folds = [
                asyncio.ensure_future(client.get(f"/api/orders?as_of={number}"))
                for number in range(20, 60)
            ]
            recorded = await client.post("/api/messages", json=REQUEST)
            assert recorded.json()["outcome"] == "recorded"
            statuses = [(await fold).status_code for fold in folds]
            assert set(statuses) == {200, 503}
            assert (await client.get("/api/orders?as_of=20")).status_code == 200

    asyncio.run(ask())


def test_a_closed_store_is_a_problem_not_a_crash(ledger: Ledger) -> None:
    ledger.close()
    (answer,) = asked(ledger, "/api/positions")
    assert (answer.status_code, answer.json()["type"]) == (
        503,
        "urn:orderledger:problem:store_unavailable",
    )
