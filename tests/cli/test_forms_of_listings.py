"""The forms of a listing have the same rows."""

import csv
import io
import json
from pathlib import Path

import pytest

from orderledger import Ledger, Request
from tests.command_line import run


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("forms") / "orders.db"
    terms = {"instrument": "BTC-USD", "side": "buy", "order_type": "limit"}
    with Ledger.open(path, update_views=False) as ledger:
        for number in range(3):
            ledger.record(
                Request(
                    account="sim:main",
                    client_order_id=f"C-{number}",
                    quantity="0.5",
                    limit_price="64000.25",
                    **terms,  # type: ignore[arg-type]
                )
            )
    return path


@pytest.fixture(scope="module")
def rows(db: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in run("orders", "--db", db, "--json").out.splitlines()]


def test_json_is_an_array_and_ndjson_has_lines(db: Path, rows: list[dict[str, object]]) -> None:
    assert json.loads(run("orders", "--db", db, "--format", "json").out) == rows
    assert (
        run("orders", "--db", db, "--format", "ndjson").out
        == run("orders", "--db", db, "--json").out
    )
    assert len(rows) == 3


def test_an_empty_listing_is_an_empty_array_or_a_header(db: Path) -> None:
    nobody = ("orders", "--db", db, "--account", "sim:nobody", "--format")
    assert run(*nobody, "json").out == "[]\n"
    assert run(*nobody, "ndjson").out == ""
    assert run(*nobody, "csv").out.startswith("account,client_order_id,")


def test_csv_has_every_column_under_its_name(db: Path, rows: list[dict[str, object]]) -> None:
    printed = run("orders", "--db", db, "--format", "csv").out
    found = list(csv.DictReader(io.StringIO(printed)))
    assert [*found[0]] == [*rows[0]]
    assert [row["limit_price"] for row in found] == ["64000.25"] * 3


def test_parquet_has_exact_numbers_and_times_with_a_zone(db: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    file = tmp_path / "orders.parquet"
    file.touch()
    assert run("orders", "--db", db, "--format", "parquet", stdout=file).status == 0
    table = parquet.read_table(file)
    assert [str(price) for price in table["limit_price"].to_pylist()] == ["64000.25"] * 3
    assert str(table.schema.field("requested_at").type) == "timestamp[us, tz=UTC]"


@pytest.mark.parametrize("command", ["events", "pnl", "exposure", "latency", "anomalies", "audit"])
@pytest.mark.parametrize("form", ["table", "json", "ndjson", "csv", "parquet"])
def test_every_listing_has_every_form(db: Path, command: str, form: str) -> None:
    ended = run(command, "--db", db, "--format", form, stdout=Path("/dev/null"))
    assert (ended.status, ended.err) == (0, "")
