"""Dead man's switches: the venue cancels the orders of an account unless the sender renews it.

Off unless the settings name the account. A switch is renewed only while the lease holds, and never
while a protective order rests at the venue that it would cancel.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from orderledger import InvalidSetting, OrderType
from orderledger.extend.events import Order
from orderledger.extend.runtime import EventLogger
from orderledger.gateway.book import row_now
from orderledger.gateway.parts import GatewayParts
from orderledger.gateway.proposed import reduces
from orderledger.gateway.settings import DeadMansSwitch
from orderledger.rows import OrderRow
from orderledger.venues.base.order_entry import HasSwitch, OrderEntry, SwitchTerms
from orderledger.venues.base.transport import taking
from orderledger.venues.errors import VenueError

RENEWALS = 4
"""Renewals within the time of a switch."""
PROTECTIVE = frozenset(
    {
        OrderType.STOP,
        OrderType.STOP_LIMIT,
        OrderType.TRAILING_STOP,
        OrderType.TAKE_PROFIT,
        OrderType.TAKE_PROFIT_LIMIT,
    }
)

log = EventLogger("orderledger.gateway")


@dataclass(slots=True)
class Armed:
    """A switch and its state. `set_for`: the instruments whose switch runs at the venue; None
    means the account. `failed_for`: those that the venue did not take last. `blocked_by`: the
    protective order that keeps it off. `turn`: held while it is renewed; `is_due`: another renewal
    waits for that."""

    setting: DeadMansSwitch
    entry: HasSwitch
    terms: SwitchTerms
    set_for: set[str | None] = field(default_factory=set)
    failed_for: set[str | None] = field(default_factory=set)
    blocked_by: str | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    is_due: bool = False


class Switches:
    """The switches of a gateway's accounts. Raises InvalidSetting for an account whose venue has
    none, or not for these seconds."""

    def __init__(self, parts: GatewayParts, settings: Sequence[DeadMansSwitch]) -> None:
        self._parts = parts
        self._armed = [armed_switch(one, parts.entries) for one in settings]
        self._renewals: set[asyncio.Task[None]] = set()
        self._is_off = False

    async def run(self) -> None:
        """Renew all switches until canceled."""
        if not self._armed:
            return
        while True:
            await self.renew()
            await asyncio.sleep(min(one.setting.seconds for one in self._armed) / RENEWALS)

    async def renew(self) -> None:
        """Renew each switch once, or switch it off where a protective order rests."""
        await asyncio.gather(*map(self._renew, self._armed))

    def begin(self, account: str, rows: Sequence[OrderRow]) -> None:
        """Renew the switch of an account at once if these orders, which are recorded and not sent
        yet, change what it must cover. The request leaves just before theirs."""
        for armed in self._armed:
            is_ours = armed.setting.account == account and not armed.is_due
            if is_ours and any(_changes(armed, row) for row in rows):
                armed.is_due = True
                self._renewals.add(renewal := asyncio.create_task(self._renew(armed)))
                renewal.add_done_callback(self._end)

    def _end(self, renewal: "asyncio.Task[None]") -> None:
        self._renewals.discard(renewal)
        if not renewal.cancelled() and (error := renewal.exception()) is not None:
            log.warning("the dead man's switch cannot be renewed", error=str(error))

    async def switch_off(self) -> None:
        """Switch all off: the gateway ends in order, and its orders stay."""
        self._is_off = True
        for armed in self._armed:
            async with armed.turn:
                await self._set(armed, set())

    async def _renew(self, armed: Armed) -> None:
        async with armed.turn:
            armed.is_due = False
            if not self._is_off:
                self._parts.book.catch_up()
                await self._renew_now(armed)

    async def _renew_now(self, armed: Armed) -> None:
        account = armed.setting.account
        open_orders = [
            order for _, order in self._parts.book.open_orders() if order.account == account
        ]
        protective = next((one for one in open_orders if _protects(one)), None)
        blocked_by = None if protective is None else protective.client_order_id or "an order"
        if blocked_by is not None and armed.blocked_by is None:
            log.warning(
                "the dead man's switch is off: it would cancel a protective order",
                account=account,
                client_order_id=blocked_by,
            )
        armed.blocked_by = blocked_by
        if blocked_by is not None:
            wanted: set[str | None] = set()
        elif armed.terms.by_instrument:
            wanted = {one.terms.instrument for one in open_orders if one.terms.instrument}
        else:
            wanted = {None}
        await self._set(armed, wanted)

    async def _set(self, armed: Armed, wanted: set[str | None]) -> None:
        """Restart the wanted switches, new ones first, and switch the others off."""
        found = armed.set_for | wanted
        for instrument in sorted(found, key=lambda one: (one in armed.set_for, str(one))):
            seconds = armed.setting.seconds if instrument in wanted else None
            try:
                self._parts.check_lease(armed.setting.account)
                with taking(self._parts.turn(armed.setting.account, is_first=True)):
                    async with asyncio.timeout(self._parts.answer_seconds):
                        await armed.entry.set_switch(seconds, instrument)
            except (VenueError, TimeoutError) as error:
                armed.failed_for.add(instrument)
                log.warning(
                    "the dead man's switch cannot be set",
                    account=armed.setting.account,
                    instrument=instrument,
                    error=str(error) or type(error).__name__,
                )
            else:
                armed.failed_for.discard(instrument)
                (armed.set_for.add if seconds else armed.set_for.discard)(instrument)


def armed_switch(setting: DeadMansSwitch, entries: Mapping[str, OrderEntry]) -> Armed:
    """A switch of one of these entries. Raises InvalidSetting if its venue has none, or not for
    these seconds."""
    where = "dead_mans_switches"
    entry = entries.get(setting.account)
    if entry is None:
        raise InvalidSetting(where, f"{setting.account!r} is not an account of this gateway")
    terms = cast(HasSwitch, entry).switch_terms if isinstance(entry, HasSwitch) else None
    if terms is None:
        raise InvalidSetting(where, f"the venue of {setting.account} has no dead man's switch")
    if not terms.shortest <= setting.seconds <= terms.longest:
        raise InvalidSetting(
            where,
            f"the venue of {setting.account} takes {terms.shortest:g} to {terms.longest:g} s, not "
            f"{setting.seconds:g}",
        )
    return Armed(setting, cast(HasSwitch, entry), terms)


def _changes(armed: Armed, row: OrderRow) -> bool:
    """Whether a new order is the first of its instrument, or protective, which keeps the switch
    off."""
    if _is_protective(row["order_type"], row):
        return bool(armed.set_for)
    tried = armed.set_for | armed.failed_for
    is_tried = not armed.terms.by_instrument or row["instrument"] in tried
    return not is_tried and armed.blocked_by is None


def _protects(order: Order) -> bool:
    """Whether an order protects a position: a stop, a take-profit, or one that only reduces."""
    request = order.terms.request
    row = row_now(order, order.account, order.client_order_id or "")
    return _is_protective(request.order_type if request is not None else None, row)


def _is_protective(order_type: str | None, row: OrderRow) -> bool:
    return order_type in PROTECTIVE or reduces(row)
