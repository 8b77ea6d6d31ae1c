"""Every row of an audit has the fields of its class, with values of the declared types."""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_type_hints

import msgspec
import pytest

from orderledger import Ledger, parse_document
from orderledger.audit.findings import FINDINGS
from orderledger.audit.proof.proving import as_json
from orderledger.audit.proof.verifier import ProofError, _check_shown, _text
from orderledger.audit.rows import (
    AuditRow,
    Explanation,
    OrderRecord,
    RestatedRow,
    StepRow,
    WhatIfRow,
    Why,
)
from orderledger.audit.rts24 import CAVEATS, FIELDS, MISSING
from orderledger.audit.shuffling import _root
from tests.audit.odd_orders import ODD_ORDERS, START, SetClock, record, said


@pytest.fixture(params=ODD_ORDERS)
def ledger(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    clock = SetClock()
    definition = said(0, "instrument", order=None, instrument="BTC-USD", currency="USD")
    with Ledger.open("memory://", clock=clock, update_views=False) as ledger:
        messages = [definition, *ODD_ORDERS[request.param]]
        record(lambda message: ledger.record(parse_document(message)), clock, messages)
        yield ledger


def check(kind: type, rows: Iterable[Mapping[str, Any]]) -> None:
    """The same keys, and values that msgspec finds to be of the declared types."""
    for row in rows:
        assert row.keys() == get_type_hints(kind).keys()
        msgspec.convert(row, kind, strict=True)


def test_the_rows_of_every_question(ledger: Ledger) -> None:
    audit = ledger.audit
    names = {
        (row["account"], row["client_order_id"])
        for row in ledger.orders()
        if row["client_order_id"] is not None
    }
    for account, name in names:
        explained = audit.explain(name, account=account)
        check(Explanation, [explained])
        check(StepRow, explained["steps"])
        check(Why, [audit.why("order", order_id=name, account=account)])
    for row in ledger.positions():
        account, instrument = row["account"], row["instrument"]
        check(Why, [audit.why("pnl", account=account, instrument=instrument)])
        check(Why, [audit.why("position", account=account, instrument=instrument)])
    for view in ("orders", "trades", "pnl", "positions"):
        check(RestatedRow, audit.restate(view, from_as_of=START, as_of=None))
    check(AuditRow, audit.findings())
    check(OrderRecord, audit.order_records())
    check(WhatIfRow, audit.what_if(method="lifo", than="fifo", fee_rate="0.01"))


def test_restated_rows_name_the_row_of_the_view_and_what_changed_it(ledger: Ledger) -> None:
    for row in ledger.audit.restate("orders", from_as_of=START):
        assert row["change"] in ("added", "changed")
        assert row["key"] == {"stream": row["stream"]}
        assert all(
            {*cause} >= {"position", "name", "at", "recorded_at", "source", "actor", "sentence"}
            for cause in row["events"]
        )


def test_every_finding_has_a_sentence(ledger: Ledger) -> None:
    for row in ledger.audit.findings():
        assert row["findings"].keys() <= {*FINDINGS}
        assert all(" " in sentence for sentence in row["findings"].values())


def test_every_field_of_an_order_record_is_known_or_missing_and_numbered_once() -> None:
    assert [field.number for field in FIELDS] == list(range(1, 52))
    assert {field.number for field in FIELDS if field.value is None} == {*MISSING}
    assert not CAVEATS.keys() & MISSING.keys()
    names = {field.number: field.name for field in FIELDS}
    assert [names[number] for number in CAVEATS] == [
        "Sequence number",
        "Financial instrument identification code",
        "Date of receipt",
        "Order identification code",
        "New order, modification, cancellation, rejection, execution",
        "Order type",
        "Strategy linked order identification",
    ]


def test_a_proof_is_one_line_of_text_as_it_was_written() -> None:
    text = as_json({"event": "Börse", "path": [1]})
    assert text == '{"event":"Börse","path":[1]}\n'


def test_a_proof_shows_evidence_only_with_its_salt_and_never_a_salt_alone() -> None:
    salt = b"0123456789abcdef"
    digest = base64.b64encode(hashlib.sha256(salt + b"shown").digest()).decode()
    stored = json.dumps({"evidence_hash": digest}).encode()
    named: dict[str, Any] = {"position": 7, "salt": base64.b64encode(salt).decode()}
    _check_shown({"position": 7}, stored)
    _check_shown({**named, "evidence": "shown"}, stored)
    for event, text in (
        (named, "a salt is shown without evidence or text"),
        ({**named, "evidence": "other"}, "at position 7 is not what was recorded"),
        ({**named, "text": "shown"}, "at position 7 is not what was recorded"),
        ({"position": 7, "evidence": "shown"}, "salt"),
    ):
        with pytest.raises(ProofError, match=text):
            _check_shown(event, stored)


def test_the_order_of_reports_that_were_attributed_several_times_is_the_last_one() -> None:
    assert _root("a", {}) == "a"
    assert _root("a", {"a": "b", "b": "c"}) == "c"
    assert _root("a", {"a": "b", "b": "a"}) == "b", "a circle ends"


@pytest.mark.parametrize(
    ("document", "fault"),
    [({}, "is not text"), ({"a": 3}, "is not text"), ({"a": "\ud800"}, "is not Unicode text")],
)
def test_a_field_of_a_proof_is_text_that_can_be_written(
    document: dict[str, Any], fault: str
) -> None:
    assert _text({"a": "Börse"}, "a") == "Börse"
    with pytest.raises(ProofError, match=fault):
        _text(document, "a")
