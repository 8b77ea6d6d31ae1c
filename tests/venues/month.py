"""A month of one account at a simulated Binance USD-M, and the `orderledger` processes that follow
it: fees in a coin, funding, profits rounded in each row, liquidations, and transfers between
wallets, some of which the venue lists late.

The venue's clock goes through the last 30 days while the processes have the machine's. So every row
is older than the certificates that are made meanwhile.
"""

import asyncio
import signal
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from orderledger import Adjust, Ledger
from orderledger.extend.values import EXACT
from orderledger.infrastructure.clock import SteppingClock, SystemClock
from orderledger.simulation.ccxt import binance_wallet
from orderledger.simulation.ccxt.binance import TOKEN, BinanceServer
from orderledger.simulation.ccxt.simulated import NOT_THERE, PERPETUALS
from orderledger.simulation.market import (
    HAPPENINGS,
    ExchangeSimulator,
    FeeSchedule,
    SimulatedFunding,
    SimulatedTransfer,
    step,
)
from tests.venues.collecting.processes import Process, Said

ACCOUNT, THERE, VARIABLE = "ccxt:main", "main", "MONTH_TOKEN"
DAYS = 30
DAY = timedelta(days=1)
FEES = FeeSchedule(
    maker=Decimal("0.0002"),
    taker=Decimal("0.0005"),
    decimals=8,
    taker_currency="BNB",
    taker_currency_price=Decimal("612.7"),
    liquidation=Decimal("0.01"),
)
"""A taker pays in BNB, at a price that leaves no fee round."""
OPENED = {"USDT": Decimal(50_000), "BNB": Decimal(10)}
PATIENCE = 300.0
"""Seconds. On a busy machine a run over the whole month takes long."""
MOMENTS = {"early": "", "recording": "%", "certified": "reconciliation_certified%"}
"""When a process is killed: the events that it waits for."""
LATE = 0.4
"""The chance of a transfer to be listed days late."""


class MonthServer(BinanceServer):
    """Lists some transfers late, and can be made to lie. `dropped`: ids of transfers that it never
    lists. `forgets_currencies`: its trades name no currency of a fee but USDT."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.late: dict[int, datetime] = {}
        self.dropped: set[int] = set()
        self.forgets_currencies = False

    def _check_time(self, asked: Any) -> None:
        """The processes have the machine's clock, so each request is out of its window."""

    async def _income(self, asked: Any) -> Any:
        now = self.exchange.clock.now()
        return [
            row
            for row in await super()._income(asked)
            if row["incomeType"] != "TRANSFER"
            or (row["tranId"] not in self.dropped and self.late.get(row["tranId"], now) <= now)
        ]

    async def _trades(self, asked: Any) -> Any:
        rows = await super()._trades(asked)
        return (
            [row | {"commissionAsset": "USDT"} for row in rows] if self.forgets_currencies else rows
        )


