"""`Gateway`: the one object between a strategy and its venues. It records before it sends, and
survives restarts."""

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import suppress
from decimal import Decimal
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import msgspec

from orderledger import HaltMode, InvalidSetting, LedgerError, Request, StoreError
from orderledger import Sender as SenderMessage
from orderledger.extend.events import Recorded, accounts
from orderledger.extend.runtime import EventLogger
from orderledger.extend.values import Clock, SystemClock
from orderledger.gateway.arguments import number_in, order_id_in, request_in, requests_in
from orderledger.gateway.book import Book
from orderledger.gateway.breakers import Breakers
from orderledger.gateway.canceling import AllCanceler, all_of
from orderledger.gateway.changing import Changer
from orderledger.gateway.emulation.requests import Exit, bracket, one_cancels_other
from orderledger.gateway.emulation.runner import Emulator
from orderledger.gateway.late_cancels import settle_earlier_cancels
from orderledger.gateway.lease_keeper import LeaseKeeper
from orderledger.gateway.leases import Leases
from orderledger.gateway.loading import load
from orderledger.gateway.look_ups import LookUps, own_look_ups
from orderledger.gateway.parts import GatewayParts, pacings_of
from orderledger.gateway.process import elapsed
from orderledger.gateway.published import GatewayStatuses
from orderledger.gateway.publishing import Publisher
from orderledger.gateway.resolving import OutcomeResolver
from orderledger.gateway.results import (
    Held,
    MarkSource,
    OrderLookup,
    Sending,
)
from orderledger.gateway.sending import Sender
from orderledger.gateway.settings import GatewaySettings, read_settings
from orderledger.gateway.switches import Switches
from orderledger.gateway.unsettled import Unsettled
from orderledger.gateway.venue_clocks import VenueClocks
from orderledger.rows import OrderRow
from orderledger.venues.base.order_entry import OrderEntry
from orderledger.venues.base.pauses import pacings_in, restore_pauses

if TYPE_CHECKING:
    from orderledger import Ledger

__all__ = ["Gateway"]

WATCH_SECONDS = 0.25
"""Seconds between two reads of the log for halts and answers."""
CANCEL_SECONDS = 1.0
CLOSING_SECONDS = 15.0
BEGIN_SECONDS = 0.001
"""Between two looks whether an order of `submit_soon` is being sent."""

Number = Decimal | str | int
Result = TypeVar("Result")

log = EventLogger("orderledger.gateway")


