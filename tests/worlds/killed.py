"""A world whose collector is a real process, `orderledger collect`, that is killed with SIGKILL and
started again."""

import asyncio
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from orderledger import Ledger
from orderledger.infrastructure.clock import SystemClock
from orderledger.simulation.market import step
from orderledger.simulation.servers import Faults
from orderledger.simulation.tradier.server import TradierServer
from tests.worlds.desk import Desk
from tests.worlds.plan import Plan
from tests.worlds.venues import kind_of, token_of

PATIENCE = 60.0
GRACE = 0.1
ROOMY = 100_000


class KilledWorld:
    """As `World`, on the machine's clock and with the settings that users have. `steps`: how much
    happens in each part."""

    def __init__(self, plan: Plan, folder: Path, command: Path, *, steps: int = 12) -> None:
        self.plan = plan
        self.kind = kind_of(plan)
        self.database = folder / "ledger.db"
        self.config = folder / "orderledger.toml"
        self.clock = SystemClock()
        self.exchange = self.kind.exchange(self.clock)
        self.faults = Faults(plan.seed, repeat=0.1, reorder=0.1, delay_seconds=0.01)
        self.server = self.kind.serve(self.exchange, self.faults, self.clock)
        self.desk: Desk
        self._command = command
        self._steps = steps
        self._chance = Random(f"killed {plan.seed}")
        self._process: asyncio.subprocess.Process | None = None

    async def live(self) -> None:
        """Killed while things happen, started again while others do, and stopped when all is
        well."""
        await self.server.start()
        self.config.write_text(self._settings(), encoding="utf-8")
        bot = await asyncio.to_thread(Ledger.open, str(self.database))
        self.desk = Desk(bot, self.exchange, self.kind, self.clock, self._chance, lambda line: None)
        try:
            await self._start()
            await self._until(self._is_up)
            await self._trade()
            await self._end(signal.SIGKILL)
            await self._trade()
            await self._start()
            await self._trade()
            self.faults.heal()
            await asyncio.sleep(2 * GRACE)
            settled_at = datetime.now(UTC)
            await self._until(lambda: self._is_well(settled_at))
            await self._end(signal.SIGTERM)
            await asyncio.to_thread(bot.views.catch_up)
        finally:
            if self._process is not None:
                self._process.kill()
                await self._process.wait()
            await asyncio.to_thread(bot.close)
            await self.server.close()

    async def _trade(self) -> None:
        for number in range(self._steps):
            if number % 4 == 3:
                await self.desk.request()
            else:
                self._happen()
            await asyncio.sleep(0.005)

    def _happen(self) -> None:
        names = list(self.kind.names.values())
        told: dict[str, Any] = {
            "happenings": self.kind.happenings,
            "with_new_id": self.kind.new_ids,
        }
        step(
            self.exchange,
            self._chance,
            names,
            self.kind.instruments,
            client_id=self.kind.others_client_id,
            **told,
        )

    async def _start(self) -> None:
        environment = {**os.environ, "WORLD_TOKEN": self._token(), "ORDERLEDGER_LOG": "json"}
        self._process = await asyncio.create_subprocess_exec(
            self._command,
            "collect",
            self.config,
            env=environment,
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        assert process is not None and process.returncode is None, "the collector ended by itself"
        process.send_signal(number)
        assert await process.wait() == (-number if number == signal.SIGKILL else 0)

    def _shown(self) -> dict[str, Any]:
        collectors = self.desk.ledger.status()["collectors"]
        shown: dict[str, Any] = collectors.get("collector", {}).get("accounts", {})
        return {account: counters for account, counters in shown.items() if counters["is_up"]}

    def _is_up(self) -> bool:
        return len(self._shown()) == len(self.kind.names)

    def _is_well(self, settled_at: datetime) -> bool:
        times = [counters["last_reconciled_at"] for counters in self._shown().values()]
        gaps = self.desk.ledger.log.account_events(kind="gap")
        is_reconciled = len(times) == len(self.kind.names) and all(
            at and datetime.fromisoformat(at) > settled_at for at in times
        )
        return is_reconciled and all(gap["to_at"] is not None for gap in gaps)

    async def _until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not await asyncio.to_thread(holds):
                assert self._process is not None and self._process.returncode is None, (
                    "the collector ended by itself"
                )
                await asyncio.sleep(0.05)

    def _settings(self) -> str:
        url = self.server.url if isinstance(self.server, TradierServer) else self.server.http_url
        common = f'url = "{url}"\nwebsocket_url = "{self.server.websocket_url}"\n'
        (account, name), *_ = self.kind.names.items()
        match self.kind.name:
            case "hyperliquid":
                rows = ", ".join(
                    f'{{ account = "{one}", address = "{name}" }}'
                    for one, name in self.kind.names.items()
                )
                venue = f"accounts = [{rows}]\nweight_per_minute = {ROOMY}\n"
            case "lighter":
                venue = (
                    f'account = "{account}"\naccount_index = 1001\ntoken = {{ env = "WORLD_TOKEN" '
                    f"}}\n"
                )
            case _:
                venue = (
                    f'account = "{account}"\nnumber = "{name}"\ntoken = {{ env = "WORLD_TOKEN" '
                    f"}}\npoll_seconds = 0.1\n"
                )
        budget = "" if self.kind.name == "hyperliquid" else f"requests_per_minute = {ROOMY}\n"
        top = (
            f'db = "{self.database}"\nreconcile_seconds = 0.5\ngrace_seconds = '
            f"{GRACE}\nlookback_hours = 1\n"
        )
        return f'{top}[[venues]]\nvenue = "{self.kind.name}"\n{common}{venue}{budget}'

    def _token(self) -> str:
        return self.server.token if isinstance(self.server, TradierServer) else token_of(1001)
