"""The exports of Binance, Hyperliquid and Kraken: what each row says twice, coins behind numbers,
fees in coins, dates.

The rows have the shape of real exports, with numbers of our own: github.com/BittyTax/BittyTax issue
141 (Binance), github.com/AxelFooley/TrackFolio, tests of backend/app/services/crypto_csv_parser.py
(Hyperliquid), and github.com/tresorone/tresor-import issue 5724 (Kraken).
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.infrastructure.errors import InvalidSetting
from orderledger.infrastructure.time_zones import zone_named
from orderledger.venues.importers.csv_notation import written as written_as
from orderledger.venues.importers.importing import Imported
from tests.venues.importers.importing import imported, written

UTC = zone_named("UTC")


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger.open("memory://") as opened:
        yield opened


def exported(
    ledger: Ledger, folder: Path, mapping: str, header: str, *rows: str, **options: Any
) -> Imported:
    file = written(folder, "export.csv", "\n".join([header, *rows]) + "\n")
    return imported(ledger, "csv", file, mapping=Path(mapping), **options)


def faults(found: Imported) -> list[tuple[str, str, str]]:
    return [(one.place, one.field, one.fault) for one in found.unreadable]


BINANCE = "Date(UTC),Pair,Side,Price,Executed,Amount,Fee"


def of_binance(ledger: Ledger, folder: Path, *rows: str) -> Imported:
    return exported(ledger, folder, "binance-spot", BINANCE, *rows)


@pytest.mark.parametrize(
    ("row", "quantity", "price", "fee", "coin"),
    [
        (
            'BTCUSDT,BUY,"11,400.5000000000",0.0500000000BTC,570.02500000USDT,0.0229201000BNB',
            "0.05",
            "11400.5",
            "0.0229201",
            "BNB",
        ),
        (
            "BNBETH,SELL,0.0124000000,5.0000000000BNB,0.06200000ETH,0.0025000000BNB",
            "5",
            "0.0124",
            "0.0025",
            "BNB",
        ),
        (
            "1000SATSUSDT,BUY,0.0002,5001000SATS,0.1USDT,0.51000SATS",
            "500",
            "0.0002",
            "0.5",
            "1000SATS",
        ),
        ("1INCHUSDT,BUY,0.51,1001INCH,51USDT,0.11INCH", "100", "0.51", "0.1", "1INCH"),
        ('USDTTRY,SELL,32.5,"1,000USDT","32,500TRY",32.5TRY', "1000", "32.5", "32.5", "TRY"),
        ("ETHBTC,BUY,0.05,20ETH,1BTC,", "20", "0.05", None, None),
    ],
)
def test_coins_of_binance_stand_right_behind_their_numbers(
    row: str,
    quantity: str,
    price: str,
    fee: str | None,
    coin: str | None,
    ledger: Ledger,
    tmp_path: Path,
) -> None:
    assert of_binance(ledger, tmp_path, f"2026-11-20 09:00:00,{row}").is_whole
    (fill,) = ledger.trades()
    found = (fill["quantity"], fill["price"], fill["fee"], fill["fee_currency"])
    assert found == (Decimal(quantity), Decimal(price), Decimal(fee) if fee else None, coin)


@pytest.mark.parametrize(
    ("row", "field", "fault"),
    [
        (
            "1000SATSUSDT,BUY,0.0002,5001000SATS,1000.2USDT,0BNB",
            "Amount",
            "is 1000.2, but price * quantity is 0.1",
        ),
        (
            "BTCUSDT,BUY,100.00,2.00BTC,200.01USDT,0BNB",
            "Amount",
            "is 200.01, but price * quantity is 200",
        ),
        (
            "BTCUSDT,BUY,2.00BTC,100.00,200.00USDT,0BNB",
            "price",
            "'2.00BTC' in column 'Price' has a unit directly after its digits",
        ),
        (
            "BTCUSDT,BUY,100,200USDT,2BTC,0BNB",
            "Pair",
            "'BTCUSDT': there is no way to split it into the coins of '200USDT' and '2BTC'",
        ),
        ("BTCUSDT,BUY,100,2.00,200,0BNB", "Pair", "there is no way to split it"),
        (
            "BTCUSDT,BUY,100,2BTC,200USDT,1DOGE",
            "fee",
            "'1DOGE' in column 'Fee' is not a number with one of BNB, BTC, USDT",
        ),
        ("BTCUSDT,BUY,100,1.2.3BTC,200USDT,0BNB", "Pair", "there is no way to split it"),
        ("BTCUSDT,BUY,100,-2BTC,-200USDT,0BNB", "quantity", "greater than 0"),
        ("1INCHUSDT,BUY,1,1INCH,1USDT,0BNB", "Pair", "there is no way"),
    ],
)
def test_a_row_of_binance_that_contradicts_itself_is_listed(
    row: str, field: str, fault: str, ledger: Ledger, tmp_path: Path
) -> None:
    ((place, found, why),) = faults(of_binance(ledger, tmp_path, f"2026-11-20 09:00:00,{row}"))
    assert (place, found) == ("line 2", field)
    assert fault in why
    assert ledger.trades() == []


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_row_of_binance_that_is_cut_before_its_fee_is_listed(
    ends: str, ledger: Ledger, tmp_path: Path
) -> None:
    whole = "2026-11-20 09:00:0{},ETHBTC,BUY,0.05,20ETH,1BTC,0.1ETH"
    for number, cut in enumerate((",", ",1BTC,", "0.1ETH")):
        rows = [
            BINANCE,
            whole.format(number),
            whole.format(9).removesuffix("0.1ETH").removesuffix(cut),
        ]
        file = tmp_path / "export.csv"
        file.write_bytes(ends.join(rows).encode())
        told = imported(ledger, "csv", file, mapping=Path("binance-spot"))
        assert [(place, field) for place, field, _ in faults(told)] == [("line 3", "")]
    assert [fill["fee"] for fill in ledger.trades()] == [Decimal("0.1")] * 3


def test_an_empty_fee_before_a_line_end_is_no_cut(ledger: Ledger, tmp_path: Path) -> None:
    row = "2026-11-20 09:00:0{},ETHBTC,BUY,0.05,20ETH,1BTC,"
    file = written(tmp_path, "export.csv", "\n".join([BINANCE, row.format(1), row.format(2)]))
    assert imported(ledger, "csv", file, mapping=Path("binance-spot")).is_whole
    assert [fill["fee"] for fill in ledger.trades()] == [None, None]


def test_a_number_and_coin_that_can_be_split_in_two_ways_are_refused(
    ledger: Ledger, tmp_path: Path
) -> None:
    """A fee of 0.11000X can be 0.1 of 1000X, the base, or 0.11000 of X, the quote."""
    told = of_binance(ledger, tmp_path, "2026-11-20 09:00:00,1000XX,BUY,100,0.51000X,50X,0.11000X")
    assert [(field, "several ways" in fault) for _, field, fault in faults(told)] == [("fee", True)]


HYPERLIQUID = "time,coin,dir,px,sz,ntl,fee,closedPnl"


def of_hyperliquid(ledger: Ledger, folder: Path, *rows: str, **options: Any) -> Imported:
    return exported(
        ledger, folder, "hyperliquid-trades", HYPERLIQUID, *rows, **{"zone": UTC, **options}
    )


@pytest.mark.parametrize(
    ("row", "side", "fee", "coin"),
    [
        ("HYPE/USDC,Buy,58.3,4,233.2,0.0028,-0.16324", "buy", "0.0028", "HYPE"),
        (
            "ETH/USDC,Sell,4576.6,0.0515,235.69490000000002,0.16498643,-0.26283641999999996",
            "sell",
            "0.16498643",
            "USDC",
        ),
        ("HYPE,Open Long,37.798,1308.64,49463.97,22.26,-22.26", "buy", "22.26", "USDC"),
        ("HYPE,Long > Short,37.5,2,75,0.01,3.5", "sell", "0.01", "USDC"),
        ("BTC,Liquidated Cross Long,60000.5,0.5,30000.25,9,-1200", "sell", "9", "USDC"),
        ("BTC,Liquidated Isolated Short,60000.5,0.5,30000.25,9,-1200", "buy", "9", "USDC"),
        ("xyz:TSLA,Close Long,400.5,2,801,0.3,10", "sell", "0.3", None),
    ],
)
def test_a_fill_of_hyperliquid_has_its_side_and_the_currency_of_its_fee(
    row: str, side: str, fee: str, coin: str | None, ledger: Ledger, tmp_path: Path
) -> None:
    assert of_hyperliquid(ledger, tmp_path, f"20/11/2026 - 09:00:00,{row}").is_whole
    (fill,) = ledger.trades()
    assert (fill["side"], fill["fee"], fill["fee_currency"]) == (side, Decimal(fee), coin)


@pytest.mark.parametrize(
    ("row", "field", "fault"),
    [
        (
            "BTC,Auto-Deleveraging,60000.5,0.5,30000.25,0,900",
            "side",
            "'Auto-Deleveraging' in column 'dir' is not one of",
        ),
        ("BTC,Settlement,60000.5,0.5,30000.25,0,900", "side", "'Settlement'"),
        ("HYPE/USDC,Spot Dust Conversion,58.3,0.004,0.2332,0,0", "side", "'Spot Dust Conversion'"),
        ("@107,Buy,58.3,4,233.2,0.0028,-0.16324", "fee_currency", "'@107' in column 'coin'"),
        (
            "HYPE/USDC,Buy,58.3,4,233.2,0.16324,-0.16324",
            "closedPnl",
            "is -0.16324, but -fee * price is -9.516892",
        ),
        ("HYPE,Open Short,37.5,2,75,0.01,0.01", "closedPnl", "is 0.01, but -fee is -0.01"),
        ("HYPE,Close Short,37.5,2,75.01,0.01,3", "ntl", "is 75.01, but price * quantity is 75"),
        ("HYPE,Close Short,37.5,-2,-75,0.01,3", "quantity", "greater than 0"),
        (
            "HYPE,Open Long,37.5,2,75,0.01,",
            "closedPnl",
            "is empty, so the figures of the row cannot be compared",
        ),
    ],
)
def test_what_hyperliquid_does_not_say_is_listed_and_nothing_is_skipped(
    row: str, field: str, fault: str, ledger: Ledger, tmp_path: Path
) -> None:
    told = of_hyperliquid(ledger, tmp_path, f"20/11/2026 - 09:00:00,{row}")
    ((_, found, why),) = faults(told)
    assert (found, fault in why, told.rows, told.left_out) == (field, True, 1, {})


CLOSE = "ETH,Close Long,4576.5,2,9153,0.1,9"


@pytest.mark.parametrize(
    ("first", "second", "options", "days"),
    [
        ("9/18/2026 - 14:00:00", "9/5/2026 - 14:00:00", {}, ["2026-09-05", "2026-09-18"]),
        ("18/9/2026 - 14:00:00", "9/5/2026 - 14:00:00", {}, ["2026-05-09", "2026-09-18"]),
        ("18-9-2026 - 14:00:00", "9-5-2026 - 14:00:00", {}, ["2026-05-09", "2026-09-18"]),
        (
            "9/8/2026 - 14:00:00",
            "9/5/2026 - 14:00:00",
            {"date_format": "%m/%d/%Y - %H:%M:%S"},
            ["2026-09-05", "2026-09-08"],
        ),
        (
            "2026-09-08 14:00",
            "2026-09-05 14:00",
            {"date_format": "%Y-%m-%d %H:%M"},
            ["2026-09-05", "2026-09-08"],
        ),
        ("8/8/2026 - 14:00:00", "5/5/2026 - 14:00:00", {}, ["2026-05-05", "2026-08-08"]),
    ],
)
def test_the_whole_file_decides_between_day_and_month(
    first: str,
    second: str,
    options: dict[str, str],
    days: list[str],
    ledger: Ledger,
    tmp_path: Path,
) -> None:
    assert of_hyperliquid(
        ledger, tmp_path, f"{first},{CLOSE}", f"{second},{CLOSE}", **options
    ).is_whole
    assert [row["at"].date().isoformat() for row in ledger.trades()] == days


@pytest.mark.parametrize(
    ("times", "options"),
    [
        (("9/20/2026 - 14:00:00", "9/5/2026 - 14:00:00"), {}),
        (("20/9/2026 - 14:00:00", "5/9/2026 - 14:00:00"), {}),
        (("20-09-2026 - 14:00:00", "05-09-2026 - 14:00:00"), {}),
        (("20.9.2026, 14:00:00", "5.9.2026, 14:00:00"), {"date_format": "%d.%m.%Y, %H:%M:%S"}),
    ],
)
def test_a_fill_counts_once_however_the_browser_writes_its_date(
    times: tuple[str, str], options: dict[str, str], ledger: Ledger, tmp_path: Path
) -> None:
    known = of_hyperliquid(
        ledger, tmp_path, f"20/09/2026 - 14:00:00,{CLOSE}", f"05/09/2026 - 14:00:00,{CLOSE}"
    )
    assert known.outcomes == {"recorded": 2}
    again = of_hyperliquid(ledger, tmp_path, *(f'"{time}",{CLOSE}' for time in times), **options)
    assert again.outcomes == {"duplicate": 2}


def test_the_id_of_a_row_in_the_first_format_of_its_mapping_is_made_from_its_text(
    ledger: Ledger, tmp_path: Path
) -> None:
    """So it was always: a file that is imported again must not count twice."""
    row = "20/09/2026 - 14:00:00,ETH,Close Long,4576.5,2,9153,0.1,9"
    of_hyperliquid(ledger, tmp_path, row)
    text = "\x1f".join(("20/09/2026 - 14:00:00", "ETH", "Close Long", "4576.5", "2", "0.1"))
    assert [fill["fill_id"] for fill in ledger.trades()] == [sha256(text.encode()).hexdigest()[:24]]


@pytest.mark.parametrize(
    ("text", "name", "pattern", "expected"),
    [
        ("9/5/2026 14:00:07", "%m/%d/%Y %H:%M:%S", "%d/%m/%Y", "2026-09-05T14:00:07"),
        ("2026-09-05T14:00:07+02:00", "ISO 8601", "%d/%m/%Y %H:%M:%S", "2026-09-05T14:00:07+02:00"),
        ("yesterday", "%d/%m/%Y", "%d/%m/%Y", "yesterday"),
    ],
)
def test_a_time_that_another_format_cannot_hold_loses_no_part(
    text: str, name: str, pattern: str, expected: str
) -> None:
    assert written_as(text, name, pattern) == expected


@pytest.mark.parametrize(
    ("times", "options", "fault"),
    [
        (
            ("9/5/2026 - 14:00:00",),
            {},
            (
                "date-format: is needed, because all times in column 'time' can be %d/%m/%Y - "
                "%H:%M:%S or %m/%d"
            ),
        ),
        (("9/9/2026 - 14:00:00", "9/5/2026 - 14:00:00"), {}, "'9/5/2026 - 14:00:00' in line 3"),
        (
            ("20/9/2026 - 14:00:00", "9/20/2026 - 14:00:00"),
            {},
            "FILE: column 'time' mixes formats of times: '20/9/2026 - 14:00:00' in",
        ),
        (("20/9/2026 - 14:00:00", "2026-09-20 14:00:00"), {}, "mixes formats"),
        (
            ("20/9/2026 - 14:00:00",),
            {"zone": None},
            "timezone: is needed, because '20/9/2026 - 14:00:00' in line 2 has no offset",
        ),
        (
            ("20/9/2026 - 14:00:00",),
            {"date_format": "%d/%m"},
            "date-format: '%d/%m' is not a format with year, month and day",
        ),
    ],
)
def test_a_file_whose_times_are_in_doubt_is_refused_and_nothing_is_recorded(
    times: tuple[str, ...], options: dict[str, Any], fault: str, ledger: Ledger, tmp_path: Path
) -> None:
    with pytest.raises(InvalidSetting) as refused:
        of_hyperliquid(ledger, tmp_path, *(f"{time},{CLOSE}" for time in times), **options)
    assert fault in str(refused.value)
    assert ledger.trades() == []


def test_a_time_in_another_format_than_the_one_that_is_said_is_listed(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = (f"9/20/2026 - 14:00:00,{CLOSE}", f"yesterday,{CLOSE}", f"21/9/2026 - 14:00:00,{CLOSE}")
    told = of_hyperliquid(ledger, tmp_path, *rows, date_format="%m/%d/%Y - %H:%M:%S")
    assert [(place, field) for place, field, _ in faults(told)] == [
        ("line 3", "at"),
        ("line 4", "at"),
    ]
    assert "is not a time in the file's format, %m/%d/%Y - %H:%M:%S" in faults(told)[0][2]


def test_an_hour_that_clocks_show_twice_or_never_is_listed(ledger: Ledger, tmp_path: Path) -> None:
    rows = [f"{day} - 02:30:00,{CLOSE}" for day in ("25/10/2026", "29/03/2026", "20/11/2026")]
    told = of_hyperliquid(ledger, tmp_path, *rows, zone=zone_named("Europe/Berlin"))
    assert [place for place, _, _ in faults(told)] == ["line 2", "line 3"]
    assert "is not a single time in Europe/Berlin: clocks were changed then" in faults(told)[0][2]


KRAKEN = '"txid","ordertxid","pair","time","type","ordertype","price","cost","fee","vol","margin","misc","ledgers"'  # noqa: E501 (lines of a file)


def test_the_cost_of_kraken_may_be_rounded_and_not_more(ledger: Ledger, tmp_path: Path) -> None:
    row = (
        '"{}","O1","ADAEUR","2026-11-20 '
        '09:00:00.113","buy","market",1.716269,{},0.130000,29.13295073,0.000000,"","L"'
    )
    told = exported(
        ledger,
        tmp_path,
        "kraken-trades",
        KRAKEN,
        row.format("T1", "49.999978"),
        row.format("T2", "50.000078"),
    )
    assert faults(told) == [
        ("line 3", "cost", "is 50.000078, but price * quantity is 49.99998021642637")
    ]
    assert [fill["fill_id"] for fill in ledger.trades()] == ["T1"]


def test_the_volume_of_kraken_is_exact(ledger: Ledger, tmp_path: Path) -> None:
    """Without its trailing zeros, too: 0.5 does not stand for 0.45 to 0.55."""
    row = (
        '"{}","O1","XXBTZUSD","2026-11-20 '
        '09:00:00.113","buy","limit",64000.10000,{},0.13,0.5,0.0,"","L"'
    )
    told = exported(
        ledger,
        tmp_path,
        "kraken-trades",
        KRAKEN,
        row.format("T1", "32000.05"),
        row.format("T2", "32000.07"),
    )
    assert faults(told) == [("line 3", "cost", "is 32000.07, but price * quantity is 32000.05")]


def test_equal_trades_of_ccxt_without_an_id_are_different_fills_of_one_file(
    ledger: Ledger, tmp_path: Path
) -> None:
    row = {"id": None, "order": "55", "timestamp": 1763000001123, "symbol": "BTC/USDT"}
    row |= {"side": "buy", "price": 2, "amount": 5}
    lines = "\n".join([json.dumps(row)] * 2)
    for name, text in (("list.json", json.dumps([row, row])), ("lines.ndjson", lines)):
        imported(ledger, "ccxt", written(tmp_path, name, text), exchange="okx")
        assert [fill["quantity"] for fill in ledger.trades()] == [5, 5], name


def test_a_row_without_its_order_is_listed_and_the_others_are_recorded(
    ledger: Ledger, tmp_path: Path
) -> None:
    header = "txid,ordertxid,pair,time,type,ordertype,price,cost,fee,vol,margin,misc,ledgers"
    row = "{},{},XXBTZEUR,2026-11-20 09:00:0{}.0,buy,limit,100,100,0.0,1,0,,"
    lines = [header, row.format("T1", "O1", 1), row.format("T6", "", 2), row.format("T9", "O9", 3)]
    found = exported(ledger, tmp_path, "kraken-trades", *lines)
    ((place, field, _),) = faults(found)
    assert (place, field) == ("line 3", "client_order_id")
    assert [fill["fill_id"] for fill in ledger.trades()] == ["T1", "T9"]
