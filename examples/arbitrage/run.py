"""The whole story: start, trade, kill the bot with SIGKILL, start it again, report. `python -m
examples.arbitrage.run`.

Real processes: the exchanges, `orderledger collect`, and the bot. Only the exchanges are simulated.
"""

import argparse
import os
import random
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from examples.arbitrage.bot import FLATTEN, LEG, RIALS, group_of, groups_of, is_finished
from examples.arbitrage.exchanges import TOKEN_VARIABLE
from orderledger import Ledger
from orderledger.gateway import read_settings

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
LIMITS = HERE / "limits.toml"
START_SECONDS = 60.0
Process = subprocess.Popen[bytes]


@dataclass
class Floor:
    """The processes of the story, in a folder of its own. What they say is in files there."""

    folder: Path
    limits: Path = LIMITS
    seed: int = 1
    control: str = ""
    processes: list[Process] = field(default_factory=list)
    environment: dict[str, str] = field(
        default_factory=lambda: {**os.environ, TOKEN_VARIABLE: secrets.token_hex(16)}
    )

    @property
    def db(self) -> Path:
        return self.folder / "arbitrage.db"

    @property
    def settings(self) -> Path:
        return self.folder / "orderledger.toml"

    def start(self, name: str, *command: str | Path) -> Process:
        """Start a process; its standard output and error are appended to the file of its name."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *map(str, command)],
                cwd=REPOSITORY,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def start_exchanges(self) -> None:
        self.start(
            "exchanges",
            "-m",
            "examples.arbitrage.exchanges",
            "--seed",
            str(self.seed),
            "--db",
            self.db,
        )
        log = self.folder / "exchanges.log"
        wait_until(lambda: log.read_text().count("token = ") == 3, "the exchanges")
        self.settings.write_text(f"{log.read_text()}\n{gateway_section(self.limits)}")
        found = re.search(r"^# control (\S+)$", self.settings.read_text(), re.MULTILINE)
        self.control = found[1] if found else ""

    def start_collector(self) -> None:
        """The command `orderledger collect`, until it has heard of all accounts."""
        command = Path(sys.executable).with_name("orderledger")
        self.start("collector", command, "collect", self.settings)
        with Ledger.open(self.db) as ledger:
            wait_until(lambda: are_up(ledger.status()), "the collector")

    def start_bot(self) -> Process:
        return self.start("bot", "-m", "examples.arbitrage.bot", self.settings)

    def books(self) -> dict[str, Any]:
        """What the exchanges hold, by account."""
        return dict(httpx.get(f"{self.control}/books").raise_for_status().json())

    def calm(self) -> None:
        """End the faults of the exchanges, and all other trading."""
        httpx.post(f"{self.control}/calm").raise_for_status()

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def gateway_section(limits: Path) -> str:
    """The limits as a part of the settings of `connect`. The collector is a process of its own."""
    text = limits.read_text()
    for table in ("limits", "breakers"):
        text = text.replace(f"[[{table}]]", f"[[gateway.{table}]]")
    return f'[gateway]\nname = "arbitrage"\ncollects = false\n{text}'


@contextmanager
def floor(folder: Path, **options: Any) -> Iterator[Floor]:
    """The exchanges and the collector, until left."""
    made = Floor(folder, **options)
    try:
        made.start_exchanges()
        made.start_collector()
        yield made
    finally:
        made.stop()


def are_up(status: dict[str, Any]) -> bool:
    feeds = [
        feed
        for collector in status["collectors"].values()
        for feed in collector["accounts"].values()
    ]
    return bool(feeds) and all(feed["is_up"] for feed in feeds)


def wait_until(is_so: Any, what: str, seconds: float = START_SECONDS) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(0.05)


def kill(process: Process) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def is_settled(ledger: Ledger) -> bool:
    """Whether every group is finished, or waits for an exchange to say what became of an order."""
    return all(
        is_finished(legs) or any(order["certainty"] == "unresolved" for order in legs)
        for legs in groups_of(ledger)
    )


def midnight(limits: Path) -> datetime:
    """When the day of the limits began."""
    return datetime.now(read_settings(limits).zone).replace(
        hour=0, minute=0, second=0, microsecond=0
    )


def sent_today(ledger: Ledger, limits: Path, strategy: str = LEG) -> int:
    """The orders that `orders_per_day` counts."""
    return sum(
        order["submitted_at"] is not None
        for order in ledger.orders(strategy=strategy, since=midnight(limits))
    )


def tell(text: str) -> None:
    print(text, flush=True)


def tell_state(ledger: Ledger, limits: Path) -> None:
    recovery = ledger.recover()
    allowed = next(one.orders_per_day for one in read_settings(limits).rules if one.strategy == LEG)
    doubts = f"{len(recovery.unresolved)} unresolved, {len(recovery.in_flight)} in flight"
    counts = f"{len(recovery.open)} open, {doubts}, {len(ledger.trades())} fills"
    gain = f"P&L {total_in_rial(ledger):,.0f} rial"
    tell(
        f"    in the ledger: {counts}, {gain}, {sent_today(ledger, limits)} of {allowed} orders of "
        "this day"
    )
    tell(
        "    in memory:     0 open, 0 unresolved, 0 in flight, 0 fills, P&L 0 rial, 0 of "
        f"{allowed} orders of this day"
    )


def total_in_rial(ledger: Ledger) -> Decimal:
    """The P&L of all accounts with what is open, less all fees: toman in rial, and a fee in bitcoin
    at the mark."""
    total = Decimal(0)
    for row in ledger.pnl():
        mark, rials = row["mark_price"] or Decimal(0), RIALS[row["currency"] or "IRR"]
        fees = sum(
            amount * mark if currency == "BTC" else amount
            for currency, amount in row["fees"].items()
        )
        total += ((row["realized_pnl"] or 0) + (row["unrealized_pnl"] or 0) - fees) * rials
    return total


def report(ledger: Ledger) -> None:
    """History, P&L by day, exposure and risk counters, all from the ledger."""
    orders = [order for legs in groups_of(ledger) for order in legs]
    tell("\nOrders")
    for (account, status), count in sorted(
        Counter((order["account"], order["status"]) for order in orders).items()
    ):
        tell(f"    {account:13} {status:17} {count:3}")
    flattened = next(
        (order for order in orders if order["strategy"] == FLATTEN and order["cum_quantity"]), None
    )
    if flattened is not None:
        tell(f"\nOne group whose leg failed: {group_of(flattened)}")
        for order in (order for order in orders if group_of(order) == group_of(flattened)):
            names = [
                event["name"].partition(".")[0]
                for event in ledger.history(str(order["client_order_id"]))
            ]
            tell(
                f"    {order['client_order_id']} {order['account']} {order['side']}: "
                f"{', '.join(dict.fromkeys(names))}"
            )
    tell("\nP&L by day, realized, after fees in the same currency")
    for day in ledger.pnl(by=("day", "account")):
        fees = " and ".join(f"{amount:,f} {currency}" for currency, amount in day["fees"].items())
        tell(
            f"    {day['day']} {day['account']:13} {day['net_pnl']:>13,.0f} {day['currency']} "
            f"(fees {fees})"
        )
    tell(f"    everything, at the marks: {total_in_rial(ledger):,.0f} rial")
    tell("\nExposure")
    net = Decimal(0)
    for row in ledger.exposure():
        least, most = row["position_quantity_least"], row["position_quantity_most"]
        net += row["position_quantity"] or 0
        tell(
            f"    {row['account']:13} {row['instrument']} {row['position_quantity']:>7} (from "
            f"{least} to {most})"
        )
    tell(f"    together              {net:>7}")


def play(floor: Floor, kills: int, chance: random.Random) -> None:
    with Ledger.open(floor.db) as ledger:
        tell("The bot trades.")
        for number in range(kills):
            bot = floor.start_bot()
            time.sleep(chance.uniform(4, 7))
            kill(bot)
            tell(f"kill -9, number {number + 1}. After it:")
            tell_state(ledger, floor.limits)
        tell("The bot is started again, and trades until its limit of the day.")
        bot = floor.start_bot()
        wait_until(lambda: ledger.orders(reason="orders_per_day"), "the limit", 90)
        floor.calm()
        with suppress(TimeoutError):
            wait_until(lambda: is_settled(ledger), "the end of all groups")
        bot.terminate()
        denied = list(ledger.events(name="order_denied"))[-1]
        tell(f"    {denied['text']}")
        report(ledger)
        tell("\nAt the exchanges")
        for account, book in floor.books().items():
            tell(
                f"    {account:13} {len(book['orders']):3} orders, {len(book['fills']):3} fills, "
                f"position {book['position']}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description="An arbitrage bot is killed and started again.")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument(
        "--folder",
        type=Path,
        help="Where the ledger and the logs stay. Default: they are removed at the end.",
    )
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as temporary,
        floor(options.folder or Path(temporary), seed=options.seed) as started,
    ):
        play(started, options.kills, random.Random(options.seed))


if __name__ == "__main__":
    main()
