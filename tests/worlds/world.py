"""One world: a made-up venue, its accounts, our desk, and a real collector over a real file, until
all is well again."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from orderledger import Ledger
from orderledger.infrastructure.clock import SteppingClock
from orderledger.simulation.market import step
from orderledger.simulation.servers import Faults
from orderledger.venues.collecting.collector import Collector
from orderledger.venues.reconciliation.book import BookRecords
from orderledger.venues.reconciliation.reconciler import Reconciled, Reconciler, Rules
from tests.worlds.desk import Desk
from tests.worlds.house import NotWell, Running, Shifted, listening
from tests.worlds.plan import Plan
from tests.worlds.venues import kind_of

START = datetime(2026, 9, 21, 14, tzinfo=UTC)
GRACE = timedelta(milliseconds=20)
PATIENCE = 60.0
"""Seconds after which a world that does not become well has failed."""


class World:
    """`live` lives it. `story` is what happened, in lines; `errors` what should never have been
    logged."""

    def __init__(self, plan: Plan, database: Path) -> None:
        self.plan = plan
        self.database = database
        self.kind = kind_of(plan)
        self.story: list[str] = []
        self.errors: list[str] = []
        self.venue_clock = SteppingClock(START)
        self.clock = Shifted(self.venue_clock, plan.skew)
        self.exchange = self.kind.exchange(self.venue_clock)
        self.faults = Faults(plan.seed, delay_seconds=plan.delay_seconds, **plan.chances)
        self.server = self.kind.serve(self.exchange, self.faults, self.venue_clock)
        self.rules = Rules(
            lookback=timedelta(hours=1),
            overlap=plan.overlap,
            grace=GRACE,
            pause=0.002,
            opening_pause=0.01,
        )
        self.desk: Desk
        self._chance = Random(f"acts {plan.seed}")
        self._timing = Random(f"timing {plan.seed}")
        self._running: Running | None = None

    def say(self, line: str) -> None:
        self.story.append(line)

    async def live(self) -> None:
        """From the first act to the clean stop, and twice reconciled by hand after that."""
        with listening(self.say, self.errors):
            await self.server.start()
            bot = await asyncio.to_thread(self._open)
            self.desk = Desk(bot, self.exchange, self.kind, self.clock, self._chance, self.say)
            try:
                await self._start()
                if self.plan.is_quiet:
                    counters = self._running.collector.counters if self._running else {}
                    await self._until(
                        lambda: all(counters[account].is_up for account in self.kind.names), "up"
                    )
                for act in self.plan.acts:
                    await getattr(self, f"_{act}")()
                    await self._breathe()
                await self._heal()
                await self._stop()
            finally:
                await self._crash(is_over=True)
                await asyncio.to_thread(bot.close)
                await self.server.stop()

    async def reconcile_anew(self) -> list[Reconciled]:
        """Every account once more, by a program that remembers nothing."""
        with listening(self.say, self.errors):
            await self.server.start()
            ledger = await asyncio.to_thread(self._open)
            venue = self.kind.connect(self.server, BookRecords(ledger), self.clock, self._timing)
            try:
                reconciler = Reconciler(ledger, venue, self.clock, self.rules)
                return [await reconciler.run(account) for account in venue.accounts]
            finally:
                await venue.aclose()
                await asyncio.to_thread(ledger.views.catch_up)
                await asyncio.to_thread(ledger.close)
                await self.server.close()

    # What can be done, one method for each act of a plan.

    async def _happen(self) -> None:
        accounts = list(self.kind.names.values())
        happening = step(
            self.exchange,
            self._chance,
            accounts,
            self.kind.instruments,
            happenings=self.kind.happenings,
            client_id=self.kind.others_client_id,
            with_new_id=self.kind.new_ids,
        )
        self.say(f"the venue: {happening}")

    async def _burst(self) -> None:
        for _ in range(self._chance.randint(3, 25)):
            await self._happen()

    async def _request(self) -> None:
        await self.desk.request()

    async def _cancel(self) -> None:
        await self.desk.cancel()

    async def _replace(self) -> None:
        await self.desk.replace()

    async def _pause(self) -> None:
        await asyncio.sleep(self._timing.uniform(0.001, 0.02))

    async def _cut(self) -> None:
        self.say("all sockets are cut")
        self.server.cut_all()

    async def _stop_server(self) -> None:
        self.say("the venue is down")
        await self.server.stop()
        self.desk.is_reachable = False
        for act in self._chance.choices(
            (self._happen, self._request), (6, 1), k=self._chance.randint(0, 4)
        ):
            await act()
            await self._breathe()
        self.desk.is_reachable = True
        await self.server.start()
        self.say("the venue is back")

    async def _refuse(self) -> None:
        refuses = self._chance.random() < 0.5
        self.say(f"the venue {'refuses connections' if refuses else 'accepts connections'}")
        self.server.refuse_connections(refuses)
        self.desk.is_reachable = not refuses

    async def _crash(self, *, is_over: bool = False) -> None:
        """The collector is torn down as it stands."""
        running, self._running = self._running, None
        if running is None:
            return
        if not is_over:
            self.say("the collector crashes")
        running.is_publishing = False
        running.work.cancel()
        await asyncio.gather(running.work, return_exceptions=True)
        await asyncio.to_thread(running.ledger.close)
        if not is_over:
            await self._start_after_a_while()

    async def _restart(self) -> None:
        self.say("the collector is stopped")
        await self._stop()
        await self._start_after_a_while()

    # The collector.

    async def _start_after_a_while(self) -> None:
        for _ in range(self._chance.choice((0, 0, 1, 4))):
            await self._happen()
        await self._breathe()
        await self._start()

    async def _start(self) -> None:
        ledger = await asyncio.to_thread(self._open)
        venue = self.kind.connect(self.server, BookRecords(ledger), self.clock, self._timing)
        collector = Collector(
            ledger,
            [venue],
            self.clock,
            rules=self.rules,
            every=self.plan.every,
            publish=lambda status: (
                ledger.internals.publish("collector", status) if running.is_publishing else None
            ),
            publishing=0.02,
            retry_seconds=0.005,
        )
        before = await asyncio.to_thread(ledger.status)
        await collector.note_absence(before["collectors"].values())
        stop = asyncio.Event()
        running = Running(ledger, collector, stop, asyncio.create_task(collector.run(stop)))
        self._running = running
        self.say("the collector runs")

    async def _stop(self) -> None:
        """As on SIGTERM."""
        running, self._running = self._running, None
        assert running is not None
        running.stop.set()
        await running.work
        await asyncio.to_thread(running.ledger.views.catch_up)
        await asyncio.to_thread(running.ledger.close)

    async def _heal(self) -> None:
        """Nothing goes wrong any more. Every account is reconciled from here on, once at least."""
        assert self._running is not None
        self.say(f"the world heals; so far {dict(self.faults.done)}")
        self.faults.heal()
        self.server.refuse_connections(False)
        # What our clock takes for a moment ago is left to the next run: one that is behind takes
        # longer for it.
        self.venue_clock.set(
            self.venue_clock.now() + 2 * GRACE + max(timedelta(0), -self.plan.skew)
        )
        counters = self._running.collector.counters
        await self._until(
            lambda: all(
                counters[account].is_up and counters[account].reconciled
                for account in self.kind.names
            ),
            "reconciled after the start",
        )
        if self.plan.every is None:
            await self.server.stop()
            await self._until(
                lambda: not any(counters[account].is_up for account in self.kind.names), "down"
            )
            await self.server.start()
        healed_at = self.clock.now()

        def is_well(account: str) -> bool:
            known = counters[account]
            return (
                known.is_up
                and (known.last_reconciled_at or START) > healed_at
                and not self._open_gaps(account)
            )

        await self._until(
            lambda: all(map(is_well, self.kind.names)), "reconciled after the healing"
        )
        self.say("every account is reconciled")

    def _open_gaps(self, account: str) -> bool:
        return any(
            gap["to_at"] is None
            for gap in self.desk.ledger.log.account_events(account=account, kind="gap")
        )

    async def _until(self, holds: Callable[[], bool], what: str) -> None:
        assert self._running is not None
        try:
            async with asyncio.timeout(PATIENCE):
                while not holds():
                    if self._running.work.done():
                        self._running.work.result()
                    await asyncio.sleep(0.002)
        except TimeoutError:
            raise NotWell(f"never {what}: {self._running.collector.status()}") from None

    def _open(self) -> Ledger:
        # Nothing here dies with its memory: a commit need not wait for the disk.
        return Ledger.open(str(self.database), synchronous="OFF", clock=self.clock)

    async def _breathe(self) -> None:
        """Let the others run, for a moment or for none."""
        drawn = self._timing.random()
        if drawn < 0.5:
            await asyncio.sleep(0)
        elif drawn < 0.95:
            await asyncio.sleep(self._timing.uniform(0.0, 0.003))
