"""A halt of what the ledger does not know may be mistyped: it is asked for a confirmation, wherever
it comes from."""

import json
from typing import Any

import pytest

from orderledger import Halt, Ledger, ResumeTrading
from orderledger.infrastructure.messages.registry import Message
from tests.command_line import run
from tests.serve.http.harness import day
from tests.serve.http.people import message_of
from tests.serve.http.test_requests import posted

UNKNOWN: list[dict[str, Any]] = [
    {"account": "sim:O"}, {"account": "SIM:0"}, {"account": "sim:0", "instrument": "BTC-USDT"},
    {"account": "*", "instrument": "X"}, {"account": "sim:0 "},
]  # fmt: skip
KNOWN: list[dict[str, Any]] = [
    {"account": "sim:0"}, {"account": "sim:0", "instrument": "BTC-USD"}, {"account": "*"},
    {"account": "*", "instrument": "ETH-USD"}, {"account": "sim:0", "strategy": "new"},
]  # fmt: skip
PATHS = {"halt": "/api/halts", "resume_trading": "/api/halts/resume"}
NDJSON = {"content-type": "application/x-ndjson"}


@pytest.mark.parametrize("kind", PATHS)
@pytest.mark.parametrize("scope", UNKNOWN)
def test_a_scope_that_the_ledger_does_not_know_needs_a_confirmation(
    kind: str, scope: dict[str, Any], ledger: Ledger
) -> None:
    message = {"type": kind, **scope}
    field = "instrument" if "instrument" in scope else "account"
    for path, body in ((PATHS[kind], scope), ("/api/messages", message)):
        answer = posted(ledger, path, json=body)
        problem = answer.json()
        assert (answer.status_code, problem["type"], problem["field"]) == (
            409,
            "urn:orderledger:problem:needs_confirmation",
            field,
        )
        assert scope[field] in problem["detail"]
        assert {"sim:0", "BTC-USD"} & set(problem["known"])
        assert posted(ledger, f"{path}?confirm=false", json=body).status_code == 409
    line = json.loads(posted(ledger, content=json.dumps(message), headers=NDJSON).text)
    assert (line["outcome"], line["reason"], line["position"]) == (
        "refused",
        "needs_confirmation",
        None,
    )
    assert ledger.log.position() == 100
    confirmed = [
        posted(ledger, f"{PATHS[kind]}?confirm=true", json=scope),
        posted(ledger, PATHS[kind], json={**scope, "confirm": True}),
        posted(ledger, "/api/messages?confirm=true", json=message),
        posted(ledger, "/api/messages?confirm=true", content=json.dumps(message), headers=NDJSON),
    ]
    assert [answer.json()["outcome"] for answer in confirmed] == ["recorded"] * 4


@pytest.mark.parametrize("kind", PATHS)
@pytest.mark.parametrize("scope", KNOWN)
def test_a_scope_that_the_ledger_knows_needs_none(
    kind: str, scope: dict[str, Any], ledger: Ledger
) -> None:
    assert posted(ledger, PATHS[kind], json=scope).status_code == 200
    assert posted(ledger, json={"type": kind, **scope}).status_code == 200


def test_the_error_says_what_was_meant(ledger: Ledger) -> None:
    problem = posted(ledger, "/api/halts", json={"account": "sim:00"}).json()
    assert "did you mean sim:0" in problem["detail"]
    assert (problem["similar"][0], problem["known"]) == ("sim:0", ["sim:0", "sim:1", "sim:2"])
    problem = posted(ledger, "/api/halts", json={"account": "binance"}).json()
    assert (problem["similar"], "it knows sim:0, sim:1, sim:2" in problem["detail"]) == ([], True)


def test_an_account_is_known_by_any_event_but_its_halts(ledger: Ledger) -> None:
    assert (
        posted(
            ledger, json=message_of("mark", account="feed#1/a", instrument="ADA-USD")
        ).status_code
        == 200
    )
    assert (
        posted(
            ledger, "/api/halts", json={"account": "feed#1/a", "instrument": "ADA-USD"}
        ).status_code
        == 200
    )
    assert posted(ledger, "/api/halts?confirm=true", json={"account": "typo"}).status_code == 200
    assert posted(ledger, "/api/halts", json={"account": "typo"}).status_code == 409


def test_a_halt_that_holds_ends_without_a_confirmation(ledger: Ledger) -> None:
    for scope in ({"account": "typo"}, {"account": "typo", "instrument": "X", "strategy": "s"}):
        assert posted(ledger, "/api/halts?confirm=true", json=scope).status_code == 200
        assert posted(ledger, "/api/halts/resume", json=scope).status_code == 200
        assert posted(ledger, "/api/halts/resume", json=scope).status_code == 409


@pytest.mark.parametrize("confirm", ["yes", 1, None])
def test_a_confirmation_is_true_or_false(confirm: Any, ledger: Ledger) -> None:
    answer = posted(ledger, "/api/halts", json={"account": "typo", "confirm": confirm})
    assert (answer.status_code, answer.json()["field"]) == (400, "confirm")
    answer = posted(ledger, f"/api/halts?confirm={confirm}", json={"account": "typo"})
    assert (answer.status_code, answer.json()["field"]) == (400, "confirm")


@pytest.mark.parametrize("command", ["halt", "resume"])
def test_the_command_asks_for_a_confirmation(command: str, durable_store_url: str) -> None:
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(day(3))
        for arguments, name in ((("sim:O",), "sim:O"), (("sim:0", "--instrument", "BTC"), "BTC")):
            refused = run(command, *arguments, "--db", durable_store_url)
            assert (refused.status, refused.out) == (1, "")
            assert (
                f"the ledger does not know the {'instrument' if name == 'BTC' else 'account'} "
                f"{name!r}" in refused.err
            )
            assert "did you mean" in refused.err
            assert run(command, *arguments, "--confirm", "--db", durable_store_url).status == 0
        assert (
            run(command, "sim:0", "--instrument", "BTC-USD", "--db", durable_store_url).status == 0
        )
        assert run(command, "*", "--db", durable_store_url).status == 0


def test_in_python_a_halt_is_recorded_as_it_is(ledger: Ledger) -> None:
    halts: list[Message] = [Halt(account="typo", at=1), ResumeTrading(account="typo", at=2)]
    assert [outcome.outcome for outcome in ledger.record_many(halts)] == ["recorded"] * 2
