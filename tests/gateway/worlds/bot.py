"""What a strategy does with its gateway: everything that the gateway can do, many things at a
time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from orderledger import Gateway, LedgerError, Request
from orderledger.gateway import Sending

ACTS = {
    "submit": 30,
    "submit_many": 6,
    "submit_soon": 6,
    "repeat": 3,
    "cancel": 14,
    "replace": 14,
    "cancel_all": 2,
    "resend": 2,
}
INSTRUMENTS = {
    "BTC-USD": (64000.0, 0.5, ("0.1", "0.3", "0.5", "0.9")),
    "ETH-USD": (3200.0, 0.05, ("1", "2.5", "4")),
}


@dataclass(slots=True)
class Told:
    """What a gateway told its bot. `kind`: what it was asked. `gateway`: its name. `at`: when it
    answered."""

    kind: str
    gateway: str
    sending: Sending
    at: float


@dataclass(slots=True)
class Bot:
    """Trades until its machine dies. `requests`: all orders that were ever asked for, by every bot
    of the world. `repeated`: orders that this bot has sent, or tried to send, although it or
    another bot had."""

    gateway: Gateway
    name: str
    account: str
    chance: Random
    now: Callable[[], float]
    say: Callable[[str], None]
    requests: dict[str, Request]
    told: list[Told]
    busyness: float
    odd: list[str] = field(default_factory=list)
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    number: int = 0
    repeated: set[str] = field(default_factory=set)

    async def trade(self) -> None:
        while True:
            await asyncio.sleep(
                self.chance.expovariate(1 / self.busyness) if self.chance.random() < 0.7 else 0.0
            )
            act = self.chance.choices(list(ACTS), list(ACTS.values()))[0]
            task = asyncio.get_running_loop().create_task(
                self._guarded(act, getattr(self, f"_{act}")())
            )
            self.tasks.add(task)
            if self.chance.random() < 0.02:
                await asyncio.sleep(0)
                task.cancel()

    async def _guarded(self, act: str, work: Awaitable[list[Sending]]) -> None:
        try:
            results = await work
        except (LedgerError, asyncio.CancelledError) as error:
            self.say(f"{self.name}: {act}: {type(error).__name__}: {error}")
            return
        except Exception as error:
            self.odd.append(f"{self.name}: {act} raised {type(error).__name__}: {error}")
            return
        for result in results:
            self.say(
                f"{self.name}: {act} {result.client_order_id}: {result.state} "
                f"{result.reason or ''} {result.text or ''}"
            )
            self.told.append(Told(act, self.name, result, self.now()))

    async def _submit(self) -> list[Sending]:
        return [await self.gateway.submit(self._new())]

    async def _submit_many(self) -> list[Sending]:
        return await self.gateway.submit_many(
            [self._new() for _ in range(self.chance.randint(2, 6))]
        )

    async def _submit_soon(self) -> list[Sending]:
        return [await self.gateway.submit_soon(self._new())]

    async def _repeat(self) -> list[Sending]:
        """An order that was requested before, by whomever, or at the same time."""
        request = self._some() if self.chance.random() < 0.7 else self._new()
        if self.chance.random() < 0.3:
            assert request.quantity is not None
            request = request.model_copy(update={"quantity": request.quantity * 2})
        self.repeated.add(request.client_order_id)
        both = [self.gateway.submit(request) for _ in range(self.chance.randint(1, 2))]
        if self.chance.random() < 0.5:
            both.append(self.gateway.cancel(request.client_order_id))
        found = await asyncio.gather(*both, return_exceptions=True)
        for one in found:
            if isinstance(one, BaseException) and not isinstance(one, LedgerError):
                raise one
        return [one for one in found if isinstance(one, Sending)]

    async def _cancel(self) -> list[Sending]:
        return [await self.gateway.cancel(self._some().client_order_id)]

    async def _replace(self) -> list[Sending]:
        request = self._some()
        price, tick, quantities = INSTRUMENTS[request.instrument]
        changed: dict[str, Any] = {}
        if self.chance.random() < 0.7:
            changed["quantity"] = self.chance.choice(quantities)
        if self.chance.random() < 0.6 or not changed:
            changed["limit_price"] = str(price + tick * self.chance.randint(-60, 60))
        times = self.chance.choice((1, 1, 2))
        return list(
            await asyncio.gather(
                *(self.gateway.replace(request.client_order_id, **changed) for _ in range(times))
            )
        )

    async def _cancel_all(self) -> list[Sending]:
        scope = self.chance.choice(({}, {"instrument": "BTC-USD"}, {"strategy": "grid"}))
        return await self.gateway.cancel_all(account=self.account, **scope)

    async def _resend(self) -> list[Sending]:
        request = self._some()
        self.repeated.add(request.client_order_id)
        return [await self.gateway.resend(request.client_order_id)]

    def _some(self) -> Request:
        if not self.requests:
            return self._new()
        names = list(self.requests)
        return self.requests[
            self.chance.choice(names[-12:] if self.chance.random() < 0.7 else names)
        ]

    def _new(self) -> Request:
        self.number += 1
        name = f"{self.name}-{self.number}"
        instrument = self.chance.choice(list(INSTRUMENTS))
        price, tick, quantities = INSTRUMENTS[instrument]
        is_market = self.chance.random() < 0.08
        request = Request(
            account=self.account,
            client_order_id=name,
            instrument=instrument,
            side=self.chance.choice(("buy", "sell")),
            quantity=self.chance.choice(
                (*quantities, "0.00001") if self.chance.random() < 0.1 else quantities
            ),
            order_type="market" if is_market else "limit",
            limit_price=None if is_market else str(price + tick * self.chance.randint(-60, 60)),
            time_in_force="ioc"
            if is_market
            else self.chance.choice(("gtc", "gtc", "gtc", "ioc", "fok")),
            post_only=not is_market and self.chance.random() < 0.1,
            strategy=self.chance.choice(("grid", "arb", None)),
        )
        self.requests[name] = request
        return request