class Gateway:
    """Sends orders of some accounts through their order entries, and records everything in the
    ledger.

    `entries`: the order entry of each account. `limits`: a TOML file, or settings. `venues`:
    adapters that are queried about orders with an unknown outcome; without one, a collector's
    reports resolve them. An entry that has the method `order` of `Venue` serves as its own. `name`:
    shown as the sender. `take_over`: accounts to take from another process at once, by an
    operator's decision. `answer_seconds`: after this time without an answer, the outcome of a
    request is unknown. `clock` dates what is recorded; `elapsed` counts seconds for leases,
    whatever the clock is set to. The venue's own clock counts for proofs of absence. `marks` has a
    mark of each instrument recorded before its first order is checked.

    Use it as an asynchronous context manager, in one event loop. Entering it waits until no other
    process sends for the accounts, finds what a crash has left, queries the venues, and then
    trades.
    """

    def __init__(
        self,
        ledger: "Ledger",
        entries: Mapping[str, OrderEntry],
        *,
        limits: str | PathLike[str] | GatewaySettings | None = None,
        venues: Mapping[str, OrderLookup] | None = None,
        name: str = "gateway",
        take_over: Iterable[str] = (),
        answer_seconds: float = 10.0,
        clock: Clock | None = None,
        elapsed: Callable[[], float] = elapsed,
        marks: MarkSource | None = None,
    ) -> None:
        settings = (
            limits
            if isinstance(limits, GatewaySettings)
            else read_settings(limits)
            if limits
            else GatewaySettings()
        )
        if unknown := sorted({*take_over} - {*entries}):
            raise InvalidSetting("take_over", f"{unknown[0]!r} is not an account of this gateway")
        self.settings = settings
        self._ledger = ledger
        self._entries = dict(entries)
        self._clock = clock or SystemClock()
        self._marks = marks
        self._take_over = frozenset(take_over)
        self._book = Book(ledger.internals.store, entries, self._clock, settings.zone, self._load)
        self._book.highs = {rule: {} for rule in self._rules_of_highs()}
        self._keeper = LeaseKeeper(
            Leases(ledger.internals.store.database),
            entries,
            name,
            settings.lease_seconds,
            elapsed,
            epoch=lambda: ledger.internals.store.epoch.number,
        )
        self._breakers = Breakers(settings.breakers, self._book)
        self._clocks = VenueClocks(self._entries, self._clock)
        statuses = GatewayStatuses(ledger.internals.store.database)
        pacings = pacings_of(entries)
        self._pacings = pacings_in(entries, pacings)
        self._publisher = Publisher(
            *(statuses, self._breakers, self._keeper, self._clock, self._clocks),
            *(ledger.status, self._pacings),
        )
        self._unsettled = Unsettled(ledger, self._book, self._clock)
        parts = GatewayParts(
            ledger,
            self._entries,
            self._book,
            self._keeper,
            self._unsettled,
            self._clock,
            self._clocks,
            answer_seconds,
            self._note,
            settings.patience_seconds,
            pacings,
        )
        look_ups = LookUps({**own_look_ups(entries), **(venues or {})}, self._book)
        self._sender = Sender(
            parts,
            rules=settings.rules,
            policy=settings.unresolved,
            slippage=settings.market_slippage,
            mark_seconds=settings.trigger_mark_seconds,
        )
        self._changer = Changer(parts, self._sender, look_ups)
        self._emulator = Emulator(
            parts,
            self._sender,
            self._changer,
            look_ups,
            self._start,
            mark_age_seconds=settings.trigger_mark_seconds,
        )
        self._canceler = AllCanceler(
            parts,
            self._sender,
            self._cancel,
            self._changer,
            self._emulator,
            is_by_venue=settings.venue_cancel_all,
        )
        self._switches = Switches(parts, settings.dead_mans_switches)
        self._resolver = OutcomeResolver(
            parts, look_ups, elapsed=elapsed, replacing=self._changer.replacing
        )
        self._tasks: set[asyncio.Task[Any]] = set()
        self._announced: dict[asyncio.Task[Sending], tuple[str, str]] = {}
        self._watching: list[asyncio.Task[None]] = []
        self._feeds: set[asyncio.Queue[Recorded | None]] = set()
        self._halts_done: set[int] = set()

    # Sending

    async def submit(self, request: Request) -> Sending:
        """Record an order, send it, and return the result.

        Raises Fenced if another process sends for the account, and StoreError if nothing could be
        recorded: in both cases nothing was sent. Canceling the calling task does not stop the
        sending.
        """
        return (await self.submit_many([request_in(request)]))[0]

    async def submit_many(self, requests: Sequence[Request]) -> list[Sending]:
        """Record and send orders: one commit for each account, and one call if the venue takes
        several orders at a time.

        Returns the results in the order of the requests. Raises as `submit` does.
        """
        by_account: dict[str, list[int]] = {}
        requests = requests_in(requests)
        for number, request in enumerate(requests):
            self._check_account(request.account)
            by_account.setdefault(request.account, []).append(number)
        if self._marks is not None:
            await self._marks.ensure(requests)
        sendings = [
            self._sender.send(account, [requests[one] for one in numbers])
            for account, numbers in by_account.items()
        ]
        found = await self._shielded(all_of(sendings))
        results = {
            number: result
            for numbers, answers in zip(by_account.values(), found, strict=True)
            for number, result in zip(numbers, answers, strict=True)
        }
        return [results[number] for number in range(len(requests))]

    def submit_soon(self, request: Request) -> "asyncio.Task[Sending]":
        """Begin to send an order. The task ends with its result; the caller need not wait for
        it. From now on `cancel` finds the order."""
        self._check_account(request_in(request).account)
        sending, key = self._start(self.submit(request)), (request.account, request.client_order_id)
        self._announced[sending] = key
        sending.add_done_callback(self._announced.pop)
        return sending

    async def submit_bracket(
        self,
        entry: Request,
        *,
        take_profit: Exit | None = None,
        stop_loss: Exit | None = None,
        reduce_only: bool = False,
    ) -> list[Sending]:
        """Submit an entry with its exits. They work what the entry has filled, and as soon as one
        of them fills, the other works that much less.

        An exit is a price or a whole `Request`. A price makes a limit order (`take_profit`) or a
        stop order (`stop_loss`) of the other side for the entry's quantity. It is named like the
        entry with `-tp` or `-sl` at its end. `reduce_only`: the exits made from prices can only
        reduce the position, where the venue has that.

        Returns the results of the entry and the exits. Raises InvalidSetting for exits that do not
        fit, and otherwise as `submit` does.
        """
        return await self.submit_many(
            bracket(entry, take_profit=take_profit, stop_loss=stop_loss, reduce_only=reduce_only)
        )

    async def submit_oco(self, *requests: Request) -> list[Sending]:
        """Submit orders of which one cancels the others: a fill of one reduces the others by as
        much, and the end of one cancels them.

        Raises InvalidSetting if they differ in account or quantity, and otherwise as `submit`
        does.
        """
        return await self.submit_many(one_cancels_other(requests))

    def held(self) -> list[Held]:
        """List the orders that this gateway holds, and what each waits for."""
        self._book.catch_up()
        return self._emulator.held()

    async def cancel(
        self, client_order_id: str, *, account: str | None = None, reason: str | None = None
    ) -> Sending:
        """Cancel an order. An order that is not sent yet is never sent; an order that the venue
        cannot know yet is canceled later.

        Raises UnknownOrder, AmbiguousOrder, and otherwise as `submit` does.
        """
        await self._begun(order_id_in(client_order_id))
        key = self._changer.key_of(client_order_id, account)
        return await self._shielded(self._cancel(key, reason))

    async def replace(
        self,
        client_order_id: str,
        *,
        account: str | None = None,
        quantity: Number | None = None,
        limit_price: Number | None = None,
        stop_price: Number | None = None,
    ) -> Sending:
        """Change an open order: its total quantity (FIX OrderQty), a price, or both. Raises as
        `cancel` does."""
        key = self._changer.key_of(order_id_in(client_order_id), account)
        given = {"quantity": quantity, "limit_price": limit_price, "stop_price": stop_price}
        numbers = [None if one is None else number_in(one, name) for name, one in given.items()]
        return await self._shielded(self._changer.replace(key, *numbers))

    async def cancel_all(
        self,
        *,
        account: str | None = None,
        instrument: str | None = None,
        strategy: str | None = None,
        reason: str | None = None,
    ) -> list[Sending]:
        """Cancel all our open orders in an account, an instrument or a strategy.

        If the venue can cancel a whole account or instrument in one request, that request is sent
        (`venue_cancel_all` in the settings). It cancels orders made elsewhere too. Every order
        counts as open until the venue reports its end.
        """
        work = self._canceler.cancel(account, instrument, strategy, reason=reason)
        return await self._shielded(work)

    async def _begun(self, client_order_id: str) -> None:
        """Wait until the orders of `submit_soon` with this id are being sent."""
        while waiting := [
            sending
            for sending, key in self._announced.items()
            if key[1] == client_order_id and key not in self._sender.flights
        ]:
            await asyncio.wait(waiting, timeout=BEGIN_SECONDS)

    async def _cancel(self, key: tuple[str, str], reason: str | None) -> Sending:
        """Cancel an order and those that work for it. One that is held is never sent."""
        first, *others = self._emulator.keys_for_cancel(key)
        found = await all_of(self._cancel_one(one, reason) for one in (first, *others))
        return found[0]

    async def _cancel_one(self, key: tuple[str, str], reason: str | None) -> Sending:
        if self._emulator.is_held(key):
            return await self._emulator.withdraw(key)
        return await self._changer.cancel(key, reason=reason)

    async def resend(
        self,
        client_order_id: str,
        *,
        account: str | None = None,
        force: bool = False,
        actor: str | None = None,
    ) -> Sending:
        """Send an order again after the venue's own rule has proved that it never received it.
        Otherwise `absence_not_proved`.

        `force`: without proof, by an operator's decision; the venue may then work the order twice.
        It needs `actor`, who decides, and is recorded. The order gets a new id at the venue,
        unless the venue refuses a used id for ever. An order that the venue has shown, or that has
        ended otherwise than by `never_arrived`, is never sent again.
        """
        if force and not actor:
            raise InvalidSetting(
                "actor", "is required to force a second send: the ledger records who decided it"
            )
        key = self._changer.key_of(order_id_in(client_order_id), account)
        order = self._book.order(*key)
        is_in_doubt = order is not None and not order.is_ended and order.confirmed_at is None
        is_safe = self._entries[key[0]].abilities.resends_safely
        if is_in_doubt and not (force or is_safe or self._resolver.is_proved_absent(key)):
            text = self._resolver.absence_text(key)
            return Sending("refused", *key, "absence_not_proved", text)
        row = await asyncio.to_thread(self._ledger.order, key[1], account=key[0])
        self._resolver.forget(key)
        return await self._shielded(self._sender.resend(row, actor=actor if force else None))

    async def feed(self) -> AsyncIterator[Recorded]:
        """Every event of the gateway's accounts from now on, from any source, in log order."""
        queue: asyncio.Queue[Recorded | None] = asyncio.Queue()
        self._feeds.add(queue)
        try:
            while (recorded := await queue.get()) is not None:
                yield recorded
        finally:
            self._feeds.discard(queue)

    # Life

    async def __aenter__(self) -> Self:
        try:
            self._watching.append(asyncio.create_task(self._keep_leases()))
            await self._take_leases()
            await self._record_senders()
            await asyncio.to_thread(restore_pauses, self._ledger, self._pacings, self._clock)
            await asyncio.to_thread(self._book.catch_up)
            self._book.on_event = self._deliver
            await self._clocks.measure()
            await self._resolver.begin()
            await settle_earlier_cancels(self._ledger, self._book, self._clock)
            self._changer.restore()
            await self._resolver.resolve(besides={})
            self._emulator.tick()
        except BaseException:
            await self._end()
            raise
        self._watching.append(asyncio.create_task(self._watch()))
        resolving = self._resolver.run(besides=self._sender.flights)
        self._watching.append(asyncio.create_task(resolving))
        self._watching.append(asyncio.create_task(self._publisher.run()))
        self._watching.append(asyncio.create_task(self._clocks.run()))
        self._watching.append(asyncio.create_task(self._switches.run()))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSING_SECONDS)
        await self._switches.switch_off()
        await self._end()

    async def _end(self) -> None:
        """Stop, and release the leases. The orders stay as they are."""
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
        for queue in self._feeds:
            queue.put_nowait(None)
        await self._publisher.publish(is_running=False)
        with suppress(LedgerError):  # otherwise the next process waits until the lease ends
            await asyncio.to_thread(self._keeper.release)

    async def _take_leases(self) -> None:
        """Wait for the leases. Meanwhile the state is loaded and follows the log: after a takeover
        only the last events are to be read, however long the day was.
        """
        is_taken = asyncio.Event()
        following = asyncio.create_task(self._follow_until(is_taken))
        try:
            await self._keeper.take(self._take_over)
        finally:
            is_taken.set()
            await following

    async def _follow_until(self, is_taken: asyncio.Event) -> None:
        await asyncio.to_thread(self._load, self._book)
        while not is_taken.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(WATCH_SECONDS):
                    await is_taken.wait()
            with suppress(StoreError):  # it is read again, and at the latest after the takeover
                await asyncio.to_thread(self._book.catch_up)

    async def _record_senders(self) -> None:
        for account in self._keeper.accounts:
            is_forced = account in self._keeper.forced
            fence = self._keeper.fence(account)
            changed = SenderMessage(
                account=account,
                at=self._clock.now(),
                holder=self._keeper.holder,
                fence=fence,
                is_forced=is_forced,
            )
            await self._ledger.recording.arecord_together([changed], fence=fence)

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(self._keeper.pause)
            try:
                await asyncio.to_thread(self._keeper.renew)
            except Exception as error:  # without a renewal the leases end, and nothing is sent
                log.warning("leases cannot be renewed", error=str(error))

    async def _watch(self) -> None:
        """Follow the log: obey halts, send outstanding cancels, and halt when a breaker trips."""
        canceled_at = 0.0
        while True:
            try:
                self._book.catch_up()
                await self._obey_halts()
                await self._break()
                self._emulator.tick()
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
                log.warning(
                    "trading is halted",
                    **{
                        name: halt[name] for name in ("account", "instrument", "strategy", "reason")
                    },
                )
                if halt["cancels_orders"]:
                    account = None if halt["account"] == accounts.EVERY_ACCOUNT else halt["account"]
                    await self._canceler.cancel(
                        account,
                        halt["instrument"],
                        halt["strategy"],
                        reason="halted",
                        keeps_reducing=halt["mode"] == HaltMode.REDUCE,
                    )
                self._halts_done.add(position)

    async def _break(self) -> None:
        if self.settings.breakers:
            status = await asyncio.to_thread(self._ledger.status)
            now = self._clock.now()
            changes = [*self._breakers.halts(now, status), *self._breakers.resumes(now, status)]
            if changes:
                await self._ledger.recording.arecord_together(changes)
                self._book.catch_up()

    async def _send_cancels(self) -> None:
        self._changer.restore()
        for key in list(self._changer.outstanding):
            if key not in self._sender.flights and self._changer.is_due(key):
                self._start(self._changer.send_cancel(key))

    # Internals

    def _load(self, book: Book) -> None:
        self._ledger.views.catch_up()
        load(book)
        self._emulator.reload()

    def _rules_of_highs(self) -> list[Any]:
        of_breakers = [
            one.limits(account) for one in self.settings.breakers for account in self._entries
        ]
        return [rule for rule in (*self.settings.rules, *of_breakers) if rule.drawdown is not None]

    def _note(self, result: Sending, row: OrderRow | None, is_failure: bool) -> None:
        self._breakers.note(result, row, self._clock.now(), is_failure=is_failure)
        if result.state == "unresolved" and is_failure:
            self._start(self._resolver.query((result.account, result.client_order_id)))

    def _deliver(self, recorded: Recorded) -> None:
        self._emulator.note(recorded)
        for queue in self._feeds:
            queue.put_nowait(msgspec.structs.replace(recorded))

    def _check_account(self, account: str) -> None:
        if account not in self._entries:
            raise InvalidSetting(
                "account",
                f"{account!r} is not an account of this gateway: "
                f"{', '.join(sorted(self._entries))}",
            )

    def _start(self, work: Coroutine[Any, Any, Result]) -> "asyncio.Task[Result]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("sending failed", error=str(error))

    async def _shielded(self, work: Awaitable[Result]) -> Result:
        """Wait for work that continues if the waiting task is canceled."""

        async def run() -> Result:
            return await work

        return await asyncio.shield(self._start(run()))
