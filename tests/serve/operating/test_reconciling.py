"""`POST /api/reconcile` of a served ledger, against simulated venues that are processes of their
own."""

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from orderledger import Ledger
from orderledger.infrastructure.messages.registry import Certify
from orderledger.serve.reconciling import answer_of, settings_of
from orderledger.serve.settings import ServerLimits, ServiceSettings
from orderledger.venues.collecting.reconciling import report_of
from orderledger.venues.reconciliation.breaks import Break, Kind
from orderledger.venues.reconciliation.reconciler import Reconciled
from tests.command_line import run
from tests.serve.http.harness import client_of
from tests.serve.http.processes import Server
from tests.serve.operating.venues import FakeVenue, config_of

READER, OPERATOR = "reader-" + "r" * 20, "operator-" + "o" * 20
MARK = {"type": "mark", "account": "hyperliquid:fake", "instrument": "BTC", "price": "1"}
NOWHERE = """
[[venues]]
venue = "hyperliquid"
url = "http://127.0.0.1:1"
accounts = [{ account = "hyperliquid:fake", address = "0x00000000000000000000000000000000000000aa" }]
"""  # noqa: E501 (a script)
CLIENT_SECONDS = 60.0


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[FakeVenue]:
    """One for each test: a venue answers so many questions in a minute."""
    with FakeVenue("hyperliquid", tmp_path) as venue:
        yield venue


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "orders.db"


@pytest.fixture
def config(venue: FakeVenue, tmp_path: Path) -> Path:
    return config_of(tmp_path, venue)


@pytest.fixture
def server(store: Path, config: Path) -> Iterator[Server]:
    with Server(store, "--config", str(config)) as server:
        yield server


def reconcile(server: Server, body: Any = None, token: str | None = None) -> httpx.Response:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    return httpx.post(
        f"{server.url}/api/reconcile",
        json={} if body is None else body,
        headers=headers,
        timeout=CLIENT_SECONDS,
    )


def running(server: Server) -> list[str]:
    rows = httpx.get(f"{server.url}/api/reconcile").json()["rows"]
    return [row["account"] for row in rows if row["is_running"]]


