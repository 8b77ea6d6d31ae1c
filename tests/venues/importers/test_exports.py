"""Exports: messages that make an equal ledger, CSV, beancount, and the comparison of two books."""

import csv
import json
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from orderledger import Ledger, Message
from orderledger.audit.exports.messages import messages_in
from orderledger.infrastructure.messages.parsing import parse_document
from tests.command_line import run
from tests.core.properties.profiles import many, quick
from tests.core.properties.stories import Story, stories
from tests.venues.importers.importing import written

NOT_COMPARED = {"position", "recorded_at", "version", "submitted_at"}
"""What depends on the time and the number of recordings."""


def recorded(ledger: Ledger, *documents: dict[str, Any], account: str = "sim:main") -> None:
    outcomes = ledger.record_many(
        [parse_document({"account": account, **document}) for document in documents]
    )
    assert {outcome.outcome for outcome in outcomes} <= {"recorded", "duplicate", "refused"}


def exported(ledger: Ledger) -> list[Message]:
    return list(messages_in(ledger.internals.store))


def shown(ledger: Ledger) -> list[Any]:
    rows = [
        *ledger.orders(),
        *ledger.trades(include_busted=True),
        *ledger.pnl(),
        *ledger.positions(method="fifo"),
    ]
    return [
        {name: value for name, value in dict(row).items() if name not in NOT_COMPARED}
        for row in rows
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "told", [pytest.param(quick, id="few"), pytest.param(many, id="many", marks=pytest.mark.long)]
)
def test_exported_messages_make_an_equal_ledger(told: Any) -> None:
    @given(story=stories())
    def holds(story: Story) -> None:
        with (
            Ledger.open("memory://", update_views=False) as first,
            Ledger.open("memory://", update_views=False) as second,
        ):
            recorded(first, *story.messages, account="a:b")
            outcomes = second.record_many(exported(first))
            assert {outcome.outcome for outcome in outcomes} <= {"recorded"}
            assert shown(second) == shown(first)
            assert exported(second) == exported(first)

    told(holds)()


def test_evidence_and_text_are_exported() -> None:
    evidence = {"raw": [1, "2.50"], "price": 0.1}
    told = {
        "type": "acknowledged",
        "venue_order_id": "9",
        "at": "2026-11-20T09:00:00Z",
        "text": "as said",
        "evidence": evidence,
    }
    with Ledger.open("memory://") as ledger:
        recorded(ledger, told)
        (message,) = exported(ledger)
    assert (message.text, message.evidence) == (
        "as said",
        {"raw": [1, "2.50"], "price": Decimal("0.1")},
    )


AT = "2026-11-20T09:00:0{}Z"
DAY: tuple[dict[str, Any], ...] = (
    {"type": "instrument", "instrument": "BTC-USD", "currency": "USD", "at": AT.format(0)},
    {"type": "instrument", "instrument": "XBTUSD", "currency": "BTC", "inverse": True,
    "at": AT.format(0)},
    {"type": "fill", "venue_order_id": "1", "fill_id": "1", "instrument": "BTC-USD", "side": "buy",
    "quantity": "0.5",
     "price": "64000", "fee": "16", "fee_currency": "USD", "at": AT.format(1)},
    {"type": "fill", "venue_order_id": "1", "fill_id": "2", "instrument": "BTC-USD", "side": "buy",
    "quantity": "0.25",
     "price": "64100", "fee": "0.0001", "fee_currency": "BTC", "at": AT.format(2)},
    {"type": "fill", "venue_order_id": "2", "fill_id": "3", "instrument": "BTC-USD", "side": "sell",
    "quantity": "0.75",
     "price": "65000", "fee": "-5", "fee_currency": "USD", "at": AT.format(3)},
    {"type": "fill", "venue_order_id": "3", "fill_id": "4", "instrument": "XBTUSD", "side": "sell",
    "quantity": "6400",
     "price": "64000", "at": AT.format(4)},
    {"type": "fill", "venue_order_id": "4", "fill_id": "5", "instrument": "odd é \" name",
    "side": "sell",
     "quantity": "2", "price": "-3", "at": AT.format(5)},
    {"type": "funding", "instrument": "XBTUSD", "amount": "-0.00012", "currency": "BTC",
    "at": AT.format(6)},
    {"type": "adjust", "instrument": "ETH-USD", "quantity": "3", "price": "3000",
    "reason": "opening", "at": AT.format(7)},
    {"type": "request", "client_order_id": "=1+1", "instrument": "BTC-USD", "side": "buy",
    "quantity": "1",
     "order_type": "market", "at": AT.format(8)},
)  # fmt: skip


