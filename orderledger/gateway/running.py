"""Runs a gateway: it starts it, follows the log while it trades, and ends it."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from orderledger import HaltMode, LedgerError
from orderledger.extend.events import Recorded, accounts
from orderledger.extend.runtime import EventLogger, threads
from orderledger.gateway import native_groups
from orderledger.gateway.leasing import WATCH_SECONDS, Leasing
from orderledger.gateway.wiring import Wiring
from orderledger.venues.base.pauses import restore_pauses

CANCEL_SECONDS = 1.0
"""Seconds between two rounds that send outstanding cancels."""
CLOSING_SECONDS = 15.0

log = EventLogger("orderledger.gateway")


class Running:
    """The run of a gateway. `tasks`: those that run until it ends."""

    def __init__(self, wired: Wiring, leasing: Leasing) -> None:
        self.tasks: list[asyncio.Task[None]] = []
        self._ledger = wired.parts.ledger
        self._wired = wired
        self._book = wired.book
        self._leasing = leasing
        self._halts_done: set[int] = set()

    async def begin(self) -> None:
        """Take the leases, find what a crash has left, query the venues, and begin to trade."""
        try:
            await self._prepare()
        except BaseException:
            await self.end()
            raise
        self._run(self._watch())
        self._run(self._wired.resolver.run(besides=self._wired.sender.flights))
        self._run(self._wired.publisher.run())
        self._run(self._wired.parts.clocks.run())
        self._run(self._wired.switches.run())

    async def _prepare(self) -> None:
        wired, clock = self._wired, self._wired.parts.clock
        self._run(self._leasing.keep())
        await self._leasing.take()
        await self._leasing.record_senders()
        await threads.to_thread(restore_pauses, self._ledger, wired.pacings, clock)
        await threads.to_thread(self._book.catch_up)
        self._book.on_event = self._deliver
        await wired.parts.clocks.measure()
        await wired.resolver.begin()
        wired.canceler.restore()
        await wired.resolver.resolve(besides={})
        wired.emulator.tick()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.append(asyncio.create_task(work))

    def _deliver(self, recorded: Recorded) -> None:
        self._wired.emulator.note(recorded)
        self._wired.look_ups.missed.update(native_groups.left_behind(recorded, self._book))
        self._wired.feeds.deliver(recorded)

    async def finish(self) -> None:
        """Wait until what is being sent is done, then end."""
        await self._wired.tasks.wait(CLOSING_SECONDS)
        await self._wired.switches.switch_off()
        await self.end()

    async def end(self) -> None:
        """Stop, and release the leases. The orders stay as they are."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self._wired.feeds.end()
        await self._wired.publisher.publish(is_running=False)
        with suppress(LedgerError):  # otherwise the next process waits until the lease ends
            await threads.to_thread(self._wired.parts.keeper.release)

    async def _watch(self) -> None:
        """Follow the log: obey halts, send outstanding cancels, and halt when a breaker trips."""
        canceled_at = 0.0
        while True:
            try:
                self._book.catch_up()
                await self._obey_halts()
                await self._break()
                self._wired.emulator.tick()
                if asyncio.get_running_loop().time() - canceled_at >= CANCEL_SECONDS:
                    canceled_at = asyncio.get_running_loop().time()
                    await self._send_cancels()
            # any error: when it is over, halts must be obeyed and cancels sent
            except Exception as error:
                log.warning("the gateway cannot follow the ledger", error=str(error))
            await asyncio.sleep(WATCH_SECONDS)

    async def _obey_halts(self) -> None:
        for position, halt in list(self._book.halts.items()):
            if position not in self._halts_done:
                scope = {name: halt[name] for name in ("account", "instrument", "strategy")}
                log.warning("trading is halted", **scope, reason=halt["reason"])
                if halt["cancels_orders"]:
                    account = None if halt["account"] == accounts.EVERY_ACCOUNT else halt["account"]
                    await self._wired.mass_canceler.cancel_all(
                        account,
                        halt["instrument"],
                        halt["strategy"],
                        reason="halted",
                        keeps_reducing=halt["mode"] == HaltMode.REDUCE,
                    )
                self._halts_done.add(position)

    async def _break(self) -> None:
        if self._wired.breakers:
            status = await threads.to_thread(self._ledger.status)
            now = self._wired.parts.clock.now()
            changes = [
                *self._wired.breakers.halts(now, status),
                *self._wired.breakers.resumes(now, status),
            ]
            if changes:
                await self._ledger.recording.arecord_together(changes)
                self._book.catch_up()

    async def _send_cancels(self) -> None:
        self._wired.canceler.restore()
        for key in list(self._wired.canceler.outstanding):
            if key not in self._wired.sender.flights and self._wired.canceler.is_due(key):
                self._wired.tasks.start(self._wired.canceler.send_cancel(key))
