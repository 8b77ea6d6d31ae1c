"""Times as people type them, in options and in tables."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from orderledger import Fill, Ledger
from orderledger.cli.times import ZONE, day_typed, shown, time_typed
from tests.command_line import run

NOW = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
TIMES = ("2026-11-19T22:59:59Z", "2026-11-19T23:00:00Z", "2026-11-20T12:00:00Z")
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("typed", "in_utc", "in_berlin"),
    [
        ("today", "2026-11-20T00:00:00Z", "2026-11-20T23:00:00Z"),
        ("yesterday", "2026-11-19T00:00:00Z", "2026-11-19T23:00:00Z"),
        ("2026-11-20", "2026-11-20T00:00:00Z", "2026-11-19T23:00:00Z"),
        ("2026-07-01", "2026-07-01T00:00:00Z", "2026-06-30T22:00:00Z"),
        ("-2h", "2026-11-20T21:30:00Z", "2026-11-20T21:30:00Z"),
        ("-1d", "2026-11-19T23:30:00Z", "2026-11-19T23:30:00Z"),
        ("-90s", "2026-11-20T23:28:30Z", "2026-11-20T23:28:30Z"),
        ("-1w", "2026-11-13T23:30:00Z", "2026-11-13T23:30:00Z"),
        ("2026-11-20T09:00:00+02:00", "2026-11-20T07:00:00Z", "2026-11-20T07:00:00Z"),
        ("1763629200", "2025-11-20T09:00:00Z", "2025-11-20T09:00:00Z"),
    ],
)
def test_a_time_is_typed_in_the_zone_of_the_command(
    typed: str, in_utc: str, in_berlin: str
) -> None:
    assert time_typed(typed, NOW) == datetime.fromisoformat(in_utc)
    before = ZONE.set(BERLIN)
    try:
        assert time_typed(typed, NOW) == datetime.fromisoformat(in_berlin)
    finally:
        ZONE.reset(before)


def test_a_time_without_an_offset_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="offset"):
        time_typed("2026-11-20T09:00:00", NOW)
    before = ZONE.set(BERLIN)
    try:
        assert time_typed("2026-11-20T09:00:00", NOW) == datetime(2026, 11, 20, 8, tzinfo=UTC)
        assert day_typed("today", NOW) == date(2026, 11, 21)
    finally:
        ZONE.reset(before)


@pytest.mark.parametrize("typed", ["tomorrow", "-2y", "-h", "2026-02-30", "", "now-1h", "20261120"])
def test_other_text_is_not_a_time(typed: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        time_typed(typed, NOW)


def test_a_time_is_shown_with_its_offset_unless_that_is_utc() -> None:
    assert shown(NOW) == "2026-11-20 23:30:00.000"
    before = ZONE.set(BERLIN)
    try:
        assert shown(NOW) == "2026-11-21 00:30:00.000+01:00"
    finally:
        ZONE.reset(before)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "orders.db"
    with Ledger.open(path, update_views=False) as ledger:
        for number, at in enumerate(
            ("2026-11-19T22:59:59Z", "2026-11-19T23:00:00Z", "2026-11-20T12:00:00Z")
        ):
            ledger.record(
                Fill(
                    account="sim:main",
                    venue_order_id="V-1",
                    fill_id=f"F-{number}",
                    instrument="BTC-USD",
                    side="buy",
                    quantity="1",
                    price="2",
                    at=at,
                )
            )
    return path


def test_the_zone_holds_for_options_and_tables(db: Path) -> None:
    asked = ("trades", "--db", db, "--since", "2026-11-20")
    in_utc, in_berlin = run(*asked).out, run(*asked, "--timezone", "Europe/Berlin").out
    assert "1 trade\n" in in_utc and "2026-11-20 12:00:00.000 " in in_utc
    assert "2 trades\n" in in_berlin and "2026-11-20 00:00:00.000+01:00" in in_berlin
    of_shell = run(*asked, environment={"ORDERLEDGER_TIMEZONE": "Europe/Berlin"}).out
    assert of_shell == in_berlin
    assert run(*asked).out == in_utc


def test_json_is_in_utc_whatever_the_zone(db: Path) -> None:
    asked = ("trades", "--db", db, "--json")
    assert run(*asked).out == run(*asked, "--timezone", "Europe/Berlin").out


def test_the_zone_of_the_environment_is_that_of_days(db: Path) -> None:
    asked = ("pnl", "--db", db, "--by", "day", "--json")
    of_option = run(*asked, "--timezone", "Europe/Berlin").out
    of_shell = run(*asked, environment={"ORDERLEDGER_TIMEZONE": "Europe/Berlin"}).out
    assert of_option == of_shell != run(*asked).out


def test_a_log_position_is_a_moment(db: Path) -> None:
    assert run("trades", "--db", db, "--as-of", "@1").out.endswith("1 trade\n")


@pytest.mark.parametrize("typed", ["-0h", "-1d"])
def test_an_option_takes_a_time_that_begins_with_a_dash(db: Path, typed: str) -> None:
    assert run("trades", "--db", db, "--since", typed).status == 0


def test_the_old_words_of_a_period_still_work(db: Path) -> None:
    new = run("report", "--db", db, "--since", "2026-11-20", "--until", "2026-11-20")
    old = run("report", "--db", db, "--from", "2026-11-20", "--to", "2026-11-20")
    assert new == old and new.status == 0
    assert "--from" not in run("report", "--help").out