@pytest.fixture
def day(tmp_path: Path) -> Path:
    path = tmp_path / "day.db"
    with Ledger.open(path) as ledger:
        recorded(ledger, *DAY)
    return path


def test_bean_check_accepts_the_book_and_its_positions(day: Path, tmp_path: Path) -> None:
    book = tmp_path / "trades.beancount"
    assert (
        run(
            "export", "trades", "--format", "beancount", "--out", str(book), "--db", str(day)
        ).status
        == 0
    )
    check = [Path(sys.executable).parent / "bean-check", book]
    assert subprocess.run(check, capture_output=True, text=True, check=False).stderr == ""
    book.write_text(book.read_text().replace("0.25 BTC-USD", "0.26 BTC-USD"))
    assert (
        "Balance failed"
        in subprocess.run(check, capture_output=True, text=True, check=False).stderr
    )


HOSTILE = (
    "日本語", "é", "1e5", "NULL", "true", "-", "a", "<b>&\"'", "; DROP", "count(*)", "2026-11-20",
    "x" * 150, "y" * 60 + "1",
    "y" * 60 + "2", "lead-", "Lead",
)  # fmt: skip


def test_bean_check_accepts_names_of_any_characters(tmp_path: Path) -> None:
    terms = {
        "side": "buy",
        "quantity": "1",
        "price": "2",
        "fee": "0.1",
        "at": "2026-11-20T09:00:00Z",
    }
    path, book = tmp_path / "ledger.db", tmp_path / "trades.beancount"
    with Ledger.open(path) as ledger:
        for name in HOSTILE:
            trade = {
                "client_order_id": name,
                "fill_id": name,
                "instrument": name,
                "fee_currency": name[:20],
            }
            recorded(ledger, {"type": "fill", **trade, **terms}, account=name)
            recorded(
                ledger,
                {"type": "instrument", "instrument": name, "currency": name[:20]},
                account=name,
            )
    assert (
        run(
            "export", "trades", "--format", "beancount", "--out", str(book), "--db", str(path)
        ).status
        == 0
    )
    check = [Path(sys.executable).parent / "bean-check", book]
    assert subprocess.run(check, capture_output=True, text=True, check=False).stderr == ""


def test_cash_is_the_realized_pnl_of_what_is_flat(day: Path, tmp_path: Path) -> None:
    beancount: Any = import_module("beancount.loader")
    book = written(
        tmp_path,
        "trades.beancount",
        run("export", "trades", "--format", "beancount", "--db", str(day)).out,
    )
    entries, errors, _ = beancount.load_file(str(book))
    assert errors == []
    cash: Any = Counter()
    for entry in entries:
        for posting in getattr(entry, "postings", ()):
            if posting.account == "Assets:Cash:Sim-main" and entry.narration.endswith("BTC-USD"):
                cash[posting.units.currency] += posting.units.number
    with Ledger.open(day) as ledger:
        row = next(row for row in ledger.pnl() if row["instrument"] == "BTC-USD")
    assert cash["USD"] + Decimal(11) == row["realized_pnl"]
    assert cash["BTC"] == Decimal("-0.0001")


def test_csv_has_the_columns_of_the_view_and_no_formula(day: Path) -> None:
    rows = list(
        csv.DictReader(
            run("export", "orders", "--format", "csv", "--db", str(day)).out.splitlines()
        )
    )
    told = [json.loads(line) for line in run("orders", "--json", "--db", str(day)).out.splitlines()]
    assert list(rows[0]) == list(told[0])
    assert "'=1+1" in [row["client_order_id"] for row in rows]
    assert [row["quantity"] for row in rows] == [row["quantity"] or "" for row in told]


