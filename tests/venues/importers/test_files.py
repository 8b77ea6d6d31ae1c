"""IB Flex XML, CSV files by their mappings, NautilusTrader's reports and dumps of ccxt."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from pathlib import Path

import pytest

from orderledger import Ledger
from orderledger.infrastructure.errors import InvalidSetting
from orderledger.infrastructure.time_zones import zone_named
from orderledger.venues.importers.csv_mapping import ready
from tests.venues.importers.importing import imported, written
from tests.venues.interop.nautilus_shapes import filled, initialized

FLEX = """<FlexQueryResponse queryName="t" type="AF"><FlexStatements count="1"><FlexStatement accountId="U1" fromDate="20261120"
 toDate="20261120" period="LastBusinessDay" whenGenerated="20261121;010203"><Trades>{}</Trades></FlexStatement></FlexStatements>
</FlexQueryResponse>"""  # noqa: E501 (lines of a file)
TRADE = (
    '<Trade accountId="U1" currency="USD" assetCategory="FUT" symbol="ESZ6" multiplier="50" '
    'tradeID="{}" ibOrderID="700" '
    'dateTime="20261120;100000" buySell="{}" quantity="{}" tradePrice="5901.25" '
    'ibCommission="-2.25" ibCommissionCurrency="USD" '
    'levelOfDetail="{}"{}/>'
)


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger.open("memory://") as opened:
        yield opened


def flex(folder: Path, *trades: str) -> Path:
    return written(folder, "flex.xml", FLEX.format("".join(trades)))


def test_flex_trades_are_fills_with_commission_and_multiplier(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = flex(
        tmp_path,
        TRADE.format("1", "BUY", "2", "EXECUTION", ""),
        TRADE.format("2", "SELL", "-1", "EXECUTION", ""),
        TRADE.format("", "BUY", "2", "ORDER", ""),
    )
    assert imported(ledger, "ib-flex", path, zone=zone_named("America/New_York")).is_whole
    fills = ledger.trades()
    assert [
        (fill["side"], fill["quantity"], fill["fee"], fill["fee_currency"]) for fill in fills
    ] == [
        ("buy", 2, Decimal("2.25"), "USD"),
        ("sell", 1, Decimal("2.25"), "USD"),
    ]
    assert fills[0]["at"] == datetime(2026, 11, 20, 15, tzinfo=UTC), "ten o'clock in New York"
    (future,) = ledger.instruments()
    assert [future[term] for term in ("multiplier", "kind", "settlement")] == [
        50,
        "margined",
        "USD",
    ]


@pytest.mark.parametrize(
    ("asset", "kind", "quote"),
    [("STK", "security", "USD"), ("OPT", "option", "USD"), ("CFD", None, None)],
)
def test_a_flex_query_names_the_kind_of_an_instrument(
    ledger: Ledger, tmp_path: Path, asset: str, kind: str | None, quote: str | None
) -> None:
    row = TRADE.format("1", "BUY", "2", "EXECUTION", "").replace('"FUT"', f'"{asset}"')
    assert imported(ledger, "ib-flex", flex(tmp_path, row), zone=zone_named("UTC")).is_whole
    (instrument,) = ledger.instruments()
    assert (instrument["kind"], instrument["quote"], instrument["currency"]) == (kind, quote, "USD")


@pytest.mark.parametrize(
    ("written_as", "hour"),
    [("20261120;100000+0100", 9), ("2026-11-20;10:00:00-05:00", 15), ("20261120;100000", 9)],
)
def test_the_time_of_a_flex_trade_is_in_its_offset_or_in_the_zone_that_is_said(
    written_as: str, hour: int, ledger: Ledger, tmp_path: Path
) -> None:
    trade = TRADE.format("1", "BUY", "2", "EXECUTION", "").replace("20261120;100000", written_as)
    imported(ledger, "ib-flex", flex(tmp_path, trade), zone=zone_named("Europe/Berlin"))
    assert [fill["at"] for fill in ledger.trades()] == [datetime(2026, 11, 20, hour, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("written_as", "zone", "fault"),
    [
        (
            "20261120;100000",
            None,
            (
                "timezone: is needed, because '20261120;100000' is in the zone of the account's "
                "settings"
            ),
        ),
        (
            "05/09/2026;100000",
            UTC,
            "FILE: writes dates such as '05/09/2026;100000': set the date format",
        ),
    ],
)
def test_a_flex_query_whose_times_are_in_doubt_is_refused(
    written_as: str, zone: tzinfo | None, fault: str, ledger: Ledger, tmp_path: Path
) -> None:
    trade = TRADE.format("1", "BUY", "2", "EXECUTION", "").replace("20261120;100000", written_as)
    with pytest.raises(InvalidSetting, match=fault):
        imported(ledger, "ib-flex", flex(tmp_path, trade), zone=zone)
    assert ledger.trades() == []


def test_an_instrument_is_defined_by_the_first_execution_that_can_be_read(
    ledger: Ledger, tmp_path: Path
) -> None:
    bad, good = (
        TRADE.format("1", "BUY", "0", "EXECUTION", ""),
        TRADE.format("2", "BUY", "2", "EXECUTION", ""),
    )
    assert len(imported(ledger, "ib-flex", flex(tmp_path, bad, good), zone=UTC).unreadable) == 1
    assert ledger.instruments()[0]["multiplier"] == 50


def test_a_canceled_flex_trade_never_happened(ledger: Ledger, tmp_path: Path) -> None:
    cancel = ' transactionType="TradeCancel" origTradeID="1"'
    path = flex(
        tmp_path,
        TRADE.format("1", "BUY", "2", "EXECUTION", ""),
        TRADE.format("3", "BUY", "-2", "EXECUTION", cancel),
    )
    imported(ledger, "ib-flex", path, zone=UTC)
    assert ledger.trades() == []


def test_a_flex_row_of_another_account_is_listed(ledger: Ledger, tmp_path: Path) -> None:
    first = TRADE.format("1", "BUY", "2", "EXECUTION", "")
    path = flex(
        tmp_path, first, first.replace('"U1"', '"U2"').replace('tradeID="1"', 'tradeID="2"')
    )
    done = imported(ledger, "ib-flex", path, zone=zone_named("America/New_York"))
    (row,) = done.unreadable
    assert row.field == "accountId" and "is 'U2', but the file begins with 'U1'" in row.fault
    assert [fill["fill_id"] for fill in ledger.trades()] == ["1"]


@pytest.mark.parametrize(
    ("changed", "into", "fault"),
    [
        ('tradePrice="5901.25"', 'tradePrice="5901,25"', "tradePrice"),
        ('quantity="2"', 'quantity="1,5"', "quantity"),
        ('ibCommission="-2.25"', 'ibCommission="-2,25"', "ibCommission"),
        ('buySell="BUY"', 'buySell="SELL"', "buySell"),
        ('tradePrice="5901.25"', 'tradePrice="5,901.25"', None),
    ],
)
def test_a_flex_row_with_a_decimal_comma_or_the_wrong_sign_is_listed(
    changed: str, into: str, fault: str | None, ledger: Ledger, tmp_path: Path
) -> None:
    row = TRADE.format("1", "BUY", "2", "EXECUTION", "")
    assert changed in row
    path = flex(tmp_path, row.replace(changed, into))
    done = imported(ledger, "ib-flex", path, zone=zone_named("America/New_York"))
    assert [row.field for row in done.unreadable] == ([] if fault is None else [fault])
    assert [fill["price"] for fill in ledger.trades()] == ([] if fault else [Decimal("5901.25")])


def test_what_cannot_be_read_in_flex_is_listed(ledger: Ledger, tmp_path: Path) -> None:
    odd = TRADE.format("9", "BUY", "two", "EXECUTION", ' newColumn="of next year"')
    cut = FLEX.format(TRADE.format("1", "BUY", "2", "EXECUTION", "") + odd)[:-60]
    told = imported(ledger, "ib-flex", written(tmp_path, "cut.xml", cut), zone=UTC)
    assert next(row.place for row in told.unreadable) == "Trade 9"
    assert "is not XML from here on" in told.unreadable[-1].fault
    assert [fill["fill_id"] for fill in ledger.trades()] == ["1"]


KRAKEN = """"txid","ordertxid","pair","time","type","ordertype","price","cost","fee","vol","margin","misc","ledgers"
"T1","O1","XXBTZUSD","2026-11-20 09:00:00.1234","buy","limit","64000.10000","32000.05","51.2","0.50000000","0","",""
"T2","O1","XXBTZUSD","2026-11-20 09:00:01","buy","limit","64000.10000","6400.01","10.24","0.10000000","0","",""
"T3","O2","XXBTZUSD","yesterday","sell","limit","64000.1","6400.01","10.24","0.10000000","0","",""
"T4","O2","XXBTZUSD"
"""  # noqa: E501 (lines of a file)


def test_a_ready_mapping_reads_krakens_trades(ledger: Ledger, tmp_path: Path) -> None:
    path = written(tmp_path, "trades.csv", KRAKEN)
    told = imported(
        ledger, "csv", path, mapping=Path("kraken-trades"), instruments={"XXBTZUSD": "BTC-USD"}
    )
    assert [(row.place, row.field) for row in told.unreadable] == [("line 4", "at"), ("line 5", "")]
    row = ledger.order("O1")
    assert (row["cum_quantity"], row["instrument"]) == (Decimal("0.6"), "BTC-USD")
    assert ledger.trades()[0]["at"] == datetime(2026, 11, 20, 9, 0, 0, 123400, UTC)


BINANCE = """Date(UTC),Pair,Side,Price,Executed,Amount,Fee
2026-11-20 09:00:00,BTCUSDT,BUY,"64,000.10",0.0100000000BTC,640.00100000USDT,0.0000100000BTC
2026-11-20 09:00:00,BTCUSDT,BUY,"64,000.10",0.0100000000BTC,640.00100000USDT,0.0000100000BTC
"""


def test_rows_without_ids_are_told_apart_by_their_order(ledger: Ledger, tmp_path: Path) -> None:
    imported(ledger, "csv", written(tmp_path, "spot.csv", BINANCE), mapping=Path("binance-spot"))
    told = [
        (fill["quantity"], fill["price"], fill["fee"], fill["fee_currency"])
        for fill in ledger.trades()
    ]
    assert told == [(Decimal("0.01"), Decimal("64000.1"), Decimal("0.00001"), "BTC")] * 2
    assert len({fill["fill_id"] for fill in ledger.trades()}) == 2


HYPERLIQUID = """time,coin,dir,px,sz,ntl,fee,closedPnl
20/11/2026 - 09:00:00,ETH,Open Short,3000.5,2,6001,1.2,-1.2
20/11/2026 - 09:05:00,ETH,Close Short,2990.5,2,5981,1.19,18.81
"""


def test_every_ready_mapping_can_be_read(ledger: Ledger, tmp_path: Path) -> None:
    imported(
        ledger,
        "csv",
        written(tmp_path, "hl.csv", HYPERLIQUID),
        mapping=Path("hyperliquid-trades"),
        zone=UTC,
    )
    sold, other = "11/20/2026,Trade,SPY,-3,650.25,-0.35,sold", "11/20/2026,Dividend,SPY,,,,"
    history = f"Date,Type,Symbol,Qty,Price,Commission,Description\n{sold}\n{other}\n"
    imported(
        ledger,
        "csv",
        written(tmp_path, "t.csv", history),
        mapping=Path("tradier-history"),
        zone=UTC,
        unchecked=True,
    )
    sides = [(fill["instrument"], fill["side"], fill["quantity"]) for fill in ledger.trades()]
    assert sorted(sides) == [("ETH", "buy", 2), ("ETH", "sell", 2), ("SPY", "sell", 3)]
    assert ready() == ["binance-spot", "hyperliquid-trades", "kraken-trades", "tradier-history"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("meaning = 'x'\nmessage = 'fil'\nfields = {}", "'fil' is not a message type"),
        (
            "meaning = 'x'\nmessage = 'fill'\n[fields]\nprise = 'p'",
            "'prise' is not a field of fill",
        ),
        (
            "meaning = 'x'\nmessage = 'fill'\n[fields]\nprice = { column = 'a', constant = 'b' }",
            "exactly one of",
        ),
        ("meaning =", "is not TOML"),
        (
            "meaning = 'x'\nmessage = 'fill'\nchecked_with = 'x'\n[fields]\nprice = 'nowhere'",
            "has no column 'nowhere'",
        ),
    ],
)
def test_a_wrong_mapping_is_refused_by_name(
    ledger: Ledger, tmp_path: Path, text: str, fault: str
) -> None:
    mapping = written(tmp_path, "mapping.toml", text)
    with pytest.raises(InvalidSetting, match=fault):
        imported(ledger, "csv", written(tmp_path, "trades.csv", KRAKEN), mapping=mapping)


def test_a_file_that_repeats_a_column_or_is_no_text_is_refused(
    ledger: Ledger, tmp_path: Path
) -> None:
    for name, text in (("twice.csv", "a,a\n1,2\n"), ("empty.csv", "")):
        with pytest.raises(InvalidSetting, match="line of column names"):
            imported(ledger, "csv", written(tmp_path, name, text), mapping=Path("kraken-trades"))
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"txid,\xff\xfe\n1,2\n")
    with pytest.raises(InvalidSetting, match="is not a CSV file"):
        imported(ledger, "csv", binary, mapping=Path("kraken-trades"))


def test_events_of_nautilus_are_read_line_by_line(ledger: Ledger, tmp_path: Path) -> None:
    lines = [
        json.dumps(initialized()),
        "{not json",
        json.dumps(filled()),
        json.dumps({"type": "OrderDreamt"}),
    ]
    told = imported(ledger, "nautilus", written(tmp_path, "events.ndjson", "\n".join(lines)))
    assert [row.place for row in told.unreadable] == ["line 2", "line 4"]
    assert len(ledger.trades()) == 1


ORDERS = """\
client_order_id,instrument_id,venue_order_id,strategy_id,type,side,quantity,filled_qty,price,status,ts_init,ts_last,tags
O-1,BTCUSDT.BINANCE,77,EMA-001,LIMIT,BUY,0.5,0.5,64000.1,FILLED,2026-11-20T09:00:00Z,2026-11-20 09:00:02+00:00,"['ENTRY']"
O-2,BTCUSDT.BINANCE,,EMA-001,MARKET,SELL,0.1,0,,DENIED,2026-11-20T09:01:00Z,2026-11-20T09:01:00Z,
"""  # noqa: E501 (lines of a file)
FILLS = """client_order_id,instrument_id,venue_order_id,trade_id,order_side,last_qty,last_px,commission,liquidity_side,ts_event
O-1,BTCUSDT.BINANCE,77,9001,BUY,0.5,64000.1,32.00005 USDT,TAKER,2026-11-20 09:00:01+00:00
"""  # noqa: E501 (lines of a file)


def test_the_reports_of_nautilus_make_an_order_with_its_fill(
    ledger: Ledger, tmp_path: Path
) -> None:
    told = imported(ledger, "nautilus", written(tmp_path, "orders.csv", ORDERS))
    assert told.anomalies == {
        "quantity_mismatch": 1,
        "status_conflict": 1,
    }
    imported(ledger, "nautilus", written(tmp_path, "fills.csv", FILLS))
    row = ledger.order("O-1")
    assert (row["status"], row["fees"], row["strategy"], row["anomalies"]) == (
        "filled",
        {"USDT": "32.00005"},
        "EMA-001",
        [],
    )
    assert (row["tags"], ledger.order("O-2")["status"]) == ({"nautilus": ["ENTRY"]}, "denied")


@pytest.mark.shared
def test_a_dump_of_ccxt_is_read(ledger: Ledger, shared: Path, tmp_path: Path) -> None:
    folder = shared / "venues" / "samples" / "ccxt"
    trades = imported(ledger, "ccxt", folder / "my_trades.json", exchange="binance")
    assert trades.is_whole and ledger.trades()
    broken = written(
        tmp_path, "rows.ndjson", '{"free": {}, "used": {}, "total": {}}\n{"what": 1}\n'
    )
    assert [row.place for row in imported(ledger, "ccxt", broken).unreadable] == ["line 2"]
