"""A month of one account at a simulated Wallex: spot, with the fees of what it buys in the coin.

The venue reports no deposits and withdrawals. Somebody records them, some of them days later.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from orderledger import Adjust, Transfer
from orderledger.extend.values import EXACT
from orderledger.simulation.market import ExchangeSimulator, step
from orderledger.simulation.market.wallet import wallet_of
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.keyed import DEPOSIT
from orderledger.simulation.wallex.server import simulated
from tests.venues.month import DAY, LATE, VARIABLE, Month

ACCOUNT, THERE = "wallex:main", "wallex:fake"
AMOUNT_MAX = 99_999_999


class SpotMonth(Month):
    """The month at Wallex. `late`: transfers that are not recorded yet, and when they will be.

    The adapter sends 120 queries a minute, so there are few orders, and they are queried rarely.
    """

    account = ACCOUNT
    steps = 2
    poll_seconds = reconcile_seconds = 1.0

    def make(self) -> tuple[ExchangeSimulator, Any]:
        venue = simulated(Faults(1), self.clock)
        self.instruments = venue.instruments
        self.happenings, self.client_id = venue.happenings, venue.client_id
        self.token = venue.token or ""
        self.late: list[tuple[datetime, Transfer]] = []
        self.transfers_late = 0
        exchange: Any = venue.server.exchange
        return exchange, venue.server

    @property
    def currencies(self) -> list[str]:
        return sorted({one for it in self.instruments for one in it.name.split("/")})

    def open(self) -> None:
        self.clock.set(self.clock.now() + timedelta(hours=1))
        with self.ledger() as ledger:
            for currency in self.currencies:
                opening: dict[str, Any] = {"currency": currency, "amount": DEPOSIT}
                ledger.record(
                    Adjust(account=ACCOUNT, at=self.clock.now(), reason="opening", **opening)
                )
        self.clock.set(self.clock.now() + timedelta(hours=1))

    def section(self) -> str:
        return f'venue = "wallex"\ntoken = {{ env = "{VARIABLE}" }}\n'

    async def live(self, days: int, *, pause: float = 0.0) -> None:
        for _ in range(days):
            await super().live(1, pause=pause)
            await self.report(lambda known_at: known_at <= self.clock.now())

    async def report(self, is_due: Callable[[datetime], bool]) -> None:
        """Record transfers in a random order, some twice."""
        due = [one for known_at, one in self.late if is_due(known_at)]
        self.late = [one for one in self.late if not is_due(one[0])]
        due += [one for one in due if self.chance.random() < 0.2]
        self.chance.shuffle(due)
        if due:
            await asyncio.to_thread(self._record, due)

    def _record(self, transfers: list[Transfer]) -> None:
        with self.ledger() as ledger:
            ledger.record_many(transfers)

    def _fund(self) -> None:
        """Nothing is funded at spot."""

    def _trade(self) -> None:
        step(
            self.exchange,
            self.chance,
            [THERE],
            self.instruments,
            happenings=self.happenings,
            client_id=self.client_id,
        )
        self.clock.set(self.clock.now() + timedelta(minutes=1))

    def _transfer(self) -> None:
        currency = self.chance.choice(self.currencies)
        amount = Decimal(self.chance.randint(-AMOUNT_MAX, AMOUNT_MAX)).scaleb(-8)
        moved = self.exchange.transfer(THERE, currency, amount)
        is_late = self.chance.random() < LATE
        self.transfers_late += is_late
        known_at = moved.at + (self.chance.randint(1, 9) * DAY if is_late else timedelta(0))
        message = Transfer(
            account=ACCOUNT,
            currency=currency,
            amount=moved.amount,
            kind=moved.kind,
            venue_id=str(moved.transfer_id),
            at=moved.at,
        )
        self.late.append((known_at, message))

    def wallet(self) -> dict[str, Decimal]:
        moved = wallet_of(self.exchange, THERE, self.exchange.currency)
        return {one: EXACT.add(DEPOSIT, moved.get(one, Decimal(0))) for one in self.currencies}

    def booked(self) -> dict[str, int]:
        """By currency, the fills and transfers of the month. A fee is in a currency of its fill."""
        counts = dict.fromkeys(self.currencies, 0)
        for fill in self.exchange.fills(THERE):
            for name in fill.instrument.split("/"):
                counts[name] += 1
        for row in self.exchange.transfers(THERE):
            counts[row.currency] += 1
        return counts
