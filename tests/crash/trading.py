"""A gateway sends orders to a venue behind a socket. What it sent must be in the log of any image:
otherwise the next process would not know that the order may be working."""

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from orderledger.extend.store import LogRow
from orderledger.infrastructure.clock import SystemClock
from orderledger.simulation.market import EntryRules, ExchangeSimulator
from orderledger.simulation.servers import Faults
from tests.crash.tracing import Operation
from tests.crash.work import Processes, Work, check_prefix, differences, log_of, opened
from tests.gateway.desk import ACCOUNT
from tests.gateway.processes.http_venue import HttpVenue

DB = "ledger.db"
NAME = "P1"
ORDERS = 12
SECONDS = 15.0
"""A gateway whose store fails for good sends nothing more."""

SENT = {
    "order_submitted": re.compile(rb'"client_id": ?"([^"]+)"'),
    "cancel_requested": re.compile(rb"DELETE /orders/([^ ]+) "),
}
"""Events that must be durable before something is sent, and how it looks on the wire."""


class Trading(Work):
    name = "gateway"
    statuses = (1, -signal.SIGINT)

    def run(self, processes: Processes) -> None:
        asyncio.run(self._trade(processes))

    def __init__(self) -> None:
        self._final: list[LogRow] = []

    async def _trade(self, processes: Processes) -> None:
        exchange = ExchangeSimulator(
            clock=SystemClock(), accounts=[ACCOUNT], rules=EntryRules(client_ids="any")
        )
        faults = Faults(1, lose_answer=0.1, server_error=0.1)
        async with HttpVenue(exchange, ACCOUNT, lambda name: True, faults) as venue:
            command = [sys.executable, "-m", "tests.gateway.processes.trader", DB, venue.http_url]
            process = processes.start(
                *command, ACCOUNT, NAME, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            )
            with suppress(TimeoutError):
                async with asyncio.timeout(SECONDS):
                    while len(venue.arrived) < ORDERS and process.poll() is None:
                        await asyncio.sleep(0.02)
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            await asyncio.to_thread(processes.end, "trader", process)
            self._twice = [name for name, times in venue.arrived.items() if times > 1]

    def learn(self, folder: Path) -> None:
        self._final = log_of(folder / DB)

    def judge(self, image: Path, seen: Sequence[Operation]) -> list[str]:
        faults = [f"{name} was sent twice" for name in self._twice]
        sent = {
            (event, name.decode())
            for one in seen
            if one.kind == "S"
            for event, pattern in SENT.items()
            for name in pattern.findall(one.data)
        }
        if not (image / DB).exists():
            return [*faults, *(["the ledger is missing"] if sent else [])]
        log = log_of(image / DB)
        faults += check_prefix(log, self._final or log, 0)
        with opened(image / DB) as ledger:
            known = {
                (event, row["stream"].partition("/")[2])
                for row in ledger.events()
                for event in SENT
                if row["name"].startswith(event)
            }
            faults += [f"{name} was sent, and {event} is lost" for event, name in sent - known]
            return [*faults, *differences(ledger)]
