"""The command as processes: three made-up venues to collect from, and what a process said."""

import asyncio
import contextlib
import json
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from orderledger import Ledger
from orderledger.infrastructure.clock import SystemClock
from orderledger.projections.view import Row
from orderledger.simulation.hyperliquid.server import HyperliquidServer
from orderledger.simulation.lighter.server import FIRST_ORDER_ID, LighterServer
from orderledger.simulation.market import ExchangeSimulator
from orderledger.simulation.tradier.server import TradierServer
from tests.command_line import run

ADDRESS = "0x" + "aa" * 20
ACCOUNTS = ("hyperliquid:main", "lighter:main", "tradier:main")
INDEX, NUMBER = 281, "VA000001"
LIGHTER_TOKEN = f"ro:{INDEX}:single:{int(time.time()) + 86_400}:{'51ec4e7' * 8}"
TRADIER_TOKEN = "s3cr3t-tradier-token"
ORDER: dict[str, Any] = {"instrument": "BTC", "side": "buy", "quantity": "2", "limit_price": "100"}
PATIENCE = 60.0


@dataclass(slots=True)
class Said:
    """How a process ended, and all that it said."""

    status: int | None
    out: str
    err: str

    @property
    def rows(self) -> list[Row]:
        return [json.loads(line) for line in self.out.splitlines()]


class Process:
    """One `orderledger` command. `environment` comes on top of ours, without any setting of a
    ledger."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._said = asyncio.ensure_future(process.communicate())

    @classmethod
    async def start(cls, command: Path, *arguments: str | Path, **environment: str) -> "Process":
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith("ORDERLEDGER_")
        }
        pipe = asyncio.subprocess.PIPE
        return cls(
            await asyncio.create_subprocess_exec(
                command,
                *map(str, arguments),
                stdout=pipe,
                stderr=pipe,
                env={**clean, **environment},
            )
        )

    def send(self, signal: int) -> None:
        """To a process that has ended, nothing. `send_signal` would take its exit status away from
        asyncio, if it has."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal)

    @property
    def has_ended(self) -> bool:
        return self._process.returncode is not None

    def children(self) -> list[int]:
        """Processes that it has started, and that have not ended."""
        return [child.pid for child in psutil.Process(self._process.pid).children()]

    def has_open(self, path: Path) -> bool:
        return str(path) in {file.path for file in psutil.Process(self._process.pid).open_files()}

    def has_read_all(self, url: str) -> bool:
        """Whether nothing that this server of ours has sent it is still on the way, as Linux
        tells."""
        port = urlsplit(url).port
        connections = psutil.Process(self._process.pid).net_connections()
        ends = [
            f"{port:04X} {one.laddr.port:04X}"
            for one in connections
            if one.raddr and one.raddr.port == port
        ]
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        unsent = {
            f"{row[1][-4:]} {row[2][-4:]}" for row in rows if not row[4].startswith("00000000:")
        }
        unread = {
            f"{row[2][-4:]} {row[1][-4:]}" for row in rows if not row[4].endswith(":00000000")
        }
        return unsent.union(unread).isdisjoint(ends)

    async def said(self, patience: float = PATIENCE) -> Said:
        out, err = await asyncio.wait_for(self._said, patience)
        return Said(self._process.returncode, out.decode(), err.decode())

    async def close(self) -> None:
        if not self.has_ended:
            self._process.kill()
        await self._said


