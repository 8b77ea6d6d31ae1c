"""`Gateway`: the one object between a strategy and its venues. It records before it sends, and
survives restarts."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast

from orderledger import InvalidSetting, Request
from orderledger.extend.events import Recorded
from orderledger.extend.runtime import threads
from orderledger.extend.values import Clock, SystemClock
from orderledger.gateway.arguments import number_in, order_id_in, request_in, requests_in
from orderledger.gateway.book import Book
from orderledger.gateway.emulation.requests import Exit, bracket, one_cancels_other
from orderledger.gateway.leasing import Leasing
from orderledger.gateway.loading import load
from orderledger.gateway.mass_canceling import all_of
from orderledger.gateway.process import elapsed
from orderledger.gateway.proposed import ChangedTerms
from orderledger.gateway.results import Held, MarkSource, OrderLookup, Sending
from orderledger.gateway.running import Running
from orderledger.gateway.settings import GatewaySettings, read_settings
from orderledger.gateway.wiring import Wiring
from orderledger.venues.base.order_entry import OrderEntry

if TYPE_CHECKING:
    from orderledger import Ledger

__all__ = ["Gateway"]

BEGIN_SECONDS = 0.001
"""Between two looks whether an order of `submit_soon` is being sent."""

Number = Decimal | str | int


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
        if unknown := sorted({*take_over} - {*entries}):
            raise InvalidSetting("take_over", f"{unknown[0]!r} is not an account of this gateway")
        if not isinstance(limits, GatewaySettings):
            limits = read_settings(limits) if limits else GatewaySettings()
        self.settings = limits
        self._ledger = ledger
        self._entries = dict(entries)
        self._marks = marks
        self._wired = wired = Wiring(
            ledger,
            self._entries,
            self.settings,
            self._load,
            venues=venues or {},
            name=name,
            answer_seconds=answer_seconds,
            clock=clock or SystemClock(),
            elapsed=elapsed,
        )
        self._book = wired.book
        self._tasks = wired.tasks
        self._sender = wired.sender
        self._resolver = wired.resolver
        self._running = Running(wired, Leasing(wired.parts, self._load, take_over))
        self._announced: dict[asyncio.Task[Sending], tuple[str, str]] = {}

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
        found = await self._tasks.shielded(all_of(sendings))
        results = dict(zip(chain(*by_account.values()), chain(*found), strict=True))
        return [results[number] for number in range(len(requests))]

    def submit_soon(self, request: Request) -> "asyncio.Task[Sending]":
        """Begin to send an order. The task ends with its result; the caller need not wait for
        it. From now on `cancel` finds the order."""
        self._check_account(request_in(request).account)
        sending, key = (
            self._tasks.start(self.submit(request)),
            (request.account, request.client_order_id),
        )
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
        fit or are on the wrong side, and otherwise as `submit` does.
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
        return self._wired.emulator.held()

    async def cancel(
        self, client_order_id: str, *, account: str | None = None, reason: str | None = None
    ) -> Sending:
        """Cancel an order. An order that is not sent yet is never sent; an order that the venue
        cannot know yet is canceled later.

        Raises UnknownOrder, AmbiguousOrder, and otherwise as `submit` does.
        """
        await self._begun(order_id_in(client_order_id))
        key = self._sender.key_of(client_order_id, account)
        return await self._tasks.shielded(self._wired.mass_canceler.cancel(key, reason))

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
        key = self._sender.key_of(order_id_in(client_order_id), account)
        given = {"quantity": quantity, "limit_price": limit_price, "stop_price": stop_price}
        terms = {name: number_in(one, name) for name, one in given.items() if one is not None}
        return await self._tasks.shielded(
            self._wired.replacer.replace(key, cast(ChangedTerms, terms))
        )

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
        work = self._wired.mass_canceler.cancel_all(account, instrument, strategy, reason=reason)
        return await self._tasks.shielded(work)

    async def _begun(self, client_order_id: str) -> None:
        """Wait until the orders of `submit_soon` with this id are being sent."""
        while waiting := [
            sending
            for sending, key in self._announced.items()
            if key[1] == client_order_id and key not in self._sender.flights
        ]:
            await asyncio.wait(waiting, timeout=BEGIN_SECONDS)

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
        key = self._sender.key_of(order_id_in(client_order_id), account)
        order = self._book.order(*key)
        is_in_doubt = order is not None and not order.is_ended and order.confirmed_at is None
        is_safe = self._entries[key[0]].abilities.resends_safely
        if is_in_doubt and not (force or is_safe or self._resolver.is_proved_absent(key)):
            text = self._resolver.absence_text(key)
            return Sending("refused", *key, "absence_not_proved", text)
        row = await threads.to_thread(self._ledger.order, key[1], account=key[0])
        self._resolver.forget(key)
        return await self._tasks.shielded(
            self._wired.resender.resend(row, actor=actor if force else None)
        )

    def feed(self) -> AsyncIterator[Recorded]:
        """Every event of the gateway's accounts from now on, from any source, in log order."""
        return self._wired.feeds.events()

    # Life

    async def __aenter__(self) -> Self:
        await self._running.begin()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._running.finish()

    # Internals

    def _load(self, book: Book) -> None:
        self._ledger.views.catch_up()
        load(book)
        self._wired.emulator.reload()

    def _check_account(self, account: str) -> None:
        if account not in self._entries:
            raise InvalidSetting(
                "account",
                f"{account!r} is not an account of this gateway: "
                f"{', '.join(sorted(self._entries))}",
            )
