"""Balances and lots are the same in Python, in SQL over a ledger, and in SQL over its archive."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import run
from tests.core.contract.streams import MADE_AT, START, fill, of_account, opened, parsed


def account() -> list[dict[str, Any]]:
    """Two lots of a stock and a part sold, coins with a fee in the coin, a future, and the venue's
    own balances. A fill is corrected after the venue reported."""
    opening = {"currency": "USD", "amount": "10000", "reason": "opening_balance"}
    return [
        of_account("instrument", 0, instrument="XYZ", kind="security", quote="USD"),
        of_account("instrument", 0, instrument="BTC-USD", kind="spot", base="BTC", quote="USD"),
        of_account("instrument", 0, instrument="PERP", kind="margined", settlement="USD"),
        of_account("adjust", 1, **opening),
        of_account("transfer", 2, currency="USD", amount="500", kind="deposit", venue_id="D-1"),
        fill(None, "1", 3, instrument="XYZ", quantity="3", price="10", venue_order_id="V-1"),
        fill(None, "2", 4, instrument="XYZ", quantity="4", price="11", venue_order_id="V-2"),
        fill(None, "3", 5, instrument="XYZ", side="sell", quantity="2", price="12",
             venue_order_id="V-3"),
        fill(None, "4", 6, instrument="BTC-USD", quantity="1", price="100", fee="0.001",
             fee_currency="BTC", venue_order_id="V-4"),
        fill(None, "5", 7, instrument="PERP", quantity="3", price="50", venue_order_id="V-5"),
        fill(None, "6", 8, instrument="PERP", quantity="7", price="53", venue_order_id="V-6"),
        fill(None, "7", 9, instrument="PERP", side="sell", quantity="1", price="60",
             venue_order_id="V-7"),
        of_account("mark", 10, instrument="XYZ", price="13"),
        of_account("mark", 10, instrument="PERP", price="55"),
        of_account("balance", 11, currency="USD", amount="10360.9"),
        of_account("balance", 11, currency="BTC", amount="0.999"),
        of_account("correct_fill", 12, fill_id="2b", corrects="2", quantity="4", price="11.5",
               venue_order_id="V-2"),
    ]  # fmt: skip


@pytest.fixture
def asked(durable_store_url: str, tmp_path: Path) -> tuple[str, Path]:
    with opened(durable_store_url) as ledger:
        ledger.record_many(parsed(*account()))
    assert run("archive", tmp_path / "archive", "--db", durable_store_url).status == 0
    return durable_store_url, tmp_path / "archive"


def rows(
    query: str, *options: Any, environment: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    found = run("sql", query, *options, "--format", "ndjson", environment=environment)
    assert found.status == 0, found.err
    return [json.loads(line) for line in found.out.splitlines()]


BALANCES = (
    "SELECT currency, total_exact, owed, equity_exact, equity_reason, reported, difference_exact "
    "FROM balances"
)
LOTS = "SELECT method, instrument, quantity, price_exact, cost_exact FROM lots"


def numbers(row: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """A row of SQL as the view has it."""
    return {
        of: Decimal(str(row[name]))
        if row[name] is not None and of != "equity_reason"
        else row[name]
        for name, of in names.items()
    }


IN_SQL = {
    "total_exact": "total",
    "owed": "owed",
    "equity_exact": "equity",
    "reported": "reported",
    "difference_exact": "difference",
    "equity_reason": "equity_reason",
}


def test_balances_are_the_same_in_python_in_sql_and_in_an_archive(asked: tuple[str, Path]) -> None:
    url, folder = asked
    at = START + timedelta(seconds=13)
    with opened(url) as ledger:
        whens: list[dict[str, Any]] = [{"effective_at": at - timedelta(seconds=n)} for n in (0, 2)]
        for when in ({}, *whens):
            table = ledger.tables.sql(BALANCES, **when)
            shown = [numbers(row, IN_SQL) for row in table.to_rows()]
            assert shown == [
                {name: dict(row)[name] for name in IN_SQL.values()}
                for row in ledger.balances(**when)
            ], when
        found = ledger.tables.sql(BALANCES, effective_at=MADE_AT)
        of_now = [numbers(row, IN_SQL) for row in found.to_rows()]
    (btc, usd) = rows(BALANCES, "--db", url, "--effective-at", at.isoformat())
    assert (btc["total_exact"], btc["difference_exact"]) == ("0.999", "0")
    # 10,000 + 500 - 30 - 44 + 24 - 100 + (60 - 52.1); the venue reported this before the correction
    # of the second fill, which takes 2 more. 5 x 13 and 9 x (55 - 52.1) are the equity of the rest
    assert usd["total_exact"] == "10355.9"
    assert (usd["difference_exact"], usd["equity_exact"]) == ("3", "10447")
    assert [numbers(row, IN_SQL) for row in rows(BALANCES, "--archive", folder)] == of_now


def test_lots_are_the_same_in_python_in_sql_and_in_an_archive(asked: tuple[str, Path]) -> None:
    url, folder = asked
    live, archived = rows(LOTS, "--db", url), rows(LOTS, "--archive", folder)
    assert live == archived
    stock = [(row["method"], row["quantity"], row["price_exact"]) for row in live
             if row["instrument"] == "XYZ"]  # fmt: skip
    assert [(method, Decimal(str(quantity)), price) for method, quantity, price in stock] == [
        ("fifo", 1, "10"), ("fifo", 4, "11.5"),
        ("hifo", 3, "10"), ("hifo", 2, "11.5"),
        ("lifo", 3, "10"), ("lifo", 2, "11.5"),
    ]  # fmt: skip
    with opened(url) as ledger:
        assert ledger.tables.read("lots", method="hifo", instrument="XYZ").to_rows() == [
            row for row in ledger.tables.read("lots").to_rows()
            if (row["method"], row["instrument"]) == ("hifo", "XYZ")
        ]  # fmt: skip


def test_an_archive_values_at_the_time_of_its_last_event_by_the_settings_of_the_process(
    asked: tuple[str, Path],
) -> None:
    url, folder = asked
    query = "SELECT equity_reason FROM balances WHERE currency = 'USD'"
    assert rows(query, "--db", url) == [{"equity_reason": "no_mark:PERP"}]  # months later
    assert rows(query, "--archive", folder) == [{"equity_reason": None}]  # hours later
    settings = {"ORDERLEDGER_MARK_SERVES": "60"}
    assert rows(query, "--archive", folder, environment=settings) == [
        {"equity_reason": "no_mark:PERP"}
    ]