@dataclass(slots=True)
class World:
    """The venues, a folder for settings and store, and the processes that run."""

    command: Path
    folder: Path
    hyperliquid: HyperliquidServer
    lighter: LighterServer
    tradier: TradierServer
    running: list[Process] = field(default_factory=list)

    @property
    def db(self) -> Path:
        return self.folder / "orders.db"

    @property
    def config(self) -> Path:
        return self.folder / "orderledger.toml"

    def write_config(
        self, *, venues: tuple[str, ...] = ("hyperliquid", "lighter", "tradier"), more: str = ""
    ) -> None:
        """Settings for these venues. `more` stands before them."""
        fake, lighter, tradier = self.hyperliquid, self.lighter, self.tradier
        secret = self.folder / "tradier.token"
        secret.touch(0o600)
        secret.write_text(TRADIER_TOKEN)
        sections = {
            "hyperliquid": f'url = "{fake.http_url}"\nwebsocket_url = "{fake.websocket_url}"\n'
            f'accounts = [{{ account = "hyperliquid:main", address = "{ADDRESS}" }}]\n',
            "lighter": f'url = "{lighter.http_url}"\n'
            f'account = "lighter:main"\naccount_index = {INDEX}\ntoken = {{ env = "LIGHTER_TOKEN" '
            f"}}\n",
            "tradier": f'url = "{tradier.url}"\n'
            f'account = "tradier:main"\nnumber = "{NUMBER}"\ntoken = {{ file = "{secret}" '
            f"}}\npoll_seconds = 0.1\n",
        }
        told = "".join(f'[[venues]]\nvenue = "{name}"\n{sections[name]}' for name in venues)
        self.config.write_text(f'db = "{self.db}"\ngrace_seconds = 0.001\n{more}\n{told}')

    async def start(self, *arguments: str | Path) -> Process:
        process = await Process.start(
            self.command, *arguments, LIGHTER_TOKEN=LIGHTER_TOKEN, ORDERLEDGER_DB=str(self.db)
        )
        self.running.append(process)
        return process

    async def run(self, *arguments: str | Path) -> Said:
        return await (await self.start(*arguments)).said()

    def run_here(self, *arguments: str | Path) -> Said:
        """A command that asks no venue, without a process of its own."""
        return Said(*run(*arguments, environment={"ORDERLEDGER_DB": str(self.db)}))

    async def collecting(self, *accounts: str) -> Process:
        """A collector that listens to these accounts, and has reconciled them."""
        process = await self.start("collect", self.config)
        await self.until(
            lambda: all(self.shown(account).get("reconciled") for account in accounts), process
        )
        return process

    async def until(self, is_so: Callable[[], Any], process: Process | None = None) -> None:
        """Wait for it; fail with what the process said if it ends before, or is never so."""
        for _ in range(int(PATIENCE / 0.02)):
            if is_so():
                return
            if process is not None and process.has_ended:
                break
            await asyncio.sleep(0.02)
        raise AssertionError(
            "never so: "
            f"{await process.said() if process is not None and process.has_ended else 'it runs on'}"
        )

    def shown(self, account: str) -> Row:
        """What the collector published of an account, nothing before it did."""
        try:
            status = self.ask("SELECT max(status) FROM collectors")
        except sqlite3.OperationalError:
            return {}
        found: Row = json.loads(status)["accounts"].get(account, {}) if status else {}
        return found

    def is_recorded(self, venue_order_id: int) -> bool:
        return bool(
            self.ask(
                "SELECT count(*) FROM order_names WHERE kind = 'venue' AND name = ?",
                str(venue_order_id),
            )
        )

    def ask(self, statement: str, *parameters: str) -> Any:
        """One value of the store, by a connection of its own."""
        with contextlib.closing(sqlite3.connect(f"file:{self.db}?mode=ro", uri=True)) as connection:
            return connection.execute(statement, parameters).fetchone()[0]

    def ledger(self) -> Ledger:
        return Ledger.open(str(self.db), update_views=False)


@contextlib.asynccontextmanager
async def made_up_venues(command: Path, folder: Path) -> AsyncIterator[World]:
    """All three, served in this loop. What still runs at the end is killed."""
    clock = SystemClock()
    hyperliquid = HyperliquidServer(ExchangeSimulator(clock=clock, first_order_id=700_000_000_101))
    exchange = ExchangeSimulator(
        clock=clock,
        accounts=["lighter:main"],
        first_order_id=FIRST_ORDER_ID + 1,
        first_fill_id=19_300_000_001,
    )
    lighter = LighterServer(exchange, {"lighter:main": INDEX}, clock=clock)
    tradier = TradierServer(
        ExchangeSimulator(clock=clock, accounts=[NUMBER], first_order_id=90_001),
        token=TRADIER_TOKEN,
    )
    async with hyperliquid, lighter, tradier:
        world = World(command, folder, hyperliquid, lighter, tradier)
        try:
            yield world
        finally:
            for process in world.running:
                await process.close()
