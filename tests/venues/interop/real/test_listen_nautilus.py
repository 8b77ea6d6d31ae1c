"""A backtest of an installed NautilusTrader, killed between two orders."""

import random
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

from orderledger import Ledger
from tests.venues.interop.real.serving import kill, running, until

pytestmark = pytest.mark.interop
pytest.importorskip("nautilus_trader")
BOT = Path(__file__).with_name("nautilus_bot.py")


@pytest.mark.parametrize("oms", ["NETTING", "HEDGING"])
def test_nautilus_is_killed_and_the_ledger_has_what_its_cache_had(tmp_path: Path, oms: str) -> None:
    command, log = [sys.executable, str(BOT), str(tmp_path / "orders.db"), oms], tmp_path / "log"
    with Ledger.open(tmp_path / "orders.db") as ledger, running(command, tmp_path) as bot:
        until(lambda: len(ledger.orders()) > 20, "orders", tmp_path)
        time.sleep(random.SystemRandom().uniform(0, 0.5))
        kill(bot)
        last = [line for line in log.read_text().splitlines() if line.startswith("Order")][-1]
        _, orders, events = last.split()
        recorded = len(list(ledger.events(account="binance:main")))
        print(f"{oms}: {orders} orders and {events} events in the cache, {recorded} in the ledger")
        assert len(ledger.orders()) - int(orders) in (0, 1)
        assert recorded >= int(events)
        filled = ledger.orders(status="filled")
        held = [row["position_quantity"] for row in ledger.positions() if row["fills"]]
        assert sum(filter(None, held)) == Decimal("0.01") * len(filled)
        assert len(held) == (len(filled) if oms == "HEDGING" else 1)
        assert ledger.views.check().differences == ()
    with running(command, tmp_path):
        until(
            lambda: log.read_text().count("starts with 0 orders") == 2, "an empty cache", tmp_path
        )


def test_an_order_for_an_amount_has_its_quantity_after_the_first_fill(tmp_path: Path) -> None:
    command = [sys.executable, str(BOT), str(tmp_path / "orders.db"), "NETTING", "amounts"]
    with running(command, tmp_path):
        until(lambda: "ended" in (tmp_path / "log").read_text(), "the end", tmp_path)
    with Ledger.open(tmp_path / "orders.db") as ledger:
        rows = [(row["status"], row["quote_quantity"], row["quantity"]) for row in ledger.orders()]
    assert rows == [("filled", Decimal(1000), Decimal("0.017"))] * 2
