"""An Idempotency-Key: one request is carried out once, whatever happens between the attempts. It is
no message_id."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from orderledger import Ledger, LedgerError
from orderledger.serve.callers import EVERYBODY
from orderledger.serve.idempotency import IdempotentRequests, Posted
from orderledger.serve.problems import Problem
from orderledger.serve.request_keys import LARGEST_ANSWER, KeptAnswer, RequestKeys
from orderledger.serve.settings import ServiceSettings
from orderledger.serve.tokens import TokenFile
from tests.serve.http.harness import client_of, day, document_of
from tests.serve.http.people import TOKENS, bearer, message_of, write_tokens
from tests.serve.http.processes import Server
from tests.serve.http.test_requests import REQUEST, posted

KEY = {"idempotency-key": "k-1"}
LINES = {**KEY, "content-type": "application/x-ndjson"}
REFUSED = {"type": "submit", "account": "sim:9", "client_order_id": "N-1"}
POSTS: dict[str, dict[str, Any]] = {
    "/api/messages": REQUEST, "/api/halts": {"account": "sim:0"},
    "/api/halts/resume": {"account": "sim:0"},
}  # fmt: skip


@pytest.mark.parametrize("path", POSTS)
def test_the_same_request_again_gets_the_same_answer_and_records_nothing(
    path: str, ledger: Ledger
) -> None:
    first, second = (posted(ledger, path, json=POSTS[path], headers=KEY) for _ in range(2))
    assert (first.status_code, first.json()["outcome"]) == (200, "recorded")
    assert (second.status_code, second.content) == (200, first.content)
    assert (first.headers.get("idempotency-replayed"), second.headers["idempotency-replayed"]) == (
        None,
        "true",
    )
    assert ledger.log.position() == 101


@pytest.mark.parametrize("path", POSTS)
def test_another_request_under_the_key_is_refused_and_nothing_is_recorded(
    path: str, ledger: Ledger
) -> None:
    assert posted(ledger, path, json=POSTS[path], headers=KEY).status_code == 200
    other = posted(ledger, path, json={**POSTS[path], "text": "another"}, headers=KEY)
    assert (other.status_code, other.json()["type"]) == (422, "urn:orderledger:problem:key_reused")
    assert (other.json()["field"], "use a new key" in other.json()["detail"]) == (
        "Idempotency-Key",
        True,
    )
    elsewhere = posted(ledger, "/api/reconcile", json=POSTS[path], headers=KEY)
    assert elsewhere.status_code == 422
    assert ledger.log.position() == 101


def test_a_key_in_quotes_is_the_same_key_and_no_message_id(ledger: Ledger) -> None:
    message = {**REQUEST, "message_id": "m-1"}
    assert (
        posted(ledger, json=message, headers={"idempotency-key": '"k-1"'}).json()["outcome"]
        == "recorded"
    )
    assert posted(ledger, json=message, headers=KEY).headers["idempotency-replayed"] == "true"
    assert (
        posted(ledger, json=message, headers={"idempotency-key": "k-2"}).json()["outcome"]
        == "duplicate"
    )
    assert [row["payload"].get("message_id") for row in ledger.history("N-1")] == ["m-1"]


def test_without_a_key_a_halt_is_recorded_each_time_and_with_one_once(ledger: Ledger) -> None:
    for headers, halts in (({}, 1), ({}, 2), (KEY, 3), (KEY, 3)):
        assert (
            posted(ledger, "/api/halts", json={"account": "sim:0"}, headers=headers).status_code
            == 200
        )
        assert len(ledger.halts()) == halts


def test_a_refusal_is_the_answer_for_good(ledger: Ledger) -> None:
    refused = posted(ledger, json=REFUSED, headers=KEY)
    assert (refused.status_code, refused.json()["reason"]) == (409, "unknown_order")
    assert posted(ledger, json=REQUEST).status_code == 200
    again = posted(ledger, json=REFUSED, headers=KEY)
    assert (again.status_code, again.content) == (409, refused.content)
    assert again.headers["content-type"] == "application/problem+json"
    assert posted(ledger, json=REFUSED).json()["outcome"] == "recorded"


def test_what_was_not_carried_out_leaves_its_key_free(ledger: Ledger) -> None:
    assert posted(ledger, json={**REQUEST, "quantity": "-1"}, headers=KEY).status_code == 400
    assert posted(ledger, "/api/halts", json={"account": "typo"}, headers=KEY).status_code == 409
    assert posted(ledger, "/api/reconcile", json={}, headers=KEY).status_code == 409
    assert posted(ledger, json=REQUEST, headers=KEY).json()["outcome"] == "recorded"


@pytest.mark.parametrize("key", ["", '""', "a\tb", "x" * 256, "é".encode("latin-1")])
def test_a_key_that_is_none_is_told(key: str | bytes, ledger: Ledger) -> None:
    answer = posted(ledger, json=REQUEST, headers={"idempotency-key": key})
    assert (answer.status_code, answer.json()["field"]) == (400, "Idempotency-Key")


def test_lines_have_one_key_together(ledger: Ledger) -> None:
    body = "\n".join(
        json.dumps(one) for one in (REQUEST, message_of("halt"), {"type": "eat"}, REFUSED)
    )
    first, second = (posted(ledger, content=body, headers=LINES) for _ in range(2))
    assert [json.loads(line)["outcome"] for line in first.text.splitlines()] == [
        "recorded",
        "recorded",
        "invalid",
        "recorded",
    ]
    assert second.content == first.content
    assert posted(ledger, content=body + "\n", headers=LINES).status_code == 422
    assert ledger.log.position() == 103


def test_while_a_request_is_carried_out_its_repetition_waits_and_another_one_is_refused(
    ledger: Ledger,
) -> None:
    async def ask() -> list[httpx.Response]:
        async with client_of(ledger) as client:
            bodies = [REQUEST, REQUEST, {**REQUEST, "quantity": "2"}]
            return await asyncio.gather(
                *(client.post("/api/messages", json=body, headers=KEY) for body in bodies)
            )

    first, same, other = asyncio.run(ask())
    assert first.json()["outcome"] == "recorded"
    assert (same.status_code, same.json()["type"]) == (409, "urn:orderledger:problem:in_flight")
    assert other.status_code == 422
    assert ledger.log.position() == 101


def test_two_holders_may_use_the_same_key(ledger: Ledger, tmp_path: Path) -> None:
    settings = ServiceSettings(tokens=TokenFile(write_tokens(tmp_path / "tokens.toml")))
    for name, kind in (("recorder", "request"), ("collector", "mark"), ("operator", "halt")):
        message = message_of(
            kind, account="sim:0", **({"client_order_id": "N-1"} if kind == "request" else {})
        )
        answer = posted(ledger, json=message, headers={**KEY, **bearer(name)}, settings=settings)
        assert (answer.status_code, answer.json()["outcome"]) == (200, "recorded"), answer.text
    assert set(TOKENS) >= {row["actor"] for row in ledger.events(after=100)}


@pytest.mark.slow
def test_a_key_holds_over_a_kill_of_the_server(durable_store_url: str) -> None:
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(day(3))
    with Server(durable_store_url) as server:
        first = httpx.post(f"{server.url}/api/messages", json=REQUEST, headers=KEY)
        halted = httpx.post(
            f"{server.url}/api/halts", json={"account": "sim:0"}, headers={"idempotency-key": "k-2"}
        )
        server.kill()
    with Server(durable_store_url) as server:
        again = httpx.post(f"{server.url}/api/messages", json=REQUEST, headers=KEY)
        assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
        other = httpx.post(
            f"{server.url}/api/messages", json={**REQUEST, "quantity": "2"}, headers=KEY
        )
        assert other.status_code == 422
        again = httpx.post(
            f"{server.url}/api/halts", json={"account": "sim:0"}, headers={"idempotency-key": "k-2"}
        )
        assert again.content == halted.content
        assert len(httpx.get(f"{server.url}/api/halts").json()["rows"]) == 1


def test_a_request_that_was_recorded_and_not_answered_finds_its_messages_in_the_log(
    durable_store_url: str,
) -> None:
    """As a kill between the commit and the answer leaves it: the key is bound, and has no
    answer."""
    kinds = (
        "submit",
        "fill",
        "request_cancel",
        "canceled",
        "propose",
        "approve",
        "mark",
        "gap",
        "halt",
        "resume_trading",
        "adjust",
    )
    order = {"account": "sim:9", "client_order_id": "N-1", "quantity": "5"}
    of_order = {"client_order_id": "N-1", "account": "sim:9"}
    messages = [message_of("request", **order)]
    messages += [
        message_of(kind, **(of_order if "client_order_id" in message_of(kind) else {}))
        for kind in kinds
    ]
    body = "\n".join(map(json.dumps, messages))
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(day(3))
        first = posted(ledger, content=body, headers=LINES)
        assert {json.loads(line)["outcome"] for line in first.text.splitlines()} == {"recorded"}
        before = ledger.log.position()
        with ledger.internals.store.database.writing() as session:
            session.execute(
                "UPDATE request_keys SET status = NULL, media = NULL, body = NULL WHERE key = ?",
                ("k-1",),
            )
        again = posted(ledger, content=body, headers=LINES)
        assert [json.loads(line)["outcome"] for line in again.text.splitlines()] == [
            "duplicate"
        ] * len(messages)
        assert ledger.log.position() == before


def test_keys_are_kept_for_a_day_and_not_more_than_a_number_of_them(durable_store_url: str) -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    with Ledger.open(durable_store_url, update_views=False) as ledger:

        def is_new(key: str, hours: int) -> bool:
            """Asks as a new process does, whose first call looks for keys that are too old or too
            many."""
            return (
                RequestKeys(ledger.internals.store.database, most=3)
                .reserve("", key, b"x", now + timedelta(hours=hours))
                .is_new
            )

        assert [is_new("old", 0), is_new("young", 2), is_new("old", 23)] == [True, True, False]
        assert [is_new("old", 25), is_new("young", 25)] == [True, False]
        assert [is_new(key, 26) for key in ("a", "b", "c")] == [True] * 3
        assert [is_new(key, 26) for key in ("a", "b", "young")] == [False, False, True], (
            "the oldest are deleted first"
        )


def test_a_long_answer_is_not_kept(ledger: Ledger) -> None:
    keys, now = RequestKeys(ledger.internals.store.database), datetime(2026, 11, 20, tzinfo=UTC)
    for key, size, is_kept in (
        ("short", LARGEST_ANSWER, True),
        ("long", LARGEST_ANSWER + 1, False),
    ):
        keys.reserve("", key, b"x", now)
        keys.keep("", key, KeptAnswer(200, "application/json", b"x" * size))
        assert (keys.reserve("", key, b"x", now).answer is not None) is is_kept
    many = "\n".join(json.dumps(document_of(message)) for message in day(60))
    assert len(posted(ledger, content=many, headers=LINES).content) > LARGEST_ANSWER
    again = posted(ledger, content=many, headers=LINES)
    assert {json.loads(line)["outcome"] for line in again.text.splitlines()} == {"duplicate"}


class Failed(LedgerError):
    """A failure after which nobody knows what was recorded."""


@pytest.mark.parametrize(
    ("error", "is_free"), [(Problem("invalid_request", "no"), True), (Failed("lost"), False)]
)
def test_a_key_is_free_again_only_if_certainly_nothing_was_recorded(
    ledger: Ledger, error: Exception, is_free: bool
) -> None:
    scope = {"head": {b"idempotency-key": b"k-1"}, "caller": EVERYBODY, "path": "/api/messages"}
    scope |= {"method": "POST", "query_string": b"", "raw_path": b"/api/messages"}

    async def fails(_: datetime | None) -> Posted:
        raise error

    async def works(_: datetime | None) -> Posted:
        return Posted(b"{}")

    async def run() -> None:
        requests = IdempotentRequests(ledger)
        with pytest.raises(type(error)):
            await requests.once(scope, b"one", fails)
        if is_free:
            assert (await requests.once(scope, b"two", works)).body == b"{}"
        else:
            with pytest.raises(Problem) as caught:
                await requests.once(scope, b"two", works)
            assert caught.value.kind == "key_reused"
            assert (await requests.once(scope, b"one", works)).body == b"{}"

    asyncio.run(run())
