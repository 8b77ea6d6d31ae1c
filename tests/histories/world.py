"""One history: recorders, a gateway, a reader and a follower on one store, and a nemesis."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from orderledger.infrastructure.clock import SystemClock
from orderledger.simulation.market import EntryRules, ExchangeSimulator
from orderledger.simulation.servers import Faults
from tests.gateway.processes.http_venue import HttpVenue
from tests.histories.history import Operation, operations
from tests.histories.stores import Failover, File, Row, Server, opened
from tests.local_postgres import PostgresServer

REPOSITORY = Path(__file__).resolve().parents[2]
GATEWAY_ACCOUNT = "sim:g"
NEMESES = ("kill", "stop", "clock", "cut", "hang", "mute")
STARTING_SECONDS = 120.0
ENDING_SECONDS = 60.0
CLOCK_SECONDS = (-86_400, -60, 60, 3_600)
NAMES = {"A": "recorder", "B": "recorder", "R": "reader", "F": "follower", "G": "gateway"}


@dataclass
class Observed:
    """What the processes and the venue saw, and what the log has at the end. `sent`: how often the
    venue got each order; `unrecorded`: those whose submission was not in the log then."""

    kind: str
    histories: dict[str, list[Operation]]
    rows: list[Row]
    failover: Failover | None
    sent: dict[str, int]
    unrecorded: list[str]
    faults: list[str] = field(default_factory=list)
    injected: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """`names`: the processes. `seconds`: how long faults are injected. `patience`: seconds for the
    end."""

    kind: str
    seed: str
    seconds: float
    package: Path = REPOSITORY
    nemeses: tuple[str, ...] = NEMESES
    names: str = "ABRFG"
    patience: float = ENDING_SECONDS


class World:
    def __init__(self, plan: "Plan", folder: Path, store: File | Server) -> None:
        self._plan = plan
        self._folder = folder
        self._store = store
        self._chance = Random(plan.seed)
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._started = 0
        self.faults: list[str] = []
        self.injected: list[str] = []
        self.venue = self._venue()

    def _venue(self) -> HttpVenue:
        rules = EntryRules(client_ids="any")
        exchange = ExchangeSimulator(clock=SystemClock(), accounts=[GATEWAY_ACCOUNT], rules=rules)
        faults = Faults(1, lose_answer=0.1, server_error=0.1)

        def is_recorded(name: str) -> bool:
            with suppress(Exception):  # the server changes just now
                return self._store.has_submitted(f"{GATEWAY_ACCOUNT}/{name}")
            return True

        return HttpVenue(exchange, GATEWAY_ACCOUNT, is_recorded, faults)

    def path(self, name: str) -> Path:
        return self._folder / f"{name}.history"

    async def start(self, name: str) -> None:
        """Start a process, or start it again."""
        self._started += 1
        number = list(NAMES).index(name)
        url, own = self._store.url_of(number), f"{name}{self._started}"
        command = ["tests.histories.processes", NAMES[name], url, str(self._folder), name]
        command += [f"{self._started}"]
        if name == "G":
            command = ["tests.soak.trading", url, self.venue.http_url, GATEWAY_ACCOUNT, own, "1"]
        path = os.pathsep.join(dict.fromkeys((str(self._plan.package), str(REPOSITORY))))
        with (self._folder / f"{name}.err").open("ab") as errors:
            self._processes[name] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", *command, cwd=self._folder, stdout=errors, stderr=errors,
                env={**os.environ, "PYTHONPATH": path, "PYTHONFAULTHANDLER": "1"},
            )  # fmt: skip

    async def begin(self) -> bool:
        """Whether all processes have begun."""
        try:
            await self.start("A")  # it makes the store
            await until(lambda: has_rows(self._store))
            for name in self._plan.names[1:]:
                await self.start(name)
            async with asyncio.timeout(STARTING_SECONDS):
                while not all(map(self._has_begun, self._plan.names)):
                    await asyncio.sleep(0.1)
                    await self._start_ended()
        except TimeoutError:
            errors = [path.read_text()[-1_000:] for path in self._folder.glob("*.err")]
            self.faults.append(f"the processes did not begin: {errors}")
            return False
        return True

    def _has_begun(self, name: str) -> bool:
        return bool(self.venue.arrived) if name == "G" else self.path(name).exists()

    async def disturb(self, nemeses: Sequence[str]) -> None:
        """Inject one fault after the other."""
        end = time.monotonic() + self._plan.seconds
        while time.monotonic() < end:
            await asyncio.sleep(self._chance.uniform(0.1, 0.6))
            await self._inject(self._chance.choice(nemeses))
            await self._start_ended()

    async def _start_ended(self) -> None:
        for name, process in list(self._processes.items()):
            if process.returncode is not None:
                await self.start(name)

    async def _inject(self, nemesis: str) -> None:
        name = self._chance.choice(self._plan.names)
        process, pause = self._processes[name], self._chance.uniform(0.1, 1.5)
        if nemesis in ("cut", "hang", "mute"):
            if not self._store.proxies:
                return
            proxy = self._chance.choice(self._store.proxies)
            getattr(proxy, nemesis)()
            await asyncio.sleep(pause)
            proxy.heal()
        elif nemesis == "clock":
            name = self._chance.choice("AB")
            moved = self._chance.choice(CLOCK_SECONDS)
            (self._folder / f"{name}.clock").write_text(str(moved))
        elif process.returncode is None:
            process.send_signal(signal.SIGKILL if nemesis == "kill" else signal.SIGSTOP)
            await asyncio.sleep(pause if nemesis == "stop" else 0)
            if nemesis == "stop":
                process.send_signal(signal.SIGCONT)
            await (process.wait() if nemesis == "kill" else asyncio.sleep(0))
        self.injected.append(nemesis)

    async def end(self) -> None:
        """Stop the recorders, let the follower reach the end of the log, and kill the rest."""
        for proxy in self._store.proxies:
            proxy.heal()
        await self.kill("G")
        (self._folder / "stop").touch()
        for name in "AB":
            await self._wait_for(name, lambda name=name: self._has_ended(name), "end")  # type: ignore[misc]
        if "F" in self._plan.names:
            if self._has_ended("F"):
                await self.start("F")
            rows = await asyncio.to_thread(self._store.rows)
            last = rows[-1].position if rows else 0
            await self._wait_for("F", lambda: self._followed_to(last), f"reach {last}")
        for name in NAMES:
            await self.kill(name)

    def _has_ended(self, name: str) -> bool:
        return name not in self._processes or self._processes[name].returncode is not None

    def _followed_to(self, position: int) -> bool:
        seen = [one for one in operations(self.path("F")) if one.kind == "event"]
        return bool(seen) and seen[-1].answer is not None and seen[-1].answer[0] >= position

    async def _wait_for(self, name: str, holds: Callable[[], bool], what: str) -> None:
        try:
            await until(holds, self._plan.patience)
        except TimeoutError:
            with suppress(ProcessLookupError):  # it prints the stacks of its threads
                self._processes[name].send_signal(signal.SIGABRT)
                await self._processes[name].wait()
            stacks = (self._folder / f"{name}.err").read_text()[-3_000:]
            self.faults.append(f"{NAMES[name]} did not {what}: {stacks}")

    async def kill(self, name: str) -> None:
        process = self._processes.get(name)
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()


def has_rows(store: File | Server) -> bool:
    with suppress(Exception):  # there is no store yet
        return bool(store.rows())
    return False


async def until(holds: Callable[[], bool], seconds: float = STARTING_SECONDS) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.05)


async def history(plan: Plan, folder: Path) -> Observed:
    """Play one history. The standby of a failover lags for a second before it takes over."""
    async with opened(plan.kind, folder) as (store, standby):
        world = World(plan, folder, store)
        async with world.venue:
            if await world.begin():
                if standby is not None and isinstance(store, Server):
                    await world.disturb([one for one in plan.nemeses if one != "kill"])
                    await fail_over(store, standby)
                    world.injected.append("failover")
                await world.disturb(plan.nemeses)
            await world.end()
        return Observed(
            plan.kind,
            {name: operations(world.path(name)) for name in NAMES if name != "G"},
            store.rows() if has_rows(store) else [],
            store.failover,
            dict(world.venue.arrived),
            world.venue.unrecorded,
            world.faults,
            world.injected,
        )


async def fail_over(store: Server, standby: PostgresServer) -> None:
    """Nobody is killed shortly before, and so the processes remember what is lost."""
    await asyncio.to_thread(standby.stop)
    await asyncio.sleep(1)
    for proxy in store.proxies:
        proxy.cut()
    await asyncio.to_thread(store.fail_over, standby)
    for proxy in store.proxies:
        proxy.heal()
    await asyncio.sleep(3)
