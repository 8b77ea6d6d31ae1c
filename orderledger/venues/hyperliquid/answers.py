"""Answers the ledger's queries about one account in messages. An unreadable answer never counts
as an empty one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from orderledger import Balance, Message
from orderledger.extend.views import Row as OrderView
from orderledger.venues.base.absence import sent_ids
from orderledger.venues.base.fields import can_be_id
from orderledger.venues.base.venue import Answer, Listing
from orderledger.venues.errors import VenueUnavailable
from orderledger.venues.hyperliquid import payload_rows
from orderledger.venues.hyperliquid.balances import spot_balances
from orderledger.venues.hyperliquid.children import about_child
from orderledger.venues.hyperliquid.instruments import Instruments
from orderledger.venues.hyperliquid.limits import FILLS_KEPT
from orderledger.venues.hyperliquid.message_context import Translated
from orderledger.venues.hyperliquid.opening import prior_positions
from orderledger.venues.hyperliquid.order_rows import children_of
from orderledger.venues.hyperliquid.rows import (
    EPOCH,
    MILLISECOND,
    Row,
    Unreadable,
    time_of,
)
from orderledger.venues.hyperliquid.venue_context import VenueContext
from orderledger.venues.hyperliquid.vocabulary import CLOID, cloid_for, is_cloid
from orderledger.venues.hyperliquid.watching import WatchedAccount, cloid_of

MOST_IDS_ASKED = 50
SLACK = timedelta(minutes=1)
"""The tolerance between our clock and the venue's."""


class HyperliquidAnswers:
    """The answers to all queries, which may run while `listen` runs: both share the memory of order
    legs.

    An answer is translated after everything received before it has been delivered, because it is
    more recent.
    """

    def __init__(self, venue: VenueContext, instruments: Instruments) -> None:
        self._venue = venue
        self._instruments = instruments

    async def open_orders(self, account: WatchedAccount) -> Listing:
        at, translated = self._venue.clock.now(), Translated()
        lists = [
            await self._venue.endpoints.open_orders(account.address, exchange)
            for exchange in self._venue.exchanges
        ]
        await self._venue.base.queue.wait_delivered()
        for listed in lists:
            translated.add(
                payload_rows.open_orders(listed, account.legs, self._venue.polled(account, at))
            )
        names = frozenset(
            _id_of(row)
            for listed in lists
            for order in listed
            for row in (order, *children_of(order))
        )
        account.counts["unreadable"] += len(translated.faults)
        return await self._venue.base.listing(account.name, translated.whole(), names, at)

    async def order(self, account: WatchedAccount, order: OrderView) -> Sequence[Message] | None:
        """Query an order by its cloid and by each of its ids, because every leg has its own row.
        A cloid found in an answer is queried too: there may be a newer leg.
        """
        at = self._venue.clock.now()
        rows: dict[str, Any] = {}
        names = list(_names_of(order))
        for name in names:  # grows
            if (
                name not in rows
                and (row := await self._venue.endpoints.order_status(account.address, name))
                is not None
            ):
                rows[_id_of(row.get("order"))] = row
                cloid = cloid_of(row.get("order"))
                names += (
                    [cloid] if cloid is not None and is_cloid(cloid) and cloid not in names else []
                )
        await self._venue.base.queue.wait_delivered()
        if not rows:
            waits = await about_child(self._venue, account, order, names, at)
            if waits is not None:
                return self._venue.base.answered(waits, at)
            await self._check_fills(account, order, names)
            return None
        context = replace(self._venue.polled(account, at), is_asked=True)
        translation = _whole(payload_rows.statuses(list(rows.values()), account.legs, context))
        return self._venue.base.answered(translation, at)

    async def _check_fills(
        self, account: WatchedAccount, order: OrderView, names: Sequence[str]
    ) -> None:
        """Raise VenueUnavailable if a fill may be of this order, which the venue calls unknown: it
        knows orders for a shorter time than fills."""
        requested_at = order.get("requested_at")
        if requested_at is None or order.get("venue_order_ids"):
            return
        side = "B" if order.get("side") == "buy" else "A"
        for fill in await self._venue.endpoints.fills(account.address, requested_at - SLACK):
            cloid = cloid_of(fill) if isinstance(fill, dict) else None
            is_other = cloid not in (None, *names) or fill.get("side") != side
            if not is_other and (cloid is not None or self._is_unknown(account, fill)):
                raise VenueUnavailable(f"order {fill.get('oid')} has filled, and is not listed")

    def _is_unknown(self, account: WatchedAccount, fill: Any) -> bool:
        """Whether the ledger has no order of its own for this fill."""
        known = self._venue.base.records.order(account.name, str(fill.get("oid")))
        return known is None or known["origin"] != "own"

    async def fills_since(self, account: WatchedAccount, since: datetime) -> Answer:
        fills = await self._venue.endpoints.fills(account.address, since)
        fundings = await self._venue.endpoints.fundings(account.address, since)
        fundings += await self._venue.endpoints.transfers(account.address, since)
        await self._instruments.load()
        await self._venue.base.queue.wait_delivered()
        context = self._venue.polled(account, None)
        translated = payload_rows.fills(fills, account.legs, context)
        translated.add(payload_rows.fundings(fundings, context))
        account.counts["unreadable"] += len(translated.faults)
        messages = sorted(translated.messages, key=lambda message: message.at or since)
        begins_at, before = begin_of(fills, since), prior_positions(fills, context)
        return await self._venue.base.answer(
            account.name, messages, translated.faults, begins_at=begins_at, prior_positions=before
        )

    async def positions(self, account: WatchedAccount) -> Sequence[Balance]:
        translated = Translated()
        for exchange in self._venue.exchanges:
            state = await self._venue.endpoints.positions(account.address, exchange)
            translated.add(
                payload_rows.positions(state, self._venue.polled(account, self._venue.clock.now()))
            )
        spot = await self._venue.endpoints.spot_balances(account.address)
        await self._instruments.load()
        context = self._venue.polled(account, self._venue.clock.now())
        translated.add(spot_balances(spot, context, self._instruments.collaterals))
        return self._venue.base.balances(translated.whole())


def begin_of(fills: Sequence[Any], since: datetime) -> datetime | None:
    """The time from which the list of fills is complete. The venue keeps only a limited number:
    there may have been others before the first.
    """
    times = [time for row in fills if (time := time_of(row))] if len(fills) >= FILLS_KEPT else []
    first = EPOCH + min(times) * MILLISECOND if times else since
    return first if first > since else None


def _names_of(order: OrderView) -> Iterator[str]:
    """The names by which the venue may know the order, the most reliable first."""
    aliases = order.get("aliases") or {}
    cloids = [
        *sent_ids(aliases, CLOID),
        cloid_for(order["client_order_id"]) if order.get("client_order_id") else None,
    ]
    yield from dict.fromkeys(cloid for cloid in cloids if cloid and is_cloid(cloid))
    ids = [name for name in reversed(order.get("venue_order_ids") or ()) if can_be_id(name)]
    yield from ids[:MOST_IDS_ASKED]


def _id_of(row: Any) -> str:
    try:
        order = Row(row)
        return str(order.need("oid", order.count("oid")))
    except Unreadable as error:
        raise VenueUnavailable(f"an order without a readable id: {error}") from None


def _whole(translated: Translated) -> list[Message]:
    """The messages of a completely readable answer."""
    if translated.faults:
        raise VenueUnavailable(f"the answer cannot be read: {translated.faults[0].fault}")
    return translated.messages