def test_columns_are_written_with_their_types(day: Path, tmp_path: Path) -> None:
    parquet, arrow = tmp_path / "trades.parquet", tmp_path / "trades.arrow"
    for path in (parquet, arrow):
        assert (
            run(
                "export",
                "trades",
                "--format",
                path.suffix[1:],
                "--out",
                str(path),
                "--db",
                str(day),
            ).status
            == 0
        )
    written_as: Any = import_module("pyarrow.parquet")
    read: Any = import_module("pyarrow.ipc")
    told = [json.loads(line) for line in run("trades", "--json", "--db", str(day)).out.splitlines()]
    for table in (written_as.read_table(parquet), read.open_file(str(arrow)).read_all()):
        assert table.column("fill_id").to_pylist() == [row["fill_id"] for row in told]
        assert table.column("quantity").to_pylist() == [Decimal(row["quantity"]) for row in told]
    assert "needs --out" in run("export", "trades", "--format", "parquet", "--db", str(day)).err


@pytest.mark.parametrize("form", ["ndjson", "csv", "beancount", "parquet", "arrow"])
def test_a_file_that_cannot_be_written_is_wrong_usage_and_the_old_one_stays(
    day: Path, tmp_path: Path, form: str
) -> None:
    command = ("export", "trades", "--format", form, "--db", str(day))
    refused = run(*command, "--out", str(tmp_path / "missing" / "trades"))
    assert (
        refused.status == 2
        and "trades cannot be written: No such file or directory" in " ".join(refused.err.split())
    )
    full = run(*command, "--out", "/dev/full")
    assert (full.status, full.err) == (
        4,
        "orderledger: /dev/full cannot be written: No space left on device\n",
    )
    old = written(tmp_path, "trades", "as it was")
    assert run(*command[:-1], str(tmp_path / "none.db"), "--out", str(old)).status == 3
    assert old.read_text() == "as it was" and set(tmp_path.iterdir()) == {day, old}


def test_the_export_of_messages_is_recorded_by_the_command(day: Path, tmp_path: Path) -> None:
    log, copy = tmp_path / "log.ndjson", tmp_path / "copy.db"
    assert run("export", "messages", "--out", str(log), "--db", str(day)).status == 0
    assert run("record", str(log), "--db", str(copy)).status == 0
    assert (
        run("positions", "--json", "--db", str(copy)).out
        == run("positions", "--json", "--db", str(day)).out
    )
    assert run("export", "messages", "--format", "csv", "--db", str(day)).status == 2


BUY = {"instrument": "BTC-USD", "side": "buy", "price": "100", "fee_currency": "USD"}


def two_books(
    folder: Path, ours: tuple[dict[str, Any], ...], theirs: tuple[dict[str, Any], ...]
) -> Path:
    path = folder / "books.db"
    with Ledger.open(path) as ledger:
        recorded(ledger, *ours, account="bot:main")
        recorded(ledger, *theirs, account="venue:main")
    return path


def test_a_book_of_totals_agrees_with_one_of_fills(tmp_path: Path) -> None:
    total = {
        **BUY,
        "type": "fill",
        "venue_order_id": "9",
        "fill_id": "own",
        "quantity": "3",
        "fee": "0.3",
        "at": AT.format(3),
    }
    parts = [
        {
            **BUY,
            "type": "fill",
            "venue_order_id": "9",
            "fill_id": str(n),
            "quantity": "1",
            "fee": "0.1",
            "at": AT.format(n),
        }
        for n in (1, 2, 3)
    ]
    ended = run(
        "compare",
        "bot:main",
        "venue:main",
        "--json",
        "--db",
        str(two_books(tmp_path, (total,), tuple(parts))),
    )
    assert (ended.status, json.loads(ended.out)) == (
        0, {"agree": {"orders": 1, "fills": 0, "positions": 1}, "orders_with_other_fills": 1},
    )  # fmt: skip


