"""The database that an installed freqtrade makes."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from orderledger import Ledger
from tests.venues.importers.importing import imported

pytestmark = pytest.mark.interop
persistence = pytest.importorskip("freqtrade.persistence")
OPENED = datetime(2026, 11, 20, 9, tzinfo=UTC)


def exchange_row(number: str, side: str, **told: object) -> dict[str, object]:
    """An order as ccxt tells it to freqtrade."""
    row = {
        "id": number,
        "symbol": "BTC/USDT",
        "status": "closed",
        "type": "limit",
        "side": side,
        "price": 64000.1,
        "amount": 0.01,
    }
    row |= {
        "average": 64000.1,
        "filled": 0.01,
        "remaining": 0.0,
        "cost": 640.001,
        "timestamp": int(OPENED.timestamp() * 1000),
    }
    return {**row, **told}


def test_a_trade_of_freqtrade_is_imported(tmp_path: Path) -> None:
    path = tmp_path / "tradesv3.sqlite"
    persistence.init_db(f"sqlite:///{path}")
    fees = {
        "fee_open": 0.001,
        "fee_close": 0.001,
        "fee_open_cost": 0.64,
        "fee_open_currency": "USDT",
    }
    names = {
        "pair": "BTC/USDT",
        "base_currency": "BTC",
        "stake_currency": "USDT",
        "exchange": "binance",
        "strategy": "Sample",
    }
    numbers = {"stake_amount": 640, "amount": 0.01, "open_rate": 64000.1, "leverage": 1.0}
    trade = persistence.Trade(
        **fees, **names, **numbers, open_date=OPENED, is_open=True, enter_tag="dip"
    )
    canceled_row = exchange_row("901", "sell", status="canceled", filled=0.0, remaining=0.01)
    for row in (exchange_row("900", "buy"), canceled_row):
        trade.orders.append(
            persistence.Order.parse_from_ccxt_object(row, "BTC/USDT", str(row["side"]))
        )
    persistence.Trade.session.add(trade)
    persistence.Trade.commit()
    with Ledger.open("memory://") as ledger:
        assert imported(ledger, "freqtrade", path).is_whole
        filled, canceled = ledger.order("900"), ledger.order("901")
    assert (filled["status"], filled["cum_quantity"], filled["fees"]) == (
        "filled",
        Decimal("0.01"),
        {"USDT": "0.64"},
    )
    assert (canceled["status"], canceled["side"], canceled["links"]) == (
        "canceled",
        "sell",
        {"trade_id": "1", "role": "exit"},
    )
