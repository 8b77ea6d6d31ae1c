"""An installed freqtrade that trades live at the simulated Binance, whose answer to an order is
lost."""

import json
from functools import partial
from pathlib import Path

import pytest

from orderledger import Ledger
from orderledger.simulation import BinanceServer, SimulatedOrder
from orderledger.simulation.ccxt.binance import TOKEN
from tests.venues.interop.real.serving import kill, on_loop, running, served, until
from tests.venues.interop.real.test_listen_freqtrade import (
    exchange,
    has_filled,
    stored,
    write_settings,
)

pytestmark = pytest.mark.interop
pytest.importorskip("freqtrade")
STAKE = "10000"
LIVE = "tradesv3.dryrun.sqlite"
"""The database that `stored` reads; live by its settings."""


def write_live_settings(folder: Path, url: str) -> list[str]:
    """The settings of the dry run, with a key, and the addresses that only live trading uses."""
    command = write_settings(folder, url)
    settings = json.loads((folder / "config.json").read_text())
    settings["dry_run"] = False
    settings["exchange"] |= {"key": TOKEN, "secret": TOKEN}
    addresses = settings["exchange"]["ccxt_config"]["urls"]["api"]
    for version in ("V2", "V3"):
        for kind in ("Public", "Private"):
            addresses[f"fapi{kind}{version}"] = f"{url}/fapi/{version.lower()}"
    (folder / "config.json").write_text(json.dumps(settings))
    return command


def working(server: BinanceServer) -> list[SimulatedOrder]:
    return server.exchange.open_orders(server.account)


def fill(server: BinanceServer, folder: Path) -> None:
    """Let others fill the order that freqtrade has sent."""
    (order,) = until(partial(working, server), "an order at the exchange", folder)
    on_loop(server, lambda: server.exchange.fill(order.order_id))


def test_freqtrade_trades_live_and_forgets_an_order_whose_answer_is_lost(tmp_path: Path) -> None:
    with served(exchange) as server, Ledger.open(tmp_path / "orders.db") as ledger:
        deposit = partial(server.exchange.transfer, server.account, "USDT", STAKE)
        on_loop(server, deposit)
        command = write_live_settings(tmp_path, server.http_url)
        with running(command, tmp_path, LEDGER=str(tmp_path / "orders.db")) as bot:
            for number, file in enumerate(("buy_BTC", "out"), 1):
                (tmp_path / file).touch()
                fill(server, tmp_path)
                (tmp_path / file).unlink()
                until(partial(has_filled, ledger, number), file, tmp_path)
            server.failings.done_but_failed = 1
            (tmp_path / "buy_ETH").touch()
            (lost,) = until(partial(working, server), "an order without an answer", tmp_path)
            kill(bot)
        judge(tmp_path, ledger, server, lost)


def judge(folder: Path, ledger: Ledger, server: BinanceServer, lost: SimulatedOrder) -> None:
    """The ledger has every order and fill of the exchange. freqtrade does not have the lost one."""
    entry, exit_, unknown = ledger.orders()
    at_exchange = [str(one.order_id) for one in server.exchange.orders(server.account)]
    assert [entry["venue_order_id"], exit_["venue_order_id"]] == at_exchange[:2]
    assert at_exchange[2] == str(lost.order_id) and lost.instrument == unknown["instrument"]
    kept = {name for (name,) in stored(folder, "SELECT order_id FROM orders")}
    assert kept == set(at_exchange[:2])
    assert unknown["status"] == "pending_new" and unknown["is_open"]
    fills = [
        (one.side, one.quantity, one.price, round(one.fee, 8))
        for one in server.exchange.fills(server.account)
    ]
    recorded = [
        (row["side"], row["quantity"], row["price"], round(row["fee"] or 0, 8))
        for row in ledger.trades()
    ]  # freqtrade has computed its fees as floats
    assert recorded == fills
    assert ledger.positions()[0]["position_quantity"] == 0
    assert ledger.views.check().differences == ()
