"""The lots that a year closed, as CSV and Parquet."""

import csv
import io
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq

from orderledger import Ledger, parse_document
from orderledger.domain.exact import total
from tests.command_line import run

MESSAGES = (
    {"type": "instrument", "instrument": "XYZ", "kind": "security", "quote": "USD",
     "at": "2020-01-01T00:00:00Z"},
    {"type": "fill", "venue_order_id": "V-1", "fill_id": "1", "instrument": "XYZ", "side": "buy",
     "quantity": "30", "price": "10", "fee": "1", "fee_currency": "USD",
     "at": "2024-03-01T15:00:00Z"},
    {"type": "fill", "venue_order_id": "V-2", "fill_id": "2", "instrument": "XYZ", "side": "sell",
     "quantity": "10", "price": "12", "fee": "0.5", "fee_currency": "USD",
     "at": "2024-12-31T23:30:00Z"},
    {"type": "fill", "venue_order_id": "V-3", "fill_id": "3", "instrument": "XYZ", "side": "sell",
     "quantity": "20", "price": "13", "at": "2026-03-02T15:00:00Z"},
)  # fmt: skip


def test_the_lots_of_a_year_as_csv_and_parquet(tmp_path: Path) -> None:
    """A third of the fee of the purchase is 0.333…; the last part has the rest."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    with Ledger.open(url) as ledger:
        ledger.record_many(parse_document({**one, "account": "ib:U1"}) for one in MESSAGES)
        fees = [row["fees"] for row in ledger.disposals()]
    assert total(fee for fee in fees if fee is not None) == Decimal("1.5")
    asked = ("disposals", "--year", "2026", "--db", url)
    (row,) = csv.DictReader(io.StringIO(run(*asked, "--format", "csv").out))
    assert (row["proceeds"], row["cost"], row["realized_pnl"]) == ("260", "200", "60")
    assert (row["held_days"], row["acquired_at"]) == ("731", "2024-03-01T15:00:00.000000Z")
    (local,) = csv.DictReader(
        io.StringIO(
            run("disposals", "--year", "2025", "--timezone", "Europe/Berlin", "--db", url,
                "--format", "csv").out
        )
    )  # fmt: skip
    assert local["gain"] == "19.1666666666666666666666666666666667"
    file = tmp_path / "lots.parquet"
    file.touch()
    assert run(*asked, "--format", "parquet", stdout=file).status == 0
    assert pq.read_table(file)["gain"].to_pylist()[0] is not None
    wrong = run(*asked, "--since", "2026-01-01T00:00:00Z")
    assert (wrong.status, "year goes without since and until" in wrong.err) == (2, True)
