"""One world: a venue, gateways that crash, stand still and take the account from each other, and a
recorder."""

import dataclasses
import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, cast

from orderledger import Fenced, Gateway, Halt, Ledger, Request, ResumeTrading
from orderledger.gateway import GatewaySettings
from orderledger.infrastructure.messages.parsing import parse_document
from orderledger.simulation.local import CALM, LineFaults, LocalVenue
from tests.gateway.worlds.bot import Bot, Told
from tests.gateway.worlds.doubts import Doubts
from tests.gateway.worlds.entry import AHEAD_SECONDS, WorldEntry, absence_at
from tests.gateway.worlds.machine import Machine
from tests.gateway.worlds.plan import Plan
from tests.gateway.worlds.store import WorldLedger, without_threads
from tests.gateway.worlds.witness import Witness

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
ACCOUNT = "sim:main"
STEPS_AT_MOST = 400_000
HEALING_SECONDS = 60.0


def _is_sender(gateway: Gateway) -> bool:
    """Whether this gateway holds the account's lease."""
    try:
        gateway._wired.parts.keeper.fence(ACCOUNT)
    except Fenced:
        return False
    return True


class NotWell(AssertionError):
    """A world that did not come to an end."""


class MachineClock:
    """The clock of a machine: virtual time, and how far somebody has set it off."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.offset = timedelta()

    def now(self) -> datetime:
        return START + timedelta(seconds=self._now()) + self.offset


@dataclasses.dataclass(slots=True)
class Running:
    """A machine with a gateway on it."""

    machine: Machine
    ledger: Ledger
    gateway: Gateway
    bot: Bot
    clock: MachineClock
    life: Any = None
    trades: bool = False


class World:
    """`live` lives it. `told`: what the gateways answered. `odd`: what should never have happened,
    in sentences."""

    def __init__(self, plan: Plan, database: Path) -> None:
        self.plan = plan
        self.database = database
        self.story: list[str] = []
        self.odd: list[str] = []
        self.told: list[Told] = []
        self.requests: dict[str, Request] = {}
        self.sent: Counter[str] = Counter()
        self.time = 0.0
        self.is_healed = False
        self._chance = Random(f"gateway world {plan.seed}")
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._names = count(1)
        self.all: list[Running] = []
        faults = LineFaults(
            reject_rate=plan.rejected,
            lost_answer_rate=plan.lost,
            answer_timeout_seconds=self._chance.choice((0.5, 2.0, 5.0)),
            drop_interval_seconds=self._chance.choice((None, 15.0)),
            drop_seconds=(0.2, 4.0),
            late_seconds=plan.late,
            engine_seconds=plan.engine,
            listed_after_seconds=plan.listed_after,
        )
        self.venue = LocalVenue(
            plan.seed,
            start=START,
            faults=faults,
            flow_interval_seconds=self._chance.choice((0.2, 1.0, None)),
        )
        self.venue.exchange.rules.client_ids = "any"  # an order that is sent twice works twice
        self.recorder = self._open()
        self.witness = Witness(self.venue, database, self.requests, plan.limits["limits"])
        self.doubts = Doubts(database, absence_at(self.venue))

    def now(self) -> float:
        return self.time

    def say(self, line: str) -> None:
        self.story.append(f"{self.time:9.3f} {line}")

    def live(self) -> None:
        """From the first order to the healed world."""
        try:
            self._begin()
            self._run(self.plan.seconds)
            self._heal()
        finally:
            self.recorder.close()
            self.witness.close()
            self.doubts.close()
            for running in self.all:
                running.machine.is_dead = True
                running.ledger.close()
        self.odd += [
            f"{one.machine.name}: {error}" for one in self.all for error in one.machine.errors
        ]
        self.odd += [fault for one in self.all for fault in one.bot.odd]
        self.odd += [*self.witness.faults, *self.doubts.faults]

    # Time

    def _run(self, until: float) -> None:
        """Run whatever machine is ready, and let time jump where none is."""
        for _ in range(STEPS_AT_MOST):
            ready = [one.machine for one in self.all if one.machine.is_ready()]
            if ready:
                self._chance.choice(ready).step()
                continue
            wakes = [
                wakes_at for one in self.all if (wakes_at := one.machine.wakes_at()) is not None
            ]
            moment = min([*wakes, self._events[0][0] if self._events else until, until])
            self.time = max(self.time, moment)
            if self.time >= until:
                return
            while self._events and self._events[0][0] <= self.time:
                heapq.heappop(self._events)[2]()
        raise NotWell(f"more than {STEPS_AT_MOST} steps until {self.time}")

    def _at(self, moment: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._numbers), event))

    def _every(self, least: float, most: float, event: Callable[[], None]) -> None:
        def happen() -> None:
            event()
            self._at(self.time + self._chance.uniform(least, most), happen)

        self._at(self.time, happen)

    # What happens

    def _begin(self) -> None:
        plan = self.plan
        self.recorder.record_many(
            [parse_document(one) for one in (*self.venue.definitions(), *self.venue.marks())]
        )
        self._every(0.1, 0.8, self._record_feed)
        self._every(1.0, 5.0, self._record_marks)
        self._every(2.0, 8.0, self._backfill)
        self._every(1.0, 1.0, self._watch_doubts)
        self._start(forced=False)
        for times, event in (
            (plan.crashes, self._crash),
            (plan.pauses, self._pause),
            (plan.rivals, self._rival),
            (plan.outages, self._outage),
            (plan.steps, self._set_clock),
            (plan.halts, self._halt),
        ):
            for _ in range(times):
                self._at(self._chance.uniform(0, plan.seconds), event)

    def _record_feed(self) -> None:
        pushed = self.venue.advance(START + timedelta(seconds=self.time))
        self.recorder.record_many([parse_document(one) for one in pushed])

    def _record_marks(self) -> None:
        self.recorder.record_many([parse_document(one) for one in self.venue.marks()])

    def _backfill(self) -> None:
        """What a collector does after a drop: the history of what is open, and the fills."""
        if self.venue.is_connected:
            names = [
                row["client_order_id"]
                for row in self.recorder.open_orders()
                if row["client_order_id"]
            ]
            told = [
                one for name in names for one in self.venue.order_history(name)
            ] + self.venue.fills_since(START)
            self.recorder.record_many([parse_document(one) for one in told])

    def _watch_doubts(self) -> None:
        """What is in doubt now, and whether a gateway could have asked."""
        running = [
            one
            for one in self.all
            if not one.machine.is_dead
            and one.machine.paused_until <= self.time
            and one.trades
            and _is_sender(one.gateway)
        ]
        ahead = (self.venue.now - START).total_seconds() - self.time
        answers = self.venue.is_connected and ahead <= AHEAD_SECONDS  # else calls wait their turn
        is_asking = bool(running) and answers
        self.doubts.look(
            self.time, self.venue.now, self.recorder.open_orders(), is_asking=is_asking
        )

    def _crash(self) -> None:
        for running in self._alive():
            if running.machine.kill_in is None:
                running.machine.kill_in = self._chance.randint(0, 80)
                self.say(f"{running.machine.name} crashes in {running.machine.kill_in} steps")
                self._at(
                    self.time + self._chance.uniform(0.1, 5.0),
                    lambda: self._start(forced=self._chance.random() < 0.5),
                )
                return

    def _pause(self) -> None:
        for running in self._alive():
            seconds = self._chance.uniform(0.5, 3.0) * self.plan.lease_seconds
            running.machine.paused_until = self.time + seconds
            self.say(f"{running.machine.name} stands still for {seconds:.1f} s")
            if self._chance.random() < 0.6:
                self._at(
                    self.time + self._chance.uniform(0, seconds),
                    lambda: self._start(forced=self._chance.random() < 0.3),
                )
            return

    def _rival(self) -> None:
        self._start(forced=self._chance.random() < 0.7)

    def _outage(self) -> None:
        seconds = self._chance.choice((3.0, 20.0, 150.0))
        self.say(f"the venue is down for {seconds} s")
        self.venue.drop(seconds)

    def _set_clock(self) -> None:
        for running in self._alive():
            running.clock.offset = timedelta(
                seconds=self._chance.choice((-600, -2, 0, 2, 50, 600, 50_000))
            )
            self.say(f"the clock of {running.machine.name} is off by {running.clock.offset}")
            self.witness.days += running.clock.now().date() > START.date()

    def _halt(self) -> None:
        scope = self._chance.choice(({}, {"instrument": "BTC-USD"}, {"strategy": "grid"}))
        at = START + timedelta(seconds=self.time)
        cancels = self._chance.random() < 0.6
        self.say(f"halt of {scope or 'all'}, cancels: {cancels}")
        self.recorder.record(Halt(account=ACCOUNT, at=at, cancels_orders=cancels, **scope))
        if self._chance.random() < 0.7:
            self._at(self.time + self._chance.uniform(0.1, 10.0), lambda: self._resume(scope))

    def _resume(self, scope: dict[str, str]) -> None:
        self.say(f"trading resumes: {scope or 'all'}")
        self.recorder.record(
            ResumeTrading(account=ACCOUNT, at=START + timedelta(seconds=self.time), **scope)
        )

    # Machines

    def _alive(self) -> list[Running]:
        alive = [one for one in self.all if not one.machine.is_dead]
        self._chance.shuffle(alive)
        return alive

    def _open(self) -> Ledger:
        # Nothing here dies with its memory: a commit need not wait for the disk.
        return without_threads(
            Ledger.open(
                str(self.database),
                synchronous="OFF",
                update_views=False,
                clock=MachineClock(self.now),
            )
        )

    def _start(self, *, forced: bool) -> None:
        """A new process: nothing is left of an earlier one but the store and the venue."""
        name = f"G{next(self._names)}"
        machine, clock, ledger = Machine(name, self.now), MachineClock(self.now), self._open()
        chance = Random(f"{self.plan.seed} {name}")
        gateway = Gateway(
            cast(
                Ledger,
                WorldLedger(
                    ledger, chance, lambda: 0.0 if self.is_healed else self.plan.store_failures
                ),
            ),
            {
                ACCOUNT: WorldEntry(
                    self.venue, self.sent, chance, start=START, batch=self.plan.batch
                )
            },
            limits=GatewaySettings.model_validate(
                {"lease_seconds": self.plan.lease_seconds, **self.plan.limits}
            ),
            name=name,
            take_over=[ACCOUNT] if forced else [],
            clock=clock,
            elapsed=self.now,
        )
        bot = Bot(
            gateway,
            name,
            ACCOUNT,
            chance,
            self.now,
            self.say,
            self.requests,
            self.told,
            self.plan.busyness,
        )
        running = Running(machine, ledger, gateway, bot, clock)
        self.all.append(running)
        self.say(f"{name} starts{', by force' if forced else ''}")
        running.life = machine.create_task(self._life(running))

    async def _life(self, running: Running) -> None:
        try:
            await running.gateway.__aenter__()
        except Exception as error:
            self.say(f"{running.machine.name} cannot start: {type(error).__name__}: {error}")
            if not (self.plan.store_failures or isinstance(error, Fenced)):
                self.odd.append(
                    f"{running.machine.name} cannot start: {type(error).__name__}: {error}"
                )
            running.machine.is_dead = True
            return
        self.say(f"{running.machine.name} trades")
        running.trades = True
        if not self.is_healed:
            await running.bot.trade()

    # The end

    def _heal(self) -> None:
        """Nothing goes wrong any more, one gateway is started, and asks what it has to ask."""
        self.is_healed = True
        self.say("the world heals")
        before = self.venue._line.faults
        self.venue._line.faults = dataclasses.replace(
            CALM,
            latency_seconds=(0.001, 0.01),
            engine_seconds=before.engine_seconds,
            listed_after_seconds=before.listed_after_seconds,
        )
        for running in self._alive():
            running.machine.is_dead = True
        self._start(forced=True)
        down_until = max((to_at for _, to_at in self.venue.outages), default=START)
        ahead = max(down_until, self.venue.now) - START
        self._run(max(self.time, ahead.total_seconds()) + HEALING_SECONDS)
        self._record_feed()
        names = [row["client_order_id"] or "" for row in self.recorder.orders()]
        told = [one for name in names for one in self.venue.order_history(name)]
        self.recorder.record_many([parse_document(one) for one in told])
        self._run(self.time + 10.0)
        self.recorder.views.catch_up()

    def unfinished(self) -> Iterator[str]:
        """What the last gateway still waits for."""
        last = self.all[-1].gateway
        yield from (f"{key} is in flight" for key in last._sender.flights)
        yield from (
            f"the cancel of {key} is outstanding" for key in last._wired.canceler.outstanding
        )
