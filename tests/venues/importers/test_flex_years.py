"""Years of Flex statements replay to the positions and results that IB states.

The facts are those of statements in the tests of other programs; the rows are written here.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger, parse_document
from orderledger.extend.values import total
from orderledger.infrastructure.time_zones import zone_named
from orderledger.venues.importers.importing import Imported, KnownTo
from tests.venues.importers.flex_rows import action, booked, cash, option, row, statement, trade
from tests.venues.importers.importing import ACCOUNT, imported

NEW_YORK = zone_named("America/New_York")
CALL = "XOM   220121C00042500"


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger.open("memory://") as opened:
        yield opened


def read(ledger: Ledger, folder: Path, *rows: str) -> Imported:
    known = KnownTo(ledger, ACCOUNT)
    return imported(ledger, "ib-flex", statement(folder, *rows), zone=NEW_YORK, known=known)


def held(ledger: Ledger) -> dict[str, Decimal]:
    return {
        one["instrument"]: one["position_quantity"]
        for one in ledger.positions()
        if one["position_quantity"]
    }


def net(ledger: Ledger, method: Any = "fifo") -> Decimal:
    return total(one["net_pnl"] or Decimal(0) for one in ledger.pnl(method=method))


XOM = (
    trade("XOM", "100", "37.06", "20200106;100000", "1", ibCommission="-0.792"),
    option(CALL, "-1", "5.2", "20200107;100000", "2", ibCommission="-0.667292"),
)
ASSIGNED = (
    trade(
        *("XOM", "-100", "42.5", "20210511;162000", "4"), **booked("A"), ibCommission="-0.033575"
    ),
    option(CALL, "1", "0", "20210511;162000", "3", **booked("A")),
)


def eae(kind: str, symbol: str, quantity: str, price: str, number: str, **more: Any) -> str:
    given = {
        "assetCategory": "OPT",
        "symbol": symbol,
        "underlyingSymbol": symbol[:6].strip(),
        "putCall": symbol[-9:-8],
        "strike": str(int(symbol[-8:]) / 1000) if len(symbol) > 8 else "",
        "multiplier": "100" if len(symbol) > 8 else "1",
        "date": "20210511",
        "transactionType": kind,
        "quantity": quantity,
        "tradePrice": price,
        "tradeID": number,
    }
    return row("OptionEAE", **{**given, **more})


EVENTS = (
    eae("Assignment", CALL, "1", "0.0000", "3"),
    eae("Sell", "XOM", "-100", "42.5000", "4", assetCategory="STK", commisionsAndTax="-0.03"),
)


def test_an_assigned_call_carries_its_premium_into_the_shares(
    ledger: Ledger, tmp_path: Path
) -> None:
    """titov-vv/jal, ibkr_year1.xml: IB realized 1,062.507133 on the shares, 0 on the option."""
    told = read(ledger, tmp_path, *XOM, *ASSIGNED, *EVENTS)
    assert told.is_whole
    assert told.left_out == {
        "is a delivery, recorded with the option that brought it": 2,
        "is an OptionEAE that repeats a booking of Trades": 1,
    }
    assert (held(ledger), net(ledger)) == ({}, Decimal("1062.507133"))
    (call,) = ledger.pnl(method="fifo", instrument=CALL)
    assert call["realized_pnl"] == 0
    (settled,) = ledger.log.account_events(kind="settle")
    assert settled["at"] == datetime(2021, 5, 11, 20, 20, tzinfo=UTC)


@pytest.mark.parametrize("rows", [EVENTS, ASSIGNED, EVENTS + ASSIGNED, ASSIGNED[::-1] + EVENTS])
def test_the_sections_of_a_settlement_may_come_in_any_order_and_alone(
    rows: tuple[str, ...], ledger: Ledger, tmp_path: Path
) -> None:
    assert read(ledger, tmp_path, *rows, *XOM).is_whole
    assert held(ledger) == {}
    assert len(ledger.log.account_events(kind="settle")) == 1


def test_a_settlement_of_two_statements_counts_once(ledger: Ledger, tmp_path: Path) -> None:
    read(ledger, tmp_path, *XOM, *ASSIGNED)
    first = (held(ledger), net(ledger))
    told = read(ledger, tmp_path, *EVENTS)
    assert told.anomalies == {"message_id_reused": 1}, "its commission is rounded to cents"
    assert (held(ledger), net(ledger)) == first


def test_fills_by_which_an_earlier_version_recorded_a_settlement_are_busted(
    ledger: Ledger, tmp_path: Path
) -> None:
    read(ledger, tmp_path, *XOM)
    booking = {"account": ACCOUNT, "at": "2021-05-11T20:20:00Z", "source": "import", "type": "fill"}
    for number, symbol, side, quantity, price in (
        ("3", CALL, "buy", "1", "0"),
        ("4", "XOM", "sell", "100", "42.5"),
    ):
        fill = {"fill_id": number, "venue_order_id": f"9{number}", "instrument": symbol}
        numbers = {"side": side, "quantity": quantity, "price": price}
        ledger.record(parse_document({**booking, **fill, **numbers}))
    assert held(ledger) == {}
    told = read(ledger, tmp_path, *XOM, *ASSIGNED, *EVENTS)
    assert (told.outcomes["recorded"], told.outcomes["duplicate"]) == (3, 4)
    assert (held(ledger), net(ledger)) == ({}, Decimal("1062.507133"))


AA_CALL, AA_WING = "AA    260717C00047000", "AA    260717C00054000"
AA_PUT, AA_LOW = "AA    260717P00047000", "AA    260717P00040000"
FLY = (
    option(AA_CALL, "-1", "1.37", "20260716;135242", "11", ibCommission="-0.7934122"),
    option(AA_CALL, "-1", "1.37", "20260716;135313", "12", ibCommission="-0.7934122"),
    option(AA_CALL, "1", "0.38", "20260717;094853", "13", ibCommission="-1.0333"),
    option(AA_CALL, "1", "0.27", "20260717;095200", "14", ibCommission="-0.7873"),
    option(AA_WING, "1", "0.1", "20260716;135242", "15", ibCommission="-0.7873"),
    option(AA_WING, "1", "0.16", "20260716;135313", "16", ibCommission="-0.7873"),
    option(AA_WING, "-2", "0", "20260717;162000", "17", **booked("Ep")),
    option(AA_LOW, "1", "0.08", "20260716;135242", "18", ibCommission="-0.7873"),
    option(AA_LOW, "1", "0.08", "20260716;135313", "19", ibCommission="-0.7873"),
    option(AA_LOW, "-2", "0", "20260717;162000", "20", **booked("Ep")),
    option(AA_PUT, "-1", "1.5", "20260716;135242", "21", ibCommission="-0.79368"),
    option(AA_PUT, "-1", "1.48", "20260716;135313", "22", ibCommission="-0.7936388"),
    option(AA_PUT, "1", "2.14", "20260717;095134", "23", ibCommission="-0.7673"),
    option(AA_PUT, "1", "2.14", "20260717;095210", "24", ibCommission="-0.7673"),
)


def test_an_iron_fly_whose_wings_expire_has_the_result_that_ib_states(
    ledger: Ledger, tmp_path: Path
) -> None:
    """The statement DU1234567 of a trading journal: +27.32, and -27.5746 of the upper wing."""
    assert read(ledger, tmp_path, *FLY).is_whole
    assert held(ledger) == {}
    assert net(ledger).quantize(Decimal("0.01")) == Decimal("27.32")
    wings = {name: ledger.pnl(method="fifo", instrument=name)[0] for name in (AA_WING, AA_LOW)}
    assert [one["net_pnl"] for one in wings.values()] == [Decimal("-27.5746"), Decimal("-17.5746")]


def test_an_exercised_call_buys_the_shares_with_its_premium(ledger: Ledger, tmp_path: Path) -> None:
    call = "CLF   260724C00011500"
    rows = (
        option(call, "4", "0.5", "20260717;100000", "31"),
        option(call, "-4", "0", "20260724;162000", "32", **booked("Ex")),
        trade("CLF", "400", "11.5", "20260724;162000", "33", **booked("Ex")),
    )
    assert read(ledger, tmp_path, *rows).is_whole
    assert held(ledger) == {"CLF": 400}
    (lot,) = ledger.lots()
    assert (lot["price"], lot["cost"]) == (12, 4800)


def test_a_corrected_execution_replaces_the_canceled_one(ledger: Ledger, tmp_path: Path) -> None:
    """The same statement: 2 CZR were canceled, and booked again as 1 with the same `tradeID`."""
    call = "CZR   260821C00030000"
    at, canceled = "20260717;120440", {"transactionType": "TradeCancel", "buySell": "BUY (Ca.)"}
    rows = (
        option(call, "2", "0.73", at, "41", ibExecID="0001938c.6a59af42.01.01"),
        option(call, "-2", "0.73", at, "", origTradeID="41", ibOrderID="941", **canceled),
        option(call, "1", "0.73", at, "41", ibExecID="0001938c.6a59af42.01.02"),
        option(call, "1", "0.73", "20260717;120619", "42", ibExecID="0001938c.6a59af4e.01.01"),
    )
    told = read(ledger, tmp_path, *rows)
    assert (told.is_whole, "fill_id_reused" in told.anomalies) == (True, False)
    assert held(ledger) == {call: 2}


def test_a_changed_isin_and_a_new_symbol_keep_the_lots(ledger: Ledger, tmp_path: Path) -> None:
    """titov-vv/jal, ibkr_year1.xml: IB realized 35.938677 and 113.533228 by the first in."""
    old, new = {"conid": "127629589"}, {"conid": "465324096"}
    text, at = "PEIX(US69423U3059) CUSIP/ISIN CHANGE TO (US0215131063)", "20210113;202500"
    bought = {"ibCommission": "-0.36425725", **old}, {"ibCommission": "-0.32925725", **old}
    sold = {"ibCommission": "-0.23706599", **new}, {"ibCommission": "-0.23751462", **new}
    rows = (
        trade("PEIX", "70", "6.898", "20201127;100812", "51", **bought[0]),
        trade("PEIX", "70", "6.08", "20201201;111627", "52", **bought[1]),
        trade("ALTO", "-70", "7.42", "20210114;112519", "53", **sold[0]),
        trade("ALTO", "-70", "7.71", "20210209;114710", "54", **sold[1]),
        action("IC", "PEIX", "140", text, at, isin="US0215131063", **new),
        action("IC", "PEIX.OLD", "-140", text, at, isin="US69423U3059", **old),
    )
    told = read(ledger, tmp_path, *rows)
    assert told.is_whole
    assert told.left_out["is a change of an ISIN that changes no symbol"] == 1
    assert held(ledger) == {}
    assert net(ledger).quantize(Decimal("0.000001")) == Decimal("149.471905")
    (renamed,) = ledger.log.account_events(kind="rename")
    assert renamed["at"] == datetime(2021, 1, 14, 16, 25, 19, tzinfo=UTC)


def test_a_reverse_split_with_a_new_symbol_is_a_rename_and_a_split(
    ledger: Ledger, tmp_path: Path
) -> None:
    """titov-vv/jal, ibkr_corp_actions.xml: 35 TWOH became 0.035 TWOHD."""
    text, at = "TWOH(US90187E4026) SPLIT 1 FOR 1000", "20230928;202500"
    rows = (
        trade("TWOH", "35", "2", "20230104;100000", "61", conid="558667700"),
        action("RS", "TWOHD", "0.035", text, at, isin="US90187E5015"),
        action("RS", "TWOHD.OLD", "-35", text, at, isin="US90187E4026", conid="558667700"),
    )
    assert read(ledger, tmp_path, *rows).is_whole
    (lot,) = ledger.lots()
    assert (lot["instrument"], lot["quantity"], lot["cost"]) == ("TWOHD", Decimal("0.035"), 70)
    assert lot["at"] == datetime(2023, 1, 4, 15, tzinfo=UTC)


def test_a_split_makes_two_options_of_one_with_half_the_strike(
    ledger: Ledger, tmp_path: Path
) -> None:
    """titov-vv/jal, ibkr_option_split.xml: a short call of XLE, which expired: 184.37131."""
    text, at = "XLE(US81369Y5069) SPLIT 2 FOR 1", "20251204;202500"
    before, after = "XLE   251226C00093500", "XLE   251226C00046750"
    contract, isin = {"conid": "829150632"}, {"isin": "US81369Y5069"}
    sold = {"ibCommission": "-0.62869", **contract}
    rows = (
        trade("XLE", "100", "90", "20251103;100000", "71", ibCommission="-1", conid="4215217"),
        option(before, "-1", "1.85", "20251111;115516", "72", **sold),
        option(after, "2", "0", "20251226;162000", "73", **booked("Ep"), **contract),
        action("FS", "XLE", "100", text, at, conid="4215217", **isin),
        action("FS", after, "-1", text, at, assetCategory="OPT", multiplier="100", **contract),
    )
    assert read(ledger, tmp_path, *rows).is_whole
    assert held(ledger) == {"XLE": 200}
    (called,) = ledger.pnl(method="fifo", instrument=after)
    assert called["net_pnl"] == Decimal("184.37131")
    assert ledger.lots()[0]["price"] == 45


def test_an_option_whose_former_name_is_not_in_the_file_is_listed(
    ledger: Ledger, tmp_path: Path
) -> None:
    text, at = "XLE(US81369Y5069) SPLIT 2 FOR 1", "20251204;202500"
    told = read(ledger, tmp_path, action("FS", "XLE   2", "-1", text, at, assetCategory="OPT"))
    assert [(one.field, one.place) for one in told.unreadable] == [
        ("symbol", "CorporateAction A-XLE   2-FS")
    ]


def test_mergers_keep_the_cost_less_the_money(ledger: Ledger, tmp_path: Path) -> None:
    """titov-vv/jal: ACQD for 20.75 in money, 70 DM for 17.444 D."""
    merger = "DM(US2574541080) MERGED(Acquisition) WITH US25746U1097 2492 FOR 10000"
    paid = "ACQD(US3333333333) MERGED(Voluntary Offer Allocation) FOR USD 20.75 PER SHARE"
    out, isin = {"proceeds": "2054.25"}, {"isin": "US3333333333"}
    rows = (
        trade("ACQD", "99", "18", "20210104;100000", "81"),
        trade("DM", "70", "25", "20201104;100000", "82"),
        action("TC", "ACQD", "-99", paid, "20211220;202500", **isin, **out),
        action("TC", "D", "17.444", merger, "20201118;202500", isin="25746U109"),
        action("TC", "DM", "-70", merger, "20201118;202500", isin="US2574541080"),
    )
    assert read(ledger, tmp_path, *rows).is_whole
    (lot,) = ledger.lots()
    assert (lot["instrument"], lot["quantity"]) == ("D", Decimal("17.444"))
    assert round(lot["cost"] or 0, 6) == 1750
    assert net(ledger) == Decimal("2054.25") - 99 * 18


def test_rights_are_received_exercised_and_expire_worthless(ledger: Ledger, tmp_path: Path) -> None:
    """The rights issue of DRPF in the tests of opensteuerauszug."""
    right, later = {"conid": "737556172", "isin": "CH1379144913"}, "20241107;202500"
    issue = "DRPF(CH0026465366) SUBSCRIBABLE RIGHTS ISSUE  1 FOR 1"
    taken = "DRPF1.OLD(CH1379144913) SUBSCRIBES TO (SUDRP2411081) 1 FOR 10 FOR CHF -1.49 PER SHARE"
    merged = "DRPF.RTS2(SUDRP2411081) MERGED(Voluntary Offer Allocation) WITH CH0026465366 1 FOR 1"
    rows = (
        action("RI", "DRPF1", "1208", issue, "20241023;202500", **right),
        action("SR", "DRPF.RTS2", "120", taken, "20241031;194500", isin="SUDRP2411081"),
        action("SR", "DRPF1.OLD", "-1200", taken, "20241031;194500", proceeds="-1788", **right),
        action("TC", "DRPF", "120", merged, later, isin="CH0026465366"),
        action("TC", "DRPF.RTS2", "-120", merged, later, isin="SUDRP2411081"),
        action("DW", "DRPF1.OLD", "-8", "(CH1379144913) DELISTED", "20241119;202500", **right),
    )
    assert read(ledger, tmp_path, *rows).unreadable == []
    (lot,) = ledger.lots()
    assert (lot["instrument"], lot["quantity"], lot["cost"]) == ("DRPF", 120, 1788)
    assert held(ledger) == {"DRPF": 120}


SPINOFF = "GE(US3696041033) SPINOFF  5371 FOR 1000000"


def test_a_spin_off_is_a_position_of_its_own_without_a_cost(ledger: Ledger, tmp_path: Path) -> None:
    """titov-vv/jal, ibkr_spinoff.xml."""
    spun = action("SO", "WAB", "0.5371", SPINOFF, "20211119;202500")
    told = read(ledger, tmp_path, trade("GE", "1", "832.5", "20211101;095803", "91"), spun)
    assert told.is_whole
    assert held(ledger) == {"GE": 1, "WAB": Decimal("0.5371")}
    (adjusted,) = ledger.log.account_events(kind="adjust")
    assert adjusted["cause"] == {"kind": "spin_off", "instrument": "GE"}


@pytest.mark.parametrize("in_ledger", [True, False])
def test_a_spin_off_of_what_was_held_before_is_listed(
    in_ledger: bool, ledger: Ledger, tmp_path: Path
) -> None:
    bought = trade("WAB", "2", "80", "20211101;095803", "92", conid="conid-WAB")
    spun = action("SO", "WAB", "0.5371", SPINOFF, "20211119;202500")
    if in_ledger:
        read(ledger, tmp_path, bought)
    told = read(ledger, tmp_path, *([spun] if in_ledger else [bought, spun]))
    assert [one.fault for one in told.unreadable] == [
        "WAB was held before: record the position after it as adjust"
    ]
    assert held(ledger) == {"WAB": 2}


def test_a_canceled_action_counts_in_its_last_form(ledger: Ledger, tmp_path: Path) -> None:
    """csingley/capgains, test_corpacts.py: 55.7915 ELAN.CNT were canceled, and booked as 56."""
    text, at = (
        "ELAN.TEMP(US28413TEMP2) MERGED(Acquisition)  WITH US284CNT9952 1 FOR 10000",
        "20120515",
    )
    legs = [("ELAN.CNT", "55.7915", ""), ("ELAN.TEMP", "-557915", "")]
    legs += [("ELAN.CNT", "-55.7915", "Ca"), ("ELAN.TEMP", "557915", "Ca")]
    legs += [("ELAN.CNT", "56", ""), ("ELAN.TEMP", "-557915", "")]
    rows = [
        action("TC", symbol, quantity, text, f"{at};202500", code=code)
        for symbol, quantity, code in legs
    ]
    told = read(ledger, tmp_path, trade("ELAN.TEMP", "557915", "1", f"{at};100000", "1"), *rows)
    assert told.unreadable == []
    assert held(ledger) == {"ELAN.CNT": 56}
    assert told.left_out == {"is a CorporateAction that another row of it records": 5}


def test_a_stock_dividend_of_the_same_share_is_a_split(ledger: Ledger, tmp_path: Path) -> None:
    """csingley/capgains: MFCAF, 1 for 11."""
    dividend = action("SD", "MFCAF", "10", "MFCAF(P64605101) STOCK DIVIDEND 1 FOR 11", "20091201")
    read(ledger, tmp_path, trade("MFCAF", "110", "12", "20090105;100000", "1"), dividend)
    (lot,) = ledger.lots()
    assert (lot["quantity"], lot["price"]) == (120, 11)


def test_money_moves_by_its_kind_and_names_its_instrument(ledger: Ledger, tmp_path: Path) -> None:
    ko = {"symbol": "KO", "assetCategory": "STK"}
    rows = (
        cash("Dividends", "27800", "1", **ko),
        cash("Withholding Tax", "-4170", "2", **ko),
        cash("Payment In Lieu Of Dividends", "51", "3", **ko),
        cash("Broker Interest Paid", "-12.5", "4", description="USD DEBIT INT FOR DEC-2020"),
        cash("Broker Interest Paid", "-3.1", "5", description="USD BORROW FEES FOR DEC-2020"),
        cash("Deposits/Withdrawals", "1000", "6"),
        cash("Deposits &amp; Withdrawals", "-20", "7"),
        cash("Other Fees", "-10", "8"),
        cash("Dividends", "27800", "9", levelOfDetail="SUMMARY"),
        cash("Withholding Tax", "1.68", "10", **ko),
        cash("Withholding Tax", "-0.21", "10", **ko),
    )
    told = read(ledger, tmp_path, *rows)
    assert (told.is_whole, told.outcomes["recorded"]) == (True, 10)
    moved = ledger.log.account_events(kind="transfer")
    causes = [(one["transfer"], (one["cause"] or {}).get("kind")) for one in moved]
    assert sorted(causes, key=str) == sorted(
        [
            *[("dividend", "dividend"), ("tax", "withholding_tax"), ("tax", "withholding_tax")],
            *[("tax", "withholding_tax"), ("dividend", "payment_in_lieu")],
            *[("interest", "broker_interest"), ("interest", "borrow_fee")],
            *[("deposit", None), ("withdrawal", None), ("other", "fee")],
        ],
        key=str,
    )
    (balance,) = ledger.balances()
    assert balance["total"] == Decimal("24636.87")


def test_taxes_of_a_trade_are_fees_and_those_alone_are_transfers(
    ledger: Ledger, tmp_path: Path
) -> None:
    """titov-vv/jal, ibkr_transaction_tax.xml: 46,863.632207152 of the sale, less 0.249018."""
    paid = {"taxes": "-3.02", "ibCommission": "-1.987792848"}
    stamp = {"taxAmount": "-3.02", "tradeId": "1", "source": "TRADE", "date": "20200128;124606"}
    french = {"taxAmount": "-0.249018", "tradeId": "7", "source": "STANDALONE", "date": "20190211"}
    rows = (
        trade("AAPL", "-148", "316.68", "20200128;124606", "1", **paid),
        row("TransactionTax", symbol="AAPL", levelOfDetail="SUMMARY", **stamp),
        row("TransactionTax", symbol="BABA", levelOfDetail="SUMMARY", **french),
        row("CashReportCurrency", endingCash="46863.383189152", toDate="20201231"),
        row("CashReportCurrency", currency="BASE_SUMMARY", endingCash="1"),
        row(
            "OpenPosition",
            symbol="AAPL",
            position="-148",
            reportDate="20201231",
            assetCategory="STK",
        ),
    )
    told = read(ledger, tmp_path, *rows)
    assert told.is_whole and told.left_out.total() == 2
    (balance,) = ledger.balances()
    assert (balance["total"], balance["difference"]) == (Decimal("46863.383189152"), 0)


def test_an_exchange_of_currencies_moves_both(ledger: Ledger, tmp_path: Path) -> None:
    bought = trade("EUR.USD", "1000", "1.1", "20210106;100000", "1", assetCategory="CASH")
    assert read(ledger, tmp_path, bought).is_whole
    assert {one["currency"]: one["total"] for one in ledger.balances()} == {
        "EUR": 1000,
        "USD": -1100,
    }


UNKNOWN = (
    action("ZZ", "AAA", "5", "AAA(X1) SOMETHING NEW", "20210106;202500"),
    action("TC", "BBB", "-5", "NOBODY KNOWS", "20210106;202500"),
    action("SD", "EEE", "3", "DDD(X2) STOCK DIVIDEND EEE 1 FOR 5", "20210106;202500"),
    action("TM", "9127", "-5", "(X) TBILL MATURITY", "20210106;202500", assetCategory="BILL"),
    cash("Carbon Credits", "-5", "1"),
    eae("Sale of Rights", CALL, "-1", "0", "2"),
    eae("Buy", "XOM", "100", "42.5", "3", assetCategory="STK"),
    row("Transfer", assetCategory="STK", symbol="GME", quantity="10", date="20230701"),
)


def test_rows_that_are_not_known_are_listed_and_never_skipped(
    ledger: Ledger, tmp_path: Path
) -> None:
    grant = row("StockGrantActivity", symbol="IBKR", quantity="50")
    told = read(ledger, tmp_path, *UNKNOWN, grant, action("PV", "AAA", "0", "VOTE", "20210106"))
    assert (told.rows, len(told.unreadable)) == (len(UNKNOWN) + 2, len(UNKNOWN))
    assert [one.field for one in told.unreadable] == [
        *("type", "type", "type", "assetCategory"),
        *("type", "transactionType", "tradeID", "quantity"),
    ]
    assert told.left_out == {
        "is a StockGrantActivity, not an execution": 1,
        "is a CorporateAction that was canceled, or moves nothing": 1,
    }
    assert ledger.status()["position"] == 0
