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
    means the account. `blocked_by`: the protective order that keeps it off."""

    setting: DeadMansSwitch
    entry: HasSwitch
    terms: SwitchTerms
    set_for: set[str | None] = field(default_factory=set)
    blocked_by: str | None = None


class Switches:
    """The switches of a gateway's accounts. Raises InvalidSetting for an account whose venue has
    none, or not for these seconds."""

    def __init__(self, parts: GatewayParts, settings: Sequence[DeadMansSwitch]) -> None:
        self._parts = parts
        self._armed = [armed_switch(one, parts.entries) for one in settings]

    async def run(self) -> None:
        """Renew all switches until canceled."""
        if not self._armed:
            return
        while True:
            await self.renew()
            await asyncio.sleep(min(one.setting.seconds for one in self._armed) / RENEWALS)

    async def renew(self) -> None:
        """Renew each switch once, or switch it off where a protective order rests."""
        self._parts.book.catch_up()
        await asyncio.gather(*map(self._renew, self._armed))

    async def switch_off(self) -> None:
        """Switch all off: the gateway ends in order, and its orders stay."""
        await asyncio.gather(*(self._set(one, set()) for one in self._armed))

    async def _renew(self, armed: Armed) -> None:
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
        """Restart the wanted switches, and switch the others off."""
        for instrument in sorted(armed.set_for | wanted, key=str):
            seconds = armed.setting.seconds if instrument in wanted else None
            try:
                self._parts.check_lease(armed.setting.account)
                with taking(self._parts.turn(armed.setting.account, is_first=True)):
                    async with asyncio.timeout(self._parts.answer_seconds):
                        await armed.entry.set_switch(seconds, instrument)
            except (VenueError, TimeoutError) as error:
                log.warning(
                    "the dead man's switch cannot be set",
                    account=armed.setting.account,
                    instrument=instrument,
                    error=str(error) or type(error).__name__,
                )
            else:
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


def _protects(order: Order) -> bool:
    """Whether an order protects a position: a stop, a take-profit, or one that only reduces."""
    request = order.terms.request
    kind = request.order_type if request is not None else None
    return kind in PROTECTIVE or reduces(row_now(order, order.account, order.client_order_id or ""))
