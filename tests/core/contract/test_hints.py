"""A request without the price that its type usually has is recorded, and whoever records it is
given a hint."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from orderledger import Ledger
from orderledger.cli import main
from tests.core.contract.streams import parsed, request

LIMIT = request("C-1", limit_price=None)
STOP = request("C-2", order_type="stop", limit_price=None)
BOTH = request("C-3", order_type="stop_limit", limit_price=None)
PROPOSED = {
    **request("C-4", limit_price=None),
    "type": "propose",
    "proposal_id": "P-1",
    "kind": "entry",
    "strategy": "s",
}
del PROPOSED["client_order_id"]
WHOLE = (
    request("C-5"),
    request("C-6", order_type="stop", limit_price=None, stop_price="90"),
    request("C-7", order_type="market", limit_price=None),
    request("C-8", order_type="trailing_stop", limit_price=None),
    request("C-9", order_type="other", limit_price=None),
)


@pytest.mark.parametrize(
    ("document", "hint"),
    [
        (LIMIT, "a limit order without limit_price"),
        (STOP, "a stop order without stop_price"),
        (BOTH, "a stop_limit order without limit_price and stop_price"),
        (PROPOSED, "a limit order without limit_price"),
        *((document, None) for document in WHOLE),
    ],
)
def test_the_outcome_of_what_is_recorded_has_a_hint(
    ledger: Ledger, document: dict[str, Any], hint: str | None
) -> None:
    (message,) = parsed(document)
    (foreseen,) = ledger.recording.preview([message])
    assert (foreseen.outcome, foreseen.text) == ("recorded", hint)
    outcome = ledger.record(message)
    assert (outcome.outcome, outcome.position, outcome.reason, outcome.text) == (
        "recorded",
        1,
        None,
        hint,
    )
    again = ledger.record(message)
    assert (again.outcome, again.text) == ("duplicate", None)


def test_recording_a_file_tells_the_first_hints_and_counts_all(tmp_path: Path) -> None:
    file, db = tmp_path / "requests.ndjson", str(tmp_path / "orders.db")
    lacking = [request(f"O-{number}", limit_price=None) for number in range(12)]
    file.write_text("".join(f"{json.dumps(line)}\n" for line in (*WHOLE, *lacking)))
    said = CliRunner().invoke(main, ["record", str(file), "--db", db])
    hints = [line for line in said.stderr.splitlines() if "perhaps a mistake" in line]
    assert said.exit_code == 0
    assert hints == [
        f"line {number}: recorded, but perhaps a mistake: a limit order without limit_price"
        for number in range(6, 16)
    ]
    assert "; hints: 12" in said.stderr.splitlines()[-1]


def test_acknowledgements_have_the_hint_as_text(tmp_path: Path) -> None:
    file, db = tmp_path / "requests.ndjson", str(tmp_path / "orders.db")
    file.write_text(f"{json.dumps(WHOLE[0])}\n{json.dumps(LIMIT)}\n")
    said = CliRunner().invoke(main, ["record", str(file), "--ack", "--json", "--db", db])
    *answers, summary = map(json.loads, said.stdout.splitlines())
    assert [answer.get("text") for answer in answers] == [None, "a limit order without limit_price"]
    assert (summary["recorded"], summary["hints"], "perhaps" in said.stderr) == (2, 1, False)


def ends(kind: str, at: int, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "account": "sim:main", "client_order_id": "C-1", "at": at, **fields}


@pytest.mark.parametrize("kind", ["canceled", "expired", "rejected"])
def test_an_end_that_a_strategy_reports_unasked_has_a_hint(ledger: Ledger, kind: str) -> None:
    told = ends(kind, 1_800_000_000, source="strategy")
    requested, ended = ledger.record_many(parsed(request("C-1"), told))
    assert (requested.outcome, requested.text) == ("recorded", None)
    assert ended.outcome == "recorded"
    assert ended.text == (
        f"{kind} reports that the venue has ended the order; to ask for a cancel, record "
        "request_cancel"
    )


@pytest.mark.parametrize("source", ["venue_push", "venue_poll", "operator", "import"])
def test_an_end_from_elsewhere_has_no_hint(ledger: Ledger, source: str) -> None:
    told = ends("cancel", 1_800_000_000, source=source)
    assert [one.text for one in ledger.record_many(parsed(request("C-1"), told))] == [None, None]


def test_an_end_that_was_asked_for_has_no_hint(ledger: Ledger) -> None:
    asked = ends("request_cancel", 1_800_000_000)
    told = ends("cancel", 1_800_000_001, source="strategy")
    again = ends("cancel", 1_800_000_002, source="strategy")
    outcomes = ledger.record_many(parsed(request("C-1"), asked, told, again))
    assert [(one.outcome, one.text) for one in outcomes] == [("recorded", None)] * 4
