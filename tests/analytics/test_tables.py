"""Tables for other tools have the rows of the views, exactly, in every store."""

import json
import sys
import tomllib
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pandas
import polars
import pyarrow as pa
import pytest

from orderledger import InvalidSetting, Ledger, UnreadableEvent
from orderledger.analytics.numbers import products
from orderledger.analytics.relations import RELATIONS, columns_shown
from orderledger.domain.exact import EXACT
from orderledger.infrastructure.exact_numbers import exact_numbers
from orderledger.projections.positions import LOT_CHOICES, LotChoice
from orderledger.projections.view import RowList
from tests.analytics.exact_rows import exact_rows
from tests.analytics.test_pnl_of_fills import traded
from tests.conftest import REPOSITORY
from tests.core.contract.streams import (
    IDS,
    START,
    fill,
    lives,
    opened,
    parsed,
    request,
    story,
)
from tests.core.contract.test_damaged_events import spoil
from tests.core.contract.test_row_types import more

MIDDLE = START + timedelta(seconds=5, milliseconds=500)


@pytest.fixture
def ledger(ledger: Ledger) -> Ledger:
    odd = [
        line
        for number, name in enumerate(IDS)
        for line in (request(name, number), fill(name, f"F,'{number}\"", number))
    ]
    ledger.record_many(parsed(*story(), *more(), *odd))
    return ledger


def listed(ledger: Ledger, name: str, **when: Any) -> list[Any]:
    """The rows of a view by its method."""
    if name == "trades":
        return list(ledger.trades(include_busted=True, **when))
    if name == "events":
        return list(ledger.events(**when))
    if name == "positions":
        return []
    if name == "account_events":
        return list(ledger.log.account_events(**when))
    if name == "certificates":
        return list(ledger.reconciliations.certificates(**when))
    if name == "lots":
        methods: tuple[LotChoice, ...] = ("fifo", "hifo", "lifo")
        return [row for method in methods for row in ledger.lots(method=method, **when)]
    if name == "disposals":
        return [
            row for method in sorted(LOT_CHOICES) for row in ledger.disposals(method=method, **when)
        ]
    if name == "equity":
        return curves(ledger, **when)
    return list(getattr(ledger, name)(**when))


def curves(ledger: Ledger, **when: Any) -> list[Any]:
    """The moments of all curves: of each account, as no `points` leave one out."""
    accounts = sorted({row["account"] for row in ledger.pnl(**when)})
    return [
        {**row, "method": method}
        for method in sorted(LOT_CHOICES)
        for account in accounts
        for row in ledger.equity(method=method, account=account, points=None, **when)
    ]


def plainly(rows: Iterable[Any], names: Iterable[str]) -> list[str]:
    """Rows in a form that both ways of reading have."""
    return sorted(repr([_plain(row[name]) for name in names]) for row in rows)


def _plain(value: Any) -> Any:
    if isinstance(value, (dict, list)):
        value = json.dumps(value, default=str)
    if isinstance(value, str) and value[:1] in ("{", "[") and value != "{braces}":
        return json.dumps(
            json.loads(value, parse_float=Decimal, parse_int=Decimal), sort_keys=True, default=str
        )
    if isinstance(value, Decimal):
        return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"
    return value.isoformat() if isinstance(value, datetime) else value


@pytest.mark.parametrize("time", ["now", "as of a position", "effective at the middle"])
def test_a_table_has_the_rows_of_its_view(ledger: Ledger, time: str) -> None:
    whens: dict[str, dict[str, Any]] = {
        "now": {},
        "as of a position": {"as_of": 30},
        "effective at the middle": {"effective_at": MIDDLE},
    }
    when = whens[time]
    for name in [name for name in RELATIONS if name not in ("positions", "proposals", "events")]:
        table, names = ledger.tables.read(name, **when), RELATIONS[name].names
        assert table.column_names == [column.name for column in columns_shown(RELATIONS[name])], (
            name
        )
        if name == "equity":  # of all accounts
            names = tuple(one for one in names if one != "rank")
        assert plainly(exact_rows(table.to_rows()), names) == plainly(
            listed(ledger, name, **when), names
        ), name


def test_the_log_is_a_table(ledger: Ledger) -> None:
    found, names = ledger.tables.read("events").to_rows(), RELATIONS["events"].names
    assert plainly(found, names) == plainly(ledger.events(), names)
    assert [row["position"] for row in ledger.tables.read("events", as_of=7).to_rows()] == [
        1,
        2,
        3,
        4,
        5,
        6,
        7,
    ]
    first = next(ledger.events())["recorded_at"]
    assert len(ledger.tables.read("events", as_of=first)) == sum(
        row["recorded_at"] <= first for row in ledger.events()
    )
    assert len(ledger.tables.read("events", effective_at=MIDDLE)) == sum(
        row["at"] <= MIDDLE for row in ledger.events()
    )


