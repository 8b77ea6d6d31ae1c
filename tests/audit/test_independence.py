"""The order of reports does not matter, shown on a ledger's own log; and a planted fault is found
and shrunk."""

import json
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderledger import Ledger, parse_document
from orderledger.audit.documents import document_of
from orderledger.audit.shuffling import items_of, kept_in_order, shuffled
from orderledger.domain.orders.fill import Fill
from orderledger.infrastructure.clock import SteppingClock
from orderledger.infrastructure.storage.codec import decode
from tests.audit.odd_orders import ODD_ORDERS, SetClock, fill, record, said, working
from tests.command_line import run
from tests.core.contract.streams import story
from tests.core.properties.checks import RECORDED_AT
from tests.core.properties.profiles import many, quick
from tests.core.properties.stories import Story, stories


def events_of(ledger: Ledger) -> list[Any]:
    return [decode(*row) for row in ledger.internals.store.all_rows()]


def check_story(story: Story, seed: int) -> None:
    with Ledger.open("memory://", clock=SteppingClock(RECORDED_AT), update_views=False) as ledger:
        ledger.record_many(
            parse_document({**message, "account": "sim:main"}) for message in story.messages
        )
        proof = ledger.audit.prove_order_independence(rounds=2, seed=seed)
        assert proof["holds"], proof


@pytest.mark.slow
@quick
@given(story=stories(), seed=st.integers(0, 999))
def test_the_order_of_reports_does_not_matter_in_random_ledgers(story: Story, seed: int) -> None:
    check_story(story, seed)


@pytest.mark.long
@many
@given(story=stories(), seed=st.integers(0, 999))
def test_the_order_of_reports_does_not_matter_in_many_random_ledgers(
    story: Story, seed: int
) -> None:
    check_story(story, seed)


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD_ORDERS)
def test_odd_orders_end_the_same_in_any_order(name: str, tmp_path: Path) -> None:
    clock = SetClock()
    with Ledger.open(
        tmp_path / "odd.db", clock=clock, update_views=False, synchronous="OFF"
    ) as ledger:
        record(lambda message: ledger.record(parse_document(message)), clock, ODD_ORDERS[name])
        proof = ledger.audit.prove_order_independence(rounds=5)
        assert proof["holds"], proof


def test_a_log_of_everything_can_be_recorded_anew(store_url: str) -> None:
    """Every type of message, several accounts, and every strange id."""
    with Ledger.open(store_url, update_views=False) as ledger:
        ledger.record_many(map(parse_document, story()))
        before = ledger.status()["position"]
        steps: list[tuple[int, int]] = []
        proof = ledger.audit.prove_order_independence(
            rounds=1, progress=lambda done, total: steps.append((done, total))
        )
        assert proof["holds"], proof
        assert proof["messages"] > 100
        assert len(steps) == proof["accounts"] and steps == sorted(steps)
        assert steps[-1][0] == steps[-1][1]
        assert ledger.status()["position"] == before


def test_every_event_of_a_message_becomes_that_message_again() -> None:
    with Ledger.open("memory://", update_views=False) as ledger:
        ledger.record_many(map(parse_document, story()))
        for recorded in events_of(ledger):
            document = document_of(recorded)
            if document is not None:
                assert (
                    parse_document(json.loads(json.dumps(document))).account == document["account"]
                )


def test_shuffling_keeps_messages_of_one_time_and_repeats_some(tmp_path: Path) -> None:
    reports = [fill(second // 2, f"F-{second}", "1") for second in range(20)]
    clock = SetClock()
    with Ledger.open(
        tmp_path / "a.db", clock=clock, update_views=False, synchronous="OFF"
    ) as ledger:
        record(
            lambda message: ledger.record(parse_document(message)), clock, [*working(), *reports]
        )
        items = items_of(events_of(ledger))
    kept = kept_in_order(items, {}, set())
    orders = [shuffled(items, kept, Random(seed)) for seed in range(20)]
    assert len({tuple(item.number for item in order) for order in orders}) == 20
    assert any(len(order) > len(items) for order in orders)
    for order in orders:
        assert {item.number for item in order} == {item.number for item in items}
        first = {item.number: place for place, item in reversed(list(enumerate(order)))}
        for one, other in pairwise(items):
            if one.document["at"] == other.document["at"]:
                assert first[one.number] < first[other.number]


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted fault: a later report of a fill wins over an earlier one, as it arrives."""
    monkeypatch.setattr(Fill, "has_all_of", lambda self, report: False)
    complete = Fill.complete

    def last_told(self: Fill, report: Fill) -> None:
        complete(self, report)
        self.when = report.when

    monkeypatch.setattr(Fill, "complete", last_told)


@pytest.mark.usefixtures("faulty")
def test_a_planted_fault_is_found_and_shrunk_to_a_file_that_record_takes(tmp_path: Path) -> None:
    again = fill(8, "F-1", "3", at=7, liquidity="maker")
    others = [fill(second, f"G-{second}", "1", at=second - 1) for second in range(20, 25)]
    clock = SetClock()
    with Ledger.open(
        tmp_path / "a.db", clock=clock, update_views=False, synchronous="OFF"
    ) as ledger:
        record(
            lambda message: ledger.record(parse_document(message)),
            clock,
            [*working(), fill(5, "F-1", "3"), again, *others],
        )
    done = run("prove-order-independence", "--db", tmp_path / "a.db", "--rounds", "20")
    assert done.status == 1
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert len(lines) <= 3, lines
    assert {line.get("fill_id") for line in lines} <= {"F-1", None}
    assert "in log order" in done.err
    found = tmp_path / "found.ndjson"
    found.write_text(done.out)
    assert run("record", found, "--db", tmp_path / "b.db").status == 0


def test_the_command_says_what_it_tried(tmp_path: Path) -> None:
    clock = SetClock()
    with Ledger.open(
        tmp_path / "a.db", clock=clock, update_views=False, synchronous="OFF"
    ) as ledger:
        messages = [*working(), fill(1, "F-1", "1"), fill(2, "F-2", "1"), said(3, "canceled")]
        record(lambda message: ledger.record(parse_document(message)), clock, messages)
    done = run("prove-order-independence", "--db", tmp_path / "a.db", "--rounds", "3")
    assert (done.status, done.err) == (0, "")
    assert "6 messages of 1 account in 3 orders each; 2 messages kept their order" in done.out
    (proof,) = map(
        json.loads,
        run("prove-order-independence", "--db", tmp_path / "a.db", "--json").out.splitlines(),
    )
    assert (proof["holds"], proof["rounds"], proof["seed"]) == (True, 10, 0)
    assert run("prove-order-independence", "--db", tmp_path / "a.db", "--rounds", "0").status == 2
