"""Who may ask: host, origin, tokens and roles, on every route."""

import asyncio
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Mount, Route

from orderledger import Ledger
from orderledger.infrastructure.errors import InvalidSetting
from orderledger.serve import access
from orderledger.serve.app import make_app
from orderledger.serve.problems import Problem
from orderledger.serve.settings import ServiceSettings
from orderledger.serve.tokens import Tokens
from tests.serve.http.harness import asked, client_of

READER, RECORDER, OPERATOR = ("reader-" + "r" * 20, "recorder-" + "w" * 20, "operator-" + "o" * 20)
OPEN = {"/", "/api/docs", "/health/live"}
"""What answers without a token: nothing of the ledger is in it."""


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    rows = (
        ("reader", READER, ["read"]),
        ("recorder", RECORDER, ["record"]),
        ("operator", OPERATOR, ["read", "operate"]),
    )
    path = tmp_path / "tokens.toml"
    path.touch(mode=0o600)
    path.write_text(
        "".join(
            f"[[tokens]]\nname = {name!r}\ntoken = {text!r}\nroles = {roles!r}\n"
            for name, text, roles in rows
        )
    )
    return Tokens.read(path)


def paths(ledger: Ledger) -> Iterator[tuple[str, str]]:
    """Every route, with something in the place of its parameters."""
    for route in make_app(ledger, ServiceSettings()).routes:
        if isinstance(route, Mount):
            continue
        assert isinstance(route, Route)
        path = re.sub(r"{\w+(:path)?}", "sim:0/C-3", route.path)
        for method in route.methods or ():
            yield method, path


def statuses(ledger: Ledger, tokens: Tokens, *requests: dict[str, Any]) -> list[int]:
    """The statuses of the answers to some requests."""

    async def ask() -> list[int]:
        async with client_of(ledger, ServiceSettings(tokens=tokens)) as client:
            return [(await client.request(**request)).status_code for request in requests]

    return asyncio.run(ask())


def test_every_route_refuses_without_a_token(ledger: Ledger, tokens: Tokens) -> None:
    routes = list(paths(ledger))
    assert len(routes) > 40
    for (method, path), status in zip(
        routes,
        statuses(ledger, tokens, *({"method": method, "url": path} for method, path in routes)),
        strict=True,
    ):
        assert (status == 401) != (path in OPEN), (method, path, status)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "Bearer",
        "Bearer x",
        f"Basic {READER}",
        f"Bearer {READER}x",
        f"Bearer {READER[:-1]}",
        READER,
    ],
)
def test_a_wrong_token_is_none(given: str, ledger: Ledger, tokens: Tokens) -> None:
    (status,) = statuses(
        ledger, tokens, {"method": "GET", "url": "/api/orders", "headers": {"authorization": given}}
    )
    assert status == 401


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (READER, [200, 403, 403, 200, 403]),
        (RECORDER, [403, 200, 403, 200, 403]),
        (OPERATOR, [200, 403, 200, 200, 404]),
    ],
)
def test_a_token_may_do_what_its_roles_say(
    token: str, expected: list[int], ledger: Ledger, tokens: Tokens
) -> None:
    bearer = {"headers": {"authorization": f"Bearer {token}"}}
    fill = {
        "type": "fill",
        "account": "sim:0",
        "client_order_id": "C-0",
        "fill_id": "F-9",
        "quantity": "1",
        "price": "1",
    }
    requests: list[dict[str, Any]] = [
        {"method": "GET", "url": "/api/orders", **bearer},
        {"method": "POST", "url": "/api/messages", "json": fill, **bearer},
        {"method": "POST", "url": "/api/halts", "json": {"account": "sim:0"}, **bearer},
        {"method": "GET", "url": "/api/me", **bearer},
        {
            "method": "POST",
            "url": "/api/resolve",
            "json": {"account": "x", "client_order_id": "C", "never_arrived": True},
            **bearer,
        },
    ]
    assert statuses(ledger, tokens, *requests) == expected