def test_positions_have_a_row_for_each_method(ledger: Ledger) -> None:
    rows = exact_rows(ledger.tables.read("positions").to_rows())
    for method in ("average", "fifo", "lifo"):
        mine = {
            (row["account"], row["instrument"]): row["realized_pnl"]
            for row in rows
            if row["method"] == method
        }
        assert {key: Decimal(value) for key, value in mine.items()} == {
            (row["account"], row["instrument"]): row["realized_pnl"]
            for row in ledger.pnl(method=method)
        }


def test_filters_choose_rows(ledger: Ledger) -> None:
    for name in ("trades", "events", "orders", "pnl_of_fills"):
        accounts = {row["account"] for row in ledger.tables.read(name, account="sim:two").to_rows()}
        assert accounts == {"sim:two"}
    with pytest.raises(ValueError, match="'moon' is not a column of trades"):
        ledger.tables.read("trades", moon=1)
    with pytest.raises(ValueError, match="'moon' is not a table: orders, trades"):
        ledger.tables.read("moon")


def test_other_tools_take_a_table_as_it_is(ledger: Ledger) -> None:
    table, count = ledger.tables.read("trades"), len(ledger.trades(include_busted=True))
    total = sum(row["price"] for row in ledger.trades(include_busted=True))
    assert pa.table(table).num_rows == len(table) == count
    assert polars.DataFrame(table)["price"].sum() == table.to_polars()["price"].sum() == total
    assert (
        pandas.DataFrame.from_arrow(table)["fill_id"].nunique()
        == table.to_pandas()["fill_id"].nunique()
    )
    assert table.to_pandas()["price"].sum() == total
    assert _with(table).execute("SELECT sum(price) FROM arrow").fetchone() == (total,)
    assert _with(table).execute('SELECT max("at") FROM arrow').fetchone() == (
        max(row["at"] for row in table.to_rows()),
    )
    assert "<td>F-1</td>" in table._repr_html_()
    assert repr(table).startswith(f"<table trades: {count:,} rows, account, ")


def _with(table: Any) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.register("arrow", table.to_arrow())
    return connection


def test_numbers_have_the_smallest_scale_that_fits_and_the_schema_says_so(ledger: Ledger) -> None:
    schema = ledger.tables.read("trades").to_arrow().schema
    assert schema.field("price").type.precision == 38
    assert schema.field("price").metadata[b"number"] == b"decimal"
    assert schema.field("price").metadata[b"meaning"] == b"Price."
    assert schema.field("at").type == pa.timestamp("us", tz="UTC")
    long = "1234567890123456789012345678.1234567890123456789012345678"
    ledger.record_many(parsed(request("L-1", 50), fill("L-1", "F-L", 51, price=long)))
    table = ledger.tables.read("trades").to_arrow()
    assert table.schema.field("price").type == pa.string()
    assert table.schema.field("price").metadata[b"number"] == b"text"
    assert long in table["price"].to_pylist()
    assert table.schema.field("quantity").metadata[b"number"] == b"decimal"


@pytest.mark.parametrize(
    ("texts", "scale"),
    [
        (["1", "-0.50", None], 2),
        ([], 0),
        ([None], 0),
        (["9" * 38], 0),
        (["0." + "1" * 37], 37),
        (["-" + "9" * 38], 0),
    ],
)
def test_exact_numbers_keep_every_digit(texts: list[str | None], scale: int) -> None:
    found = exact_numbers(pa.chunked_array([texts], pa.string()))
    assert found.type == pa.decimal128(38, scale)
    assert found.to_pylist() == [None if text is None else Decimal(text) for text in texts]


@pytest.mark.parametrize("texts", [["9" * 39], ["0." + "1" * 38], ["9" * 20, "0." + "1" * 20]])
def test_numbers_of_more_digits_than_a_decimal_has_stay_text(texts: list[str]) -> None:
    assert exact_numbers(pa.chunked_array([texts], pa.string())).to_pylist() == texts


@pytest.mark.parametrize(
    ("left", "right"),
    [("1.5", "2.25"), ("9" * 20, "9" * 18), ("9" * 30, "9" * 28), ("-0.1", "0." + "3" * 30)],
)
def test_products_are_exact(left: str, right: str) -> None:
    columns = [exact_numbers(pa.chunked_array([[one, None]], pa.string())) for one in (left, right)]
    found, missing = products(*columns).to_pylist()
    assert (Decimal(found), missing) == (EXACT.multiply(Decimal(left), Decimal(right)), None)


