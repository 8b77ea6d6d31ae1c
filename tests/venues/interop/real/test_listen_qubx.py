"""A strategy in an installed Qubx's simulator, killed between two orders."""

import random
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

from orderledger import Ledger
from tests.venues.interop.real.serving import kill, running, until

pytestmark = pytest.mark.interop
pytest.importorskip("qubx")
pytest.importorskip("qubx.backtester.simulator")
fields = pytest.importorskip("qubx.core.basics").OrderRequest.__dataclass_fields__
BOT = Path(__file__).with_name("qubx_bot.py")


@pytest.mark.skipif("client_id" not in fields, reason="Qubx 0.7.3 has no order requests")
def test_qubx_is_killed_and_the_ledger_has_what_its_account_had(tmp_path: Path) -> None:
    command, log = [sys.executable, str(BOT), str(tmp_path / "orders.db")], tmp_path / "log"
    with Ledger.open(tmp_path / "orders.db") as ledger, running(command, tmp_path) as bot:
        until(lambda: len(ledger.orders()) > 20, "orders", tmp_path)
        time.sleep(random.SystemRandom().uniform(0, 0.5))
        kill(bot)
        last = [line for line in log.read_text().splitlines() if line.startswith("position")][-1]
        held = ledger.positions()[0]["position_quantity"]
        assert held is not None
        print(f"{len(ledger.orders())} orders, position {held}; Qubx had {last.split()[1]}")
        assert held - Decimal(last.split()[1]).quantize(Decimal("0.1")) in (0, Decimal("0.1"))
        bought = [row for row in ledger.orders() if row["side"] == "buy"]
        assert {row["status"] for row in bought[:-1]} == {"filled"}
        canceled = ledger.orders(status="canceled")
        assert canceled and all(row["limit_price"] == 2600 for row in canceled)
        names = {event["name"] for event in ledger.history(str(canceled[0]["client_order_id"]))}
        assert {"order_requested.v1", "order_submitted.v1", "cancel_requested.v1"} <= names
        assert ledger.views.check().differences == ()
    with running(command, tmp_path):
        until(lambda: log.read_text().count("starts with 0.0") == 2, "no position", tmp_path)