def test_what_one_book_lacks_is_shown_with_its_row(tmp_path: Path) -> None:
    both = {
        **BUY,
        "type": "fill",
        "venue_order_id": "9",
        "fill_id": "1",
        "quantity": "1",
        "fee": "0.1",
        "at": AT.format(1),
    }
    theirs = {**both, "fill_id": "2", "quantity": "2", "fee": "0.2", "at": AT.format(2)}
    alone = {**both, "venue_order_id": "10", "fill_id": "3", "instrument": "ETH-USD"}
    ended = run(
        "compare",
        "bot:main",
        "venue:main",
        "--json",
        "--db",
        str(two_books(tmp_path, (both, alone), (both, theirs))),
    )
    found = [json.loads(line) for line in ended.out.splitlines()][:-1]
    assert ended.status == 1
    told = [(row["kind"], row["subject"], row["missing_in"], row["field"]) for row in found]
    assert told == [
        ("fill", "2", "a", None), ("fill", "3", "b", None), ("order", "10", "b", None), ("fee",
        "USD", None, "fee"),
        ("position", "BTC-USD", None, "position_quantity"), ("position", "ETH-USD", None,
        "position_quantity"),
    ]  # fmt: skip
    assert found[0]["b"]["quantity"] == "2"
    assert (
        "missing in"
        in run("compare", "bot:main", "venue:main", "--db", str(tmp_path / "books.db")).out
    )


def test_two_accounts_without_anything_do_not_agree(day: Path) -> None:
    ended = run("compare", "sim:mian", "venue:mian", "--db", str(day))
    assert (
        ended.status,
        "orderledger: 'sim:mian' has no orders, fills or positions" in ended.err.splitlines(),
    ) == (1, True)
    assert "venue:mian" in run("compare", "sim:main", "venue:mian", "--db", str(day)).err


def test_orders_without_a_common_id_are_known_by_their_fills(tmp_path: Path) -> None:
    ours = {
        **BUY,
        "type": "fill",
        "venue_order_id": "row-1",
        "fill_id": "row-1",
        "quantity": "1",
        "fee": "0",
        "at": AT.format(1),
    }
    theirs = {
        **ours,
        "venue_order_id": "9",
        "fill_id": "1",
        "instrument": "BTCUSD",
        "at": AT.format(2),
    }
    path = str(two_books(tmp_path, (ours,), (theirs,)))
    same = ("compare", "bot:main", "venue:main", "--instrument", "BTC-USD=BTCUSD", "--db", path)
    assert run(*same).status == 0
    assert run(*same, "--within", str(timedelta(seconds=0.5).total_seconds())).status == 1


def test_an_import_by_the_command_reports_and_exits(tmp_path: Path) -> None:
    text = (
        "txid,ordertxid,pair,time,type,price,cost,fee,vol\nT1,O1,X,2026-11-20 "
        "09:00:00,buy,1,1,0,1\nT2\n"
    )
    file, rejects = written(tmp_path, "trades.csv", text), tmp_path / "rejects.ndjson"
    command = (
        "import",
        "csv",
        str(file),
        "--mapping",
        "kraken-trades",
        "--account",
        "k:1",
        "--db",
        str(tmp_path / "a.db"),
    )
    dry = run(*command, "--dry-run")
    assert (dry.status, json.loads(dry.out)["type"]) == (1, "fill")
    assert not (tmp_path / "a.db").exists()
    ended = run(*command, "--rejects", str(rejects))
    assert ended.status == 1
    assert "line 3: has 1 values for 9 columns" in ended.err and "1 recorded" in ended.err
    assert json.loads(rejects.read_text())["place"] == "line 3"
    assert json.loads(run(*command, "--json").out)["duplicate"] == 1
    assert run(*command[:-2], "--timezone", "Mars", "--db", str(tmp_path / "a.db")).status == 2
    assert (
        run("import", "csv", str(file), "--account", "k:1", "--db", str(tmp_path / "a.db")).status
        == 2
    )