def test_notional_is_quantity_times_price(ledger: Ledger) -> None:
    ledger.record_many(parsed(*traded(70, "buy", "0.5", "64000.1")))
    notional = {row["fill_id"]: row["notional"] for row in ledger.tables.read("trades").to_rows()}
    assert notional["F-70"] == Decimal("32000.05")


def test_a_missing_extra_is_named(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InvalidSetting, match=r"pip install 'orderledger\[analytics\]'"):
        ledger.tables.read("trades")


@pytest.mark.parametrize("package", ["polars", "pandas"])
def test_a_package_that_no_extra_has_is_named_itself(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    table = ledger.tables.read("trades")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        InvalidSetting, match=f"{package} is not installed: pip install {package} "
    ) as raised:
        getattr(table, f"to_{package}")()
    assert raised.value.field == package
    with (REPOSITORY / "pyproject.toml").open("rb") as opened:
        extras = tomllib.load(opened)["project"]["optional-dependencies"]
    assert not any(one.startswith(package) for one in extras["analytics"])


DERIVED = {
    "orders": ["average_price"],
    "positions": ["average_open_price", "realized_pnl"],
    "pnl_of_fills": ["realized_pnl_average", "realized_pnl_fifo", "realized_pnl_lifo"],
}


@pytest.mark.parametrize(
    "prices", [("100", "101"), ("100", "100.01", "100.07", "0.000000123")], ids=["short", "long"]
)
def test_a_derived_figure_has_one_type_whatever_the_data(
    store_url: str, prices: tuple[str, ...]
) -> None:
    with Ledger.open(store_url) as ledger:
        told = [
            one for number, price in enumerate(prices) for one in traded(number, "buy", "3", price)
        ]
        ledger.record_many(
            parsed(*told, *traded(9, "sell", "7" if len(prices) > 2 else "6", "102.3"))
        )
        for name, figures in DERIVED.items():
            arrow = ledger.tables.read(name).to_arrow()
            for figure in figures:
                assert arrow.schema.field(figure).type == pa.float64()
                assert arrow.schema.field(figure).metadata[b"number"] == b"double"
                assert arrow.schema.field(f"{figure}_exact").type == pa.string()
                texts = arrow[f"{figure}_exact"].to_pylist()
                assert arrow[figure].to_pylist() == [
                    None if text is None else float(text) for text in texts
                ]
        exact = [
            amount
            for row in ledger.pnl_of_fills()
            if (amount := row["realized_pnl_average"]) is not None
        ]
        table = ledger.tables.read("pnl_of_fills").to_rows()
        assert [Decimal(row["realized_pnl_average_exact"]) for row in table] == exact
        (found,) = ledger.tables.sql(
            "SELECT sum(realized_pnl_average) AS total, count(*) FILTER (realized_pnl_lifo > 0) AS "
            "won, sum(CAST(realized_pnl_average_exact AS DECIMAL(38, 12))) AS precise FROM "
            "pnl_of_fills"
        ).to_rows()
        assert found["total"] == pytest.approx(float(sum(exact))) and found["won"] == 1
        assert abs(found["precise"] - sum(exact)) < Decimal("1e-11")


def test_a_table_of_a_ledger_without_rows_has_its_columns(store_url: str) -> None:
    with Ledger.open(store_url) as ledger:
        for name in RELATIONS:
            table = ledger.tables.read(name)
            assert (len(table), table.column_names[0]) == (0, RELATIONS[name].names[0])


def test_a_long_table_shows_its_first_rows_and_counts_the_others() -> None:
    with opened("memory://", update_views=False) as ledger:
        ledger.record_many(parsed(*lives(RowList.most_shown + 3)))
        table = ledger.tables.read("orders")
        assert len(table) == RowList.most_shown + 3
        assert "<p>3 more rows</p>" in table._repr_html_()
        assert table.to_arrow().schema.metadata[b"orderledger.table"] == b"orders"
        assert "more rows" not in ledger.tables.read("orders", client_order_id="C-1")._repr_html_()


def test_a_damaged_event_ends_the_reading_of_events(durable_store_url: str) -> None:
    with opened(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(*lives(3)))
        assert len(ledger.tables.read("events")) == ledger.log.position()
        spoil(durable_store_url, 7, None, b"{")
        with pytest.raises(UnreadableEvent):
            ledger.tables.read("events")
