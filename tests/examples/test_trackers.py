"""The bots of `examples/` that rebuild a tracker each, killed at a random moment and started again.

Each bot's collector lists the venue's orders, so an order that was not recorded is external.
"""

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from examples.killing import VENUES, Stage, kill, stage, wait_until
from orderledger import Ledger
from orderledger.rows import OrderRow

pytestmark = pytest.mark.slow
COMMAND = str(Path(sys.executable).with_name("orderledger"))


def has_four_kinds(ledger: Ledger) -> bool:
    """Each of the four kinds at Lighter."""
    sent = [row for row in ledger.orders() if row["status"] != "denied"]
    kinds = Counter(str(row["client_order_id"]).rpartition("-")[2][:5] for row in sent)
    return {"limit", "marke", "stop", "batch"} <= kinds.keys() and kinds["batch"] >= 6


def has_kept_client_ids(ledger: Ledger) -> bool:
    """Qubx's requests: filled under their own ids, and cancels that came in time."""
    filled = ledger.orders(status="filled")
    ended = [row for row in ledger.orders() if row["status"] in ("canceled", "denied")]
    return len(filled) >= 4 and len(ended) >= 2 and all(map(is_named_by_qubx, filled))


def is_named_by_qubx(row: OrderRow) -> bool:
    return str(row["client_order_id"]).startswith("qubx_ETH_")


def has_a_trade(ledger: Ledger) -> bool:
    """Proposal, approval, entry, and the same for the exit."""
    exits = [row for row in ledger.proposals(state="approved") if row["kind"] == "exit"]
    return any(
        row["orders"] and row["decided_by"] == "anna" and row["cum_quantity"] for row in exits
    )


DONE: dict[str, Callable[[Ledger], bool]] = {
    "lighter": has_four_kinds,
    "qubx": has_kept_client_ids,
    "tradier": has_a_trade,
}


@pytest.mark.parametrize("example", VENUES)
def test_a_killed_bot_goes_on_where_it_was(example: str, tmp_path: Path) -> None:
    with stage(example, tmp_path) as desk, Ledger.open(desk.db) as ledger:
        with desk.bot() as bot:
            wait_until(lambda: len(ledger.orders()) >= 1, "orders")
            time.sleep(random.SystemRandom().uniform(0, 2))
            kill(bot)
        before = {str(row["client_order_id"]): row for row in ledger.orders()}
        with desk.bot():
            wait_until(lambda: desk.log("bot").count("starts with") == 2, "the restart")
            wait_until(lambda: is_settled(ledger, before), "the orders of before")
            wait_until(lambda: DONE[example](ledger) or is_blocked(ledger), "the bot's work")
        judge(desk, ledger, before)


def is_settled(ledger: Ledger, names: dict[str, OrderRow]) -> bool:
    """Whether no order of before the kill is in flight: the venue has it, or it is in doubt."""
    rows = [row for row in ledger.orders() if row["client_order_id"] in names]
    return all(row["certainty"] == "unresolved" or row["status"] != "pending_new" for row in rows)


def is_blocked(ledger: Ledger) -> bool:
    """A kill between recording and sending leaves an order that never arrived. Its instrument
    waits for the proof of that, at Lighter ten minutes."""
    return bool(ledger.open_orders(certainty="unresolved", venue_order_id=None))


def judge(desk: Stage, ledger: Ledger, before: dict[str, OrderRow]) -> None:
    assert ledger.orders(origin="external") == [], desk.log("bot")
    orders = ledger.orders()
    assert before.keys() <= {row["client_order_id"] for row in orders}
    venue_ids = Counter(row["venue_order_id"] for row in orders if row["venue_order_id"])
    assert set(venue_ids.values()) <= {1}
    assert [row["anomalies"] for row in orders if row["anomalies"]] == []
    assert ledger.views.check().differences == ()


def test_the_page_shows_proposals_and_their_orders(tmp_path: Path) -> None:
    port = random.SystemRandom().randrange(20_000, 40_000)
    with stage("tradier", tmp_path) as desk, Ledger.open(desk.db) as ledger:
        with desk.bot():
            wait_until(lambda: has_a_trade(ledger), "a trade")
        with desk.process("serve", COMMAND, "serve", "--db", str(desk.db), "--port", str(port)):
            rows = wait_for(f"http://127.0.0.1:{port}/api/proposals")
    shown = {row["proposal_id"]: row for row in rows}
    assert (shown["T1-entry"]["state"], shown["T1-entry"]["orders"]) == ("approved", ["T1-entry"])


def wait_for(url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def answers() -> bool:
        try:
            with urlopen(url) as answer:
                found.extend(json.load(answer)["rows"])
        except OSError:
            return False
        return True

    wait_until(answers, "the page")
    return found
