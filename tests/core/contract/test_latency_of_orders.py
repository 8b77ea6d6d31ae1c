"""Latency of orders in every store: by our clock, which reads what a test sets it to, and by the
venue's, which is ahead."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.infrastructure.clock import SteppingClock
from tests.command_line import run
from tests.core.contract.streams import START, fill, parsed, report, request

AHEAD = timedelta(seconds=2)
"""The venue's clock is so far ahead of ours."""


class Recorder:
    """Messages, each recorded at a time of ours, in milliseconds from the start."""

    def __init__(self, ledger: Ledger, clock: SteppingClock) -> None:
        self.ledger = ledger
        self._clock = clock

    def at(self, milliseconds: float, *messages: dict[str, Any]) -> None:
        self._clock.set(START + timedelta(milliseconds=milliseconds))
        assert {one.outcome for one in self.ledger.record_many(parsed(*messages))} == {"recorded"}


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock(START, timedelta())


@pytest.fixture
def told(store_url: str, clock: SteppingClock) -> Iterator[Recorder]:
    with Ledger.open(store_url, clock=clock) as ledger:
        yield Recorder(ledger, clock)


def ours(milliseconds: float) -> float:
    """A time of ours, in seconds from the start."""
    return milliseconds / 1000


def theirs(milliseconds: float) -> float:
    """What the venue's clock shows then."""
    return milliseconds / 1000 + AHEAD.total_seconds()


def life(told: Recorder, name: str, begin: float = 0, scale: float = 1, **fields: Any) -> None:
    """Requested, submitted 2 ms later, acknowledged after 10 (known after 12), filled after 30
    (known after 33)."""

    def after(milliseconds: float) -> float:
        return begin + milliseconds * scale

    told.at(begin, request(name, ours(begin), quantity="1", **fields))
    told.at(after(2), report("submit", name, ours(after(2))))
    told.at(after(12), report("acknowledged", name, theirs(after(10))))
    told.at(after(33), fill(name, f"F-{name}", theirs(after(30))))


def measured(row: Any) -> dict[tuple[str, str], tuple[int, int]]:
    """Count and maximum of each step, by each clock."""
    return {
        (step["step"], step["clock"]): (step["count"], step["latency_us_max"])
        for step in row["steps"]
    }


def test_each_step_is_measured_by_both_clocks(told: Recorder) -> None:
    life(told, "C-1")
    (row,) = told.ledger.metrics.latency()
    assert measured(row) == {
        ("request_to_submit", "ours"): (1, 2_000),
        ("submit_to_acknowledge", "ours"): (1, 10_000),
        ("submit_to_acknowledge", "venue"): (1, 2_008_000),
        ("acknowledge_to_first_fill", "ours"): (1, 21_000),
        ("acknowledge_to_first_fill", "venue"): (1, 20_000),
        ("submit_to_end", "ours"): (1, 31_000),
        ("submit_to_end", "venue"): (1, 2_028_000),
    }
    order = told.ledger.order("C-1")
    assert order["first_fill_at"] == START + AHEAD + timedelta(milliseconds=30)
    assert "timing" not in order


def test_a_cancel_is_measured_from_the_request_that_the_venue_did_not_reject(
    told: Recorder,
) -> None:
    told.at(0, request("C-1", ours(0)), report("submit", "C-1", ours(0)))
    told.at(10, report("request_cancel", "C-1", ours(10), request_id="Q-1"))
    told.at(15, report("cancel_rejected", "C-1", theirs(14), request_id="Q-1"))
    told.at(20, report("request_cancel", "C-1", ours(20), request_id="Q-2"))
    told.at(23, report("request_cancel", "C-1", ours(23), request_id="Q-3"))
    told.at(27, report("canceled", "C-1", theirs(25)))
    steps = measured(told.ledger.metrics.latency()[0])
    assert steps["cancel_to_canceled", "ours"] == (1, 7_000)
    assert steps["cancel_to_canceled", "venue"] == (1, 2_005_000)
    assert steps["submit_to_end", "ours"] == (1, 27_000)


def test_a_cancel_of_the_venue_after_it_rejected_ours_answers_no_request(told: Recorder) -> None:
    told.at(0, request("C-1", ours(0)), report("submit", "C-1", ours(0)))
    told.at(10, report("request_cancel", "C-1", ours(10), request_id="Q-1"))
    told.at(15, report("cancel_rejected", "C-1", theirs(14), request_id="Q-1"))
    told.at(27, report("canceled", "C-1", theirs(25), reason="liquidation"))
    assert {step for step, _ in measured(told.ledger.metrics.latency()[0])} == {
        "request_to_submit",
        "submit_to_end",
    }


