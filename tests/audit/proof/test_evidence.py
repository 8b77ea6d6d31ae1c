"""Evidence and text are stored beside the event, in the same commit, and only a recorded forgetting
may delete them."""

import hashlib
import sqlite3
from random import Random
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from orderledger import Ledger
from orderledger.domain.recorded import Recorded
from orderledger.infrastructure.storage.codec import decode, encode
from orderledger.infrastructure.storage.schema_version import SCHEMA_VERSION
from tests.audit.proof.orders import SECRET, with_evidence
from tests.core.contract.sql import connected, run_sql
from tests.core.contract.streams import MADE_AT, every_view, fill, opened, parsed, report, request

LOSS = "the day's loss is too large"


def stored(ledger: Ledger) -> list[Recorded]:
    return list(ledger.internals.store.all_events())


def test_a_history_shows_evidence_and_text_as_they_came(store_url: str) -> None:
    with opened(store_url) as ledger:
        ledger.record_many(parsed(*with_evidence(3)))
        rows = ledger.history("C-1")
    assert [row["text"] for row in rows] == [f"{SECRET}, 1", None, None, None]
    evidence = {"raw": [1, "1.50", "ü"], "owner": SECRET}
    assert [row["evidence"] for row in rows] == [None, evidence, {**evidence, "fill": 1}, None]
    assert not any(row["is_forgotten"] for row in rows)


def test_the_stored_event_holds_hashes_that_anybody_can_check(store_url: str) -> None:
    with opened(store_url) as ledger:
        ledger.record_many(parsed(*with_evidence(2)))
        events = stored(ledger)
        kept = ledger.internals.store.recorder.evidence_at(
            [event.position or 0 for event in events]
        )
        assert not any(SECRET.encode() in row.state for row in ledger.internals.store.all_rows())
    assert len(kept) == 6
    for event in events:
        cells = kept.get(event.position or 0, (None, None, None))
        salt, evidence, text = (None if cell is None else bytes(cell) for cell in cells)
        for given, digest in ((evidence, event.evidence_hash), (text, event.text_hash)):
            assert digest == (
                None if given is None else hashlib.sha256((salt or b"") + given).digest()
            )
    assert len({bytes(row[0]) for row in kept.values()}) == len(kept), (
        "every event has a salt of its own"
    )


def test_the_same_random_bytes_give_the_same_store() -> None:
    seen = []
    for _ in range(2):
        with opened("memory://", random_bytes=Random(5).randbytes) as ledger:
            ledger.record_many(parsed(*with_evidence(2)))
            seen.append(
                (
                    list(ledger.internals.store.all_rows()),
                    ledger.internals.store.recorder.evidence_at(range(1, 9)),
                )
            )
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event_evidence SET salt = salt",
        "UPDATE event_evidence SET evidence = NULL WHERE position = 2",
        "DELETE FROM event_evidence",
        "DELETE FROM event_evidence WHERE position = 3",
    ],
)
def test_the_database_refuses_to_change_or_delete_evidence(
    durable_store_url: str, statement: str
) -> None:
    with opened(durable_store_url) as ledger:
        ledger.record_many(parsed(*with_evidence(2)))
        before = list(ledger.events())
        with pytest.raises((sqlite3.DatabaseError, psycopg.Error), match="evidence is kept"):
            run_sql(durable_store_url, statement)
        assert list(ledger.events()) == before


def test_postgresql_refuses_to_empty_the_evidence(postgres_schema_url: str) -> None:
    with opened(postgres_schema_url) as ledger:
        ledger.record_many(parsed(*with_evidence(1)))
        with pytest.raises(psycopg.Error, match="evidence is kept"):
            run_sql(postgres_schema_url, "TRUNCATE event_evidence")


def with_evidence_inside(ledger: Ledger, messages: list[dict[str, Any]]) -> list[Recorded]:
    """Record, as a version before schema 6 did: evidence and text inside the events."""
    with opened("memory://") as newer:
        newer.record_many(parsed(*messages))
        events = newer.internals.store.with_evidence(stored(newer))
    old = [replace(event, evidence_hash=None, text_hash=None) for event in events]
    ledger.internals.store.recorder.append(
        [(one.stream, one.version, *encode(one)) for one in old], [], [], []
    )
    return old


