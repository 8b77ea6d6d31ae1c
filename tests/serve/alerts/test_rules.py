"""Every rule: what raises its alert, once, and what clears it, once, whatever is looked at in
between and whoever looks."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orderledger.gateway.published import GatewayStatuses
from orderledger.serve.alerts.reading import State
from orderledger.serve.alerts.rule import conditions
from orderledger.serve.alerts.sizes import median
from orderledger.serve.alerts.stored import AlertTables
from tests.core.contract.streams import START, fill, moment, of_account, report, request
from tests.serve.alerts.desk import ACCOUNT, Desk

Opening = Callable[..., Desk]
NOTHING: tuple[list[Any], list[Any]] = ([], [])


@pytest.fixture
def opening(store_url: str) -> Iterator[Opening]:
    """Opens a desk with these rules."""
    yield from desks_on(store_url)


@pytest.fixture
def opening_several(durable_store_url: str) -> Iterator[Opening]:
    """Opens desks on one store."""
    yield from desks_on(durable_store_url)


def desks_on(url: str) -> Iterator[Opening]:
    desks: list[Desk] = []

    def opened(*rules: dict[str, Any], **more: Any) -> Desk:
        desks.append(Desk(url, *rules, **more))
        return desks[-1]

    yield opened
    for desk in desks:
        desk.ledger.close()


def sent(name: str, second: float, **terms: Any) -> tuple[dict[str, Any], ...]:
    return request(name, second, **terms), report("submit", name, second)


def test_an_order_that_stays_unresolved_is_raised_and_cleared_once(opening: Opening) -> None:
    desk = opening({"kind": "unresolved", "seconds": 30, "severity": "critical"})
    desk.record(*sent("C-1", 0), report("unresolved", "C-1", 5, reason="timeout"))
    assert desk.at(30) == NOTHING
    subject = ("unresolved", f"{ACCOUNT}/C-1")
    assert desk.at(31) == ([subject], [])
    assert desk.at(40) == NOTHING
    desk.restart()
    assert desk.at(50) == NOTHING
    row = desk.last()
    assert (row["severity"], row["position"], row["account"]) == ("critical", 3, ACCOUNT)
    assert (row["raised_at"], row["cleared_at"]) == (START + timedelta(seconds=31), None)
    assert row["details"]["age_seconds"] == 31
    desk.record(report("acknowledged", "C-1", 60, venue_order_id="V-1"))
    assert desk.at(61) == ([], [subject])
    assert desk.at(62) == NOTHING
    assert desk.last()["cleared_at"] == START + timedelta(seconds=61)
    assert len(desk.rows()) == 1
    assert desk.rows(open_only=True) == []


def test_a_gap_is_raised_when_it_stays_open(opening: Opening) -> None:
    desk = opening({"kind": "gap", "seconds": 60})
    desk.record(
        of_account("gap", 10, **{"from": moment(10)}), of_account("gap", 30, **{"from": moment(30)})
    )
    assert desk.at(70) == NOTHING
    assert desk.at(71) == ([("gap", ACCOUNT)], [])
    assert desk.last()["position"] == 1
    desk.record(
        of_account("gap", 80, **{"from": moment(10), "to": moment(75)}, source="reconciliation")
    )
    assert desk.at(81) == ([], [("gap", ACCOUNT)])  # the second began 51 s ago
    assert desk.at(91) == ([("gap", ACCOUNT)], [])


def test_an_anomaly_of_a_code_is_raised(opening: Opening) -> None:
    desk = opening({"kind": "anomaly", "codes": ["overfill"]})
    desk.record(
        request("C-1", quantity="1"),
        fill("C-1", "F-1", 1),
        fill("C-1", "F-2", 2),
        fill(None, "F-3", 3, venue_order_id="V-9"),
    )
    subject = ("anomaly", f"{ACCOUNT}/C-1 overfill")
    assert desk.at(10) == ([subject], [])
    desk.record(report("fill_busted", "C-1", 11, fill_id="F-2"))
    assert desk.at(12) == ([], [subject])


def test_a_clock_that_differs_from_the_venues_is_raised(opening: Opening) -> None:
    desk = opening({"kind": "clock", "seconds": 1})
    statuses = GatewayStatuses(desk.ledger.internals.store.database)

    def publish(offset: str, within: str, *, is_running: bool = True) -> None:
        clock = {"offset_seconds": offset, "within_seconds": within}
        about = {"holder": "host:1:bot", "at": moment(1), "breakers": []}
        statuses.write({ACCOUNT: {**about, "is_running": is_running, "clock": clock}})

    publish("0.4", "0.1")
    assert desk.at(2) == NOTHING
    publish("-3.2", "2.5")
    assert desk.at(3) == NOTHING, "it may be right"
    publish("-3.2", "0.1")
    assert desk.at(4) == ([("clock", ACCOUNT)], [])
    assert "3.2 s behind" in desk.last()["text"]
    publish("-3.2", "0.1", is_running=False)
    assert desk.at(5) == ([], [("clock", ACCOUNT)])


def certificate(second: float, *breaks: tuple[str, float]) -> dict[str, Any]:
    counts = {
        "covered_from": moment(0),
        "covered_to": moment(second),
        "orders": 0,
        "fills": 0,
        "positions": 0,
    }
    left = [{"id": name, "since": moment(since)} for name, since in breaks]
    return of_account("certify", second, **counts, open_breaks=left)


def test_a_break_is_raised_until_a_reconciliation_settles_it(opening: Opening) -> None:
    desk = opening({"kind": "open_break", "seconds": 30})
    desk.record(certificate(10, ("missing_fill:A", 10), ("position:B", 5)))
    assert desk.at(35) == ([("open_break", f"{ACCOUNT} position:B")], [])
    desk.record(certificate(40, ("missing_fill:A", 10)))
    raised, cleared = desk.at(41)
    assert raised == [("open_break", f"{ACCOUNT} missing_fill:A")]
    assert cleared == [("open_break", f"{ACCOUNT} position:B")]


def test_a_halt_is_raised_until_trading_resumes(opening: Opening) -> None:
    desk = opening({"kind": "halt", "account": ACCOUNT})
    desk.record(
        of_account("halt", 1, account="other:one"),
        of_account("halt", 2, account="*", reason="review", actor="anna"),
    )
    assert desk.at(3) == ([("halt", "*")], [])
    assert desk.last()["text"] == "trading is halted in *: review"
    desk.record(of_account("resume_trading", 4, account="*"))
    assert desk.at(5) == ([], [("halt", "*")])


def marked(second: float, price: str) -> dict[str, Any]:
    return of_account("mark", second, instrument="BTC-USD", price=price)


def test_an_exposure_counts_what_open_orders_may_fill(opening: Opening) -> None:
    desk = opening(
        {"kind": "exposure", "notional": "2000", "name": "worth"},
        {"kind": "exposure", "quantity": "15", "name": "amount"},
    )
    desk.record(
        of_account("instrument", 0, instrument="BTC-USD", currency="USD"),
        marked(1, "100"),
        request("C-1", 2),
    )
    assert desk.at(3) == NOTHING
    desk.record(request("C-2", 4))
    assert desk.at(5) == ([("worth", f"{ACCOUNT} BTC-USD"), ("amount", f"{ACCOUNT} BTC-USD")], [])
    desk.record(marked(6, "90"))
    assert desk.at(7) == ([], [("worth", f"{ACCOUNT} BTC-USD")])


def test_a_daily_loss_counts_fees_and_open_positions_since_midnight(opening: Opening) -> None:
    desk = opening({"kind": "daily_loss", "amount": "25"})
    desk.record(
        of_account("instrument", 0, instrument="BTC-USD", currency="USD"), request("C-1", 1)
    )
    desk.record(
        fill("C-1", "F-1", 2, quantity="2", price="100", fee="5", fee_currency="USD"),
        marked(3, "95"),
    )
    assert desk.at(4) == NOTHING  # 15 are lost
    desk.record(marked(5, "90"))
    assert desk.at(6) == ([("daily_loss", f"{ACCOUNT} USD")], [])
    assert desk.last()["details"] == {"loss": "25", "currency": "USD", "limit": "25"}
    assert desk.at(86_400) == ([], [("daily_loss", f"{ACCOUNT} USD")])  # another day


def test_a_limit_is_near_by_the_gateways_own_count(opening: Opening, tmp_path: Path) -> None:
    limits = tmp_path / "limits.toml"
    limits.write_text('[[limits]]\nname = "desk"\nopen_orders = 4\nposition_quantity = "100"\n')
    desk = opening({"kind": "limit", "limits": str(limits), "share": "0.75"})
    desk.record(request("C-1", 1), request("C-2", 2))
    assert desk.at(3) == NOTHING
    desk.record(request("C-3", 4))
    assert desk.at(5) == ([("limit", "open_orders of desk")], [])
    desk.record(
        request("C-4", 6, quantity="50", account="sim:new")
    )  # an account that was not there before
    desk.record(request("C-5", 6, quantity="80", account="sim:new"))
    raised, _ = desk.at(7)
    assert raised == [("limit", "position_quantity of desk: sim:new BTC-USD")]
    assert desk.last()["details"] == {"value": "130", "limit": "100", "share": "0.75"}


def test_the_orders_of_a_day_come_near_to_their_limit(opening: Opening, tmp_path: Path) -> None:
    limits = tmp_path / "limits.toml"
    limits.write_text('[[limits]]\norders_per_day = 4\n[[limits]]\ngross_notional = "4000"\n')
    desk = opening({"kind": "limit", "limits": str(limits), "share": "0.75"})
    desk.record(of_account("instrument", 0, instrument="BTC-USD", currency="USD"))
    for number in (1, 2, 3):
        assert desk.at(number * 10 - 1) == NOTHING
        name = f"C-{number}"
        desk.record(request(name, number * 10), report("submit", name, number * 10))
    raised, _ = desk.at(40)
    assert raised == [
        ("limit", "orders_per_day of limits 1"),
        ("limit", "gross_notional of limits 2"),
    ]
    assert [row["details"]["value"] for row in desk.rows()] == ["3", "3000"]


def test_a_silent_feed_is_raised(opening: Opening) -> None:
    desk = opening(
        {"kind": "feed", "seconds": 30, "message_seconds": 100, "name": "any"},
        {"kind": "feed", "seconds": 30, "accounts": ["sim:needed"], "name": "needed"},
    )
    assert [(row["rule"], row["subject"]) for row in desk.rows()] == [("needed", "sim:needed")]

    def publish(
        second: float, message_age: float | None, *, is_up: bool = True, is_running: bool = True
    ) -> None:
        accounts = {ACCOUNT: {"is_up": is_up, "last_message_age_seconds": message_age}}
        desk.ledger.internals.publish(
            "here", {"at": moment(second), "is_running": is_running, "accounts": accounts}
        )

    publish(100, 20)
    assert desk.at(120) == NOTHING
    assert desk.at(131) == ([("any", ACCOUNT)], [])
    publish(140, 30)
    assert desk.at(141) == ([], [("any", ACCOUNT)])
    publish(150, 90)
    assert desk.at(161) == ([("any", ACCOUNT)], [])
    publish(170, 1, is_up=False)
    assert desk.at(171) == NOTHING
    publish(180, 1, is_running=False)  # was stopped on purpose
    assert desk.at(181) == ([], [("any", ACCOUNT)])


def test_a_large_order_is_raised_also_when_it_came_and_went_while_nobody_watched(
    opening: Opening,
) -> None:
    desk = opening({"kind": "large_change", "notional": "5000", "of": ["orders"]})
    desk.record(request("SMALL", 1), request("LARGE", 2, quantity="60"))
    subject = ("large_change", f"{ACCOUNT}/LARGE")
    assert desk.at(3) == ([subject], [])
    desk.restart()
    desk.record(request("GONE", 4, quantity="70"), report("rejected", "GONE", 5, reason="funds"))
    gone = ("large_change", f"{ACCOUNT}/GONE")
    assert desk.at(6) == ([gone], [])
    assert (desk.last()["cleared_at"], desk.last()["position"]) == (START + timedelta(seconds=6), 4)
    desk.record(
        fill("GONE", "F-1", 7, quantity="70"), report("canceled", "LARGE", 8)
    )  # a late fill: no second alert
    assert desk.at(9) == ([], [subject])
    desk.restart()
    assert desk.at(10) == NOTHING
    assert len(desk.rows()) == 2


def test_what_is_large_is_a_multiple_of_the_median_before_it(opening: Opening) -> None:
    rule = {"kind": "large_change", "times_usual": "3", "orders": 5, "at_least": 3}
    desk = opening(rule)
    desk.record(*(request(f"OLD-{number}", number, quantity="1000") for number in range(3)))
    desk.record(
        *(request(f"C-{number}", 10 + number, quantity=str(number + 1)) for number in range(5))
    )  # 100 to 500, median 300
    assert desk.at(20) == NOTHING
    desk.record(request("EVEN", 21, quantity="9"), request("MORE", 22, quantity="13"))
    assert desk.at(23) == (
        [("large_change", f"{ACCOUNT}/MORE")],
        [],
    )  # 2, 3, 4, 5, 9: 400 is usual, above 1200 is large
    assert desk.last()["details"]["usual"] == "400"
    desk.restart()
    desk.record(
        request("NEXT", 24, quantity="15"), request("ALONE", 24, account="sim:new", quantity="1000")
    )
    assert desk.at(25) == NOTHING  # 3, 4, 5, 9, 13: 500 is usual, and of a new account nothing is


def test_a_large_position_is_raised(opening: Opening) -> None:
    desk = opening(
        {"kind": "large_change", "notional": "150", "of": ["positions"], "instrument": "BTC-USD"}
    )
    desk.record(
        of_account("instrument", 0, instrument="BTC-USD", currency="USD"),
        marked(1, "100"),
        request("C-1", 2),
    )
    desk.record(fill("C-1", "F-1", 3))
    assert desk.at(4) == NOTHING
    desk.record(fill("C-1", "F-2", 5))
    subject = ("large_change", f"position {ACCOUNT} BTC-USD")
    assert desk.at(6) == ([subject], [])
    desk.record(request("C-2", 7, side="sell"), fill("C-2", "F-3", 8, side="sell"))
    assert desk.at(9) == ([], [subject])


def test_many_causes_of_one_rule_are_bounded(opening: Opening) -> None:
    desk = opening({"kind": "unresolved", "seconds": 0, "most": 2})
    for number in range(5):
        desk.record(
            *sent(f"C-{number}", number),
            report("unresolved", f"C-{number}", number, reason="timeout"),
        )
    raised, _ = desk.at(10)
    assert raised == [
        ("unresolved", f"{ACCOUNT}/C-0"),
        ("unresolved", f"{ACCOUNT}/C-1"),
        ("unresolved", "more"),
    ]
    desk.record(report("rejected", "C-0", 11, reason="x"))
    raised, cleared = desk.at(12)
    assert (raised, cleared) == (
        [("unresolved", f"{ACCOUNT}/C-2")],
        [("unresolved", f"{ACCOUNT}/C-0")],
    )
    desk.record(*(report("rejected", f"C-{number}", 13, reason="x") for number in (1, 2, 3)))
    raised, cleared = desk.at(14)
    assert raised == [("unresolved", f"{ACCOUNT}/C-4")]
    assert ("unresolved", "more") in cleared


def test_an_alert_does_not_flap_within_its_time_of_clearing(opening: Opening) -> None:
    desk = opening({"kind": "halt", "clear_seconds": 60})
    for second in range(0, 90, 30):
        desk.record(of_account("halt", second), of_account("resume_trading", second + 10))
        desk.record(of_account("halt", second + 11)) if second == 0 else None
        desk.at(second + 12)
    assert desk.at(80) == NOTHING
    assert [row["cleared_at"] for row in desk.rows()] == [None]
    assert desk.at(200) == ([], [("halt", ACCOUNT)])


def test_of_two_watchers_of_one_name_one_raises(opening_several: Opening) -> None:
    desk = opening_several({"kind": "halt"}, targets=[{"name": "pager", "command": ["true"]}])
    other = opening_several({"kind": "halt"}, targets=[{"name": "pager", "command": ["true"]}])
    desk.record(of_account("halt", 1))
    assert (desk.at(2), other.at(2)) == (([("halt", ACCOUNT)], []), NOTHING)
    tables = AlertTables(desk.ledger.internals.store.database, "alerts")
    assert [row["subject"] for row in tables.open().values()] == [ACCOUNT]
    assert len(desk.last()["notices"]) == 1


def test_what_a_removed_rule_has_raised_is_cleared_and_another_watchers_alerts_are_left(
    opening_several: Opening,
) -> None:
    desk, other = (
        opening_several({"kind": "halt"}),
        opening_several({"kind": "halt", "name": "second"}, name="other"),
    )
    desk.record(of_account("halt", 1))
    assert (len(desk.at(2)[0]), len(other.at(2)[0])) == (1, 1)
    opening_several({"kind": "gap", "seconds": 1})
    assert [row["watcher"] for row in desk.rows(open_only=True)] == ["other"]


def test_without_rules_there_are_no_conditions(opening: Opening) -> None:
    desk = opening({"kind": "halt"})
    assert conditions(State(desk.ledger, desk.clock, None), ()) == {}


@pytest.mark.parametrize(
    ("sizes", "middle"),
    [
        ((), None),
        (("3",), "3"),
        (("1", "9", "2"), "2"),
        (("4", "1"), "2.5"),
        (("1", "1", "2", "3"), "1.5"),
    ],
)
def test_the_median(sizes: tuple[str, ...], middle: str | None) -> None:
    assert median(map(Decimal, sizes)) == (None if middle is None else Decimal(middle))
