"""Several processes work on one store while a newer version of the package upgrades it."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger, OutcomeUnknown, StoreVersion
from orderledger.infrastructure.messages.registry import Message
from orderledger.infrastructure.storage.schema_version import SCHEMA_VERSION
from tests.command_line import run
from tests.core.contract.sql import run_sql
from tests.core.contract.streams import fill, parsed, request
from tests.deploy.other_versions import NEWER, newer_command, older_package, python

pytestmark = pytest.mark.slow

WORKER = """
import json, sys
from orderledger import Ledger, LedgerError, parse_document

def answer(ledger, line):
    word, _, rest = line.partition(" ")
    if word == "record":
        return [ledger.record(parse_document(json.loads(rest))).outcome]
    return [row["name"] for row in ledger.events()] if word == "events" else len(ledger.orders())

with Ledger.open(sys.argv[1]) as ledger:
    for line in sys.stdin:
        try:
            print(json.dumps(answer(ledger, line.strip())), flush=True)
        except LedgerError as error:
            print(json.dumps(f"{type(error).__name__}: {error}"), flush=True)
"""
"""Answers one line with one line."""

NEW_EVENTS = f"""{NEWER}
import sys
from orderledger import Ledger
envelope = b'{{"recorded_at":"2026-11-20T09:00:00Z","source":"import","payload":{{%s}}}}'
field = b'"fill_id":"F-1","quantity":"1","price":"1","tax":"2"'
with Ledger.open(sys.argv[1]) as ledger:
    append = ledger.internals.store.recorder.append
    append([("sim:main/C-1", 2, "fill_recorded.v1", envelope % field)], (), (), ())
    append([("sim:main#moon", 1, "moon_seen.v1", envelope % b'"is_full":true')], (), (), ())
"""


class Worker:
    """A process that has the ledger open all the time."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, line: str) -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, self._process.communicate()[1]
        return json.loads(answer)

    def record(self, document: dict[str, Any]) -> Any:
        return self.ask(f"record {json.dumps(document)}")


@contextmanager
def working(url: str, **settings: Any) -> Iterator[Worker]:
    process = python(WORKER, url, **settings)
    try:
        yield Worker(process)
    finally:
        process.communicate(timeout=60)


def names(url: str) -> list[str]:
    with Ledger.open(url, update_views=False) as ledger:
        return [row["name"] for row in ledger.events()]


def test_a_writer_of_the_schema_before_is_fenced_by_the_first_process_of_this_one(
    new_store_url: str, tmp_path: Path
) -> None:
    """It is the package as it was, which says that a newer version has upgraded the ledger."""
    with working(new_store_url, package=older_package(tmp_path / "older")) as older:
        assert older.record(request("C-1")) == ["recorded"]
        checked = run("upgrade", "--check", "--db", new_store_url)
        assert (checked.status, older.record(request("C-2"))) == (1, ["recorded"])
        assert f"schema {SCHEMA_VERSION - 1} becomes {SCHEMA_VERSION}: " in checked.out

        assert run("upgrade", "--db", new_store_url).status == 0
        refused = older.record(request("C-3"))
        assert refused.startswith("StoreVersion: a newer version has upgraded this ledger")
        assert "nothing was stored" in refused
        assert older.ask("events") == ["order_requested.v1"] * 2
        orders = older.ask("orders")  # some view may have changed with the schema
        assert orders == 2 or orders.startswith("StoreVersion: a newer version made the views")
    assert names(new_store_url) == ["order_requested.v1"] * 2
    with Ledger.open(new_store_url) as ledger:
        assert ledger.record(*parsed(request("C-3"))).outcome == "recorded"
        assert ledger.views.check().differences == ()


def test_before_a_newer_version_stores_anything_new_the_others_are_fenced_by_name(
    new_store_url: str,
) -> None:
    with working(new_store_url) as writer, working(new_store_url) as reader:
        assert writer.record(request("C-1")) == ["recorded"]
        status, shown = newer_command("upgrade", "--check", "--db", new_store_url)
        assert (status, writer.record(request("C-2"))) == (1, ["recorded"])
        assert "moon_seen.v1 can be stored: older versions cannot read such an event" in shown

        assert newer_command("upgrade", "--db", new_store_url)[0] == 0
        assert writer.record(request("C-3")) == (
            "StoreVersion: a newer version has upgraded this ledger to schema "
            f"{SCHEMA_VERSION + 1}, and this process writes schema {SCHEMA_VERSION}: nothing was "
            "stored. Stop it, install the newer version and start it again"
        )
        assert [len(reader.ask("events")), reader.ask("orders")] == [2, 2]

        newer = python(NEW_EVENTS, new_store_url)
        assert newer.communicate(timeout=60)[1] == ""
        assert writer.record(fill("C-2", "F-2", 5)).startswith("StoreVersion: ")
        for question in ("events", "orders"):
            assert reader.ask(question) == (
                "UnreadableEvent: event 3 of the log, version 2 of 'sim:main/C-1', cannot be read: "
                "fill_recorded.v1: Object contains unknown field `tax` - at `$.payload`"
            )
    with pytest.raises(StoreVersion, match="a newer version.*install that version"):
        Ledger.open(new_store_url)
    refused = run("tail", "--db", new_store_url)
    assert (refused.status, "newer version" in refused.err) == (3, True)


