"""An order explained in sentences: odd orders word by word, and every event in some words."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from orderledger import Ledger, parse_document
from orderledger.domain.orders.events import OrderReport
from orderledger.domain.orders.judgements import ANOMALIES
from orderledger.domain.recorded import KINDS
from orderledger.domain.values import Anomaly
from orderledger.infrastructure.clock import SteppingClock
from tests.audit.odd_orders import NAMES, ODD_ORDERS, SetClock, record
from tests.command_line import run
from tests.core.contract.streams import story as every_message
from tests.core.properties.checks import RECORDED_AT
from tests.core.properties.profiles import quick
from tests.core.properties.stories import Story, stories

EXPLAINED = Path(__file__).parent / "explained"


def test_every_event_has_a_sentence() -> None:
    assert all("sentence" in vars(kind) for kind in KINDS.values())


def test_an_event_without_a_sentence_cannot_be_declared() -> None:
    with pytest.raises(TypeError, match="OrderParked has no sentence"):

        class OrderParked(OrderReport, frozen=True, kw_only=True):
            stored_name = "order_parked.v1"


def test_every_anomaly_is_explained() -> None:
    assert set(ANOMALIES) == set(Anomaly)


@pytest.fixture(params=ODD_ORDERS)
def odd_order(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    """A ledger with one odd order."""
    clock = SetClock()
    with Ledger.open(
        tmp_path / "odd.db", clock=clock, update_views=False, synchronous="OFF"
    ) as ledger:
        record(
            lambda message: ledger.record(parse_document(message)), clock, ODD_ORDERS[request.param]
        )
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
    *steps, last = [
        json.loads(line)
        for line in run("explain", order_id, "--db", path, "--json").out.splitlines()
    ]
    assert [step["position"] for step in steps] == sorted(step["position"] for step in steps)
    for step in steps:
        assert step["sentence"] in text
        assert all(note in text for note in step["notes"])
    assert f"Now: {last['summary']['summary']}" in text
    assert all(f"Not known: {sentence}" in text for sentence in last["summary"]["unknown"])
    history = [
        json.loads(line)
        for line in run("history", order_id, "--db", path, "--json").out.splitlines()
    ]
    of_order: list[Any] = [step for step in steps if not step["name"].startswith("proposal")]
    for column in ("position", "version", "name", "at", "recorded_at", "source", "actor"):
        assert [step[column] for step in of_order] == [event[column] for event in history]


def check_every_order(ledger: Ledger) -> None:
    """Each order can be explained, by all its events, and ends as its row says."""
    for row in ledger.orders():
        order_id = (
            row["client_order_id"] or row["venue_order_id"] or next(iter(row["aliases"].values()))
        )
        found = ledger.audit.explain(order_id, account=row["account"])
        steps = [step for step in found["steps"] if step["status"] is not None]
        assert [step["version"] for step in steps] == list(range(1, row["version"] + 1))
        assert steps[-1]["status"] == row["status"]
        assert all(
            sentence[0].isupper() and sentence.endswith(".")
            for step in steps
            for sentence in (step["sentence"], *step["notes"])
        )
        assert ("outcome unknown" in found["summary"]) is (row["certainty"] == "unresolved")


@pytest.mark.slow
@quick
@given(story=stories())
def test_every_random_order_can_be_explained(story: Story) -> None:
    with Ledger.open("memory://", clock=SteppingClock(RECORDED_AT), update_views=False) as ledger:
        ledger.record_many(
            parse_document({**message, "account": "sim:main"}) for message in story.messages
        )
        check_every_order(ledger)


def test_every_message_and_every_strange_id_can_be_explained(store_url: str) -> None:
    with Ledger.open(store_url, update_views=False) as ledger:
        ledger.record_many(map(parse_document, every_message()))
        check_every_order(ledger)
