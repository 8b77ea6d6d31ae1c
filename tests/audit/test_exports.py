"""Exports of every view are its rows, and a book of beancount holds what the positions are."""

import csv
import io
import json
import re
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.audit.cli.exporting import VIEWS
from orderledger.cli.output import json_line
from tests.command_line import run
from tests.core.contract.streams import parsed

ACCOUNT = "sim:main"


def said(day: int, type_: str, **fields: Any) -> dict[str, Any]:
    at = f"2026-03-{day:02}T09:00:00Z"
    return {"type": type_, "account": ACCOUNT, "at": at, **fields}


def fill(day: int, number: int, side: str, quantity: str, **fields: Any) -> dict[str, Any]:
    numbers = {"fill_id": f"F-{number}", "quantity": quantity, "price": "100"}
    return said(
        day,
        "fill",
        venue_order_id=f"V-{number}",
        side=side,
        **{"instrument": "BTC-USD", **numbers, **fields},
    )


TERMS = {"instrument": "BTC-USD", "side": "buy", "quantity": "1"}
COVERED = {"covered_from": "2026-03-01T00:00:00Z", "covered_to": "2026-03-06T00:00:00Z"}
DAYS = (
    said(1, "instrument", instrument="BTC-USD", currency="USD"),
    said(1, "request", client_order_id="C-1", order_type="market", **TERMS),
    said(1, "propose", proposal_id="P-1", kind="entry", strategy="s", order_type="market", **TERMS),
    fill(2, 1, "buy", "3"),
    fill(3, 2, "sell", "1"),
    said(4, "funding", instrument="BTC-USD", amount="-0.5", currency="USD"),
    said(5, "halt", reason="drill"),
    said(5, "mark", instrument="BTC-USD", price="110"),
    said(6, "certify", **COVERED, orders=1, fills=2, positions=1),
)


METHODS = {
    "account_events": "log.account_events",
    "certificates": "reconciliations.certificates",
}


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "a.db"
    with Ledger.open(path, update_views=False) as ledger:
        outcomes = ledger.record_many(parsed(*DAYS))
        assert {one.outcome for one in outcomes} == {"recorded"}, outcomes
    return path


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_exported_as_its_rows_are(db: Path, view: str) -> None:
    with Ledger.open(db, update_views=False) as ledger:
        rows = list(attrgetter(METHODS.get(view, view))(ledger)())
    assert rows, "there is a row of each view"
    lines = run("export", view, "--db", db).out.splitlines()
    assert lines == [json_line(row) for row in rows]
    table = list(csv.reader(io.StringIO(run("export", view, "--format", "csv", "--db", db).out)))
    assert {*table[0]} == {*rows[0]}
    assert len(table) == len(rows) + 1
    assert all(len(line) == len(table[0]) for line in table)


def book(db: Path) -> str:
    ended = run("export", "trades", "--format", "beancount", "--db", db)
    assert ended.status == 0, ended.err
    return ended.out


def test_positions_are_asserted_on_the_day_after_the_last_entry(db: Path) -> None:
    text = book(db)
    opened = re.findall(r"(?m)^(\S+) open ", text)
    balances = re.findall(r"(?m)^(\S+) balance \S+  (\S+) (\S+)$", text)
    assert {*opened} == {"2026-03-02"}
    assert balances == [("2026-03-05", "2", "BTC-USD")]


def test_an_adjustment_of_one_side_changes_that_side_alone(tmp_path: Path) -> None:
    path = tmp_path / "hedged.db"
    with Ledger.open(path, update_views=False) as ledger:
        outcomes = ledger.record_many(
            parsed(
                said(1, "instrument", instrument="BTC-USD", currency="USD", position_mode="hedge"),
                fill(2, 1, "buy", "3", position_side="long"),
                fill(2, 2, "sell", "5", position_side="short"),
                said(
                    3,
                    "adjust",
                    instrument="BTC-USD",
                    quantity="4",
                    price="100",
                    position_side="long",
                    reason="opening",
                ),
            )
        )
        assert {one.outcome for one in outcomes} == {"recorded"}, outcomes
        held = sum(row["position_quantity"] or 0 for row in ledger.positions())
    ((_, quantity, _),) = re.findall(r"(?m)^(\S+) balance \S+  (\S+) (\S+)$", book(path))
    assert int(quantity) == held == 4 - 5


@pytest.mark.parametrize(
    ("instrument", "commodity"),
    [("btc_usd.", "BTC_USD"), (".btc", "BTC"), ("1inch", "X1INCH"), ("a-b'", "A-B")],
)
def test_an_instrument_is_named_as_beancount_names_commodities(
    tmp_path: Path, instrument: str, commodity: str
) -> None:
    path = tmp_path / "named.db"
    with Ledger.open(path, update_views=False) as ledger:
        ledger.record_many(parsed(fill(1, 1, "buy", "1", instrument=instrument)))
    ((_, _, found),) = re.findall(r"(?m)^(\S+) balance \S+  (\S+) (\S+)$", book(path))
    assert found == commodity


def two_books(path: Path, *others: dict[str, Any]) -> dict[str, Any]:
    """The comparison of a book of one fill with another book."""
    with Ledger.open(path, update_views=False) as ledger:
        ledger.record_many(parsed(fill(1, 1, "buy", "1")))
        ledger.record_many(parsed(*({**one, "account": "other"} for one in others)))
    ended = run("compare", ACCOUNT, "other", "--json", "--db", path)
    *differences, summary = map(json.loads, ended.out.splitlines())
    return {"status": ended.status, "differences": differences, **summary}


def test_orders_without_a_common_name_are_the_same_if_their_fills_are(tmp_path: Path) -> None:
    same = {**fill(1, 1, "buy", "1"), "venue_order_id": "another"}
    found = two_books(tmp_path / "a.db", same)
    assert (found["status"], found["differences"]) == (0, [])
    assert found["agree"] == {"orders": 1, "fills": 1, "positions": 1}


def test_one_order_with_two_instruments_is_a_difference(tmp_path: Path) -> None:
    found = two_books(tmp_path / "a.db", fill(1, 1, "buy", "1", instrument="ETH-USD"))
    assert found["status"] == 1
    assert ("order", "instrument", "BTC-USD", "ETH-USD") in [
        (one["kind"], one["field"], one["a"], one["b"]) for one in found["differences"]
    ]


def test_an_order_whose_fills_are_two_orders_elsewhere_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Ledger.open(path, update_views=False) as ledger:
        both = [{**fill(1, number, "buy", "1"), "venue_order_id": "one"} for number in (1, 2)]
        apart = [{**one, "account": "other", "venue_order_id": one["fill_id"]} for one in both]
        ledger.record_many(parsed(*both, *apart))
    ended = run("compare", ACCOUNT, "other", "--json", "--db", path)
    assert (ended.status, json.loads(ended.out)["agree"]) == (
        0,
        {"orders": 1, "fills": 2, "positions": 1},
    )
