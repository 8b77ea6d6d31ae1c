"""What we said then, what we say now, and which events made the difference."""

import json
from datetime import timedelta
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderledger import Ledger, parse_document
from orderledger.audit.differing import KEYS
from orderledger.infrastructure.clock import SteppingClock
from tests.audit.odd_orders import START, SetClock, fill, moment, record, request, said, working
from tests.command_line import run
from tests.core.contract.streams import parsed
from tests.core.properties.checks import RECORDED_AT
from tests.core.properties.profiles import quick
from tests.core.properties.stories import Story, stories

NOON = START + timedelta(hours=3)


def opened(url: str | Path, messages: list[Any]) -> Ledger:
    clock = SetClock()
    ledger = Ledger.open(url, clock=clock, update_views=False, synchronous="OFF")
    record(lambda message: ledger.record(parse_document(message)), clock, messages)
    return ledger


LATE_FILL = [
    *working(),
    said(0, "instrument", order=None, instrument="BTC-USD", currency="USD"),
    fill(1, "F-1", "3"),
    request(3, order="C-2"),
    fill(20_000, "F-2", "4", "99", at=2),
    fill(20_001, "F-3", "1"),
]
"""F-2 happened in the morning and was recorded in the afternoon; F-3 is the afternoon's own."""


def test_a_late_fill_restates_the_order_and_the_pnl_of_the_morning(store_url: str) -> None:
    with opened(store_url, LATE_FILL) as ledger:
        (order,) = ledger.audit.restate("orders", from_as_of=NOON)
        assert (order["client_order_id"], order["change"]) == ("C-1", "changed")
        assert (order["before"]["cum_quantity"], order["after"]["cum_quantity"]) == (
            Decimal(3),
            Decimal(7),
        )
        (cause,) = order["events"]
        assert cause["sentence"] == "The venue filled 4 at 99 (fill F-2, fee 0.1 USD)."
        (trade,) = ledger.audit.restate("trades", from_as_of=NOON)
        assert (trade["change"], trade["fill_id"], trade["before"]) == ("added", "F-2", {})
        (pnl,) = ledger.audit.restate("pnl", from_as_of=NOON, method="fifo")
        assert (pnl["before"]["position_quantity"], pnl["after"]["position_quantity"]) == (
            Decimal(3),
            Decimal(7),
        )
        assert [event["position"] for event in pnl["events"]] == [cause["position"]]


def test_what_happened_later_is_no_restatement(store_url: str) -> None:
    with opened(store_url, LATE_FILL[:-2] + LATE_FILL[-1:]) as ledger:
        assert all(ledger.audit.restate(view, from_as_of=NOON) == [] for view in KEYS)


def test_another_moment_and_two_past_times_can_be_asked_for(store_url: str) -> None:
    with opened(store_url, LATE_FILL) as ledger:
        evening = START + timedelta(seconds=20_002)
        assert (
            ledger.audit.restate("orders", from_as_of=NOON, as_of=NOON + timedelta(hours=1)) == []
        )
        (order,) = ledger.audit.restate("orders", from_as_of=NOON, effective_at=evening)
        assert order["after"]["cum_quantity"] == Decimal(8)
        assert (
            ledger.audit.restate(
                "orders", from_as_of=NOON, effective_at=START + timedelta(seconds=1.5)
            )
            == []
        )


@pytest.mark.slow
@quick
@given(story=stories(), part=st.floats(0.1, 0.9))
def test_every_difference_has_its_events_and_nothing_else_differs(
    story: Story, part: float
) -> None:
    """The differences are those of the two states, and each is caused by events recorded in
    between."""
    with Ledger.open("memory://", clock=SteppingClock(RECORDED_AT), update_views=False) as ledger:
        ledger.record_many(
            parsed(*({**message, "account": "sim:main"} for message in story.messages))
        )
        last = max((event["position"] for event in ledger.events()), default=0)
        start = max(1, int(last * part))
        if not last:
            return
        for view, key in KEYS.items():
            of_view = "log.account_events" if view == "account_events" else view
            asked = attrgetter(of_view)(ledger)
            stated = [
                {tuple(row[name] for name in key): row for row in asked(as_of=known)}
                for known in (start, last)
            ]
            expected = {
                name
                for name in {*stated[0], *stated[1]}
                if stated[0].get(name) != stated[1].get(name)
            }
            found = ledger.audit.restate(
                view, from_as_of=start, as_of=last, effective_at=RECORDED_AT + timedelta(days=1)
            )
            keys = {tuple(row["key"][name] for name in key) for row in found}
            assert keys == expected, view
            for row in found:
                positions = [event["position"] for event in row["events"]]
                assert positions, (view, row)
                assert all(start < position <= last for position in positions)


def test_the_command_tells_both_and_the_events(tmp_path: Path) -> None:
    opened(tmp_path / "a.db", LATE_FILL).close()
    asked = ("restate", "pnl", "--db", tmp_path / "a.db", "--from", moment(10_800))
    done = run(*asked)
    assert (done.status, done.err) == (0, "")
    assert "changed: sim:main BTC-USD" in done.out
    assert "position quantity: 3, then 7" in done.out
    assert "The venue filled 4 at 99 (fill F-2, fee 0.1 USD)." in done.out
    assert "1 pnl differs" in done.out
    (row,) = map(json.loads, run(*asked, "--json").out.splitlines())
    assert (row["before"]["fills"], row["after"]["fills"]) == (1, 2)
    assert (
        "nothing differs"
        in run("restate", "orders", "--db", tmp_path / "a.db", "--from", moment(30_000)).out
    )


def test_a_wrong_question_is_wrong_usage(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db", LATE_FILL) as ledger:
        with pytest.raises(ValueError, match="not a view that can be compared"):
            ledger.audit.restate("halts", from_as_of=NOON)
        with pytest.raises(ValueError, match="the log has no position 999"):
            ledger.audit.restate("orders", from_as_of=999)
    assert run("restate", "halts", "--db", tmp_path / "a.db", "--from", moment(0)).status == 2
    assert run("restate", "orders", "--db", tmp_path / "a.db").status == 2
