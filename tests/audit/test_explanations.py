"""An order explained in sentences: odd orders word by word, and every event in some words."""

import json
import os
from pathlib import Path
from typing import Any, get_args

import pytest

from orderledger import Ledger, parse_document
from orderledger.domain.accounts import AnyAccountEvent
from orderledger.domain.proposals import AnyProposalEvent
from orderledger.domain.recorded import KINDS
from orderledger.domain.values import Anomaly
from orderledger.projections.sentences import ANOMALIES, OrderLogEvent
from tests.audit.odd_orders import NAMES, ODD_ORDERS, SetClock, record
from tests.command_line import run

EXPLAINED = Path(__file__).parent / "explained"


def test_every_event_has_a_sentence() -> None:
    told = {*get_args(OrderLogEvent), *get_args(AnyAccountEvent), *get_args(AnyProposalEvent)}
    assert told == set(KINDS.values())


def test_every_anomaly_is_explained() -> None:
    assert set(ANOMALIES) == set(Anomaly)


@pytest.fixture(params=ODD_ORDERS)
def odd_order(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    """A ledger with one odd order."""
    clock = SetClock()
    with Ledger.open(tmp_path / "odd.db", clock=clock, update_views=False, synchronous="OFF") as ledger:
        record(lambda message: ledger.record(parse_document(message)), clock, ODD_ORDERS[request.param])
    return request.param, tmp_path / "odd.db"


def test_an_odd_order_is_explained_word_by_word(odd_order: tuple[str, Path]) -> None:
    name, path = odd_order
    done = run("explain", NAMES.get(name, "C-1"), "--db", path)
    assert (done.status, done.err) == (0, "")
    golden = EXPLAINED / f"{name}.txt"
    if os.environ.get("ORDERLEDGER_WRITE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(done.out)
    assert done.out == golden.read_text()


def test_the_data_are_those_of_the_text(odd_order: tuple[str, Path]) -> None:
    name, path = odd_order
    order_id = NAMES.get(name, "C-1")
    text = run("explain", order_id, "--db", path).out
    *steps, last = [json.loads(line) for line in run("explain", order_id, "--db", path, "--json").out.splitlines()]
    assert [step["position"] for step in steps] == sorted(step["position"] for step in steps)
    for step in steps:
        assert step["sentence"] in text
        assert all(note in text for note in step["notes"])
    assert f"Now: {last['summary']['summary']}" in text
    assert all(f"Not known: {sentence}" in text for sentence in last["summary"]["unknown"])
    history = [json.loads(line) for line in run("history", order_id, "--db", path, "--json").out.splitlines()]
    of_order: list[Any] = [step for step in steps if not step["name"].startswith("proposal")]
    for column in ("position", "version", "name", "at", "recorded_at", "source", "actor"):
        assert [step[column] for step in of_order] == [event[column] for event in history]