def test_a_halt_names_the_holder_of_the_token(ledger: Ledger, tokens: Tokens) -> None:
    request = {
        "url": "/api/halts",
        "json": {"account": "*"},
        "headers": {"authorization": f"Bearer {OPERATOR}"},
    }
    assert statuses(ledger, tokens, {"method": "POST", **request}) == [200]
    assert [row["actor"] for row in ledger.halts(active_only=True)] == ["operator"]


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "",
        "localhost@evil.example",
        "[::1",
        "10.0.0.1:8350",
    ],
)
def test_another_hosts_name_is_refused(host: str, ledger: Ledger) -> None:
    async def ask() -> httpx.Response:
        async with client_of(ledger) as client:
            return await client.get("/api/orders", headers={"host": host})

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.json()["field"]) == (421, "Host")


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8350", "localhost", "LOCALHOST:1", "[::1]:8350", "ledger.example"]
)
def test_a_known_name_is_taken(host: str, ledger: Ledger) -> None:
    async def ask() -> int:
        async with client_of(ledger, ServiceSettings(hosts=("ledger.example",))) as client:
            return (await client.get("/api/me", headers={"host": host})).status_code

    assert asyncio.run(ask()) == 200


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "http://127.0.0.1:9999",
        "file://",
        "http://127.0.0.1:8350.evil",
    ],
)
def test_the_page_of_another_site_is_refused(origin: str, ledger: Ledger) -> None:
    async def ask() -> list[int]:
        async with client_of(ledger, headers={"origin": origin}) as client:
            return [
                (await client.get("/api/orders")).status_code,
                (await client.post("/api/halts")).status_code,
            ]

    assert asyncio.run(ask()) == [403, 403]


def test_our_own_page_may_ask_and_no_answer_may_be_framed_or_sniffed(ledger: Ledger) -> None:
    async def ask() -> httpx.Response:
        async with client_of(ledger, headers={"origin": "http://127.0.0.1:8350"}) as client:
            assert (await client.get("/api/orders")).headers["x-content-type-options"] == "nosniff"
            return await client.get("/health/live")

    answer = asyncio.run(ask())
    assert answer.status_code == 200
    for name in (
        "content-security-policy",
        "x-content-type-options",
        "x-frame-options",
        "referrer-policy",
    ):
        assert name in answer.headers
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "access-control-allow-origin" not in answer.headers
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "has no tables"),
        ("x =", "is not TOML"),
        ("[[tokens]]\nname = 'a'\nroles = ['read']\n", "needs either token or token_sha256"),
        ("[[tokens]]\nname = 'a'\ntoken = 'short'\nroles = ['read']\n", "at least 20"),
        (
            f"[[tokens]]\nname = 'a'\ntoken = '{READER}'\nroles = ['admin']\n",
            "is not a list of read, record, collect, operate",
        ),
        (f"[[tokens]]\nname = 'a'\ntoken = '{READER}'\nroles = ['read']\n" * 2, "twice"),
        (
            "[[tokens]]\nname = 'a'\ntoken_sha256 = 'zz'\nroles = ['read']\n",
            "64 hexadecimal digits",
        ),
        (f"[[tokens]]\nname = 'a'\ntoken = '{READER}'\nrole = ['read']\n", "other fields"),
    ],
)
def test_a_wrong_file_of_tokens_is_refused(text: str, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "tokens.toml"
    path.touch(mode=0o600)
    path.write_text(text)
    with pytest.raises(InvalidSetting, match=re.escape(fault)) as refused:
        Tokens.read(path)
    assert READER not in str(refused.value)


def test_a_file_of_tokens_that_others_can_read_is_refused(tmp_path: Path, tokens: Tokens) -> None:
    path = tmp_path / "tokens.toml"
    os.chmod(path, 0o640)
    with pytest.raises(InvalidSetting, match="can be read by others"):
        Tokens.read(path)


def test_an_unknown_path_is_a_problem(ledger: Ledger) -> None:
    for answer in asked(ledger, "/nothing", "/api/order", "/api/orders/sim:0", "/../../etc/passwd"):
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert json.loads(answer.content)["type"] == "urn:orderledger:problem:not_found"


@pytest.mark.parametrize(
    "name", ["host", "origin", "authorization", "content-type", "content-length"]
)
def test_a_header_that_decides_is_refused_if_it_comes_twice(name: str) -> None:
    given = [(name.encode(), b"a"), (b"accept", b"x"), (b"accept", b"y")]
    assert access._headers(given)[name.encode()] == b"a"
    with pytest.raises(Problem, match="given twice"):
        access._headers([*given, (name.encode(), b"b")])
