"""The processes of a soak, on one file."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from orderledger.infrastructure.clock import SystemClock
from orderledger.simulation.market import EntryRules, ExchangeSimulator
from orderledger.simulation.servers import Faults
from tests.gateway.processes.http_venue import HttpVenue
from tests.serve.alerts.receiver import Receiver, receiving
from tests.soak.reading import read_page, read_stream

ACCOUNT, GATEWAY = "sim:recorded", "sim:traded"
ALERTS = """
[[targets]]
name = "desk"
webhook = "{url}"
[[rules]]
kind = "unresolved"
seconds = 0.5
"""
RECONCILING = {"ORDERLEDGER_RECONCILE_SECONDS": "60", "ORDERLEDGER_OVERLAP_SECONDS": "120"}
BETWEEN_ORDERS = "0.05"
"""Seconds between two orders of the simulated venue: within the warm-up, they fill the caches of a
collector, which holds 4,000 orders."""

STARTING_SECONDS = 60.0
COUNTED = ("webhooks", "orders_sent", "gateway_begun")
REPOSITORY = str(Path(__file__).resolve().parents[2])


class Everything:
    """`processes`: by name. `counts`: what readers got."""

    def __init__(self, folder: Path, rate: float, receiver: Receiver, venue: HttpVenue) -> None:
        self.venue = venue
        self.db = folder / "orders.db"
        self.archive = folder / "archive"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.counts: Counter[str] = Counter()
        self.receiver = receiver
        self._folder = folder
        self._rate = rate

    def orderledger(self, name: str, *words: str) -> None:
        self.start(name, str(Path(sys.executable).with_name("orderledger")), *words)

    def python(self, name: str, *words: str) -> None:
        self.start(name, sys.executable, "-m", *words)

    def start(self, name: str, *command: str) -> None:
        own = {"ORDERLEDGER_DB": str(self.db), "PYTHONPATH": REPOSITORY, "PYTHONUNBUFFERED": "1"}
        with self.output(name).open("wb") as out, self.errors(name).open("wb") as errors:
            self.processes[name] = subprocess.Popen(
                command,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=errors,
                env={**os.environ, **RECONCILING, **own},
            )

    def output(self, name: str) -> Path:
        return self._folder / f"{name}.out"

    def errors(self, name: str) -> Path:
        return self._folder / f"{name}.err"

    async def until(self, name: str, word: str, path: Callable[[str], Path]) -> str:
        """Wait until a process has written this word, and return all that it wrote."""
        async with asyncio.timeout(STARTING_SECONDS):
            while word not in (text := path(name).read_text()):
                await asyncio.sleep(0.1)
        return text

    def ended(self) -> dict[str, int]:
        found = {name: process.poll() for name, process in self.processes.items()}
        return {name: status for name, status in found.items() if status is not None}

    def counted(self) -> Counter[str]:
        """A gateway begins again after it lost its lease."""
        begun = self.output("gateway").read_text().count("trades")
        found = (len(self.receiver.taken), self.venue.arrived.total(), begun)
        return Counter(dict(zip(COUNTED, found, strict=True)))

    async def begin(self) -> str:
        """Start all, and return the address of the service."""
        self.python("recorder", "tests.soak.recording", str(self.db), ACCOUNT, str(self._rate))
        async with asyncio.timeout(STARTING_SECONDS):
            while not self.db.exists():
                await asyncio.sleep(0.1)
        self.python("venue", "orderledger.simulation", "hyperliquid", "--every", BETWEEN_ORDERS)
        await self.until("venue", "accounts = ", self.output)
        self.orderledger("collector", "collect", str(self.output("venue")))
        self.python(
            "gateway", "tests.soak.trading", str(self.db), self.venue.http_url, GATEWAY, "G", "10"
        )
        self.orderledger("archive", "archive", str(self.archive), "--watch", "--every", "60")
        alerts = self._folder / "alerts.toml"
        alerts.write_text(ALERTS.format(url=self.receiver.url))
        self.orderledger("alerts", "watch", "--config", str(alerts))
        self.orderledger("service", "serve", "--port", "0")
        told = await self.until("service", "serving http", self.errors)
        return told.split("serving ")[1].split()[0]

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
            process.wait()


@asynccontextmanager
async def running(folder: Path, rate: float, readers: int) -> AsyncIterator[Everything]:
    """Everything, until the end of the block."""
    exchange = ExchangeSimulator(
        clock=SystemClock(), accounts=[GATEWAY], rules=EntryRules(client_ids="any")
    )
    async with AsyncExitStack() as stack:
        venue = HttpVenue(exchange, GATEWAY, lambda name: True, Faults(1))
        found = Everything(folder, rate, stack.enter_context(receiving()), venue)
        stack.callback(found.stop)
        await stack.enter_async_context(venue)
        url = await found.begin()
        reading = [read_page(url, found.counts) for _ in range(2)]
        views = ["events" if number % 2 else "orders" for number in range(readers)]
        reading += [read_stream(url, view, found.counts) for view in views]
        tasks = [asyncio.ensure_future(one) for one in reading]
        stack.callback(lambda: [task.cancel() for task in tasks])
        yield found
        for task in tasks:
            if task.done():
                task.result()
