"""The databases of freqtrade and Hummingbot. `tests/venues/interop/real` imports those that the
programs themselves make."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.infrastructure.errors import InvalidSetting
from tests.venues.importers.importing import imported, written

NINE, TEN = "2026-11-20 09:00:00.000000", "2026-11-20 10:00:00.000000"
TRADE: dict[str, Any] = {
    "id": 1, "pair": "BTC/USDT", "base_currency": "BTC", "stake_currency": "USDT",
    "strategy": "Sample", "enter_tag": "dip",
    "exit_reason": "roi", "is_short": 0, "is_open": 0, "open_date": NINE, "close_date": TEN,
    "funding_fees": None,
    "fee_open_cost": 0.3, "fee_open_currency": "USDT", "fee_close_cost": None,
    "fee_close_currency": None,
}  # fmt: skip
ORDER: dict[str, Any] = {
    "id": 1, "ft_trade_id": 1, "ft_order_side": "buy", "ft_pair": "BTC/USDT", "ft_amount": 0.3,
    "ft_price": 100.0,
    "ft_cancel_reason": None, "order_id": "900", "status": "closed", "order_type": "limit",
    "side": "buy", "price": 100.0,
    "average": 100.1, "amount": 0.1, "filled": 0.1, "stop_price": None, "order_date": NINE,
    "order_filled_date": NINE,
    "order_update_date": NINE, "ft_order_tag": None,
}  # fmt: skip


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger.open("memory://") as opened:
        yield opened


def database(folder: Path, **tables: list[dict[str, Any]]) -> Path:
    """A SQLite file with these rows."""
    path = folder / "other.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        for table, rows in tables.items():
            columns = ", ".join(f'"{name}"' for name in rows[0])
            connection.execute(f'CREATE TABLE "{table}" ({columns})')
            marks = ", ".join("?" * len(rows[0]))
            connection.executemany(
                f'INSERT INTO "{table}" VALUES ({marks})', [list(row.values()) for row in rows]
            )
        connection.commit()
    return path


def test_freqtrade_tells_orders_with_the_share_of_the_fee(ledger: Ledger, tmp_path: Path) -> None:
    orders = [ORDER, {**ORDER, "id": 2, "order_id": "901", "amount": 0.2, "filled": 0.2}]
    orders.append(
        {
            **ORDER,
            "id": 3,
            "order_id": "902",
            "ft_order_side": "sell",
            "side": "sell",
            "amount": 0.3,
            "filled": 0.3,
        }
    )
    told = imported(ledger, "freqtrade", database(tmp_path, trades=[TRADE], orders=orders))
    assert told.is_whole
    assert [(fill["quantity"], fill["fee"], fill["fee_currency"]) for fill in ledger.trades()] == [
        (Decimal("0.1"), Decimal("0.1"), "USDT"),
        (Decimal("0.2"), Decimal("0.2"), "USDT"),
        (Decimal("0.3"), None, None),
    ]
    row = ledger.order("900")
    assert (row["status"], row["strategy"], row["links"], row["tags"]) == (
        "filled", "Sample", {"trade_id": "1", "role": "entry"}, {"freqtrade": "dip"},
    )  # fmt: skip
    assert ledger.positions()[0]["position_quantity"] == 0
    assert ledger.positions()[0]["currency"] == "USDT"


def test_an_order_that_goes_on_is_filled_by_a_later_import(ledger: Ledger, tmp_path: Path) -> None:
    going_on = {**ORDER, "status": "open", "amount": 0.3, "filled": 0.1}
    path = database(tmp_path, trades=[TRADE], orders=[going_on])
    assert imported(ledger, "freqtrade", path).anomalies == {"quantity_mismatch": 1}
    assert ledger.trades() == []
    path.unlink()
    imported(
        ledger,
        "freqtrade",
        database(
            tmp_path,
            trades=[TRADE],
            orders=[{**going_on, "status": "canceled", "order_update_date": TEN}],
        ),
    )
    row = ledger.order("900")
    assert (row["status"], row["cum_quantity"], row["anomalies"]) == (
        "canceled",
        Decimal("0.1"),
        [],
    )


def test_a_dry_runs_order_that_is_not_filled_has_the_cost_of_its_amount(
    ledger: Ledger, tmp_path: Path
) -> None:
    unfilled = {**ORDER, "status": "canceled", "filled": 0.0, "remaining": 0.1, "cost": 10.0}
    path = database(tmp_path, trades=[TRADE], orders=[unfilled])
    assert imported(ledger, "freqtrade", path).is_whole
    assert ledger.order("900")["status"] == "canceled"


def test_the_funding_of_a_closed_trade_counts_once(ledger: Ledger, tmp_path: Path) -> None:
    path = database(tmp_path, trades=[{**TRADE, "funding_fees": -0.25}], orders=[ORDER])
    imported(ledger, "freqtrade", path)
    assert ledger.positions()[0]["funding"] == {"USDT": Decimal("-0.25")}


def test_what_is_no_freqtrade_database_is_refused_by_name(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="table 'orders' is missing"):
        imported(ledger, "freqtrade", database(tmp_path, trades=[TRADE]))
    with pytest.raises(InvalidSetting, match="cannot be read as a SQLite database"):
        imported(ledger, "freqtrade", written(tmp_path, "text.sqlite", "no database " * 100))


def test_a_row_without_a_price_is_listed_and_the_others_are_recorded(
    ledger: Ledger, tmp_path: Path
) -> None:
    spoiled = {
        **ORDER,
        "id": 2,
        "order_id": "901",
        "average": None,
        "price": None,
        "order_type": "market",
    }
    told = imported(
        ledger, "freqtrade", database(tmp_path, trades=[TRADE], orders=[ORDER, spoiled])
    )
    assert [(row.place, row.field) for row in told.unreadable] == [("orders.id 2", "average")]
    assert [row["venue_order_id"] for row in ledger.orders()] == ["900"]


MS = 1_777_888_800_250
HB_ORDER: dict[str, Any] = {
    "id": "HB-1", "config_file_path": "pmm.yml", "strategy": "pmm", "market": "binance",
    "symbol": "BTC-USDT",
    "base_asset": "BTC", "quote_asset": "USDT", "creation_timestamp": MS, "order_type": "LIMIT",
    "amount": 300_000,
    "leverage": 1, "price": 64_000_100_000, "last_status": "BuyOrderCompleted",
    "last_update_timestamp": MS + 2_000, "exchange_order_id": "X-1", "position": None,
}  # fmt: skip
HB_FILL: dict[str, Any] = {
    "config_file_path": "pmm.yml", "strategy": "pmm", "market": "binance", "symbol": "BTC-USDT",
    "timestamp": MS + 1_000,
    "order_id": "HB-1", "trade_type": "BUY", "order_type": "LIMIT", "price": 64_000_100_000,
    "amount": 300_000, "leverage": 1,
    "trade_fee": json.dumps({"percent": "0.001", "percent_token": None, "flat_fees": []}),
    "trade_fee_in_quote": 19_200_030,
    "exchange_trade_id": "T-1", "position": None,
}  # fmt: skip


def status(number: int, order: str, word: str, later: int) -> dict[str, Any]:
    return {"id": number, "order_id": order, "timestamp": MS + later, "status": word}


def test_hummingbot_tells_orders_fills_and_ends(ledger: Ledger, tmp_path: Path) -> None:
    canceled = {
        **HB_ORDER,
        "id": "HB-2",
        "exchange_order_id": "X-2",
        "last_status": "OrderCancelled",
    }
    failed = {**HB_ORDER, "id": "HB-3", "exchange_order_id": None, "last_status": "OrderFailure"}
    statuses = [
        status(1, "HB-1", "BuyOrderCreated", 0), status(2, "HB-1", "OrderFilled", 1_000),
        status(3, "HB-1", "BuyOrderCompleted", 2_000),
        status(4, "HB-2", "SellOrderCreated", 0), status(5, "HB-2", "OrderCancelled", 500),
        status(6, "HB-3", "BuyOrderCreated", 0), status(7, "HB-3", "OrderFailure", 500),
    ]  # fmt: skip
    path = database(
        tmp_path, Order=[HB_ORDER, canceled, failed], OrderStatus=statuses, TradeFill=[HB_FILL]
    )
    assert imported(ledger, "hummingbot", path).is_whole
    filled, ended, unknown = (ledger.order(name) for name in ("HB-1", "HB-2", "HB-3"))
    assert (filled["status"], filled["cum_quantity"], filled["average_price"]) == (
        "filled",
        Decimal("0.3"),
        Decimal("64000.1"),
    )
    assert (filled["fees"], filled["anomalies"]) == ({"USDT": "19.20003"}, [])
    assert (ended["status"], ended["side"]) == ("canceled", "sell")
    assert (unknown["status"], unknown["certainty"]) == ("pending_new", "unresolved")


def test_an_order_without_a_side_is_listed(ledger: Ledger, tmp_path: Path) -> None:
    nameless = {**HB_ORDER, "last_status": "OrderFailure"}
    other = {**HB_FILL, "order_id": "HB-9"}
    path = database(
        tmp_path,
        Order=[nameless],
        OrderStatus=[status(1, "HB-1", "OrderFailure", 0)],
        TradeFill=[other],
    )
    told = imported(ledger, "hummingbot", path)
    assert told.unreadable[0].field == "last_status"
    assert [fill["fill_id"] for fill in ledger.trades()] == ["T-1"]


def test_an_order_of_freqtrade_without_an_average_was_filled_at_its_price(
    ledger: Ledger, tmp_path: Path
) -> None:
    orders = [{**ORDER, "average": None}]
    assert imported(ledger, "freqtrade", database(tmp_path, trades=[TRADE], orders=orders)).is_whole
    assert [fill["price"] for fill in ledger.trades()] == [Decimal(100)]


def test_an_order_of_hummingbot_has_the_id_of_the_exchange_and_may_lack_it(
    ledger: Ledger, tmp_path: Path
) -> None:
    unsent = {**HB_ORDER, "id": "HB-2", "exchange_order_id": None}
    statuses = [status(1, "HB-1", "BuyOrderCreated", 0), status(2, "HB-2", "BuyOrderCreated", 0)]
    path = database(tmp_path, Order=[HB_ORDER, unsent], OrderStatus=statuses, TradeFill=[HB_FILL])
    imported(ledger, "hummingbot", path)
    sent, other = ledger.order("HB-1"), ledger.order("HB-2")
    assert (sent["venue_order_id"], other["venue_order_id"]) == ("X-1", None)
    assert sent["acknowledged_at"] is not None and other["acknowledged_at"] is None


def test_a_funding_of_hummingbot_is_in_the_quote_currency(ledger: Ledger, tmp_path: Path) -> None:
    funding = {"timestamp": MS, "config_file_path": "pmm.yml", "market": "binance", "rate": 0.0001}
    funding |= {"symbol": "BTC-USDT", "amount": -250_000}
    path = database(
        tmp_path,
        Order=[HB_ORDER],
        OrderStatus=[status(1, "HB-1", "BuyOrderCreated", 0)],
        TradeFill=[HB_FILL],
        FundingPayment=[funding, {**funding, "timestamp": MS + 1, "symbol": None}],
    )
    told = imported(ledger, "hummingbot", path)
    assert [row.field for row in told.unreadable] == ["symbol"]
    ((instrument, amount),) = [
        (row["instrument"], row["funding"]) for row in ledger.positions() if row["funding"]
    ]
    assert instrument == ledger.order("HB-1")["instrument"]
    assert amount.keys() == {"USDT"}