class Month:
    """The account, the folder of its ledger, and the process that runs now."""

    account = ACCOUNT
    """In the ledger."""
    token = TOKEN
    """The venue's."""
    steps = 4
    """Changes in eight hours."""
    poll_seconds, reconcile_seconds = 0.1, 0.3

    def __init__(self, command: Path, folder: Path, seed: int) -> None:
        self.chance = Random(seed)
        self.clock = SteppingClock(SystemClock().now() - (DAYS + 1) * DAY, timedelta(0))
        self.exchange, self.server = self.make()
        self.db, self.config = folder / "orders.db", folder / "orderledger.toml"
        self.kills = self._looks = 0
        self._command = command

    def make(self) -> tuple[ExchangeSimulator, Any]:
        """The exchange, and its server."""
        exchange = ExchangeSimulator(
            clock=self.clock, accounts=[THERE], first_order_id=8_000_001, currency="USDT", fees=FEES
        )
        return exchange, MonthServer(exchange, THERE, PERPETUALS)

    def open(self) -> None:
        """What the account holds when the month begins, in the ledger and at the venue."""
        for currency, amount in OPENED.items():
            self.exchange.transfer(THERE, currency, amount)
        self.clock.set(self.clock.now() + timedelta(hours=1))
        with self.ledger() as ledger:
            for currency, amount in OPENED.items():
                opening: dict[str, Any] = {"currency": currency, "amount": amount}
                ledger.record(
                    Adjust(account=ACCOUNT, at=self.clock.now(), reason="opening", **opening)
                )
        self.clock.set(self.clock.now() + timedelta(hours=1))

    def ledger(self) -> Ledger:
        return Ledger.open(str(self.db), update_views=False)

    def write_config(self) -> None:
        """Each run queries the whole month, since rows arrive that late."""
        hours = 24 * (DAYS + 2)
        self.config.write_text(
            f'db = "{self.db}"\nreconcile_seconds = {self.reconcile_seconds}\n'
            f"grace_seconds = 0.001\nlookback_hours = {hours}\noverlap_seconds = {3600 * hours}\n"
            f'[[venues]]\naccount = "{self.account}"\nurl = "{self.server.http_url}"\n'
            f"poll_seconds = {self.poll_seconds}\n{self.section()}"
        )

    def section(self) -> str:
        """The settings of the venue."""
        credentials = ", ".join(
            f'{name} = {{ env = "{VARIABLE}" }}' for name in ("apiKey", "secret")
        )
        symbols = ", ".join(f'"{one.name}"' for one in PERPETUALS)
        return (
            f'venue = "ccxt"\nexchange = "binanceusdm"\n'
            f'websocket_url = "{self.server.websocket_url}"\n'
            f"credentials = {{ {credentials} }}\nsymbols = [{symbols}]\n"
            "milliseconds_per_request = 0.001\nidle_seconds = 0.1\n"
        )

    async def live(self, days: int, *, pause: float = 0.0) -> None:
        """So many days of trading, each with three fundings and sometimes a transfer."""
        for _ in range(days):
            for _ in range(3):
                for _ in range(self.steps):
                    self._trade()
                self._fund()
                self.clock.set(self.clock.now() + DAY / 3)
                await asyncio.sleep(pause)
            if self.chance.random() < 0.5:
                self._transfer()

    def _fund(self) -> None:
        for held in self.exchange.positions(THERE):
            rate = Decimal(self.chance.randint(-9_999_999, 9_999_999)).scaleb(-8)
            self.exchange.fund(THERE, held.instrument, rate)

    def _trade(self) -> None:
        usual = {name: often for name, often in HAPPENINGS.items() if name not in NOT_THERE}
        step(
            self.exchange,
            self.chance,
            [THERE],
            PERPETUALS,
            happenings={**usual, "fund": 0, "liquidate": 2},
            client_id=lambda number: f"O-{number}",
        )
        self.clock.set(self.clock.now() + timedelta(minutes=1))

    def _transfer(self) -> None:
        currency = self.chance.choice(sorted(OPENED))
        amount = Decimal(self.chance.randint(-99_999_999, 199_999_999)).scaleb(-8)
        moved = self.exchange.transfer(THERE, currency, amount)
        if self.chance.random() < LATE:
            listed_at = self.clock.now() + self.chance.randint(1, 9) * DAY
            self.server.late[moved.transfer_id] = min(listed_at, self.end)

    @property
    def end(self) -> datetime:
        """By then everything is listed."""
        return SystemClock().now()

    async def start(self, *arguments: str | Path) -> Process:
        return await Process.start(self._command, *arguments, **{VARIABLE: self.token})

    async def killed(self, name: str, moment: str, days: int) -> None:
        """A process of this command is killed in these days, which go on: `early`, soon after it
        began to record, or soon after it has certified."""
        before = {one: self._count(one) for one in MOMENTS}
        given = (self.config,) if name == "collect" else ("--config", self.config)
        process = await self.start(name, *given)
        living = asyncio.ensure_future(self.live(days, pause=0.1))
        for _ in range(int(PATIENCE / 0.02)):
            if process.has_ended or self._count(moment) > before[moment]:
                break
            await asyncio.sleep(0.02)
        await asyncio.sleep(self.chance.uniform(0, 0.5))
        self.kills += not process.has_ended
        process.send(signal.SIGKILL)
        await process.said(PATIENCE)
        await living

    def _count(self, moment: str) -> int:
        """How many events there are of this moment. `early` waits for none."""
        if moment == "early":
            self._looks += 1
            return self._looks
        try:
            with closing(sqlite3.connect(f"file:{self.db}?mode=ro", uri=True)) as connection:
                found = connection.execute(
                    "SELECT count(*) FROM orderledger_events WHERE topic LIKE ?", (MOMENTS[moment],)
                )
                return int(found.fetchone()[0])
        except sqlite3.OperationalError:  # another process has it for a moment
            return 0

    async def reconciled(self) -> Said:
        process = await self.start("reconcile", "--config", self.config, "--json")
        return await process.said(PATIENCE)

    async def collected(self) -> None:
        """A collector that ends the gaps of those before, and stops by itself."""
        started_at = SystemClock().now()
        process = await self.start("collect", self.config)
        for _ in range(int(PATIENCE / 0.1)):
            if process.has_ended or self._is_whole(started_at):
                break
            await asyncio.sleep(0.1)
        process.send(signal.SIGTERM)
        said = await process.said(PATIENCE)
        assert said.status == 0, said

    def _is_whole(self, started_at: datetime) -> bool:
        """Whether the collector that was started then has reconciled twice, and no gap is open."""
        with self.ledger() as ledger:
            status = ledger.status()["collectors"].get("collector", {})
            gaps = ledger.log.account_events(kind="gap")
        began_at, counted = status.get("began_at"), status.get("accounts", {}).get(self.account, {})
        return (
            began_at is not None
            and datetime.fromisoformat(began_at) > started_at
            and counted.get("reconciled", 0) > 1
            and all(gap["to_at"] for gap in gaps)
        )

    def wallet(self) -> dict[str, Decimal]:
        return binance_wallet.wallet(self.exchange, THERE, "USDT")

    def booked(self) -> dict[str, int]:
        """By currency, the fills, fundings and transfers of the month, without its opening."""
        counts = dict.fromkeys(OPENED, 0)
        for fill in self.exchange.fills(THERE):
            for name in {"USDT", fill.fee_currency} if fill.fee else {"USDT"}:
                counts[name] += 1
        for row in self._moved():
            counts[row.currency] += 1
        return {name: count - 1 for name, count in counts.items()}

    def exact(self) -> Decimal:
        """The USDT of the month if no profit were rounded."""
        profits = (fill.realized for fill in self.exchange.fills(THERE))
        fees = (-fill.fee for fill in self.exchange.fills(THERE) if fill.fee_currency == "USDT")
        moved = (row.amount for row in self._moved() if row.currency == "USDT")
        found = Decimal(0)
        for amount in (*profits, *fees, *moved):
            found = EXACT.add(found, amount)
        return found

    def _moved(self) -> list[SimulatedFunding | SimulatedTransfer]:
        return [*self.exchange.fundings(THERE), *self.exchange.transfers(THERE)]
