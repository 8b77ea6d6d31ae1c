"""`SingleOrders`: queries about one order, by the exchange's id or by the client id."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from orderledger.venues.ccxt.absence import rule_of
from orderledger.venues.ccxt.importing import ccxt
from orderledger.venues.ccxt.orders import client_id_of
from orderledger.venues.ccxt.quirks import Quirks
from orderledger.venues.ccxt.reading import folded_id
from orderledger.venues.errors import VenueRefused, VenueUnavailable

NO_ID = (ccxt.BadRequest, ccxt.InvalidOrder)
"""How an exchange refuses an id that is not its own, for instance a client id made up by someone
else.
"""
FETCH_ORDER = "fetch_order"


class SingleOrders:
    """Queries about the orders of one account. `ask`: calls a method of ccxt. `past_orders`: the
    list of orders that may have ended, for exchanges without fetchOrder."""

    def __init__(
        self,
        exchange: Any,
        quirks: Quirks,
        ask: Callable[..., Awaitable[Any]],
        past_orders: Callable[[str | None, datetime | None], Awaitable[list[Any]]],
    ) -> None:
        self._exchange = exchange
        self._quirks = quirks
        self._ask = ask
        self._past_orders = past_orders

    async def order(
        self, venue_order_id: str, symbol: str | None, *, is_conditional: bool = False
    ) -> Any | None:
        """One order. None if the exchange answers that it does not know it. `is_conditional`: among
        the conditional orders, which have ids of their own at some exchanges."""
        if self._exchange.has.get("fetchOrder"):
            row = await self._fetched(venue_order_id, symbol, is_conditional=is_conditional)
            return row or await self._ended(venue_order_id, symbol)
        rows = await self._past_orders(symbol, None)
        return _with_id(venue_order_id, rows)

    async def order_with(
        self, client_id: str, symbol: str | None, *, is_conditional: bool = False
    ) -> Any | None:
        """The order with this client id. None if the exchange does not know it, or if ccxt cannot
        query by it. Raises VenueUnavailable if the answer has other orders."""
        rule = rule_of(self._exchange.id)
        trigger = {"trigger": True} if is_conditional else {}
        for method, param in () if rule is None else rule.by_id:
            params = {param: client_id, **trigger}
            if method == FETCH_ORDER:
                rows = await self._one(symbol, params)
            else:
                rows = await self._ask(method, symbol, None, None, params)
            if rows:
                return self._answer(client_id, rows)
        return None

    async def _fetched(
        self, venue_order_id: str, symbol: str | None, *, is_conditional: bool
    ) -> Any | None:
        params = ({"trigger": True},) if is_conditional else ()
        try:
            row = await self._ask(FETCH_ORDER, venue_order_id, symbol, *params)
        except ccxt.OrderNotFound:
            return None
        except VenueRefused as error:
            if isinstance(error.__cause__, NO_ID):
                return None
            raise
        if not isinstance(row, dict) or not row.get("id"):
            raise VenueUnavailable("fetch_order: the answer has no id")
        return row

    async def _ended(self, venue_order_id: str, symbol: str | None) -> Any | None:
        if self._quirks.ended_by_id is None:
            return None
        method, param = self._quirks.ended_by_id
        rows = await self._ask(method, symbol, None, None, {param: venue_order_id})
        return _with_id(venue_order_id, rows)

    async def _one(self, symbol: str | None, params: dict[str, Any]) -> list[Any]:
        try:
            row = await self._ask(FETCH_ORDER, None, symbol, params)
        except ccxt.OrderNotFound:
            return []
        return [row] if isinstance(row, dict) and row.get("id") else []

    def _answer(self, client_id: str, rows: list[Any]) -> Any:
        """The order in the answer to a query by client id. The answer may leave the id out, or
        have it in another letter case. A part of the id may be another order's id."""
        found = [row for row in rows if self._shows(client_id, row)]
        if len(found) == 1 and (len(rows) == 1 or self._has(client_id, found[0])):
            return found[0]
        raise VenueUnavailable(f"the answer to a query about {client_id} has other orders")

    def _shows(self, client_id: str, row: Any) -> bool:
        shown = client_id_of(row, self._quirks) if isinstance(row, dict) else None
        return isinstance(row, dict) and (not shown or shown.casefold() == client_id.casefold())

    def _has(self, client_id: str, row: Any) -> bool:
        shown = client_id_of(row, self._quirks)
        return shown is not None and self._quirks.folded(shown) == self._quirks.folded(client_id)


def _with_id(venue_order_id: str, rows: list[Any]) -> Any | None:
    wanted = folded_id(venue_order_id)
    return next((row for row in rows if folded_id(str(row.get("id"))) == wanted), None)
