"""`python -m tests.gateway.processes.failover KILLS [DB]`: kills the sender of an account again and
again, and measures how long a second process takes to trade with all that was open."""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from orderledger.infrastructure.clock import SystemClock
from orderledger.simulation.market import EntryRules, ExchangeSimulator
from orderledger.simulation.servers import Faults
from tests.gateway.desk import ACCOUNT
from tests.gateway.processes.http_venue import HttpVenue
from tests.gateway.processes.trader import LEASE_SECONDS

REPOSITORY = Path(__file__).resolve().parents[3]
PATIENCE = 120.0


@dataclass
class Measured:
    """Seconds from each kill to the first order that the next process may send. `forgotten`: orders
    that worked at the venue and that it did not take over. `taken`: what it took over."""

    seconds: list[float] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        ordered = sorted(self.seconds)
        count = {
            name: sum(int(one[name]) for one in self.taken) for name in ("doubtful", "cancels")
        }
        return (
            f"{len(ordered)} kills, lease {LEASE_SECONDS:g} s: "
            f"median {statistics.median(ordered):.2f} s, longest {ordered[-1]:.2f} s; taken over: "
            f"{sum(len(one['open']) for one in self.taken)} open orders, {count['doubtful']} in "
            f"doubt, {count['cancels']} outstanding cancels; forgotten: {len(self.forgotten)}, "
            f"sent twice: {len(self.doubled)}"
        )


async def measure(db: str, kills: int, seed: int = 1) -> Measured:
    """Kill the sender `kills` times. The next process has loaded its state and waits, as on
    another machine.
    """
    exchange = ExchangeSimulator(
        clock=SystemClock(), accounts=[ACCOUNT], rules=EntryRules(client_ids="any")
    )
    faults = Faults(seed, lose_answer=0.03, delay=0.2, delay_seconds=0.3)
    chance, found = Random(seed), Measured()
    async with HttpVenue(exchange, ACCOUNT, lambda name: True, faults) as venue:
        active = await _started(db, venue.http_url, 0)
        await _line(active)
        try:
            for number in range(1, kills + 1):
                standby = await _started(db, venue.http_url, number)
                await asyncio.sleep(chance.uniform(0.5, 1.5))
                active.kill()
                killed_at = time.monotonic()
                await active.wait()
                active = standby
                taken = json.loads(await _line(standby))
                found.seconds.append(time.monotonic() - killed_at)
                found.taken.append(taken)
                ours = {*taken["open"]}
                found.forgotten += [
                    name
                    for order in exchange.open_orders(ACCOUNT)
                    if (name := order.client_id or "") not in ours
                    and not name.startswith(f"P{number}-")
                ]
        finally:
            active.kill()
            await active.wait()
        found.doubled = [name for name, times in venue.arrived.items() if times > 1]
    return found


async def _started(db: str, url: str, number: int) -> asyncio.subprocess.Process:
    words = [db, url, ACCOUNT, f"P{number}", "--foreign"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.gateway.processes.standby", *words),
        cwd=REPOSITORY,
        stdout=asyncio.subprocess.PIPE,
    )
    assert await _line(process) == "waits"
    return process


async def _line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        return (await process.stdout.readline()).decode().strip()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        db = sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{folder}/orders.db"
        print(asyncio.run(measure(db, int(sys.argv[1]))))


if __name__ == "__main__":
    main()
