"""Kill a bot and start it again: `python -m examples.killing lighter`, `qubx` or `tradier`.

Serves the simulated venue, runs the example's bot on it, kills the bot with SIGKILL, and starts it
again. Prints what the ledger has, and what the bot had in memory.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orderledger import Ledger

REPOSITORY = Path(__file__).parent.parent
VENUES = {"lighter": "lighter", "qubx": "ccxt", "tradier": "tradier"}
"""The simulated venue of each example."""
PYTHON = (sys.executable, "-m")
START_SECONDS = 60.0
Process = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Stage:
    """A simulated venue that fills each open order after a second, and the folder of its settings,
    its ledger and the logs."""

    example: str
    folder: Path

    @property
    def settings(self) -> Path:
        return self.folder / "orderledger.toml"

    @property
    def db(self) -> Path:
        return self.folder / "orders.db"

    @contextmanager
    def process(self, name: str, *command: str) -> Iterator[Process]:
        """A process until left; its output is in the file of its name."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(command, cwd=REPOSITORY, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)

    @contextmanager
    def bot(self) -> Iterator[Process]:
        with self.process(
            "bot", *PYTHON, f"examples.{self.example}.bot", str(self.settings)
        ) as process:
            yield process

    def log(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text() if path.exists() else ""


@contextmanager
def stage(example: str, folder: Path, fills_after: float = 1.0) -> Iterator[Stage]:
    """The venue of an example, until left."""
    made = Stage(example, folder)
    command = (
        *PYTHON,
        "orderledger.simulation",
        VENUES[example],
        "--fills-after",
        str(fills_after),
    )
    with made.process("venue", *command):
        wait_until(lambda: "[[venues]]" in made.log("venue"), "the venue")
        time.sleep(0.2)
        text = made.log("venue").replace("fake.db", str(made.db))
        made.settings.write_text(f"{text}\n[gateway]\n")
        yield made


def wait_until(is_so: Callable[[], Any], what: str, seconds: float = START_SECONDS) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(0.05)


def kill(process: Process) -> None:
    """`kill -9`."""
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def in_memory(stage: Stage) -> str:
    """The bot's last line about its own dictionary."""
    lines = [line for line in stage.log("bot").splitlines() if line.startswith("in memory")]
    return lines[-1] if lines else "in memory: nothing"


def in_ledger(ledger: Ledger) -> str:
    orders = ledger.orders()
    states = Counter(str(order["status"]) for order in orders)
    counts = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return f"in the ledger: {len(orders)} orders ({counts}), {len(ledger.trades())} fills"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("example", choices=VENUES)
    parser.add_argument("--seconds", type=float, default=5.0, help="Until the kill.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, stage(options.example, Path(folder)) as desk:
        with desk.bot() as bot:
            wait_until(lambda: "in memory" in desk.log("bot"), "the bot")
            time.sleep(options.seconds)
            kill(bot)
        with Ledger.open(desk.db) as ledger:
            print(
                f"kill -9. The bot had {in_memory(desk)}; now it is gone.",
                in_ledger(ledger),
                sep="\n",
            )
            with desk.bot():
                wait_until(lambda: desk.log("bot").count("starts with") == 2, "the restart")
                time.sleep(options.seconds)
            print(
                *[line for line in desk.log("bot").splitlines() if "starts with" in line], sep="\n"
            )
            print(in_ledger(ledger))


if __name__ == "__main__":
    main()