def test_an_order_that_was_filled_before_its_cancel_has_no_cancel_to_measure(
    told: Recorder,
) -> None:
    told.at(
        0,
        request("C-1", 0, quantity="1"),
        report("submit", "C-1", 0),
        report("request_cancel", "C-1", 0),
    )
    told.at(5, fill("C-1", "F-1", theirs(4)))
    assert ("cancel_to_canceled", "ours") not in measured(told.ledger.metrics.latency()[0])


def test_a_step_counts_where_an_order_has_both_its_times(told: Recorder) -> None:
    told.at(0, request("REQUESTED", 0))
    told.at(1, request("DENIED", 0), report("deny", "DENIED", 0, reason="limit"))
    told.at(2, report("acknowledged", "EXTERNAL", theirs(2), venue_order_id="V-1"))
    told.at(6, fill("EXTERNAL", "F-1", theirs(5)))
    (row,) = told.ledger.metrics.latency()
    assert measured(row) == {
        ("acknowledge_to_first_fill", "ours"): (1, 4_000),
        ("acknowledge_to_first_fill", "venue"): (1, 3_000),
    }
    assert (row["orders"], row["denied"]) == (3, 1)


def test_a_report_that_was_attributed_later_counts_once_from_its_attribution(
    told: Recorder,
) -> None:
    told.at(0, request("C-1", 0, quantity="1"), report("submit", "C-1", 0))
    told.at(5, fill(None, "F-1", theirs(4), venue_order_id="V-1"))
    told.at(9, report("acknowledged", "C-1", theirs(3), venue_order_id="V-1"))
    (row,) = told.ledger.metrics.latency()
    assert row["orders"] == 1
    steps = measured(row)
    assert steps["acknowledge_to_first_fill", "ours"] == (1, 0)
    assert steps["acknowledge_to_first_fill", "venue"] == (1, 1_000)
    assert steps["submit_to_end", "ours"] == (1, 9_000)


def test_an_imported_message_has_no_time_by_our_clock(told: Recorder) -> None:
    told.at(
        500,
        request("C-1", 0, quantity="1", source="import"),
        report("submit", "C-1", 0.1, source="import"),
    )
    told.at(
        500,
        report("acknowledged", "C-1", 0.2, source="import"),
        fill("C-1", "F-1", 0.5, source="import"),
    )
    assert measured(told.ledger.metrics.latency()[0]) == {
        ("submit_to_acknowledge", "venue"): (1, 100_000),
        ("acknowledge_to_first_fill", "venue"): (1, 300_000),
        ("submit_to_end", "venue"): (1, 400_000),
    }


def test_an_end_that_was_undone_is_no_end(told: Recorder) -> None:
    life(told, "C-1")
    told.at(50, report("fill_busted", "C-1", theirs(45), fill_id="F-C-1"))
    steps = measured(told.ledger.metrics.latency()[0])
    assert not {("submit_to_end", "ours"), ("acknowledge_to_first_fill", "ours")} & set(steps)
    told.at(60, fill("C-1", "F-2", theirs(55)))
    steps = measured(told.ledger.metrics.latency()[0])
    assert steps["submit_to_end", "ours"] == (1, 58_000)


def test_a_late_report_does_not_move_an_end(told: Recorder) -> None:
    life(told, "C-1")
    told.at(90, report("status_observed", "C-1", theirs(80), status="filled"))
    assert measured(told.ledger.metrics.latency()[0])["submit_to_end", "ours"] == (1, 31_000)


def test_unanswered_rejected_and_denied_orders_are_counted(told: Recorder) -> None:
    for name, reason in (("T-1", "timeout"), ("T-2", "timeout"), ("U-1", "http_502")):
        told.at(
            0,
            request(name, 0),
            report("submit", name, 0),
            report("unresolved", name, 1, reason=reason),
        )
    told.at(1, report("acknowledged", "T-1", 3))
    told.at(1, request("R-1", 0), report("rejected", "R-1", 1, reason="funds"), request("D-1", 0))
    told.at(1, report("deny", "D-1", 0, reason="limit"))
    (row,) = told.ledger.metrics.latency()
    counts = {
        name: row[name] for name in ("orders", "rejected", "denied", "unresolved", "timeouts")
    }
    assert counts == {"orders": 5, "rejected": 1, "denied": 1, "unresolved": 3, "timeouts": 2}


