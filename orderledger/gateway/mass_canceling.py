"""Cancels all open orders of a scope, and an order with those that work for it.

All orders of a scope are canceled by one request of the venue where it has one (FIX Order Mass
Cancel Request), else each alone.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import TypeVar, cast

from orderledger.gateway.answers import answer_of
from orderledger.gateway.book import row_now
from orderledger.gateway.canceling import Canceler
from orderledger.gateway.emulation.runner import Emulator
from orderledger.gateway.flights import Flight
from orderledger.gateway.parts import GatewayParts
from orderledger.gateway.proposed import reduces
from orderledger.gateway.results import Sending
from orderledger.gateway.unsettled import Key
from orderledger.venues.base.order_entry import CancelsAll
from orderledger.venues.errors import NotSent, Unanswered

REPORT_SECONDS = 3.0
"""How long the venue may take to report what a cancel of everything has canceled."""
Result = TypeVar("Result")
Scope = tuple[str | None, str | None]
"""The scope of one request of a venue: account and instrument. Without an account: none."""
ALONE: Scope = (None, None)


class MassCanceler:
    """Cancels several orders of a gateway. `is_by_venue`: use the requests of venues that cancel
    everything."""

    def __init__(
        self,
        parts: GatewayParts,
        flights: Mapping[Key, Flight],
        canceler: Canceler,
        emulator: Emulator,
        *,
        is_by_venue: bool,
    ) -> None:
        self._parts = parts
        self._book = parts.book
        self._flights = flights
        self._canceler = canceler
        self._emulator = emulator
        self._is_by_venue = is_by_venue

    async def cancel(self, key: Key, reason: str | None) -> Sending:
        """Cancel an order and those that work for it. One that is held is never sent."""
        first, *others = self._emulator.keys_for_cancel(key)
        found = await all_of(self._cancel(one, reason) for one in (first, *others))
        return found[0]

    async def _cancel(self, key: Key, reason: str | None) -> Sending:
        if self._emulator.is_held(key):
            return await self._emulator.withdraw(key)
        return await self._canceler.cancel(key, reason=reason)

    async def cancel_all(
        self,
        account: str | None,
        instrument: str | None,
        strategy: str | None,
        *,
        reason: str | None,
        keeps_reducing: bool = False,
    ) -> list[Sending]:
        """Cancel. `keeps_reducing`: leave orders that the venue fills only against a position,
        such as protective stops."""
        wanted = (account, instrument, strategy)
        keys = self._in_scope(*wanted, keeps_reducing=keeps_reducing)
        if strategy is not None or keeps_reducing:
            return await self._each(keys, reason)
        groups = self._grouped(keys, is_of_instrument=instrument is not None)
        works = [self._group(*scope, found, reason) for scope, found in groups.items()]
        return [one for found in await all_of(works) for one in found]

    def _in_scope(self, *wanted: str | None, keeps_reducing: bool) -> list[Key]:
        """The orders in flight, the open ones and the held ones of a scope."""
        keys = {
            flight.key
            for flight in self._flights.values()
            if _is_in(flight.row, *wanted) and not (keeps_reducing and reduces(flight.row))
        }
        self._book.catch_up()
        for (account, instrument), working in list(self._book.exposures.working.items()):
            row = {"account": account, "instrument": instrument, "strategy": working.strategy}
            key = (account, working.client_order_id)
            if _is_in(row, *wanted) and not (keeps_reducing and self._reduces(key)):
                keys.add(key)
        for held in self._emulator.held():
            key = (held.account, held.client_order_id)
            is_kept = keeps_reducing and self._reduces(key)
            if _is_in(self._emulator.scope(held), *wanted) and not is_kept:
                keys.add(key)
        return sorted(key for key in keys if key[1])

    def _reduces(self, key: Key) -> bool:
        order = self._book.order(*key)
        return order is not None and reduces(row_now(order, *key))

    def _grouped(self, keys: Sequence[Key], *, is_of_instrument: bool) -> dict[Scope, list[Key]]:
        """The orders by the request that covers them. Orders in flight are canceled alone: they
        may reach the venue after such a request. So are held ones: the venue does not have them."""
        groups: dict[Scope, list[Key]] = {}
        for key in keys:
            is_alone = key in self._flights or self._emulator.is_held(key)
            covered = None if is_alone else self._covered(key[0])
            order = self._book.order(*key)
            instrument = order.terms.instrument if order is not None else None
            if covered is None or instrument is None:
                scope = ALONE
            else:
                is_account = covered == "account" and not is_of_instrument
                scope = (key[0], None if is_account else instrument)
            groups.setdefault(scope, []).append(key)
        return groups

    def _covered(self, account: str) -> str | None:
        """The scope that one request of the venue cancels."""
        entry = self._parts.entries[account]
        is_used = self._is_by_venue and isinstance(entry, CancelsAll)
        return cast(CancelsAll, entry).cancel_all_scope if is_used else None

    async def _group(
        self, account: str | None, instrument: str | None, keys: list[Key], reason: str | None
    ) -> list[Sending]:
        if account is None or len(keys) == 1:
            return await self._each(keys, reason)
        return await self._cancel_by_venue(account, instrument, keys, reason=reason)

    async def _cancel_by_venue(
        self, account: str, instrument: str | None, keys: Sequence[Key], *, reason: str | None
    ) -> list[Sending]:
        """Record the cancels of orders in one commit, and have the venue cancel everything in one
        request. The venue's reports show what was canceled. An order that they do not show is
        canceled alone after `REPORT_SECONDS`; all are, if the request fails.
        """
        new = [key for key in keys if key not in self._canceler.outstanding]
        await self._canceler.request(account, new, reason)
        entry = cast(CancelsAll, self._parts.entries[account])
        paced = self._parts.paced(account, entry.cancel_all_orders(instrument))
        turn = self._parts.turn(account, is_first=True)
        answer = await answer_of(paced, self._parts.answer_seconds, turn)
        if isinstance(answer, NotSent | Unanswered):
            return [await self._canceler.send_cancel(key) for key in keys]
        if answer:
            await self._parts.ledger.recording.arecord_together(answer)
        until = asyncio.get_running_loop().time() + REPORT_SECONDS
        for key in keys:
            if (outstanding := self._canceler.outstanding.get(key)) is not None:
                outstanding.waits_until = until
        return [Sending("received", *key, messages=tuple(answer)) for key in keys]

    async def _each(self, keys: Iterable[Key], reason: str | None) -> list[Sending]:
        return await all_of(self.cancel(key, reason) for key in keys)


async def all_of(works: Iterable[Awaitable[Result]]) -> list[Result]:
    """Wait until all have ended, then raise the first error, if any."""
    found = await asyncio.gather(*works, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException):
            raise one
    return cast(list[Result], found)


def _is_in(
    row: Mapping[str, object], account: str | None, instrument: str | None, strategy: str | None
) -> bool:
    wanted = (("account", account), ("instrument", instrument), ("strategy", strategy))
    return all(value in (None, row[name]) for name, value in wanted)
