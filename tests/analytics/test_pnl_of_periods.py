"""P&L between two moments, and by day in a time zone: by hand, and against the P&L of all time."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.projections.view import Row
from tests.analytics.test_marks import mark
from tests.analytics.test_pnl_of_fills import traded
from tests.command_line import run
from tests.core.contract.streams import START, of_account, opened, parsed


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def story() -> list[dict[str, Any]]:
    """Bought 2 at 100 and sold 1 at 110 before second 10; sold 1 at 130 after it. Marks: 120 at 10,
    125 at 15."""
    return [
        of_account("instrument", 0, instrument="BTC-USD", currency="USD"),
        *traded(1, "buy", "2", "100"),
        *traded(5, "sell", "1", "110"),
        mark(10, "120"),
        of_account("funding", 11, instrument="BTC-USD", amount="-0.5", currency="USD"),
        mark(15, "125"),
        *traded(20, "sell", "1", "130"),
    ]


def numbers(rows: Any) -> list[tuple[Any, ...]]:
    return [
        tuple(
            row[name] for name in ("realized_pnl", "unrealized_pnl", "net_pnl", "position_quantity")
        )
        for row in rows
    ]


def test_a_period_has_what_its_fills_realized_and_the_change_of_what_is_unrealized(
    ledger: Ledger,
) -> None:
    """Open at second 10: 1 at 100, worth 120: 20 unrealized. At 16, worth 125: 25. At 30 it is
    closed, with 30 realized."""
    ledger.record_many(parsed(*story()))
    assert numbers(ledger.pnl(until=at(10))) == [(10, 20, 10, 1)]
    assert numbers(ledger.pnl(since=at(10), until=at(16))) == [(0, 5, Decimal("-0.5"), 1)]
    assert numbers(ledger.pnl(since=at(16), until=at(30))) == [(30, -25, 30, 0)]
    assert numbers(ledger.pnl(since=at(10), until=at(30))) == [(30, -20, Decimal("29.5"), 0)]
    assert numbers(ledger.pnl(since=at(10))) == [(30, -20, Decimal("29.5"), 0)]
    assert ledger.pnl(since=at(30)) == []
    (row,) = ledger.pnl(since=at(10), until=at(16))
    assert (row["fills"], row["mark_price"], row["funding"]) == (0, 125, {"USD": Decimal("-0.5")})


def test_without_a_mark_at_one_end_the_change_is_unknown(ledger: Ledger) -> None:
    ledger.record_many(parsed(*story()))
    assert numbers(ledger.pnl(since=at(3), until=at(16))) == [(10, None, Decimal("9.5"), 1)]
    assert numbers(ledger.pnl(until=at(7))) == [(10, None, 10, 1)]


def test_periods_add_up_to_all_time(ledger: Ledger) -> None:
    sides, marks = ("buy", "buy", "sell", "sell", "sell", "buy"), list[Row]()
    names = ("BTC-USD", "ETH-USD")
    ledger.record_many(
        parsed(*(of_account("instrument", 0, instrument=name, currency="USD") for name in names))
    )
    for number in range(40):
        terms = {
            "strategy": f"s{number % 2}",
            "instrument": ("BTC-USD", "ETH-USD")[number % 3 // 2],
        }
        messages = traded(
            number, sides[number % 6], f"{1 + number % 4}", f"{90 + number % 7}.3", **terms
        )
        messages[1]["instrument"] = terms["instrument"]
        marks = [mark(number + 0.7, f"{91 + number % 5}", name) for name in names]
        ledger.record_many(parsed(*messages, *marks))
    for by in (("account", "instrument"), ("account", "instrument", "strategy"), ()):
        bounds = [None, at(7.9), at(8), at(21.9), at(33.9), None]
        parts: list[Row] = [
            row
            for since, until in pairwise(bounds)
            for row in ledger.pnl(by=by, since=since, until=until)
        ]
        wholes: list[Row] = list(ledger.pnl(by=by, until=at(99)))
        for whole in wholes:
            same = [row for row in parts if all(row[name] == whole[name] for name in by)]
            for name in ("realized_pnl", "unrealized_pnl", "fills"):
                assert abs(sum(row[name] for row in same) - whole[name]) < Decimal(
                    "1e-25"
                )  # thirds have no end


def test_days_begin_at_midnight_of_the_time_zone(ledger: Ledger) -> None:
    """23:30 UTC is the next day in Berlin. On 29 March 2026 its clocks go forward: that day ends at
    22:00 UTC."""
    opened_at = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    late, early = (
        datetime(2026, 3, 29, 21, 59, tzinfo=UTC),
        datetime(2026, 3, 29, 22, 0, tzinfo=UTC),
    )
    times = zip(("buy", "sell", "sell"), (opened_at, late, early), strict=True)
    for number, (side, time) in enumerate(times):
        asked, filled = traded(number, side, "2" if side == "buy" else "1", f"{100 + 10 * number}")
        ledger.record_many(parsed(asked, {**filled, "at": time.isoformat()}))
    berlin = {
        row["day"]: row["realized_pnl"] for row in ledger.pnl(by="day", timezone="Europe/Berlin")
    }
    assert berlin == {"2026-03-03": 0, "2026-03-29": 10, "2026-03-30": 20}
    assert [row["day"] for row in ledger.pnl(by="day")] == ["2026-03-02", "2026-03-29"]
    east = timezone(timedelta(hours=14))
    assert [row["day"] for row in ledger.pnl(by="day", timezone=east)] == [
        "2026-03-03",
        "2026-03-30",
    ]
    assert [row["day"] for row in ledger.pnl(by="day", since=late)] == ["2026-03-29"]
    assert numbers(ledger.pnl(by="day", since=early)) == [(20, None, None, None)]


@pytest.mark.parametrize(
    "zone", ["Europe/Berlim", "../../etc/passwd", "", "/etc/passwd", "Europe", "x" * 5000, "a\0b"]
)
def test_an_unknown_time_zone_is_wrong_usage(ledger: Ledger, zone: str) -> None:
    with pytest.raises(ValueError, match="is not a time zone, such as Europe/Berlin"):
        ledger.pnl(by="day", timezone=zone)


def test_the_command_takes_a_period_and_a_time_zone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with opened(url) as ledger:
        ledger.record_many(parsed(*story()))
    period = ("--since", at(10).isoformat(), "--until", at(16).isoformat())
    shown = run("pnl", "--db", url, "--json", *period)
    assert (shown.status, json.loads(shown.out)["unrealized_pnl"]) == (0, "5")
    days = run("pnl", "--db", url, "--json", "--by", "day", "--timezone", "Pacific/Kiritimati")
    assert json.loads(days.out)["day"] == "2026-03-02"
    wrong = run("pnl", "--db", url, "--timezone", "Mars/Base")
    assert (wrong.status, "'Mars/Base' is not a time zone" in wrong.err) == (2, True)
    backwards = run(
        "pnl", "--db", url, "--since", at(16).isoformat(), "--until", at(10).isoformat()
    )
    assert (backwards.status, "is after until" in backwards.err) == (2, True)