def test_of_many_messages_those_before_the_upgrade_are_counted(new_store_url: str) -> None:
    def messages() -> Iterator[Message]:
        for number in range(1_100):
            if number == 1_050:
                assert newer_command("upgrade", "--db", new_store_url)[0] == 0
            yield parsed(request(f"C-{number}"))[0]

    recorded = "the first 1000 messages are recorded: a newer version has upgraded this ledger"
    with Ledger.open(new_store_url) as ledger, pytest.raises(OutcomeUnknown, match=recorded):
        ledger.record_many(messages())


def test_the_way_back_is_an_archive_up_to_the_upgrade(new_store_url: str, tmp_path: Path) -> None:
    """The newer version archives what it has stored; this one, the former, restores it."""
    archive, back = str(tmp_path / "archive"), str(tmp_path / "back.db")
    with Ledger.open(new_store_url) as ledger:
        ledger.record_many(parsed(request("C-1"), request("C-2")))
        before = list(ledger.internals.store.all_rows())
    upgraded = newer_command("upgrade", "--db", new_store_url)
    assert f"`orderledger restore ARCHIVE --up-to {len(before)} --db NEW`" in upgraded[1]
    assert python(NEW_EVENTS, new_store_url).communicate(timeout=60)[1] == ""
    assert newer_command("archive", archive, "--no-views", "--db", new_store_url)[0] == 0

    whole = run("restore", archive, "--db", tmp_path / "whole.db")
    unreadable = "event 3 of the log, version 2 of 'sim:main/C-1', cannot be read: fill_recorded.v1"
    assert (whole.status, unreadable in whole.err) == (3, True)
    assert run("restore", archive, "--up-to", "2", "--db", back).status == 0
    with Ledger.open(back) as ledger:
        assert list(ledger.internals.store.all_rows()) == before
        assert ledger.views.check().differences == ()
    resynced = run("resync", archive, "--db", back)
    assert (resynced.status, unreadable in resynced.err) == (3, True)


def test_the_check_shows_views_triggers_and_tables_and_changes_nothing(
    durable_store_url: str,
) -> None:
    with Ledger.open(durable_store_url) as ledger:
        ledger.record(*parsed(request("C-1")))
    assert run("upgrade", "--check", "--db", durable_store_url).status == 0
    trigger = (
        "DROP TRIGGER orderledger_events_no_update"
        if durable_store_url.startswith("sqlite")
        else "DROP TRIGGER orderledger_events_immutable ON orderledger_events"
    )
    run_sql(
        durable_store_url,
        "UPDATE view_versions SET version = 3 WHERE name = 'trades'",
        "DROP TABLE marks",
        "DROP TABLE request_keys",
        trigger,
    )
    for _ in range(2):
        done = run("upgrade", "--check", "--json", "--db", durable_store_url)
        *rows, summary = map(json.loads, done.out.splitlines())
        assert [(row["kind"], row["name"], row["before"]) for row in rows] == [
            ("trigger", trigger.split()[2], None),
            ("table", "request_keys", None),
            ("view", "trades", 3),
            ("view", "marks", 0),
        ]
        assert (done.status, summary["summary"]["position"]) == (1, 1)
    assert run("upgrade", "--db", durable_store_url).status == 0
    assert run("upgrade", "--check", "--db", durable_store_url).status == 0


def test_the_check_lists_the_connections_that_a_server_knows(postgres_ledger_url: str) -> None:
    with working(postgres_ledger_url) as worker:
        worker.ask("orders")
        done = run("upgrade", "--check", "--json", "--db", postgres_ledger_url)
        connected = json.loads(done.out.splitlines()[-1])["summary"]["connected"]
        assert f"orderledger {worker._process.pid}" in [one["application"] for one in connected]
        shown = run("upgrade", "--check", "--db", postgres_ledger_url).out
        assert f"application orderledger {worker._process.pid}" in shown


def test_a_store_that_a_newer_version_made_and_one_that_is_not_there_are_refused(
    durable_store_url: str, tmp_path: Path
) -> None:
    Ledger.open(durable_store_url).close()
    run_sql(durable_store_url, "UPDATE ledger_schema SET version = 999")
    for url in (durable_store_url, str(tmp_path / "nowhere.db")):
        for options in ((), ("--check",)):
            assert run("upgrade", *options, "--db", url).status == 3
    assert not (tmp_path / "nowhere.db").exists()
