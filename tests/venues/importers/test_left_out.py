"""No row is skipped in silence: a row is recorded, or listed with its fault, or counted with the
reason why it is left out."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.infrastructure.errors import InvalidSetting
from orderledger.infrastructure.time_zones import zone_named
from orderledger.venues.importers.csv_mapping import mapping_at, ready
from orderledger.venues.importers.importing import Imported
from orderledger.venues.importers.kinds import KINDS
from tests.command_line import run
from tests.venues.importers.importing import imported, written
from tests.venues.importers.test_databases import (
    HB_FILL,
    HB_ORDER,
    MS,
    NINE,
    ORDER,
    TRADE,
    database,
    status,
)
from tests.venues.importers.test_fix import message
from tests.venues.importers.test_venue_exports import KRAKEN
from tests.venues.interop.nautilus_shapes import filled


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger.open("memory://") as opened:
        yield opened


def faults(found: Imported) -> list[tuple[str, str, str]]:
    return [(one.place, one.field, one.fault) for one in found.unreadable]


BUY = (
    '"T{}","O1","ADAEUR","2026-11-20 '
    '09:00:00","buy","limit",1.50000,3.00000,0.01,2.00000000,0,"","L"'
)


def test_empty_rows_and_names_of_columns_within_a_csv_file_are_counted(
    ledger: Ledger, tmp_path: Path
) -> None:
    lines = [KRAKEN, BUY.format(1), "", ",,,,,,,,,,,,", KRAKEN, BUY.format(2)]
    told = imported(
        ledger,
        "csv",
        written(tmp_path, "trades.csv", "\r\n".join(lines)),
        mapping=Path("kraken-trades"),
    )
    assert (told.is_whole, told.rows, told.outcomes["recorded"]) == (True, 5, 2)
    assert told.left_out == {"is empty": 2, "repeats the names of the columns": 1}


def test_rows_that_a_mapping_does_not_mean_are_counted_by_their_value(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = [
        "11/20/2026,Trade,SPY,-3,650.25,-0.35,sold",
        *["11/20/2026,Dividend,SPY,,,,"] * 2,
        "11/20/2026,Journal,,,,,",
    ]
    history = "\n".join(["Date,Type,Symbol,Qty,Price,Commission,Description", *rows])
    path, options = (
        written(tmp_path, "t.csv", history),
        {"mapping": Path("tradier-history"), "unchecked": True},
    )
    told = imported(ledger, "csv", path, zone=zone_named("America/New_York"), **options)
    assert (told.rows, told.outcomes["recorded"]) == (4, 1)
    assert told.left_out == {"has Type 'Dividend'": 2, "has Type 'Journal'": 1}


def test_lines_and_messages_that_are_about_no_order_are_counted_in_a_fix_log(
    ledger: Ledger, tmp_path: Path
) -> None:
    fill = execution(39, "1", 14, "4", 151, "6")
    path = tmp_path / "session.log"
    path.write_bytes(
        b"\n".join(
            [
                b"logon as DROPCOPY",
                message([(35, "0")]),
                message([(35, "AE")]),
                fill,
                b"",
                message([(35, "0")]),
            ]
        )
    )
    told = imported(ledger, "fix", path)
    assert (told.rows, told.outcomes["recorded"]) == (6, 1)
    assert told.left_out == {
        "has no FIX message": 2,
        "is a message of type 0, which is not about an order": 2,
        "is a message of type AE, which is not about an order": 1,
    }


def execution(*told: Any, price: str = "9.5", average: str = "9.5") -> bytes:
    names = [
        (35, "8"),
        (37, "V-1"),
        (11, "C-1"),
        (17, "E1"),
        (55, "XYZ"),
        (54, "1"),
        (60, "20260105-10:00:00"),
    ]
    numbers = [(38, "10"), (150, "F"), (32, "4"), (31, price), (6, average)]
    return message([*names, *numbers, *zip(told[::2], told[1::2], strict=True)])


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (execution(39, "1", 14, "4", 151, "6"), None),
        (execution(39, "1", 14, "4", 151, "5"), ("38", "is 10, but 14 + 151 is 9")),
        (execution(39, "4", 14, "4", 151, "0"), None),
        (execution(39, "2", 14, "12", 151, "0"), None),
        (execution(39, "1", 14, "4", 151, "6", average="9.3"), ("6", "is 9.3, but 31 is 9.5")),
        (execution(39, "1", 14, "4", 151, "6", average="0"), None),
        (execution(39, "1", 14, "8", 151, "2", average="9.4"), None),
        (execution(39, "1", 14, "4", 151, "6", price="9.5433", average="9.543"), None),
    ],
)
def test_an_execution_report_that_contradicts_itself_is_listed(
    line: bytes, fault: tuple[str, str] | None, ledger: Ledger, tmp_path: Path
) -> None:
    path = tmp_path / "session.log"
    path.write_bytes(line)
    found = [(field, why) for _, field, why in faults(imported(ledger, "fix", path))]
    assert found == ([fault] if fault else [])


FLEX = (
    '<FlexQueryResponse queryName="t" type="AF"><FlexStatements count="1"><FlexStatement '
    'accountId="U1"><Trades>{}</Trades>'
    '<FxTransactions><FxTransaction fxCurrency="USD" '
    'quantity="1"/></FxTransactions></FlexStatement></FlexStatements>'
    "</FlexQueryResponse>"
)
EXECUTION = (
    '<Trade accountId="U1" currency="EUR" assetCategory="{kind}" symbol="VWRL" '
    'multiplier="{multiplier}" tradeID="1" '
    'ibOrderID="7" dateTime="20261120;100000" buySell="BUY" quantity="10" tradePrice="89.5" '
    '{figures} ibCommission="-4" '
    'taxes="0" ibCommissionCurrency="EUR" levelOfDetail="{level}"/>'
)


BERLIN = zone_named("Europe/Berlin")


def flex(folder: Path, *trades: dict[str, str]) -> Path:
    told = {"kind": "STK", "multiplier": "1", "level": "EXECUTION", "figures": ""}
    return written(
        folder,
        "flex.xml",
        FLEX.format("".join(EXECUTION.format(**{**told, **trade}) for trade in trades)),
    )


def test_what_is_not_an_execution_is_counted_in_a_flex_query(
    ledger: Ledger, tmp_path: Path
) -> None:
    told = imported(
        ledger,
        "ib-flex",
        flex(tmp_path, {}, {"level": "ORDER"}, {"level": "SYMBOL_SUMMARY"}),
        zone=BERLIN,
    )
    assert (told.rows, len(ledger.trades())) == (4, 1)
    assert told.left_out == {
        "is a FxTransaction, not an execution": 1,
        "is a Trade with levelOfDetail ORDER, which repeats executions": 1,
        "is a Trade with levelOfDetail SYMBOL_SUMMARY, which repeats executions": 1,
    }


@pytest.mark.parametrize(
    ("trade", "fault"),
    [
        ({"figures": 'tradeMoney="895" proceeds="-895" netCash="-899"'}, None),
        (
            {"figures": 'tradeMoney="897" proceeds="-895"'},
            ("tradeMoney", "is 897, but quantity * tradePrice * multiplier is 895"),
        ),
        (
            {"figures": 'proceeds="895"'},
            ("proceeds", "is 895, but -quantity * tradePrice * multiplier is -895"),
        ),
        (
            {"figures": 'proceeds="-895.00" netCash="-891.00"'},
            ("netCash", "is -891, but proceeds + ibCommission + taxes is -899"),
        ),
        ({"figures": 'proceeds="-89,500"', "kind": "OPT", "multiplier": "100"}, None),
        ({"figures": 'tradeMoney="0"', "kind": "FUT", "multiplier": "50"}, None),
    ],
)
def test_a_flex_trade_that_contradicts_itself_is_listed(
    trade: dict[str, str], fault: tuple[str, str] | None, ledger: Ledger, tmp_path: Path
) -> None:
    found = [
        (field, why)
        for _, field, why in faults(imported(ledger, "ib-flex", flex(tmp_path, trade), zone=BERLIN))
    ]
    assert found == ([fault] if fault else [])


CCXT = {
    "id": "1",
    "timestamp": 1763630400000,
    "symbol": "BTC/USDT",
    "side": "buy",
    "order": "9",
    "price": 90000.0,
    "amount": 0.004,
}
UNIFIED = {
    "id": "5",
    "timestamp": 1763630400000,
    "symbol": "BTC/USDT",
    "side": "buy",
    "type": "limit",
    "status": "closed",
}


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({**CCXT, "cost": 360.0}, None),
        ({**CCXT, "cost": 0.30000000000000004, "price": 0.1, "amount": 3}, None),
        ({**CCXT, "cost": 361.0}, ("cost", "is 361, but price * amount is 360")),
        ({**CCXT, "cost": None}, None),
        ({**CCXT, "cost": 36.0, "symbol": "BTC/USDT:USDT"}, None),
        ({**UNIFIED, "price": 90.5, "amount": 3, "filled": 1, "remaining": 2, "average": 90.25,
        "cost": 90.25}, None),
        ({**UNIFIED, "price": 90.5, "amount": 3, "filled": 1, "remaining": 1}, ("amount",
        "is 3, but filled + remaining is 2")),
        ({**UNIFIED, "price": 90.5, "amount": 3, "filled": 2, "remaining": 1, "average": 90.25,
        "cost": 181.5},
         ("cost", "is 181.5, but filled * average is 180.5")),
    ],
)  # fmt: skip
def test_a_row_of_ccxt_that_contradicts_itself_is_listed(
    row: dict[str, Any], fault: tuple[str, str] | None, ledger: Ledger, tmp_path: Path
) -> None:
    found = [
        (field, why)
        for _, field, why in faults(
            imported(ledger, "ccxt", written(tmp_path, "row.json", json.dumps(row)))
        )
    ]
    assert found == ([fault] if fault else [])


def test_rows_of_ccxt_and_nautilus_that_say_nothing_are_counted(
    ledger: Ledger, tmp_path: Path
) -> None:
    balance = '{"free": {}, "used": {}, "total": {}}\n'
    told = imported(ledger, "ccxt", written(tmp_path, "balance.ndjson", balance + "\n" + balance))
    assert told.left_out == {
        "is a balance, which contains no order, fill or position": 2,
        "is empty": 1,
    }
    events = [
        {"type": "PositionOpened"},
        {"type": "AccountState"},
        filled(),
        {"type": "AccountState"},
    ]
    told = imported(
        ledger, "nautilus", written(tmp_path, "events.ndjson", "\n".join(map(json.dumps, events)))
    )
    assert (told.rows, told.left_out) == (
        4,
        {
            "is AccountState, an event without the venue": 2,
            "is PositionOpened, an event without the venue": 1,
        },
    )  # fmt: skip


def test_a_report_of_nautilus_that_contradicts_itself_is_listed(
    ledger: Ledger, tmp_path: Path
) -> None:
    header = "client_order_id,instrument_id,venue_order_id,strategy_id,type,side,quantity,filled_qty,leaves_qty,price,status,ts_init"  # noqa: E501 (lines of a file)
    row = "O-{},BTCUSDT.BINANCE,7{},E-1,LIMIT,BUY,0.5,{},{},64000.1,{},2026-11-20T09:00:00Z"
    rows = [row.format(1, 1, "0.5", "0.0", "FILLED"), row.format(2, 2, "0.4", "0.1", "FILLED"),
            row.format(3, 3, "0.4", "0.1", "PARTIALLY_FILLED"), row.format(4, 4, "0.4", "0.2",
                "PARTIALLY_FILLED")]  # fmt: skip
    told = imported(ledger, "nautilus", written(tmp_path, "orders.csv", "\n".join([header, *rows])))
    assert faults(told) == [
        ("line 3", "quantity", "is 0.5, but filled_qty is 0.4"),
        ("line 5", "quantity", "is 0.5, but filled_qty + leaves_qty is 0.6"),
    ]  # fmt: skip


def test_orders_of_freqtrade_are_compared_and_none_is_lost(ledger: Ledger, tmp_path: Path) -> None:
    good = {**ORDER, "remaining": 0.0, "cost": 10.01, "leverage": 1.0}
    orders = [
        {**good, "id": 1, "order_id": "901", "remaining": 0.1},
        {**good, "id": 2, "order_id": "900"},
        {**good, "id": 3, "order_id": "902", "cost": 11.01},
        {**good, "id": 4, "order_id": "903", "ft_trade_id": 77},
    ]
    trades = [
        TRADE,
        {
            **TRADE,
            "id": 2,
            "is_open": 1,
            "close_date": None,
            "funding_fees": 0.5,
            "open_date": NINE,
        },
    ]
    told = imported(ledger, "freqtrade", database(tmp_path, trades=trades, orders=orders))
    assert faults(told) == [
        ("orders.id 1", "amount", "is 0.1, but filled + remaining is 0.2"),
        ("orders.id 3", "cost", "is 11.01, but filled * average is 10.01"),
        ("orders.id 4", "ft_trade_id", "77: the database has no trade with this id"),
    ]
    assert ledger.positions()[0]["currency"] == "USDT"
    assert (told.rows, told.left_out) == (
        5,
        {"is the funding of an open trade: import again after its end": 1},
    )


CUT = {"amount": 123, "trade_fee_in_quote": 7_900}
"""An amount of 0.0001235, and its fee of 0.0079040."""


def test_states_and_fees_of_hummingbot_are_compared_and_none_is_lost(
    ledger: Ledger, tmp_path: Path
) -> None:
    fills = [HB_FILL, {**HB_FILL, "exchange_trade_id": "T-2", "trade_fee_in_quote": 19_300_000}]
    fills.append({**HB_FILL, "exchange_trade_id": "T-3", **CUT})
    words = ("BuyOrderCreated", "OrderFilled", "OrderDreamt")
    statuses = [status(number, "HB-1", word, number) for number, word in enumerate(words, start=1)]
    statuses.append({**status(4, "HB-9", "OrderFilled", 5), "timestamp": MS})
    told = imported(
        ledger,
        "hummingbot",
        database(tmp_path, Order=[HB_ORDER], OrderStatus=statuses, TradeFill=fills),
    )
    assert [(place, field) for place, field, _ in faults(told)] == [
        ("TradeFill T-2", "trade_fee_in_quote"),
        ("OrderStatus 3", "status"),
    ]
    assert faults(told)[0][2].startswith("is 19.3000005, but price * amount * percent is 19.20")
    assert told.left_out == {
        "is the state BuyOrderCreated, which the tables Order and TradeFill already contain": 1,
        "is the state OrderFilled, which the tables Order and TradeFill already contain": 1,
        "is the state of an order that the table Order lacks": 1,
    }


def test_every_kind_and_every_mapping_says_what_it_was_checked_with() -> None:
    assert {name for name in ready() if not mapping_at(Path(name)).checked_with} == {
        "tradier-history"
    }
    assert {name for name, kind in KINDS.items() if kind.checked_with == ""} == {"fix"}


OWN = """
meaning = "Mine."
message = "fill"
zone = "UTC"
{}
[fields]
fill_id = "id"
venue_order_id = "id"
at = "time"
instrument = "what"
side = {{ constant = "buy" }}
quantity = "quantity"
price = "price"
"""
FILE = "id,time,what,quantity,price\n1,2026-11-20 09:00,BTC,1,2\n"


def test_a_mapping_that_was_checked_with_nothing_needs_the_user_to_say_so(
    ledger: Ledger, tmp_path: Path
) -> None:
    file, unchecked = written(tmp_path, "f.csv", FILE), written(tmp_path, "m.toml", OWN.format(""))
    with pytest.raises(
        InvalidSetting, match=r"mapping: .* is unchecked: it does not name the real export"
    ):
        imported(ledger, "csv", file, mapping=unchecked)
    assert ledger.trades() == []
    assert imported(ledger, "csv", file, mapping=unchecked, unchecked=True).is_whole
    checked = written(tmp_path, "m.toml", OWN.format('checked_with = "my export of November"'))
    assert imported(ledger, "csv", file, mapping=checked).is_whole


def test_the_command_counts_what_it_leaves_out_and_refuses_what_is_unchecked(
    tmp_path: Path,
) -> None:
    file = written(tmp_path, "trades.csv", "\n".join([KRAKEN, BUY.format(1), "", KRAKEN]))
    to = ("--account", "k:1", "--db", str(tmp_path / "a.db"))
    ended = run("import", "csv", str(file), "--mapping", "kraken-trades", *to)
    assert (ended.status, ended.err.splitlines()[-3:]) == (0, [
        ("3 rows: 1 recorded, 0 duplicate, 0 refused; 0 could not be read; 2 left out; anomalies: "
        "1 unknown_order"),
        "1 left out: the row is empty",
        "1 left out: the row repeats the names of the columns",
    ])  # fmt: skip
    told = json.loads(
        run("import", "csv", str(file), "--mapping", "kraken-trades", "--json", *to).out
    )
    assert (told["rows"], told["left_out"]) == (
        3,
        {"is empty": 1, "repeats the names of the columns": 1},
    )
    mine = written(tmp_path, "m.toml", OWN.format(""))
    command = ("import", "csv", str(written(tmp_path, "f.csv", FILE)), "--mapping", str(mine), *to)
    assert (
        run(*command).status,
        run(*command, "--dry-run").status,
        run(*command, "--unchecked").status,
    ) == (2, 2, 0)
    assert (
        "is for csv only" in run("import", "fix", str(file), "--date-format", "%Y-%m-%d", *to).err
    )
