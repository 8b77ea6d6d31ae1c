"""Forgetting deletes the bytes, records that it did, and leaves orders and proofs as they are."""

from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger, UnknownOrder
from orderledger.audit import NotProved
from orderledger.audit.proof.forgetting import forget
from orderledger.audit.proof.proving import as_json
from orderledger.audit.proof.verifier import verify_proof
from tests.audit.proof.orders import SECRET, with_evidence
from tests.audit.proof.test_evidence import with_evidence_inside
from tests.core.contract.streams import every_view, fill, lives, opened, parsed, report, request


def test_evidence_is_gone_and_the_order_and_its_proofs_are_as_before(
    store_url: str, key: Path, public: str
) -> None:
    with opened(store_url) as ledger:
        ledger.record_many(parsed(*with_evidence(5)))
        note = ledger.proof.checkpoint(key).note
        before, order = ledger.orders(), ledger.order("C-2")
        proof = as_json(ledger.proof.prove("C-2", shows_evidence=True))
        forgotten = ledger.proof.forget_evidence("C-2", reason="asked", actor="anna")
        assert (forgotten.events, forgotten.streams) == (3, ["sim:main/C-2"])
        assert [{**row, "version": 0} for row in ledger.orders()] == [
            {**row, "version": 0} for row in before
        ]
        assert ledger.order("C-2")["version"] == order["version"] + 1
        *rows, last = ledger.history("C-2")
        assert [(row["evidence"], row["text"], row["is_forgotten"]) for row in rows] == [
            (None, None, True)
        ] * 3 + [(None, None, False)]
        assert (last["name"], last["payload"], last["actor"]) == (
            "evidence_forgotten.v1",
            {"reason": "asked"},
            "anna",
        )
        assert ledger.history("C-1")[1]["evidence"] is not None
        verify_proof(proof, public)
        assert ledger.proof.verify([note], [public]).alterations == []
        ledger.proof.checkpoint(key)
        verify_proof(as_json(ledger.proof.prove("C-2", shows_evidence=True)), public)
        assert ledger.proof.verify((), [public]).alterations == []
        assert ledger.views.rebuild().is_equal and ledger.views.check().differences == ()


def test_the_bytes_leave_the_files_of_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    content = [f"{SECRET} number {number} of the order".encode() for number in range(40)]
    messages = [
        {**one, "text": content[number].decode()} for number, one in enumerate(with_evidence(10))
    ]
    with Ledger.open(path, update_views=False) as ledger:
        ledger.record_many(parsed(*messages))
        assert any(content[9] in file.read_bytes() for file in tmp_path.iterdir())
        assert ledger.proof.forget_evidence("C-2", reason="asked").is_overwritten
        for number in range(8, 12):
            assert not any(content[number] in file.read_bytes() for file in tmp_path.iterdir())
        assert ledger.history("C-3")[0]["text"] == content[12].decode()


def test_an_order_goes_on_after_its_evidence_was_forgotten(store_url: str) -> None:
    with opened(store_url) as ledger:
        ledger.record_many(
            parsed(
                request("C-1", text=SECRET), report("acknowledged", "C-1", 1, venue_order_id="V-1")
            )
        )
        ledger.proof.forget_evidence("C-1", reason="asked")
        outcomes = ledger.record_many(
            parsed(fill("C-1", "F-1", 2, evidence={"later": 1}), fill("C-1", "F-1", 2))
        )
        assert [outcome.outcome for outcome in outcomes] == ["recorded", "duplicate"]
        assert [row["evidence"] for row in ledger.history("C-1")] == [
            None,
            None,
            None,
            {"later": 1},
        ]
        assert ledger.order("C-1")["cum_quantity"] == 1 and ledger.views.check().differences == ()


def test_reports_that_were_attributed_are_forgotten_under_both_orders(
    durable_store_url: str,
) -> None:
    unknown = {
        **fill(None, "F-1", 1, venue_order_id="V-1", evidence={"told": "early"}),
        "instrument": "BTC-USD",
        "side": "buy",
    }
    with opened(durable_store_url) as ledger:
        ledger.record_many(
            parsed(unknown, request("C-1"), report("acknowledged", "C-1", 2, venue_order_id="V-1"))
        )
        before = ledger.orders()
        forgotten = ledger.proof.forget_evidence("C-1", account="sim:main", reason="asked")
        assert len(forgotten.streams) == len(forgotten.positions) == 2
        assert not any(row["evidence"] for row in ledger.events())
        assert [row["client_order_id"] for row in ledger.orders()] == [
            row["client_order_id"] for row in before
        ]
        assert ledger.views.check().differences == () and ledger.views.rebuild().is_equal


def test_what_cannot_be_forgotten_says_why(store_url: str) -> None:
    with opened(store_url) as ledger:
        ledger.record_many(parsed(*lives(1)))
        with pytest.raises(NotProved, match="no evidence and no text"):
            ledger.proof.forget_evidence(
                str(ledger.orders()[0]["client_order_id"]), account="sim:main", reason="asked"
            )
        with pytest.raises(UnknownOrder):
            ledger.proof.forget_evidence("X-9", reason="asked")


def test_evidence_inside_older_events_is_moved_and_can_then_be_forgotten(
    durable_store_url: str, key: Path, public: str
) -> None:
    with opened(durable_store_url) as ledger:
        with_evidence_inside(ledger, with_evidence(4))
    with opened(durable_store_url) as ledger:
        events, views = list(ledger.events()), every_view(ledger)
        with pytest.raises(NotProved, match="move-evidence"):
            forget(ledger.internals.store, "sim:main/C-1", reason="asked")
        assert ledger.proof.move_evidence() == 12 and ledger.proof.move_evidence() == 0
        assert (list(ledger.events()), every_view(ledger)) == (events, views)
        assert not any(SECRET.encode() in row.state for row in ledger.internals.store.all_rows())
        note = ledger.proof.checkpoint(key).note
        assert ledger.proof.verify([note], [public]).alterations == []
        forget(ledger.internals.store, "sim:main/C-1", reason="asked")
        assert ledger.proof.verify([note], [public]).alterations == []


def test_evidence_is_not_moved_after_a_checkpoint(durable_store_url: str, key: Path) -> None:
    with opened(durable_store_url) as ledger:
        old = with_evidence_inside(ledger, with_evidence(2))
        ledger.proof.checkpoint(key)
        before: list[Any] = list(ledger.internals.store.all_rows())
        with pytest.raises(NotProved, match="vouches for the stored bytes"):
            ledger.proof.move_evidence()
        assert list(ledger.internals.store.all_rows()) == before and len(before) == len(old)
