"""For whom an actor acted is kept with the event, beside the actor, and goes wherever the event
goes."""

import json
from pathlib import Path
from typing import Any

import pytest

from orderledger import Fill, Ledger, Mark, Request
from orderledger.audit.exports.messages import messages_in
from orderledger.domain.accounts import AccountEvent
from orderledger.infrastructure.storage.schema_version import SCHEMA_VERSION
from orderledger.serve.request_keys import RequestKeys
from tests.cli.test_halts import at
from tests.command_line import run

WHO: dict[str, Any] = {"actor": "bot", "on_behalf_of": "anna"}


def test_history_events_and_tables_show_both(store_url: str) -> None:
    with Ledger.open(store_url, update_views=False) as ledger:
        ledger.record(
            Request(
                account="sim:main",
                client_order_id="C-1",
                instrument="X",
                side="buy",
                quantity="1",
                order_type="market",
                **WHO,
            )
        )
        ledger.record(
            Fill(
                account="sim:main",
                client_order_id="C-1",
                fill_id="F-1",
                quantity="1",
                price="1",
                actor="bot",
            )
        )
        wanted = [("bot", "anna"), ("bot", None)]
        assert [(row["actor"], row["on_behalf_of"]) for row in ledger.history("C-1")] == wanted
        assert [(row["actor"], row["on_behalf_of"]) for row in ledger.events()] == wanted
        assert [
            (step["actor"], step["on_behalf_of"]) for step in ledger.audit.explain("C-1")["steps"]
        ] == wanted
        found = ledger.tables.sql(
            "SELECT actor, on_behalf_of FROM events ORDER BY position"
        ).to_rows()
        assert [(row["actor"], row["on_behalf_of"]) for row in found] == wanted
        exported = list(messages_in(ledger.internals.store))
        assert [(one.actor, one.on_behalf_of) for one in exported] == wanted
        assert ledger.views.check().differences == ()


def test_it_is_kept_on_the_way_to_another_order_and_distinguishes_nothing(
    durable_store_url: str,
) -> None:
    """A report of an unknown order is copied to the order that it belongs to; who sent it is no
    part of the fact."""
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        fill = {
            "account": "sim:main",
            "venue_order_id": "V-1",
            "fill_id": "F-1",
            "quantity": "1",
            "price": "1",
            "instrument": "X",
            "side": "buy",
        }
        outcomes = [
            ledger.record(Fill(**fill, **who)).outcome  # type: ignore[arg-type]
            for who in (WHO, {}, {"actor": "eve", "on_behalf_of": "mallory"})
        ]
        assert outcomes == ["recorded", "duplicate", "duplicate"]
        ledger.record(
            Request(
                account="sim:main",
                client_order_id="C-1",
                instrument="X",
                side="buy",
                quantity="1",
                order_type="market",
            )
        )
        ledger.record(Fill(**{**fill, "fill_id": "F-2"}, client_order_id="C-1"))  # type: ignore[arg-type]
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        copies = [row for row in ledger.history("C-1") if row["attributed_from"]]
        assert [(row["actor"], row["on_behalf_of"]) for row in copies] == [("bot", "anna")]


def test_the_commands_take_and_show_it(durable_store_url: str, tmp_path: Path) -> None:
    mark = {
        "type": "mark",
        "account": "sim:main",
        "instrument": "X",
        "price": "1",
        "at": "2026-01-05T12:00:00Z",
        **WHO,
    }
    (tmp_path / "mark.ndjson").write_text(json.dumps(mark))
    assert run("record", tmp_path / "mark.ndjson", "--db", durable_store_url).status == 0
    (row,) = map(json.loads, run("events", "--json", "--db", durable_store_url).out.splitlines())
    assert (row["actor"], row["on_behalf_of"]) == ("bot", "anna")


def test_a_store_of_an_older_version_gets_the_table_of_keys(durable_store_url: str) -> None:
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record(Mark(account="sim:main", instrument="X", price="1", at=at(0)))
        with ledger.internals.store.database.writing() as session:
            session.execute("DROP TABLE request_keys")
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        assert RequestKeys(ledger.internals.store.database).reserve("", "k", b"x", at(0)).is_new
        with ledger.internals.store.database.reading() as session:
            assert session.execute("SELECT version FROM ledger_schema") == [(SCHEMA_VERSION,)]


def test_a_message_type_without_a_role_cannot_be_declared() -> None:
    with pytest.raises(TypeError, match="NoteRecorded has no needs_role, so nobody could record"):

        class NoteRecorded(AccountEvent, frozen=True, kw_only=True):
            stored_name = "note_recorded.v1"
            wire_name = "note"

            def sentence(self) -> str:
                return "A note was recorded."
