"""P&L by asset: the cost of a coin belongs to the account, whatever it was traded against."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from orderledger import InvalidQuery, Ledger, parse_document

ACCOUNT = "sim:main"
DAY = datetime(2026, 11, 17, tzinfo=UTC)
PAIRS = (("BTC", "USDT"), ("BTC", "USDC"), ("BNB", "USDT"))


def record(ledger: Ledger, type_: str, hour: int, **fields: Any) -> None:
    at = (DAY + timedelta(hours=hour)).isoformat()
    given = {"type": type_, "account": ACCOUNT, "at": at, **fields}
    assert ledger.record(parse_document(given)).outcome == "recorded"


def define(ledger: Ledger) -> None:
    for base, quote in PAIRS:
        terms = {"kind": "spot", "base": base, "quote": quote}
        record(ledger, "instrument", 0, instrument=base + quote, **terms)


def fill(ledger: Ledger, hour: int, instrument: str, side: str, price: str, **fields: Any) -> None:
    given = {"instrument": instrument, "side": side, "price": price, "quantity": "1", **fields}
    record(ledger, "fill", hour, venue_order_id=f"V-{hour}", fill_id=f"F-{hour}", **given)


def asked(ledger: Ledger, **fields: Any) -> dict[str, Any]:
    rows = ledger.pnl(by="asset", effective_at=DAY + timedelta(hours=12), **fields)
    return {row["asset"]: row for row in rows}


def test_a_coin_that_is_sold_against_another_quote_is_gone(store_url: str) -> None:
    with Ledger.open(store_url) as ledger:
        define(ledger)
        fill(ledger, 1, "BTCUSDT", "buy", "100")
        fill(ledger, 2, "BTCUSDC", "sell", "110")
        positions = {row["instrument"]: row["position_quantity"] for row in ledger.pnl()}
        assert positions == {"BTCUSDC": -1, "BTCUSDT": 1}
        for method in ("average", "fifo", "lifo"):
            parities = ["USDC=USDT"]
            rows = asked(ledger, in_currency="USDT", parities=parities, method=method)
            assert rows["BTC"]["position_quantity"] == 0
            assert rows["BTC"]["realized_pnl"] == rows["BTC"]["net_pnl"] == 10
            assert rows["USDC"]["position_quantity"] == 110
            assert rows["USDT"]["position_quantity"] == -100


def test_without_a_common_currency_the_quantities_stay() -> None:
    with Ledger.open("memory://") as ledger:
        define(ledger)
        fill(ledger, 1, "BTCUSDT", "buy", "100")
        assert asked(ledger)["BTC"]["average_open_price"] == 100
        fill(ledger, 2, "BTCUSDC", "sell", "110")
        row = asked(ledger)["BTC"]
        assert (row["position_quantity"], row["realized_pnl"]) == (0, None)
        assert row["reason"] == "currency_unknown"
        row = asked(ledger, in_currency="USDT")["BTC"]
        assert (row["position_quantity"], row["realized_pnl"]) == (0, None)
        assert row["reason"] == "no_rate:USDC->USDT"


def test_a_fee_in_a_third_coin_is_a_disposal_of_that_coin() -> None:
    with Ledger.open("memory://") as ledger:
        define(ledger)
        fill(ledger, 1, "BNBUSDT", "buy", "500")
        record(ledger, "mark", 2, instrument="BNBUSDT", price="600")
        paid = [{"currency": "BNB", "amount": "0.01", "kind": "commission"}]
        fill(ledger, 3, "BTCUSDT", "buy", "60000", fees=paid)
        record(ledger, "mark", 4, instrument="BNBUSDT", price="700")
        row = asked(ledger)["BNB"]
        assert row["position_quantity"] == Decimal("0.99")
        assert row["realized_pnl"] == 1  # 0.01 * (600 - 500)
        assert row["net_pnl"] == -5  # less the fee, 0.01 * 600
        assert row["fees"] == {"BNB": Decimal("0.01")}
        assert row["unrealized_pnl"] == Decimal("198")  # 0.99 * (700 - 500)
        fee = {"kind": "fee", "cause": None, "instrument": None, "amount": "-0.01", "worth": "-6"}
        assert row["moved"] == [fee]


def test_transfers_are_not_pnl_and_tell_their_causes() -> None:
    with Ledger.open("memory://") as ledger:
        for name, cause in (("KO", "dividend"), ("PEP", "dividend"), ("KO", "borrow_fee")):
            record(
                ledger,
                "transfer",
                len(name),
                currency="USD",
                amount="-1" if cause == "borrow_fee" else "3",
                kind="dividend" if cause == "dividend" else "other",
                cause={"kind": cause, "instrument": name},
            )
        row = asked(ledger, in_currency="USD")["USD"]
        assert (row["position_quantity"], row["net_pnl"]) == (5, 0)
        assert [
            (one["kind"], one["cause"], one["instrument"], one["worth"]) for one in row["moved"]
        ] == [
            ("dividend", "dividend", "KO", "3"),
            ("dividend", "dividend", "PEP", "3"),
            ("other", "borrow_fee", "KO", "-1"),
        ]


def test_an_opening_balance_has_the_cost_that_an_adjustment_states() -> None:
    with Ledger.open("memory://") as ledger:
        define(ledger)
        record(ledger, "adjust", 1, currency="BTC", amount="2", reason="opening_balance")
        row = asked(ledger, in_currency="USDT")["BTC"]
        assert (row["position_quantity"], row["reason"]) == (2, "no_rate:BTC->USDT")
        record(ledger, "adjust", 1, instrument="BTCUSDT", quantity="2", price="50", reason="cost")
        fill(ledger, 2, "BTCUSDT", "sell", "60")
        row = asked(ledger)["BTC"]
        assert (row["position_quantity"], row["average_open_price"]) == (1, 50)
        assert row["realized_pnl"] == 10


def test_other_groups_and_filters_are_refused() -> None:
    with Ledger.open("memory://") as ledger:
        with pytest.raises(ValueError, match="does not go with by asset"):
            ledger.pnl(by="asset,strategy")
        with pytest.raises(ValueError, match="does not go with by asset"):
            ledger.pnl(by="asset", instrument="BTCUSDT")
        with pytest.raises(InvalidQuery, match="by asset alone"):
            ledger.pnl(in_currency="USDT")
