"""The ledger's questions about one account, answered in messages. No answer that could not be read is taken for an empty one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from orderledger.infrastructure.errors import VenueUnavailable
from orderledger.infrastructure.messages.registry import Balance, Message
from orderledger.infrastructure.venues.base.fields import can_be_id
from orderledger.infrastructure.venues.base.venue import Answer, Listing
from orderledger.infrastructure.venues.hyperliquid import payload_rows
from orderledger.infrastructure.venues.hyperliquid.balances import spot_balances
from orderledger.infrastructure.venues.hyperliquid.limits import FILLS_KEPT
from orderledger.infrastructure.venues.hyperliquid.message_context import Translated
from orderledger.infrastructure.venues.hyperliquid.opening import held_before
from orderledger.infrastructure.venues.hyperliquid.order_rows import children_of
from orderledger.infrastructure.venues.hyperliquid.rows import EPOCH, MILLISECOND, Row, Unreadable, time_of
from orderledger.infrastructure.venues.hyperliquid.venue_context import Surroundings
from orderledger.infrastructure.venues.hyperliquid.vocabulary import CLOID, cloid_for, is_cloid
from orderledger.infrastructure.venues.hyperliquid.watching import Account, cloid_of
from orderledger.projections.view import Row as OrderView

MOST_IDS_ASKED = 50


class Answers:
    """Each question may be asked while the account is listened to: what it teaches of legs is for both. An answer is read
    when all that was said of them before has been taken: of two words about one leg, the later knows more."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    async def open_orders(self, account: Account) -> Listing:
        at, told = self._around.clock.now(), Translated()
        lists = [await self._around.questions.open_orders(account.address, exchange) for exchange in self._around.exchanges]
        await self._around.outbox.taken()
        for listed in lists:
            told.add(payload_rows.open_orders(listed, account.legs, self._around.polled(account, at)))
        names = frozenset(_id_of(row) for listed in lists for order in listed for row in (order, *children_of(order)))
        faults = await self._around.say_unread(account, told)
        return Listing(messages=told.messages, faults=faults, venue_order_ids=names, at=at)

    async def order(self, account: Account, order: OrderView) -> Sequence[Message] | None:
        """By its cloid, and by each id it has borne: every leg may have something to say. A cloid that is not known before an
        answer bears it is asked for, too: what that answer says of its leg may not be the order's last word."""
        at = self._around.clock.now()
        rows: dict[str, Any] = {}
        names = list(_names_of(order))
        for name in names:
            if name not in rows and (row := await self._around.questions.order_status(account.address, name)) is not None:
                rows[_id_of(row.get("order"))] = row
                cloid = cloid_of(row.get("order"))
                names += [cloid] if cloid is not None and is_cloid(cloid) and cloid not in names else []
        await self._around.outbox.taken()
        if not rows:
            return None
        context = replace(self._around.polled(account, at), is_asked=True)
        return _whole(payload_rows.statuses(list(rows.values()), account.legs, context))

    async def fills_since(self, account: Account, since: datetime) -> Answer:
        fills = await self._around.questions.fills(account.address, since)
        fundings = await self._around.questions.fundings(account.address, since)
        await self._around.outbox.taken()
        context = self._around.polled(account, None)
        told = payload_rows.fills(fills, account.legs, context)
        told.add(payload_rows.fundings(fundings, context))
        faults = await self._around.say_unread(account, told)
        messages = sorted(told.messages, key=lambda message: message.at or since)
        return Answer(messages=messages, faults=faults, begins_at=begin_of(fills, since), held_before=held_before(fills, context))

    async def positions(self, account: Account) -> Sequence[Balance]:
        told = Translated()
        for exchange in self._around.exchanges:
            state = await self._around.questions.positions(account.address, exchange)
            told.add(payload_rows.positions(state, self._around.polled(account, self._around.clock.now())))
        spot = await self._around.questions.spot_balances(account.address)
        told.add(spot_balances(spot, self._around.polled(account, self._around.clock.now())))
        return self._around.unread.held(told.messages, told.faults)


def begin_of(fills: Sequence[Any], since: datetime) -> datetime | None:
    """From when on these are all fills. So many may be all that the venue keeps: there may have been others before the first."""
    times = [time for row in fills if (time := time_of(row))] if len(fills) >= FILLS_KEPT else []
    first = EPOCH + min(times) * MILLISECOND if times else since
    return first if first > since else None


def _names_of(order: OrderView) -> Iterator[str]:
    """What to ask for: what the venue may know it by, the surest first."""
    aliases = order.get("aliases") or {}
    cloids = [aliases.get(CLOID), cloid_for(order["client_order_id"]) if order.get("client_order_id") else None]
    yield from dict.fromkeys(cloid for cloid in cloids if cloid and is_cloid(cloid))
    ids = [name for name in reversed(order.get("venue_order_ids") or ()) if can_be_id(name)]
    yield from ids[:MOST_IDS_ASKED]


def _id_of(row: Any) -> str:
    try:
        order = Row(row)
        return str(order.need("oid", order.count("oid")))
    except Unreadable as error:
        raise VenueUnavailable(f"an order without a readable id: {error}") from None


def _whole(told: Translated) -> list[Message]:
    """The messages of an answer that could be read to its end."""
    if told.faults:
        raise VenueUnavailable(f"an answer that cannot be read: {told.faults[0].fault}")
    return told.messages
