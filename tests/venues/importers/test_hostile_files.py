"""Files as people have them: cut, in another encoding, with signs and words of another country.
What can be read is recorded."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.infrastructure.errors import InvalidSetting
from orderledger.venues.importers.csv_notation import TimesOfColumn
from orderledger.venues.importers.importing import Imported
from orderledger.venues.importers.rows import csv_rows
from orderledger.venues.importers.source import Unreadable
from tests.command_line import run
from tests.venues.importers.importing import imported, written

MAPPING = """
meaning = "Fills."
checked_with = "the rows of this test"
message = "fill"
decimal = "{decimal}"
zone = "Europe/Berlin"
formats = [{formats}]
[fields]
fill_id = "id"
at = "time"
instrument = "symbol"
side = {{ column = "side", words = {{ buy = "buy", Kauf = "buy", sell = "sell" }} }}
quantity = {{ column = "qty", number = true }}
price = {{ column = "price", number = true }}
venue_order_id = "id"
"""
HEADER = "id,time,symbol,side,qty,price\n"
GOOD = "{},2026-11-20 10:00:00,BTC,buy,1.5,100\n"


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger.open("memory://") as opened:
        yield opened


def of_csv(
    ledger: Ledger, folder: Path, text: str | bytes, decimal: str = ".", formats: str = ""
) -> Imported:
    mapping = written(folder, "mapping.toml", MAPPING.format(decimal=decimal, formats=formats))
    path = folder / "fills.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return imported(ledger, "csv", path, mapping=mapping)


def faults(found: Imported) -> list[tuple[str, str, str]]:
    return [(one.place, one.field, one.fault) for one in found.unreadable]


def ids(ledger: Ledger) -> list[str]:
    return [str(row["fill_id"]) for row in ledger.trades()]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_any_end_of_line_and_a_byte_order_mark_are_read(
    ends: str, mark: bytes, ledger: Ledger, tmp_path: Path
) -> None:
    text = (HEADER + GOOD.format("A") + "\n" + GOOD.format("B")).replace("\n", ends)
    assert of_csv(ledger, tmp_path, mark + text.encode()).is_whole
    assert ids(ledger) == ["A", "B"]


def test_a_file_that_is_cut_in_a_row_gives_the_rows_before_it(
    ledger: Ledger, tmp_path: Path
) -> None:
    found = of_csv(ledger, tmp_path, HEADER + GOOD.format("A") + "B,2026-11-20 10:0")
    assert (ids(ledger), faults(found)) == (["A"], [("line 3", "", "has 2 values for 6 columns")])


@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_row_that_ends_before_its_last_value_is_a_fault_for_every_reader_of_csv(
    end: str, delimiter: str, tmp_path: Path
) -> None:
    """`csv_rows` reads the files of `import csv` and of `import nautilus`."""
    whole = delimiter.join(("1", "2", "3"))
    for length in range(1, len(whole) if end == "" else len(whole) - 1):
        path = written(
            tmp_path, "rows.csv", "\n".join((delimiter.join("abc"), whole, whole[:length] + end))
        )
        first, second = csv_rows(path, delimiter=delimiter)
        assert isinstance(first[1], dict)
        assert isinstance(second[1], Unreadable), whole[:length]


def test_a_quote_that_is_not_closed_is_named_with_the_lines_that_it_takes(
    ledger: Ledger, tmp_path: Path
) -> None:
    found = of_csv(ledger, tmp_path, HEADER + GOOD.format("A") + '"B,2026\n' + GOOD.format("C"))
    assert (ids(ledger), faults(found)) == (
        ["A"],
        [("lines 3 to 4", "", "is not a row of a CSV file: unexpected end of data")],
    )
    found = of_csv(ledger, tmp_path, HEADER + '"A"x,2026\n' + GOOD.format("C"))
    assert (ids(ledger), [place for place, _, _ in faults(found)]) == (["A", "C"], ["line 2"])


def test_a_row_in_another_encoding_is_listed_and_the_others_are_recorded(
    ledger: Ledger, tmp_path: Path
) -> None:
    bad = GOOD.format("B").replace("BTC", "MÜNZE").encode("latin-1")
    found = of_csv(
        ledger,
        tmp_path,
        HEADER.encode() + GOOD.format("A").encode() + bad + GOOD.format("C").encode(),
    )
    assert (ids(ledger), faults(found)) == (["A", "C"], [("line 3", "", "is not in utf-8-sig")])
    json.dumps(found.unreadable[0].row).encode()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_a_file_in_utf_16_is_refused(encoding: str, ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="FILE: .*fills.csv"):
        of_csv(ledger, tmp_path, (HEADER + GOOD.format("A")).encode(encoding))
    assert ids(ledger) == []


@pytest.mark.parametrize(
    ("decimal", "written_as", "number"),
    [
        (".", "1,234.5", "1234.5"), (".", "$ 1'234.50", "1234.5"), (".", "1,00,000", "100000"),
        (".", "+2.5 BTC", "2.5"),
        (".", "1e-3", "0.001"), (",", "1.234,5", "1234.5"), (",", "1 234,5 €", "1234.5"), (",",
        "0,001", "0.001"),
        (".", "1.2.3", None), (".", "5-", None), (".", "2.5BTC", None), (".", "5002000SATS", None),
        (".", "1 2", None),
        (".", "2.5 1INCH", None), (".", "1e3", "1000"), (".", "1 234 567", "1234567"),
        (".", "-1", None), (".", "\N{MINUS SIGN}1", None), (".", "(1.5)", None), (".", "(1.5",
        None), (".", "0", None),
        (".", "", None), (".", "1-2", None), (".", "NaN", None), (".", "1e99", None), (".",
        "1 BTC 2", None), (".", "٣", None),
    ],
)  # fmt: skip
def test_a_number_is_read_as_it_is_meant_or_not_at_all(
    decimal: str, written_as: str, number: str | None, ledger: Ledger, tmp_path: Path
) -> None:
    found = of_csv(
        ledger,
        tmp_path,
        HEADER + GOOD.format("A").replace("1.5", f'"{written_as}"').replace("100", '"100"'),
        decimal,
    )
    if number is None:
        assert [(place, field) for place, field, _ in faults(found)] == [("line 2", "quantity")]
    else:
        assert [row["quantity"] for row in ledger.trades()] == [Decimal(number)]


@pytest.mark.parametrize(
    ("decimal", "written_as"),
    [(".", "1,5"), (".", "1.234,56"), (".", "0,001"), (",", "1,234.5"), (",", "1.5")],
)
def test_a_file_with_the_other_sign_before_its_decimals_is_refused(
    decimal: str, written_as: str, ledger: Ledger, tmp_path: Path
) -> None:
    """In a file with decimal commas 1,234 is a number between 1 and 2: it must not be read as a
    thousand."""
    rows = [
        GOOD.format("A").replace("1.5", '"1,234"'),
        GOOD.format("B").replace("1.5", f'"{written_as}"'),
    ]
    with pytest.raises(
        InvalidSetting,
        match="mapping: reads .* as the sign before decimals, but .* in line 3, column 'qty'",
    ):
        of_csv(ledger, tmp_path, HEADER + "".join(rows).replace(",100", ',"100"'), decimal)
    assert ids(ledger) == []


def test_a_side_in_words_that_nobody_explained_is_listed_with_those_that_are_known(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = GOOD.format("A").replace("buy", "Kauf") + GOOD.format("B").replace("buy", "Verkauf")
    found = of_csv(ledger, tmp_path, HEADER + rows)
    assert (ids(ledger), faults(found)) == (
        ["A"], [("line 3", "side", "'Verkauf' in column 'side' is not one of buy, Kauf, sell")],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("written_as", "formats", "moment"),
    [
        ("2026-11-20 10:00:00", "", datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("2026-11-20T10:00:00+05:00", "", datetime(2026, 11, 20, 5, tzinfo=UTC)),
        ("1763123100000", "", datetime(2025, 11, 14, 12, 25, tzinfo=UTC)),
        ("20261120100000", '"%Y%m%d%H%M%S"', datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("20.11.2026 10:00", '"%d.%m.%Y %H:%M"', datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("20.11.2026 10:00", "", None), ("", "", None), ("yesterday", "", None), ("9" * 5_000, "",
        None),
        ("0001-01-01", "", None), ("9999-12-31T23:59:59-23:00", "", None),
    ],
)  # fmt: skip
def test_a_time_is_read_in_the_zone_of_the_file_or_named(
    written_as: str, formats: str, moment: datetime | None, ledger: Ledger, tmp_path: Path
) -> None:
    found = of_csv(
        ledger,
        tmp_path,
        HEADER + GOOD.format("A").replace("2026-11-20 10:00:00", written_as),
        formats=formats,
    )
    if moment is None:
        assert [(place, field) for place, field, _ in faults(found)] == [("line 2", "at")]
    else:
        assert [row["at"] for row in ledger.trades()] == [moment]


def test_a_format_that_is_excluded_later_hides_no_doubt_between_the_others() -> None:
    """The first row is 3 February by two formats. The second row excludes one of them, and leaves
    day and month open."""
    column = TimesOfColumn("time", ("%d-%m-%Y %I:%M", "%m-%d-%Y %H:%M", "%d-%m-%Y %H:%M"))
    column.look_at("line 2", "03-02-2026 05:00")
    column.look_at("line 3", "04-04-2026 15:00")
    with pytest.raises(
        InvalidSetting,
        match="%m-%d-%Y %H:%M or %d-%m-%Y %H:%M: '03-02-2026 05:00' in line 2. Give --date-format",
    ):
        column.decided(has_zone=True)


def test_a_file_with_another_delimiter_is_refused_by_the_column_that_it_lacks(
    ledger: Ledger, tmp_path: Path
) -> None:
    for text in (HEADER + GOOD.format("A"), HEADER):
        with pytest.raises(
            InvalidSetting,
            match="FILE: .*fills.csv has no column 'id'; it has id;time;symbol;side;qty;price",
        ):
            of_csv(ledger, tmp_path, text.replace(",", ";"))


def test_rows_in_any_order_and_twice_and_a_longer_file_give_the_same_ledger(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = [
        GOOD.format(name).replace(":00:00", f":0{number}:00") for number, name in enumerate("ABCD")
    ]
    of_csv(ledger, tmp_path, HEADER + rows[2] + rows[0] + rows[2] + rows[0])
    assert ids(ledger) == ["A", "C"]
    found = of_csv(ledger, tmp_path, HEADER + "".join(reversed(rows)))
    assert (found.outcomes, ids(ledger)) == ({"recorded": 2, "duplicate": 2}, ["A", "B", "C", "D"])


TRADE = {
    "id": "1",
    "timestamp": 1763630400000,
    "symbol": "BTC/USDT",
    "side": "buy",
    "amount": 1,
    "price": 2,
    "order": "9",
}


def of_ccxt(ledger: Ledger, folder: Path, text: str | bytes) -> Imported:
    path = folder / "dump.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return imported(ledger, "ccxt", path)


def dumped(*names: str, **fields: Any) -> str:
    return json.dumps([{**TRADE, "id": name, **fields} for name in names], indent=1)


def test_a_json_array_that_is_cut_gives_the_objects_before_the_cut(
    ledger: Ledger, tmp_path: Path
) -> None:
    found = of_ccxt(ledger, tmp_path, dumped("A", "B", "C")[:-40])
    assert (ids(ledger), [one.place for one in found.unreadable]) == (["A", "B"], ["line 20"])
    assert "is not JSON from here on" in found.unreadable[0].fault


def test_json_with_a_byte_order_mark_is_read_and_other_encodings_are_refused(
    ledger: Ledger, tmp_path: Path
) -> None:
    assert of_ccxt(ledger, tmp_path, b"\xef\xbb\xbf" + dumped("A").encode()).is_whole
    with pytest.raises(InvalidSetting, match="is not in UTF-8"):
        of_ccxt(ledger, tmp_path, dumped("B").encode("utf-16"))
    assert ids(ledger) == ["A"]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        "[1, null, true]",
        '["x"]',
        "{}",
        "null",
        "[" + "9" * 5_000 + "]",
    ],
)
def test_json_that_is_no_dump_is_listed(text: str, ledger: Ledger, tmp_path: Path) -> None:
    found = of_ccxt(ledger, tmp_path, text)
    assert found.unreadable
    assert ids(ledger) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"amount": -1},
        {"amount": float("nan")},
        {"price": "1,5"},
        {"side": "long"},
        {"timestamp": -5},
    ],
)
def test_a_trade_with_a_wrong_value_is_listed(
    fields: dict[str, Any], ledger: Ledger, tmp_path: Path
) -> None:
    found = of_ccxt(ledger, tmp_path, dumped("A", **fields).replace("]", "," + dumped("B")[1:]))
    assert (ids(ledger), [one.place for one in found.unreadable]) == (["B"], ["row 1"])


EMPTY = {
    "csv": 2,
    "fix": 0,
    "ccxt": 0,
    "ib-flex": 1,
    "nautilus": 0,
    "freqtrade": 2,
    "hummingbot": 2,
}


@pytest.mark.parametrize("kind", EMPTY)
def test_an_empty_file_a_folder_and_a_file_of_another_kind_end_without_a_traceback(
    kind: str, tmp_path: Path
) -> None:
    mapping = ("--mapping", "kraken-trades") if kind == "csv" else ()
    to = (*mapping, "--account", "a:b", "--db", str(tmp_path / "ledger.db"))
    empty, binary = tmp_path / "empty", tmp_path / "binary"
    empty.write_bytes(b"")
    binary.write_bytes(bytes(range(256)) * 40)
    done = run("import", kind, empty, *to)
    assert (done.status, "Traceback" in done.err) == (EMPTY[kind], False), done.err
    assert run("import", kind, tmp_path, *to).status == 2
    done = run("import", kind, binary, *to)
    assert (done.status in (1, 2), "Traceback" in done.err) == (True, False), done.err


def test_a_flex_query_of_another_root_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "page.html", "<html><body/></html>")
    done = run("import", "ib-flex", path, "--account", "a:b", "--db", tmp_path / "ledger.db")
    assert (done.status, "it begins with 'html', not FlexQueryResponse" in done.err) == (2, True)
