"""Finds out what became of orders whose outcome is unknown: the venue is queried until it is known."""

import asyncio
from collections.abc import Callable, Container, Mapping, Sequence

import structlog

from orderledger.domain.orders.order import Order
from orderledger.domain.values import Certainty, later
from orderledger.infrastructure.clock import Clock
from orderledger.infrastructure.errors import VenueError
from orderledger.infrastructure.gateway.book import Book, row_now
from orderledger.infrastructure.gateway.results import GatewayLedger, OrderLookup
from orderledger.infrastructure.gateway.unsettled import Key, Unsettled, is_in_doubt
from orderledger.infrastructure.messages.commands import Deny
from orderledger.infrastructure.messages.registry import Message
from orderledger.infrastructure.messages.reports import Absent
from orderledger.infrastructure.venues.base.order_entry import OrderEntry

QUERY_SECONDS = 10.0

log = structlog.get_logger("orderledger.gateway")


class Resolver:
    """Queries venues about unresolved orders. `lookups`: who answers for an account; without one, the collector's reports do.

    The time until the venue's "unknown order" is a proof begins when this process first sees the order unresolved and is not
    sending it. It is counted by `elapsed`: neither a clock that is set nor a sending that was late can shorten it.
    """

    def __init__(
        self,
        ledger: GatewayLedger,
        entries: Mapping[str, OrderEntry],
        lookups: Mapping[str, OrderLookup],
        book: Book,
        unsettled: Unsettled,
        *,
        clock: Clock,
        elapsed: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._entries = entries
        self._lookups = lookups
        self._book = book
        self._unsettled = unsettled
        self._clock = clock
        self._elapsed = elapsed
        self._unknown_since: dict[Key, float] = {}
        self._refused: set[Key] = set()

    async def begin(self) -> None:
        """After a restart: what was being sent has an unknown outcome."""
        for _, order in self._book.open_orders():
            if order.client_order_id is not None and is_in_doubt(order):
                self._unsettled.keep((order.account, order.client_order_id), "restart")
        await self._unsettled.settle(besides=())

    async def look_up(self, key: Key) -> Sequence[Message]:
        """What the venue says of an order that it has refused to cancel or change: it may have ended. Asked again later if there
        is no answer now."""
        order, lookup = self._book.order(*key), self._lookups.get(key[0])
        if order is None or lookup is None:
            return ()
        try:
            async with asyncio.timeout(QUERY_SECONDS):
                return await lookup.order(key[0], row_now(order, *key)) or ()
        except Exception as error:
            log.warning("the venue cannot be queried", account=key[0], client_order_id=key[1], error=str(error))
            self._refused.add(key)
            return ()

    async def resolve(self, *, besides: Container[Key]) -> None:
        """Query about every unresolved order, except those that are being sent now."""
        await self._unsettled.settle(besides=besides)
        self._book.catch_up()
        asked: dict[Key, Order] = {}
        unknown: list[Key] = []
        for _, order in self._book.open_orders():
            key = (order.account, order.client_order_id or "")
            if order.client_order_id is None or key in besides:
                continue
            if order.certainty is Certainty.UNRESOLVED:
                unknown.append(key)
            if order.certainty is Certainty.UNRESOLVED or key in self._refused:
                asked[key] = order
        self._refused.clear()
        now = self._elapsed()
        self._unknown_since = {key: self._unknown_since.get(key, now) for key in unknown}
        found = await asyncio.gather(*(self._resolve(key, order) for key, order in asked.items()), return_exceptions=True)
        for error in found:
            if error is not None:
                raise error

    def seconds_unknown(self, key: Key) -> float:
        """How long the order has been unresolved, and not being sent, as far as this process knows."""
        since = self._unknown_since.get(key)
        return 0.0 if since is None else self._elapsed() - since

    def is_proof(self, key: Key, seconds_unknown: float) -> bool:
        """Whether the venue's "unknown order" proves, after so long, that it never received the order."""
        needed = self._entries[key[0]].abilities.absence_seconds
        return needed is not None and seconds_unknown >= needed

    async def _resolve(self, key: Key, order: Order) -> None:
        account, name = key
        lookup = self._lookups.get(account)
        if lookup is None:
            return
        asked_at, seconds_unknown = self._clock.now(), self.seconds_unknown(key)
        try:
            async with asyncio.timeout(QUERY_SECONDS):
                found = await lookup.order(account, row_now(order, *key))
        except (VenueError, TimeoutError):
            return
        except Exception as error:
            log.error("the answer to a query cannot be read", account=account, client_order_id=name, error=str(error))
            return
        if found is not None:
            await self._ledger.arecord_together(list(found))
            return
        absent = Absent(account=account, client_order_id=name, at=asked_at, source="venue_poll")
        if not self.is_proof(key, seconds_unknown):
            await self._ledger.arecord(absent)
            return
        # The query came after the sending, whatever the clocks say.
        at = later(later(order.unresolved_at, asked_at), later(order.submitted_at, asked_at))
        text = f"the venue did not know the order {seconds_unknown:.1f} s after its outcome had become unknown"
        deny = Deny(account=account, client_order_id=name, at=at, reason="never_arrived", text=text, not_sent=True)
        await self._ledger.arecord_together([absent.model_copy(update={"at": at}), deny])
