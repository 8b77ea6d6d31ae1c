"""The history of marks."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from orderledger import Ledger, StoreUnreachable
from tests.command_line import run
from tests.core.contract.sql import run_sql
from tests.core.contract.streams import START, of_account, opened, parsed


def mark(
    second: float, price: str, instrument: str = "BTC-USD", account: str = "sim:main"
) -> dict[str, object]:
    return {**of_account("mark", second, instrument=instrument, price=price), "account": account}


def prices(ledger: Ledger, **asked: object) -> list[tuple[str, float, Decimal]]:
    return [
        (row["instrument"], (row["at"] - START).total_seconds(), row["price"])
        for row in ledger.marks(**asked)  # type: ignore[arg-type]
    ]


def test_every_mark_stays_and_of_two_for_one_time_the_later_in_the_log_counts(
    ledger: Ledger,
) -> None:
    ledger.record_many(
        parsed(mark(2, "102"), mark(1, "101"), mark(3, "7", "ETH-USD"), mark(2, "99"))
    )
    assert prices(ledger) == [("BTC-USD", 1, 101), ("BTC-USD", 2, 99), ("ETH-USD", 3, 7)]
    assert prices(ledger, instrument="BTC-USD", until=START + timedelta(seconds=2)) == [
        ("BTC-USD", 1, 101)
    ]
    assert ledger.instruments(account="sim:main")[0]["mark_price"] == 99
    assert ledger.views.check().differences == ()
    assert ledger.views.rebuild(["marks"]).is_equal
    assert prices(ledger, as_of=3) == [("BTC-USD", 1, 101), ("BTC-USD", 2, 102), ("ETH-USD", 3, 7)]
    assert prices(ledger, effective_at=START + timedelta(seconds=1)) == [("BTC-USD", 1, 101)]
    assert [
        row["price"] for row in ledger.views.stream("marks", since=START + timedelta(seconds=3))
    ] == [7]


def test_marks_of_a_store_from_before_are_read_from_its_log(durable_store_url: str) -> None:
    with opened(durable_store_url) as ledger:
        ledger.record_many(parsed(mark(1, "101"), mark(2, "102")))
        ledger.views.catch_up()
    run_sql(durable_store_url, "DROP TABLE marks", "DELETE FROM view_versions WHERE name = 'marks'")
    with opened(durable_store_url) as ledger:
        assert prices(ledger) == [("BTC-USD", 1, 101), ("BTC-USD", 2, 102)]


def test_a_table_of_another_program_with_that_name_is_left_alone(durable_store_url: str) -> None:
    with opened(durable_store_url):
        pass
    run_sql(
        durable_store_url,
        "DROP TABLE marks",
        "DELETE FROM view_versions WHERE name = 'marks'",
        "CREATE TABLE marks (pupil TEXT)",
        "INSERT INTO marks VALUES ('anna')",
    )
    with pytest.raises(StoreUnreachable, match="tables of another program that are named marks"):
        opened(durable_store_url)
    run_sql(durable_store_url, "INSERT INTO marks VALUES ('bert')")


def test_the_command_lists_marks(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with opened(url) as ledger:
        ledger.record_many(parsed(mark(1, "101"), mark(2, "7", "ETH-USD")))
    shown = run("marks", "--db", url, "--instrument", "ETH-USD", "--json")
    assert (shown.status, [json.loads(line)["price"] for line in shown.out.splitlines()]) == (
        0,
        ["7"],
    )