def test_evidence_inside_older_events_is_read_in_place(store_url: str) -> None:
    with opened("memory://") as newer:
        newer.record_many(parsed(*with_evidence(2)))
        expected = list(newer.events())
    with opened(store_url) as ledger:
        with_evidence_inside(ledger, with_evidence(2))
        assert list(ledger.events()) == expected
        assert any(SECRET.encode() in row.state for row in ledger.internals.store.all_rows())


def test_a_store_without_the_table_gets_it_when_it_is_opened(durable_store_url: str) -> None:
    with opened(durable_store_url) as ledger:
        before = every_view(ledger)
    run_sql(durable_store_url, "DROP TABLE event_evidence", "UPDATE ledger_schema SET version = 5")
    with opened(durable_store_url) as ledger:
        assert every_view(ledger) == before
        ledger.record_many(parsed(*with_evidence(1)))
        assert ledger.history("C-0")[1]["evidence"]["owner"] == SECRET
    connection = connected(durable_store_url)
    assert connection.execute("SELECT version FROM ledger_schema").fetchone() == (SCHEMA_VERSION,)
    connection.close()


@pytest.mark.parametrize("is_inside", [False, True], ids=["beside", "inside"])
@pytest.mark.parametrize("is_reopened", [False, True])
def test_a_report_that_is_attributed_shows_its_evidence_under_both_orders(
    durable_store_url: str, is_inside: bool, is_reopened: bool
) -> None:
    unknown = {
        **fill(None, "F-1", 1, venue_order_id="V-1", evidence={"told": "early"}, text="a sentence"),
        "instrument": "BTC-USD",
    }
    unknown["side"] = "buy"
    ours = [request("C-1"), report("acknowledged", "C-1", 2, venue_order_id="V-1")]
    with opened(durable_store_url) as ledger:
        if is_inside:
            with_evidence_inside(ledger, [unknown])
            binding = ("sim:main", "venue", "V-1", stored(ledger)[0].stream)
        else:
            ledger.record_many(parsed(unknown))
        if not is_reopened and not is_inside:
            ledger.record_many(parsed(*ours))
    if is_inside:
        run_sql(
            durable_store_url,
            "INSERT INTO order_names VALUES ('{}', '{}', '{}', '{}')".format(*binding),
        )
    with opened(durable_store_url) as ledger:
        ledger.record_many(parsed(*ours))
        copies = [row for row in ledger.events() if row["attributed_from"]]
        assert [(row["evidence"], row["text"], row["is_forgotten"]) for row in copies] == [
            ({"told": "early"}, "a sentence", False)
        ]
        assert not any(
            b"early" in row.state
            for row in ledger.internals.store.all_rows()
            if row.position == copies[0]["position"]
        )
        assert [row["evidence"] for row in ledger.history("C-1")].count({"told": "early"}) == 1


def test_a_halt_keeps_its_text_which_the_view_shows(store_url: str) -> None:
    halt = {
        "type": "halt",
        "account": "sim:main",
        "reason": "daily_loss",
        "text": LOSS,
        "at": MADE_AT.isoformat(),
    }
    with opened(store_url) as ledger:
        ledger.record_many(parsed(halt))
        assert [row["text"] for row in ledger.halts()] == [LOSS]
        assert ledger.views.rebuild().is_equal and ledger.views.check().differences == ()


def test_a_proposal_says_that_evidence_was_recorded(store_url: str) -> None:
    proposal = {
        "type": "propose", "account": "sim:main", "proposal_id": "P-1", "kind": "entry",
        "strategy": "grid", "instrument": "BTC-USD",
        "side": "buy", "quantity": "1", "order_type": "market", "evidence": {"model": 3},
        "at": MADE_AT.isoformat(),
    }  # fmt: skip
    with opened(store_url) as ledger:
        ledger.record_many(parsed(proposal))
        assert ledger.proposals()[0]["has_evidence"] is True
        event = stored(ledger)[0]
        assert event.evidence is None and event.evidence_hash is not None
        again = decode(event.stream, event.version, *encode(event), event.position)
        assert again == event
