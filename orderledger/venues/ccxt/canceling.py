"""`OrderCancels`: cancels an order by the ids that it has. A conditional order may be triggered
meanwhile."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from orderledger.extend.runtime import EventLogger
from orderledger.rows import OrderRow
from orderledger.venues.ccxt.calls import Call
from orderledger.venues.ccxt.conditional import cancels_of, made_order_ids, own_id_of
from orderledger.venues.ccxt.quirks import quirks_of
from orderledger.venues.ccxt.refusals import Refusal
from orderledger.venues.ccxt.sending import Change
from orderledger.venues.ccxt.sending.tables import language_of
from orderledger.venues.ccxt.sending.terms import waits_for_trigger

UNKNOWN_ORDER = "unknown_order"
GONE = (UNKNOWN_ORDER, "already_ended")
"""Refusals of a cancel that may mean that a conditional order was triggered."""
Sending = Callable[..., Awaitable[tuple[Any, Call, Refusal | None]]]

logger = EventLogger(__name__)


class OrderCancels:
    """The cancels of one account. `sent`: sends a request, and judges the answer."""

    def __init__(self, exchange: Any, sent: Sending) -> None:
        self._exchange = exchange
        self._quirks = quirks_of(exchange.id)
        self._language = language_of(exchange.id)
        self._sent = sent

    async def send(self, order: OrderRow, client_id: str) -> tuple[Any, Refusal | None]:
        """Cancel an order. Returns the answer, or the refusal. Raises NotSent and Unanswered."""
        known: list[str | None] = [*(order.get("venue_order_ids") or ())]
        ids = [*(known or [order.get("venue_order_id")]), client_id]
        attempts = cancels_of(order, client_id, self._quirks, self._language)
        row, refusal = await self._attempt(order, ids, *attempts[0])
        for one in attempts[1:]:
            if refusal is None or refusal.reason != UNKNOWN_ORDER:
                break
            row, refusal = await self._attempt(order, ids, *one)
        if refusal is not None and refusal.reason in GONE:
            for made in await self._made_by(order, client_id):
                row, refusal = await self._attempt(order, [made], made, {})
        return row, refusal

    async def _attempt(
        self, order: OrderRow, ids: Sequence[str | None], venue_id: str, params: Mapping[str, Any]
    ) -> tuple[Any, Refusal | None]:
        meant = Change(self._exchange.id, [one for one in ids if one], {})
        asked = (venue_id, order["instrument"], params)
        row, _, refusal = await self._sent("cancel", meant, "cancel_order", *asked)
        return row, refusal

    async def _made_by(self, order: OrderRow, client_id: str) -> Sequence[str]:
        """The ids of orders that a conditional one has made, if they are canceled by their own ids.
        Only those that the ledger does not know yet."""
        space = self._quirks.conditional
        if space is None or space.keeps_client_id or not waits_for_trigger(order):
            return ()
        name, params = own_id_of(order, client_id, space)
        try:
            row = await self._exchange.fetch_order(name or None, order["instrument"], params)
        except Exception as error:  # a query about the order finds them later
            logger.debug("no_answer", why=str(error))
            return ()
        known = order.get("venue_order_ids") or ()
        return [one for one in made_order_ids(row, self._quirks) if one not in known]
