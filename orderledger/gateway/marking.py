"""Records the venues' prices as `mark` messages. Limits, P&L and statements then use the same
prices, also after a restart."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from orderledger import AsyncLedger, Mark, OrderType, Request, Source
from orderledger.extend.runtime import EventLogger
from orderledger.extend.values import Clock
from orderledger.gateway.emulation.marking import is_emulated_type
from orderledger.gateway.settings import GatewaySettings
from orderledger.venues.base.order_entry import OrderEntry
from orderledger.venues.base.venue import ReportsMarks

NEEDS_MARKS = (
    "order_notional",
    "price_collar",
    "gross_notional",
    "daily_loss",
    "drawdown",
    "mark_age_seconds",
)
"""Limits that compare with a mark, or value a position at one."""
SAME_PRICE_SECONDS = 60.0
"""An unchanged price is recorded again after this time."""
ANSWER_SECONDS = 5.0
NO_PRICES = "its venue has no prices: record marks"

Instrument = tuple[str, str]
"""An account and an instrument of it."""

log = EventLogger("orderledger.marks")


class Marker:
    """Queries the venues for prices every `seconds`, and records those that have changed.

    It asks about instruments with a position or an open order, and about those of new orders. With
    `only_triggers`, it asks only about instruments with an order whose trigger price the gateway
    watches, from the first such order on.
    """

    def __init__(
        self,
        ledger: AsyncLedger,
        venues: Mapping[str, ReportsMarks],
        entries: Mapping[str, OrderEntry],
        clock: Clock,
        settings: GatewaySettings,
        *,
        only_triggers: bool = False,
    ) -> None:
        self._ledger = ledger
        self._venues = venues
        self._entries = entries
        self._only_triggers = only_triggers
        self._clock = clock
        ages = [rule.mark_age_seconds for rule in settings.rules if rule.mark_age_seconds]
        most = float(min(ages)) / 2 if ages else SAME_PRICE_SECONDS
        self._seconds = min(settings.mark_seconds, most, settings.trigger_mark_seconds / 2)
        self._trigger_price = timedelta(seconds=settings.trigger_mark_seconds / 4)
        self._same_price = timedelta(seconds=min(most, SAME_PRICE_SECONDS))
        self._last: dict[Instrument, tuple[Decimal, datetime]] = {}
        self._wanted: set[Instrument] = set()
        self._triggers: set[Instrument] = set()

    async def ensure(self, requests: Sequence[Request]) -> None:
        """Have a mark of each instrument before an order is checked. Without an answer there is
        none: the limits that need it then deny the order."""
        named = [(one, (one.account, one.instrument)) for one in requests]
        triggers = {name for one, name in named if self._is_watched(one.account, one.order_type)}
        for account in {name[0] for name in triggers - self._triggers} - self._venues.keys():
            log.warning("no_marks", account=account, why=NO_PRICES)
        self._triggers |= triggers
        asked = triggers if self._only_triggers else {name for _, name in named}
        new = {one for one in asked if one[0] in self._venues} - self._wanted
        if new:
            self._wanted |= new
            await self._record(new)

    async def run(self) -> None:
        """Record marks until canceled."""
        is_first = True
        while True:
            try:
                if is_first:
                    await self._find_triggers()
                    is_first = False
                held = set() if self._only_triggers else await self._held()
                await self._record(self._wanted | held)
            # any error: when it is over, marks must be recorded again
            except Exception as error:
                log.warning("no_marks", why=str(error))
            await asyncio.sleep(self._seconds)

    def _is_watched(self, account: str, order_type: str | None) -> bool:
        """Whether the gateway watches the trigger price of such an order."""
        entry = self._entries.get(account)
        return (
            entry is not None
            and order_type is not None
            and is_emulated_type(OrderType(order_type), entry.abilities)
        )

    async def _find_triggers(self) -> None:
        """Find the orders whose trigger prices an earlier process has watched."""
        found = {
            (row["account"], row["instrument"] or "")
            for row in await self._ledger.open_orders()
            if self._is_watched(row["account"], row["order_type"])
        }
        self._triggers |= found
        self._wanted |= {one for one in found if one[0] in self._venues}

    async def _held(self) -> set[Instrument]:
        """The instruments with a position or an open order."""
        positions = await self._ledger.positions()
        orders = await self._ledger.open_orders()
        held = {
            (row["account"], row["instrument"]) for row in positions if row["position_quantity"]
        }
        working = {(row["account"], row["instrument"] or "") for row in orders}
        return {one for one in held | working if one[0] in self._venues and one[1]}

    async def _record(self, instruments: Iterable[Instrument]) -> None:
        by_account: dict[str, list[str]] = {}
        for account, instrument in sorted(instruments):
            by_account.setdefault(account, []).append(instrument)
        for account, names in by_account.items():
            marks = await self._asked(account, names)
            if marks:
                await self._ledger.recording.arecord_together(marks)

    async def _asked(self, account: str, names: list[str]) -> list[Mark]:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                prices = await self._venues[account].prices(names)
        except Exception as error:  # of a venue: the marks grow old, and limits say so
            log.warning("no_marks", account=account, why=str(error))
            return []
        now = self._clock.now()
        return [
            Mark(account=account, instrument=name, price=price, at=now, source=Source.VENUE_POLL)
            for name, price in prices.items()
            if self._is_news((account, name), price, now)
        ]

    def _is_news(self, instrument: Instrument, price: Decimal, now: datetime) -> bool:
        last = self._last.get(instrument)
        lasts = self._trigger_price if instrument in self._triggers else self._same_price
        if last is not None and last[0] == price and now - last[1] < lasts:
            return False
        self._last[instrument] = (price, now)
        return True


def needs_marks(settings: GatewaySettings) -> bool:
    """Whether marks are recorded: the setting, else whether a limit or a breaker needs them."""
    if settings.marks is not None:
        return settings.marks
    losses = [(one.daily_loss, one.drawdown) for one in settings.breakers]
    limits = [getattr(rule, name) for rule in settings.rules for name in NEEDS_MARKS]
    others = (settings.market_slippage, *(part for pair in losses for part in pair))
    return any(one is not None for one in (*limits, *others))
