"""An installed freqtrade in a dry run, killed while it places an order."""

import json
import shutil
import sqlite3
import sys
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.extend.values import SystemClock
from orderledger.simulation import BinanceServer, Faults
from orderledger.simulation.ccxt.simulated import simulated
from tests.venues.interop.real.serving import kill, running, served, until

pytestmark = pytest.mark.interop
pytest.importorskip("freqtrade")
HERE = Path(__file__).parent
PLACING = 20
"""Rows of the order book that a dry run reads while it places an order."""


def exchange() -> BinanceServer:
    server = simulated(Faults(1), SystemClock()).server
    assert isinstance(server, BinanceServer)
    return server


def write_settings(folder: Path, url: str) -> list[str]:
    """freqtrade's configuration; returns the command that trades by it."""
    interfaces = {"fapi": ("fapiPublic", "fapiPrivate"), "sapi": ("sapi",)}
    paths = {name: f"{url}/{path}/v1" for path, names in interfaces.items() for name in names}
    pricing = {"price_side": "other", "use_order_book": True, "order_book_top": 1}
    settings: dict[str, Any] = {
        "dry_run": True, "initial_state": "running", "dry_run_wallet": 10000, "max_open_trades": 2,
        "stake_currency": "USDT", "stake_amount": 600,
        "trading_mode": "futures", "margin_mode": "isolated",
        "strategy": "Recorded", "strategy_path": str(folder),
        "db_url": f"sqlite:///{folder}/tradesv3.dryrun.sqlite",
        "unfilledtimeout": {"entry": 3, "exit": 60, "unit": "seconds"},
        "entry_pricing": pricing, "exit_pricing": pricing,
        "pairlists": [{"method": "StaticPairList"}],
        "internals": {"process_throttle_secs": 1},
        "exchange": {
            "name": "binance", "enable_ws": False, "key": "", "secret": "",
            "pair_whitelist": ["BTC/USDT:USDT", "ETH/USDT:USDT"],
            "ccxt_config": {
                "urls": {"api": paths}, "enableRateLimit": False,
                "options": {"fetchMarkets": {"types": ["linear"]}},
            },
        },
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(settings))
    (folder / "user").mkdir()
    shutil.copy(HERE / "freqtrade_strategy.py", folder)
    freqtrade = str(Path(sys.executable).with_name("freqtrade"))
    return [freqtrade, "trade", "-c", "config.json", "--userdir", "user"]


def stored(folder: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(folder / "tradesv3.dryrun.sqlite")) as database:
        return database.execute(query).fetchall()


def test_freqtrade_is_killed_while_it_places_an_order(tmp_path: Path) -> None:
    with served(exchange) as server, Ledger.open(tmp_path / "orders.db") as ledger:
        command = write_settings(tmp_path, server.http_url)
        with running(command, tmp_path, LEDGER=str(tmp_path / "orders.db")) as bot:
            trade(tmp_path, ledger)
            server.market.depth_after[PLACING] = 3600.0
            (tmp_path / "buy_ETH").touch()
            until(ledger.open_orders, "an order that is being placed", tmp_path)
            kill(bot)
        judge(tmp_path, ledger)
        (tmp_path / "buy_ETH").unlink()
        server.market.depth_after.clear()
        with running(command, tmp_path, LEDGER=str(tmp_path / "orders.db")):
            until(lambda: ledger.orders(certainty="unresolved"), "the doubt", tmp_path)
        assert [len(ledger.orders(status=one)) for one in ("filled", "canceled")] == [3, 1]
        assert ledger.views.check().differences == ()


def trade(folder: Path, ledger: Ledger) -> None:
    """An entry, an exit in two halves, and an entry that is canceled."""
    for number, file in enumerate(("buy_BTC", "half", "out"), 1):
        (folder / file).touch()
        until(partial(has_filled, ledger, number), file, folder)
        (folder / file).unlink()
    for file in ("low", "buy_ETH"):
        (folder / file).touch()
    until(ledger.open_orders, "an entry that is not filled", folder)
    (folder / "buy_ETH").unlink()
    until(lambda: ledger.orders(status="canceled"), "its cancel", folder)


def has_filled(ledger: Ledger, count: int) -> bool:
    return len(ledger.orders(status="filled")) == count


def judge(folder: Path, ledger: Ledger) -> None:
    """What the ledger has, and freqtrade's own database has not."""
    orders, kept = (
        ledger.orders(),
        {name for (name,) in stored(folder, "SELECT order_id FROM orders")},
    )
    filled, canceled, placed = orders[:3], orders[3], orders[4]
    assert [row["status"] for row in orders] == ["filled"] * 3 + ["canceled", "pending_new"]
    assert {row["venue_order_id"] for row in filled} == kept
    assert canceled["venue_order_id"] not in kept and placed["venue_order_id"] is None
    assert [(row["links"] or {})["role"] for row in orders] == [
        "entry",
        "exit",
        "exit",
        "entry",
        "entry",
    ]
    assert ledger.positions()[0]["position_quantity"] == 0
    (fees,) = stored(folder, "SELECT fee_open_cost, fee_close_cost FROM trades")
    assert [float(trade["fee"] or 0) for trade in ledger.trades()] == [*fees, 0]
    (last,) = ledger.history(str(filled[2]["client_order_id"]), name="fill_recorded")
    assert last["text"] == "freqtrade keeps no fee of this order"
