"""Hummingbot's connector of Binance's perpetuals, with its own recorder and our listener, killed
while an order is on its way."""

import asyncio
import json
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.extend.values import SystemClock
from orderledger.simulation import BinanceServer, Faults, SimulatedOrder
from orderledger.simulation.ccxt.simulated import simulated
from tests.venues.interop.real.serving import kill, on_loop, running, served, until

pytestmark = pytest.mark.interop
pytest.importorskip("hummingbot.connector.derivative_base")
BOT = Path(__file__).with_name("hummingbot_bot.py")
ORDERS = 5


class LateExchange(BinanceServer):
    """Its last order arrives when `arrives` is set."""

    def __init__(self) -> None:
        made = simulated(Faults(1), SystemClock())
        super().__init__(made.server.exchange, made.account, made.instruments)
        self.arrives = asyncio.Event()

    async def _place(self, asked: Mapping[str, str]) -> Any:
        if self.requests["POST /fapi/v1/order"] == ORDERS:
            await self.arrives.wait()
        return await super()._place(asked)


def orders_of(server: LateExchange) -> list[SimulatedOrder]:
    return server.exchange.orders("main")


def test_hummingbot_is_killed_while_an_order_is_on_its_way(tmp_path: Path) -> None:
    with served(LateExchange) as server, Ledger.open(tmp_path / "orders.db") as ledger:
        url, db = server.http_url, str(tmp_path / "orders.db")
        with running([sys.executable, str(BOT), url, db, str(ORDERS)], tmp_path) as bot:
            until(lambda: len(orders_of(server)) >= 3, "orders", tmp_path)
            on_loop(server, lambda: fill(server, 0, "0.1"))
            on_loop(server, lambda: fill(server, 0, "0.05"))
            on_loop(server, lambda: fill(server, 2, "0.3"))
            until(lambda: len(ledger.orders()) == ORDERS, "the last order", tmp_path)
            until(lambda: len(ledger.trades()) == 3, "fills", tmp_path)
            kill(bot)
        on_loop(server, server.arrives.set)
        until(lambda: len(orders_of(server)) == ORDERS, "its arrival", tmp_path)
        statuses = [row["status"] for row in ledger.orders()]
        assert statuses == ["partially_filled", "canceled", "filled", "new", "pending_new"]
        (held,) = ledger.recover().in_flight
        assert held["client_order_id"] == orders_of(server)[-1].client_id
        assert held["client_order_id"] not in remembered(tmp_path)
        check_fills(server, ledger)
        on_loop(server, lambda: fill(server, ORDERS - 1, "0.3"))
        with running([sys.executable, str(BOT), url, db, "0"], tmp_path):
            until(lambda: log(tmp_path).count("restored") == 2, "the restart", tmp_path)
            restored = log(tmp_path).rpartition("restored ")[2].split()[0]
        print(f"Hummingbot restored {restored} of {len(ledger.open_orders())} open orders")
        assert restored == "2" and len(ledger.open_orders()) == 3


def fill(server: LateExchange, number: int, quantity: str) -> None:
    order = orders_of(server)[number]
    server.exchange.fill(order, quantity=quantity, price=order.limit_price)


def check_fills(server: LateExchange, ledger: Ledger) -> None:
    """The ledger's fills are the exchange's, with their fees."""
    theirs = [(one.quantity, one.price, one.fee) for one in server.exchange.fills("main")]
    ours = [(one["quantity"], one["price"], one["fee"]) for one in ledger.trades()]
    assert ours == theirs
    assert ledger.positions()[0]["position_quantity"] == Decimal("0.45")


def remembered(folder: Path) -> set[str]:
    """The orders that Hummingbot's database has, in any of its tables."""
    with closing(sqlite3.connect(folder / "bot.sqlite")) as database:
        (states,) = database.execute("SELECT saved_state FROM MarketState").fetchone()
        orders = database.execute('SELECT id FROM "Order"').fetchall()
    return {name for (name,) in orders} | set(json.loads(states))


def log(folder: Path) -> str:
    return (folder / "log").read_text()