def test_it_goes_on_after_a_restart(durable_store_url: str, clock: SteppingClock) -> None:
    """The fold follows an order that it no longer has in memory from its events."""
    with Ledger.open(durable_store_url, clock=clock) as ledger:
        told = Recorder(ledger, clock)
        told.at(
            0,
            request("C-1", 0, quantity="2"),
            report("submit", "C-1", 0),
            report("unresolved", "C-1", 0, reason="timeout"),
        )
        told.at(
            4,
            report("acknowledged", "C-1", theirs(3)),
            fill("C-1", "F-1", theirs(4)),
            report("request_cancel", "C-1", ours(4)),
        )
        assert ledger.views.catch_up() >= 0
    with Ledger.open(durable_store_url, clock=clock) as ledger:
        Recorder(ledger, clock).at(9, report("canceled", "C-1", theirs(8)))
        (row,) = ledger.metrics.latency()
        assert measured(row)["submit_to_acknowledge", "ours"] == (1, 4_000)
        assert measured(row)["cancel_to_canceled", "ours"] == (1, 5_000)
        assert row["timeouts"] == 1
        assert ledger.views.check().differences == ()


HOUR = 3_600_000


def test_groups_and_filters(told: Recorder) -> None:
    for number, strategy in enumerate(("grid", "grid", None)):
        life(told, f"C-{number}", number * HOUR, number + 1, strategy=strategy)
    life(told, "E-1", 3 * HOUR, instrument="ETH-USD", strategy="grid")
    ask = told.ledger.metrics.latency
    assert [(row["strategy"], row["orders"]) for row in ask(by="strategy")] == [
        (None, 1),
        ("grid", 3),
    ]
    hours = [(row["account"], row["hour"], row["orders"]) for row in ask(by=("account", "hour"))]
    assert hours == [("sim:main", f"2026-03-02T{hour:02}:00Z", 1) for hour in (9, 10, 11, 12)]
    assert [row["instrument"] for row in ask(by="instrument")] == ["BTC-USD", "ETH-USD"]
    assert [row["orders"] for row in ask(by="")] == [4]
    assert [row["orders"] for row in ask(instrument="BTC-USD", strategy="grid")] == [2]
    assert [
        row["orders"]
        for row in ask(since=START + timedelta(hours=1), until=START + timedelta(hours=3))
    ] == [2]
    (row,) = ask(instrument="BTC-USD")
    step = next(
        step
        for step in row["steps"]
        if (step["step"], step["clock"]) == ("submit_to_acknowledge", "ours")
    )
    assert {name: value for name, value in step.items() if name.startswith("latency")} == {
        "latency_us_p50": 20_000,
        "latency_us_p90": 30_000,
        "latency_us_p99": 30_000,
        "latency_us_max": 30_000,
    }
    assert step["count"] == sum(bucket["count"] for bucket in step["buckets"]) == row["orders"]
    assert [bucket["up_to_us"] for bucket in step["buckets"]] == [
        10_000,
        20_000,
        50_000,
    ]  # 10, 20 and 30 ms
    with pytest.raises(
        ValueError, match="'venue' is not a group: account, strategy, hour, instrument"
    ):
        ask(by="venue")


def test_it_is_the_same_as_of_now_after_a_rebuild_and_however_it_was_recorded(
    told: Recorder,
) -> None:
    for number in range(5):
        life(told, f"C-{number}", number * 100)
    told.at(600, report("acknowledged", "X-1", theirs(600), venue_order_id="V-1"))
    before = told.ledger.metrics.latency(by="account,strategy,hour,instrument")
    assert told.ledger.metrics.latency(by="account,strategy,hour,instrument", as_of=10**9) == before
    assert told.ledger.views.check().differences == ()
    assert told.ledger.views.rebuild().is_equal
    assert told.ledger.metrics.latency(by="account,strategy,hour,instrument") == before
    as_of: datetime = START + timedelta(milliseconds=99)
    assert [row["orders"] for row in told.ledger.metrics.latency(as_of=as_of)] == [1]


def test_the_command_prints_the_same(tmp_path: Path, clock: SteppingClock) -> None:
    url = f"sqlite:///{tmp_path}/orders.db"
    with Ledger.open(url, clock=clock) as ledger:
        life(Recorder(ledger, clock), "C-1")
        expected = ledger.metrics.latency(by="account,hour")
    assert [
        json.loads(line)
        for line in run("latency", "--db", url, "--by", "account,hour", "--json").out.splitlines()
    ] == expected
    shown = run("latency", "--db", url).out
    assert "submit_to_acknowledge" in shown and "1 group" in shown
    wrong = run("latency", "--db", url, "--by", "venue")
    assert (wrong.status, "is not a group" in wrong.err) == (2, True)
