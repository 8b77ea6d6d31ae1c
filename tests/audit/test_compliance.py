"""Questions of compliance, and the order records of RTS 24."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from orderledger import Ledger, parse_document
from orderledger.audit.findings import FINDINGS
from orderledger.audit.rts24 import BUST, CAVEATS, FIELDS, MISSING
from orderledger.infrastructure.clock import SteppingClock
from tests.audit.odd_orders import (
    ODD_ORDERS,
    START,
    SetClock,
    fill,
    moment,
    record,
    request,
    said,
    working,
)
from tests.command_line import run
from tests.core.contract.streams import story
from tests.core.properties.checks import RECORDED_AT
from tests.core.properties.profiles import quick
from tests.core.properties.stories import Story, stories

GAP: dict[str, Any] = {"from": moment(90), "to": moment(95)}
SUSPICIOUS = [
    *working(),
    said(
        10,
        "request_replace",
        quantity="12",
        request_id="Q-1",
        actor="anna",
        source="operator",
        correlation_id="call-7",
    ),
    said(10.2, "replaced", quantity="12"),
    fill(100, "F-1", "1", at=20),
    said(101, "acknowledged", order="C-2", at=111, venue_order_id="V-9"),
    said(102, "canceled", order="C-2"),
    said(103, "gap", order=None, **GAP),
    said(
        104, "adjust", order=None, instrument="BTC-USD", quantity="1", price="100", reason="audit"
    ),
    said(105, "request_cancel"),
    said(106, "canceled"),
]
"""One of each finding, but for a clock that goes back."""


def opened(url: str | Path, messages: list[Any]) -> Ledger:
    clock = SetClock()
    ledger = Ledger.open(url, clock=clock, update_views=False, synchronous="OFF")
    record(lambda message: ledger.record(parse_document(message)), clock, messages)
    return ledger


def test_each_finding_is_found_once_where_it_belongs(durable_store_url: str) -> None:
    opened(durable_store_url, SUSPICIOUS).close()
    with Ledger.open(
        durable_store_url, clock=SetClock(), update_views=False
    ) as ledger:  # another machine, whose clock is behind
        ledger.record(
            parse_document(said(0, "mark", order=None, instrument="BTC-USD", price="9")[1])
        )
        found = [
            (name, row["name"].partition(".")[0])
            for row in ledger.audit.findings()
            for name in row["findings"]
        ]
    assert sorted(found) == [
        ("amendment", "order_replaced"),
        ("amendment", "replace_requested"),
        ("clock_ahead", "order_acknowledged"),
        ("clock_backward", "mark_recorded"),
        ("gap", "gap_recorded"),
        ("intervention", "position_adjusted"),
        ("intervention", "replace_requested"),
        ("late_report", "fill_recorded"),
        ("unexplained_cancel", "order_canceled"),
    ]
    assert {name for name, _ in found} == set(FINDINGS)


def test_a_cancel_that_we_asked_for_or_that_has_a_reason_is_explained(store_url: str) -> None:
    for_a_reason = [request(order="C-3"), said(1, "canceled", order="C-3", reason="liquidation")]
    with opened(
        store_url, [*working(), said(5, "request_cancel"), said(6, "canceled"), *for_a_reason]
    ) as ledger:
        assert list(ledger.audit.findings(finding="unexplained_cancel")) == []


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"actor": "anna"}, ["replace_requested.v1"]),
        ({"correlation": "call-7"}, ["replace_requested.v1"]),
        ({"reason": "audit"}, ["position_adjusted.v1"]),
        (
            {"source": "strategy"},
            ["order_requested.v1", "order_submitted.v1", "cancel_requested.v1"],
        ),
        ({"finding": "gap"}, ["gap_recorded.v1"]),
        ({"since": START + timedelta(seconds=105)}, ["order_acknowledged.v1"]),
    ],
)
def test_events_are_found_by_who_and_why(
    tmp_path: Path, asked: dict[str, Any], names: list[str]
) -> None:
    with opened(tmp_path / "a.db", SUSPICIOUS) as ledger:
        assert [row["name"] for row in ledger.audit.findings(**asked)] == names


def test_late_begins_at_the_delay_that_is_asked_for(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db", SUSPICIOUS) as ledger:
        assert (
            len(list(ledger.audit.findings(finding="late_report", late=timedelta(seconds=80)))) == 1
        )
        assert (
            list(ledger.audit.findings(finding="late_report", late=timedelta(seconds=80.001))) == []
        )


def test_every_event_can_be_audited(tmp_path: Path) -> None:
    """Every kind of message, in sentences."""
    with Ledger.open(tmp_path / "a.db", update_views=False, synchronous="OFF") as ledger:
        ledger.record_many(map(parse_document, story()))
        events = list(ledger.events())
        rows = [
            row
            for source in {event["source"] for event in events}
            for row in ledger.audit.findings(source=source)
        ]
    assert len(rows) == len(events)
    assert all(row["sentence"].endswith(".") and row["sentence"][0].isupper() for row in rows)


def records_of(path: Path) -> tuple[list[Any], Any]:
    done = run("audit", "--db", path, "--report", "rts24", "--json")
    assert done.status == 0, done.err
    *rows, last = map(json.loads, done.out.splitlines())
    return rows, last["summary"]


def test_an_order_record_has_what_the_log_knows(tmp_path: Path) -> None:
    messages = ODD_ORDERS["stop_triggered"]
    opened(tmp_path / "a.db", messages).close()
    rows, _ = records_of(tmp_path / "a.db")
    assert [row["fields"]["21"] for row in rows] == ["NEWO", "TRIG", "FILL"]
    fields = rows[-1]["fields"]
    known = {name: value for name, value in fields.items() if value is not None}
    assert known == {
        "9": "2026-03-02T09:00:51.000000Z", "10": "GTCV", "15": 5, "18": "BTC-USD",
        "19": "2026-03-02T09:00:00.350000Z",
        "20": "V-1", "21": "FILL", "22": "stop_limit", "23": "STOP", "24": "97", "26": "98",
        "28": "97.5", "32": "SELL", "36": "10", "37": "0",
        "39": "10", "43": False, "44": "AGRE", "48": "F-1",
    }  # fmt: skip


def test_the_record_says_who_canceled_and_leaves_open_what_is_not_known(tmp_path: Path) -> None:
    opened(tmp_path / "a.db", SUSPICIOUS).close()
    rows, _ = records_of(tmp_path / "a.db")
    found = [
        (row["client_order_id"], row["name"].partition(".")[0], row["fields"]["21"]) for row in rows
    ]
    assert found == [
        ("C-1", "order_acknowledged", "NEWO"),
        ("C-1", "order_replaced", "REME"),
        ("C-1", "fill_recorded", "PARF"),
        ("C-2", "order_acknowledged", "NEWO"),
        ("C-2", "order_canceled", "CAMO"),
        ("C-1", "order_canceled", "CAME"),
    ]


def test_a_report_told_under_another_order_is_recorded_once(tmp_path: Path) -> None:
    opened(tmp_path / "a.db", ODD_ORDERS["late_id_mapping"]).close()
    rows, _ = records_of(tmp_path / "a.db")
    assert [(row["client_order_id"], row["fields"]["21"]) for row in rows] == [
        ("C-1", "NEWO"),
        ("C-1", "PARF"),
    ]


def test_a_change_that_nobody_asked_for_has_no_code_of_ours(tmp_path: Path) -> None:
    unasked = [*working(), said(5, "replaced", quantity="12")]
    opened(tmp_path / "a.db", unasked).close()
    assert records_of(tmp_path / "a.db")[0][-1]["fields"]["21"] is None
    asked = [*working(), said(4, "request_replace", quantity="12", request_id="Q-1"), unasked[-1]]
    opened(tmp_path / "b.db", asked).close()
    assert records_of(tmp_path / "b.db")[0][-1]["fields"]["21"] == "REME"


FILLS = [
    *working(),
    fill(1, "F-1", "2", liquidity="taker"),
    fill(2, "F-2", "3"),
    said(3, "fill_corrected", fill_id="F-3", corrects="F-1", quantity="4", price="101"),
    said(4, "fill_busted", fill_id="F-2"),
    fill(5, "F-4", "1"),
    fill(6, "F-4", "2"),
    fill(7, "F-4", "1", at=5, liquidity="maker"),
    said(8, "fill_busted", fill_id="F-2", at=3.5),
]
"""A corrected fill, a busted one, and one that was reported three times, once with other
numbers."""


def test_a_busted_fill_is_no_transaction_and_a_corrected_one_is_one(tmp_path: Path) -> None:
    """The table has no code for a bust: ours is marked as ours."""
    opened(tmp_path / "a.db", FILLS).close()
    rows, summary = records_of(tmp_path / "a.db")
    names = ("9", "21", "28", "37", "39", "44", "48")
    assert [tuple(row["fields"][name] for name in names) for row in rows[1:]] == [
        ("2026-03-02T09:00:01.000000Z", "PARF", "101", "6", "4", "AGRE", "F-3"),
        ("2026-03-02T09:00:04.000000Z", BUST, None, "6", None, None, "F-2"),
        ("2026-03-02T09:00:05.000000Z", "PARF", "100", "5", "1", "PASV", "F-4"),
    ]
    assert BUST in summary["caveats"]["21"]


@pytest.mark.slow
def test_the_traded_quantities_of_an_order_add_up_to_what_is_filled() -> None:
    @quick
    @given(stories())
    def run_story(story: Story) -> None:
        with Ledger.open(
            "memory://", clock=SteppingClock(RECORDED_AT), update_views=False
        ) as ledger:
            ledger.record_many(
                parse_document({**message, "account": "sim:main"}) for message in story.messages
            )
            traded: dict[Any, Decimal] = {}
            for row in ledger.audit.order_records():
                traded[row["client_order_id"]] = traded.get(row["client_order_id"], Decimal(0)) + (
                    row["fields"]["39"] or 0
                )
                if row["fields"]["39"]:
                    assert row["fields"]["21"] in ("PARF", "FILL")
            for order in ledger.orders():
                if order["client_order_id"] is not None and not order["legs"]:
                    assert traded.get(order["client_order_id"], 0) == order["cum_quantity"]

    run_story()


def test_every_field_is_known_or_named_as_missing(tmp_path: Path) -> None:
    assert [field.number for field in FIELDS] == list(range(1, 52))
    assert all((field.value is None) is (field.missing is not None) for field in FIELDS)
    opened(tmp_path / "a.db", SUSPICIOUS).close()
    rows, summary = records_of(tmp_path / "a.db")
    assert set(summary["missing"]) == {str(number) for number in MISSING}
    assert set(summary["caveats"]) == {str(number) for number in CAVEATS}
    assert {*summary["caveats"]} == {"15", "18", "19", "20", "21", "22", "46"}
    assert summary["records"] == len(rows) > 0
    assert all(row["fields"][number] is None for row in rows for number in summary["missing"])
    people = run("audit", "--db", tmp_path / "a.db", "--report", "rts24").out
    assert (
        "Field 1, Identification of the entity that submitted the order: the log has accounts, no "
        "LEI" in people
    )


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        (("--source", "nobody"), "'nobody' is not one of"),
        (("--finding", "nothing"), "'nothing' is not one of"),
        (("--report", "rts24", "--actor", "anna"), "--report takes no --actor"),
    ],
)
def test_a_wrong_question_is_wrong_usage(
    tmp_path: Path, asked: tuple[str, ...], fault: str
) -> None:
    opened(tmp_path / "a.db", SUSPICIOUS).close()
    done = run("audit", "--db", tmp_path / "a.db", *asked)
    assert (done.status, fault in done.err) == (2, True), done.err


def test_the_table_shows_sentences_and_findings(tmp_path: Path) -> None:
    opened(tmp_path / "a.db", SUSPICIOUS).close()
    done = run("audit", "--db", tmp_path / "a.db")
    assert done.status == 0
    assert "We asked the venue to change the order" in done.out
    assert "No cancel request of ours is recorded, and no reason was given." in done.out
