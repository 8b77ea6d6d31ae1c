"""Who may record what: every message type with every role, on every route, by a real server; and
who is written as the actor."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from orderledger import Ledger
from orderledger.infrastructure.messages.registry import MESSAGES
from orderledger.serve.tokens import ROLES as EVERY_ROLE
from tests.serve.http.harness import day
from tests.serve.http.people import POLICY, ROLES, TOKENS, bearer, message_of, write_tokens
from tests.serve.http.processes import Server

NDJSON = {"content-type": "application/x-ndjson"}
ROUTES: dict[str, tuple[str, dict[str, Any]]] = {
    "/api/halts": ("operate", {"account": "sim:0"}),
    "/api/halts/resume": ("operate", {"account": "sim:0"}),
    "/api/reconcile": ("operate", {}),
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server with a token of each role, on a ledger with a day of orders."""
    folder = tmp_path_factory.mktemp("roles")
    with Ledger.open(folder / "orders.db", update_views=False) as ledger:
        ledger.record_many(day())
    tokens = write_tokens(folder / "tokens.toml")
    with (
        Server(folder / "orders.db", "--tokens", str(tokens)) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        yield client


def events(service: httpx.Client, **asked: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = service.get(
        "/api/events", params={"limit": 5000, **asked}, headers=bearer("reader")
    ).json()["rows"]
    return rows


def position(service: httpx.Client) -> int:
    return int(service.get("/api/me", headers=bearer("reader")).json()["position"])


def test_every_message_type_has_the_role_that_somebody_decided() -> None:
    decided = {kind: role for role, kinds in POLICY.items() for kind in kinds}
    assert {kind: MESSAGES[kind].needs_role for kind in decided} == decided
    assert {model.needs_role for model in MESSAGES.values()} == set(POLICY)
    assert set(POLICY) | {"read"} == set(EVERY_ROLE)


@pytest.mark.slow
@pytest.mark.parametrize("name", TOKENS)
def test_a_token_records_the_messages_of_its_roles_and_no_other(
    name: str, service: httpx.Client
) -> None:
    for role, kinds in POLICY.items():
        for kind in kinds:
            before = position(service)
            answer = service.post(
                "/api/messages", json=message_of(kind, text=name), headers=bearer(name)
            )
            problem = answer.json()
            if role in ROLES[name]:
                assert answer.status_code == 200 or problem.get("outcome") == "refused", (
                    name,
                    kind,
                    answer.text,
                )
                continue
            assert (answer.status_code, problem["type"]) == (
                403,
                "urn:orderledger:problem:forbidden",
            ), (name, kind)
            assert position(service) == before, kind
            if name != "reader":
                assert (problem["field"], problem["fault"]) == ("type", f"needs the role {role}")
    mine = [row for row in events(service) if row["text"] == name]
    assert {row["actor"] for row in mine} <= {name}
    assert len(mine) > 3 or name == "reader"


@pytest.mark.slow
@pytest.mark.parametrize("name", TOKENS)
def test_each_line_is_judged_by_its_own_role(name: str, service: httpx.Client) -> None:
    wanted = [(kind, role) for role, kinds in POLICY.items() for kind in kinds]
    lines = "\n".join(
        json.dumps(message_of(kind, message_id=f"{name}-{kind}")) for kind, _ in wanted
    )
    answer = service.post("/api/messages", content=lines, headers={**bearer(name), **NDJSON})
    if name == "reader":
        assert answer.status_code == 403
        return
    told = [json.loads(line) for line in answer.text.splitlines()]
    refused = {wanted[line["line"] - 1] for line in told if line["reason"] == "not_permitted"}
    assert refused == {(kind, role) for kind, role in wanted if role not in ROLES[name]}
    assert all(
        line["outcome"] == "refused" and "needs a token with the role" in line["text"]
        for line in told
        if line["reason"] == "not_permitted"
    )
    recorded = {row["payload"].get("message_id") for row in events(service, actor=name)}
    assert {f"{name}-{kind}" for kind, _ in refused}.isdisjoint(recorded)
    assert [line for line in told if line["outcome"] == "recorded"]


@pytest.mark.slow
@pytest.mark.parametrize("name", TOKENS)
@pytest.mark.parametrize("path", ROUTES)
def test_every_route_that_changes_something_needs_its_role(
    name: str, path: str, service: httpx.Client
) -> None:
    role, body = ROUTES[path]
    answer = service.post(path, json=body, headers=bearer(name))
    is_allowed = role in ROLES[name]
    assert (answer.status_code in (200, 409)) if is_allowed else (answer.status_code == 403), (
        answer.text
    )
    assert answer.status_code != 409 or answer.json()["type"].endswith("not_configured")
    assert service.post(path, json=body).status_code == 401


@pytest.mark.slow
def test_a_recorders_token_ends_no_halt_and_is_never_somebody_else(service: httpx.Client) -> None:
    """What a strategy could do once: end a risk halt, take the sending over, move a position,
    certify an account."""
    halted = service.post(
        "/api/halts", json={"account": "*", "text": "risk stop"}, headers=bearer("operator")
    )
    assert halted.status_code == 200
    before = position(service)
    forged = {"actor": "anna", "source": "operator"}
    at = {"at": "2026-11-23T06:59:00Z"}
    for message in (
        {"type": "resume_trading", "account": "*", **at, **forged},
        {"type": "halt", "account": "*", "cancels_orders": True, **at, **forged},
        {"type": "sender", "account": "sim:0", "holder": "evil", "fence": 99, "is_forced": True},
        message_of("adjust", quantity="0", price="1", **forged),
        message_of("certify", source="reconciliation"),
        message_of("mark", price="1"),
        message_of("deny", reason="operator", never_arrived=True),
        message_of("submit", is_forced=True),
    ):
        assert (
            service.post("/api/messages", json=message, headers=bearer("recorder")).status_code
            == 403
        ), message
    assert (
        service.post(
            "/api/halts/resume", json={"account": "*"}, headers=bearer("recorder")
        ).status_code
        == 403
    )
    assert position(service) == before
    rows = service.get("/api/halts?active=true", headers=bearer("reader")).json()["rows"]
    assert [(row["account"], row["actor"]) for row in rows if row["account"] == "*"] == [
        ("*", "operator")
    ]
    assert (
        service.post(
            "/api/halts/resume", json={"account": "*"}, headers=bearer("operator")
        ).status_code
        == 200
    )


@pytest.mark.slow
def test_what_the_caller_says_of_the_actor_stands_beside_the_name_of_the_token(
    service: httpx.Client,
) -> None:
    fill = message_of("fill", fill_id="F-forged", actor="anna")
    assert service.post("/api/messages", json=fill, headers=bearer("recorder")).status_code == 200
    said = {"account": "sim:0", "actor": "anna", "text": "for anna"}
    assert service.post("/api/halts", json=said, headers=bearer("operator")).status_code == 200
    assert (
        service.post(
            "/api/halts/resume", json={"account": "sim:0"}, headers=bearer("operator")
        ).status_code
        == 200
    )
    own = message_of("fill", fill_id="F-own", actor="recorder")
    assert service.post("/api/messages", json=own, headers=bearer("recorder")).status_code == 200
    (row,) = [row for row in events(service) if row["payload"].get("fill_id") == "F-forged"]
    assert (row["actor"], row["on_behalf_of"]) == ("recorder", "anna")
    (halt,) = [row for row in events(service, name="trading_halted") if row["text"] == "for anna"]
    assert (halt["actor"], halt["on_behalf_of"]) == ("operator", "anna")
    (row,) = [row for row in events(service) if row["payload"].get("fill_id") == "F-own"]
    assert (row["actor"], row["on_behalf_of"]) == ("recorder", None)
    history = service.get("/api/orders/sim:0/C-0/history", headers=bearer("reader")).json()["rows"]
    assert ("recorder", "anna") in {(row["actor"], row["on_behalf_of"]) for row in history}
    steps = service.get("/api/orders/sim:0/C-0/explanation", headers=bearer("reader")).json()[
        "steps"
    ]
    assert ("recorder", "anna") in {(step["actor"], step["on_behalf_of"]) for step in steps}


@pytest.mark.slow
def test_an_actor_that_contradicts_the_one_acted_for_is_told(service: httpx.Client) -> None:
    message = message_of("fill", fill_id="F-two", actor="anna", on_behalf_of="bert")
    answer = service.post("/api/messages", json=message, headers=bearer("recorder"))
    assert (answer.status_code, answer.json()["field"]) == (400, "actor")


@pytest.mark.slow
@pytest.mark.parametrize("kind", POLICY["operate"])
@pytest.mark.parametrize("at", ["2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z", 1577836800])
def test_an_operators_command_has_the_servers_time(
    kind: str, at: Any, service: httpx.Client
) -> None:
    before = position(service)
    given = message_of(kind, at=at)
    answer = service.post("/api/messages", json=given, headers=bearer("operator"))
    assert (answer.status_code, answer.json()["field"]) == (422, "at")
    line = service.post(
        "/api/messages", content=json.dumps(given), headers={**bearer("operator"), **NDJSON}
    )
    assert (line.json()["outcome"], line.json()["reason"]) == (
        "invalid",
        "at: is set by the server: leave it out",
    )
    for path in ("/api/halts", "/api/halts/resume"):
        assert (
            service.post(
                path, json={"account": "sim:0", "at": at}, headers=bearer("operator")
            ).status_code
            == 422
        )
    assert position(service) == before


@pytest.mark.slow
def test_the_time_of_a_halt_is_that_of_the_server_and_each_line_has_its_own(
    service: httpx.Client,
) -> None:
    began = datetime.now(UTC)
    lines = "\n".join(json.dumps(message_of(kind)) for kind in ("halt", "resume_trading", "halt"))
    answer = service.post("/api/messages", content=lines, headers={**bearer("operator"), **NDJSON})
    assert [json.loads(line)["outcome"] for line in answer.text.splitlines()] == ["recorded"] * 3
    (row,) = service.get("/api/halts?active=true", headers=bearer("reader")).json()["rows"]
    assert (
        began - timedelta(seconds=1)
        <= datetime.fromisoformat(row["halted_at"])
        <= datetime.now(UTC) + timedelta(seconds=1)
    )
    assert (
        service.post(
            "/api/halts/resume", json={"account": "sim:0"}, headers=bearer("operator")
        ).status_code
        == 200
    )


@pytest.mark.slow
def test_without_tokens_the_actor_is_what_the_caller_says(tmp_path: Path) -> None:
    with Server(tmp_path / "orders.db") as server, httpx.Client(base_url=server.url) as client:
        for message in (
            message_of("mark", actor="anna", on_behalf_of="bert"),
            message_of("mark", price="2", actor="anna"),
        ):
            assert client.post("/api/messages", json=message).status_code == 200
        rows = client.get("/api/events").json()["rows"]
    assert [(row["actor"], row["on_behalf_of"]) for row in rows] == [
        ("anna", "bert"),
        ("anna", None),
    ]