def until(is_so: Callable[[], Any], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
def test_a_reconciliation_appends_what_was_missed_and_certifies_the_account(
    new_store_url: str, config: Path
) -> None:
    with Server(new_store_url, "--config", str(config)) as server:
        dry = reconcile(server, {"account": "hyperliquid:fake", "dry_run": True}).json()
        assert dry["rows"][0]["is_recorded"] is False
        assert dry["position"] == 0
        answer = reconcile(server)
        (report,) = answer.json()["rows"]
        certificate = httpx.get(f"{server.url}/api/certificates").json()["rows"][-1]
    assert answer.status_code == 200
    assert report["appended"] > 0
    assert "missing_order" in {found["kind"] for found in dry["rows"][0]["breaks"]}
    assert (certificate["account"], certificate["orders"]) == (
        "hyperliquid:fake",
        report["certificate"]["orders"],
    )


@pytest.mark.slow
def test_the_report_has_the_fields_of_the_command(
    venue: FakeVenue, config: Path, store: Path, server: Server
) -> None:
    answer = reconcile(server, {"dry_run": True})
    assert answer.status_code == 200, answer.text[:1000]
    (report,) = answer.json()["rows"]
    status, out, err = run(
        "reconcile",
        "--config",
        config,
        "--json",
        "--dry-run",
        environment={"ORDERLEDGER_DB": str(store)},
    )
    assert status in (0, 1), err
    *breaks, line = map(json.loads, out.splitlines())
    assert list(report) == ["account", "breaks", *(name for name in line if name != "account")]
    assert {tuple(found) for found in breaks} == {tuple(found) for found in report["breaks"]}
    assert report["certificate"].keys() == line["certificate"].keys()


@pytest.mark.slow
def test_a_second_reconciliation_of_the_account_waits_for_nobody_and_gets_409(
    venue: FakeVenue, server: Server
) -> None:
    """Meanwhile the server records and reads."""
    venue.pause()
    with ThreadPoolExecutor() as threads:
        first = threads.submit(reconcile, server)
        until(lambda: running(server) == ["hyperliquid:fake"])
        second = reconcile(server, {"account": "hyperliquid:fake"})
        began = time.monotonic()
        assert (
            httpx.post(
                f"{server.url}/api/messages", json={**MARK, "at": "2026-11-20T09:00:00Z"}
            ).status_code
            == 200
        )
        assert httpx.get(f"{server.url}/api/instruments").json()["rows"][0]["mark_price"] == "1"
        assert time.monotonic() - began < 5
        venue.resume()
        assert first.result().status_code == 200
    problem = second.json()
    assert (second.status_code, problem["type"]) == (
        409,
        "urn:orderledger:problem:already_reconciling",
    )
    assert problem["detail"].startswith("hyperliquid:fake is being reconciled since 20")
    assert running(server) == []
    assert reconcile(server).status_code == 200


@pytest.mark.slow
def test_a_client_that_leaves_does_not_end_the_reconciliation(
    venue: FakeVenue, server: Server
) -> None:
    venue.pause()
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{server.url}/api/reconcile", json={}, timeout=1)
    assert running(server) == ["hyperliquid:fake"]
    venue.resume()
    until(lambda: not running(server))
    assert httpx.get(f"{server.url}/api/certificates").json()["rows"]


@pytest.mark.slow
def test_a_venue_that_dies_in_the_middle_is_a_problem_that_names_the_account(
    venue: FakeVenue, server: Server
) -> None:
    venue.pause()
    with ThreadPoolExecutor() as threads:
        asked = threads.submit(reconcile, server)
        until(lambda: running(server) == ["hyperliquid:fake"])
        venue.kill()
        answer = asked.result()
    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (502, "application/problem+json")
    assert (problem["type"], problem["account"]) == (
        "urn:orderledger:problem:venue_failed",
        "hyperliquid:fake",
    )
    assert "attempt" in problem["fault"]
    assert "Traceback" not in answer.text
    assert httpx.get(f"{server.url}/api/certificates").json()["rows"] == []
    assert running(server) == []


@pytest.mark.slow
def test_a_venue_that_fails_does_not_keep_the_other_accounts_from_being_reconciled(
    venue: FakeVenue, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token that the venue refuses is in no answer and in no line of the log."""
    token = "a-token-of-ours-that-it-does-not-know"
    with FakeVenue("tradier", tmp_path) as tradier:
        config = config_of(tmp_path, venue, tradier)
        monkeypatch.setenv("FAKE_TOKEN", token)
        settings = re.sub(
            r'token = \{ file = "[^"]*" \}', 'token = { env = "FAKE_TOKEN" }', tradier.section
        )
        config.write_text(config.read_text().replace(tradier.section, settings))
        with Server(store, "--config", str(config)) as server:
            answer = reconcile(server)
            assert token not in answer.text
            assert token not in "".join(server.log)
            certified = {
                row["account"] for row in httpx.get(f"{server.url}/api/certificates").json()["rows"]
            }
    problem = answer.json()
    assert (answer.status_code, problem["account"]) == (502, "tradier:fake")
    assert "401" in problem["fault"]
    assert [("fault" in row, row["account"]) for row in problem["rows"]] == [
        (False, "hyperliquid:fake"),
        (True, "tradier:fake"),
    ]
    assert certified == {"hyperliquid:fake"}


@pytest.mark.slow
def test_a_reconciliation_ends_with_its_limit_of_time(
    venue: FakeVenue, config: Path, store: Path
) -> None:
    settings = ServiceSettings(
        collect=settings_of(config, str(store)), limits=ServerLimits(reconcile_seconds=0.3)
    )

    async def ask(ledger: Ledger) -> list[httpx.Response]:
        async with client_of(ledger, settings) as client:
            first = await client.post("/api/reconcile", json={})
            venue.resume()
            return [first, await client.get("/api/reconcile")]

    venue.pause()
    with Ledger.open(store) as ledger:
        late, state = asyncio.run(ask(ledger))
    assert (late.status_code, late.json()["type"]) == (
        504,
        "urn:orderledger:problem:reconciliation_timeout",
    )
    assert [row["is_running"] for row in state.json()["rows"]] == [False]


@pytest.mark.slow
def test_a_server_that_stops_ends_the_reconciliation_and_answers(
    venue: FakeVenue, server: Server
) -> None:
    venue.pause()
    with ThreadPoolExecutor() as threads:
        asked = threads.submit(reconcile, server)
        until(lambda: running(server) == ["hyperliquid:fake"])
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 8
        answer = asked.result()
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:orderledger:problem:busy")


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    path = tmp_path / "tokens.toml"
    path.touch(mode=0o600)
    rows = (("reader", READER, ["read"]), ("anna", OPERATOR, ["operate"]))
    path.write_text(
        "".join(
            f"[[tokens]]\nname = {name!r}\ntoken = {text!r}\nroles = {roles!r}\n"
            for name, text, roles in rows
        )
    )
    return path


@pytest.mark.slow
def test_the_holder_of_the_token_is_the_actor_of_what_is_appended_and_revert_finds_it(
    store: Path, config: Path, tokens: Path
) -> None:
    with Server(store, "--config", str(config), "--tokens", str(tokens)) as server:
        assert reconcile(server, token=READER).status_code == 403
        assert reconcile(server, token="x" * 30).status_code == 401
        answer = reconcile(server, token=OPERATOR)
    assert answer.status_code == 200, answer.text
    (report,) = answer.json()["rows"]
    with Ledger.open(store, update_views=False) as ledger:
        named = {
            row["actor"]
            for row in ledger.events()
            if row["causation_id"] or "certified" in row["name"]
        }
    assert named == {"anna"}
    found = next(one["break"] for one in report["breaks"] if one["kind"] == "missing_order")
    status, _, err = run("revert", found, "--db", store, "--dry-run")
    assert status == 0, err


@pytest.mark.parametrize(
    ("body", "field", "fault"),
    [
        ({"account": "moon"}, "account", "'moon' is not one of hyperliquid:fake"),
        ({"account": 7}, "account", "input should be a valid string"),
        ({"account": ""}, "account", ""),
        ({"dry_run": "yes"}, "dry_run", "input should be a valid boolean"),
        (
            {"dryrun": True},
            "dryrun",
            "is not a field of this body: account, dry_run, adjust_positions",
        ),
        ([], None, "the body is not a JSON object"),
    ],
)
def test_a_wrong_body_is_named(
    body: Any, field: str | None, fault: str, store: Path, tmp_path: Path
) -> None:
    config = tmp_path / "collect.toml"
    config.write_text(NOWHERE)
    settings = ServiceSettings(collect=settings_of(config, str(store)))

    async def ask(ledger: Ledger) -> httpx.Response:
        async with client_of(ledger, settings) as client:
            return await client.post("/api/reconcile", json=body)

    with Ledger.open(store) as ledger:
        answer = asyncio.run(ask(ledger))
    problem = answer.json()
    assert (answer.status_code, problem.get("field")) == (400, field)
    assert fault in problem["fault"]


def test_a_payload_that_no_output_can_hold_is_still_reported() -> None:
    at = datetime(2026, 11, 20, 9, tzinfo=UTC)
    payload = {"tag": ["\ud800", Decimal("1.10"), None]}
    found = Break(
        kind=Kind.UNREADABLE_FILL,
        account="sim:main",
        subject="x",
        since=at,
        text="\udfff",
        theirs=payload,
    )
    nothing = Certify(
        account="sim:main", at=at, covered_from=at, covered_to=at, orders=0, fills=0, positions=0
    )
    report = report_of(
        Reconciled(
            account="sim:main",
            at=at,
            breaks=[found],
            certificate=nothing,
            appended=0,
            is_recorded=False,
        )
    )
    (shown,) = json.loads(answer_of([report], 0))["rows"][0]["breaks"]
    assert (shown["theirs"], shown["text"]) == ({"tag": ["?", "1.1", None]}, "?")


@pytest.mark.slow
def test_without_a_configuration_it_says_how_to_give_one(store: Path) -> None:
    with Server(store) as server:
        answer = reconcile(server)
        state = httpx.get(f"{server.url}/api/reconcile").json()
    assert (answer.status_code, answer.json()["type"]) == (
        409,
        "urn:orderledger:problem:not_configured",
    )
    assert "--config FILE" in answer.json()["detail"]
    assert state == {"rows": [], "is_configured": False}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("venues = 3", "venues"),
        ("[[venues]]\nvenue = 'moon'", "is not one of"),
        ("db = 'another.db'\n[[venues]]\nvenue = 'hyperliquid'\naccounts = []", "venues"),
    ],
)
def test_a_wrong_configuration_ends_the_server_with_status_2(
    text: str, fault: str, store: Path, tmp_path: Path
) -> None:
    path = tmp_path / "collect.toml"
    path.write_text(text)
    status, _, err = run("serve", "--db", store, "--port", "0", "--config", path)
    assert (status, err.count("\n")) == (2, 1)
    assert fault in err
    assert not store.exists()


def test_a_configuration_of_another_ledger_is_refused(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "collect.toml"
    path.write_text(f'db = "{tmp_path}/another.db"\n{NOWHERE}')
    status, _, err = run("serve", "--db", store, "--port", "0", "--config", path)
    assert status == 2
    assert f"{tmp_path}/another.db is not the ledger that is served, {store}" in err
    assert not store.exists()
