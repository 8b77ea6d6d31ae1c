"""`OrderSearch`: finds an order of the ledger at its exchange, by all the ids that it has."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from orderledger.extend.views import Row
from orderledger.venues.base.absence import sent_ids
from orderledger.venues.base.translation import NO_ORDER
from orderledger.venues.base.venue import Records
from orderledger.venues.ccxt.absence import rule_of
from orderledger.venues.ccxt.conditional import is_conditional, made_order_ids, spaces_of
from orderledger.venues.ccxt.endpoints import CcxtEndpoints
from orderledger.venues.ccxt.orders import client_id_of
from orderledger.venues.ccxt.quirks import Quirks
from orderledger.venues.ccxt.sending.tables import id_spaces
from orderledger.venues.ccxt.vocabulary import CLIENT_ID
from orderledger.venues.errors import VenueUnavailable

MOST_MAKERS = 50
"""Queries of single orders for one list of trades: the first list of an account may be long."""


class OrderSearch:
    """Queries about single orders of one account. `overlap`: how far the exchange's clock may be
    behind ours."""

    def __init__(
        self,
        endpoints: CcxtEndpoints,
        quirks: Quirks,
        records: Records,
        account: str,
        *,
        overlap: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._endpoints = endpoints
        self._single = endpoints.single
        self._exchange = endpoints.exchange.id
        self._quirks = quirks
        self._records = records
        self._account = account
        self._overlap = overlap
        self._now = now

    async def rows_of(self, order: Row) -> list[Any]:
        """The row of an order; of a conditional order that was triggered, also those of the orders
        that it has made. Empty if the exchange does not know it."""
        row = await self._row_of(order)
        return [] if row is None else [row, *await self._made_by(row)]

    async def again(self, row: Any) -> list[Any]:
        """The rows of an order that a list has shown. Without a symbol it cannot be queried: the
        reconciliation finds it."""
        if not isinstance(row.get("symbol"), str):
            return []
        found = await self._single.order(
            row["id"], row.get("symbol"), is_conditional=is_conditional(row, self._quirks)
        )
        return [] if found is None else [found, *await self._made_by(found)]

    async def makers(self, trades: Sequence[Any]) -> list[Any]:
        """The orders of trades that the ledger does not know, where a conditional order may have
        made them: the last `MOST_MAKERS`. An earlier one is found when its order is queried."""
        if self._quirks.conditional is None:
            return []
        unknown = [
            (name, symbol)
            for name, symbol in _orders_of(trades).items()
            if isinstance(symbol, str) and self._records.order(self._account, name) is None
        ]
        rows = [await self._single.order(*one) for one in unknown[-MOST_MAKERS:]]
        return [row for row in rows if row is not None]

    async def trades_of(self, row: Any, order: Row) -> list[Any]:
        """The trades of an order, from its row."""
        if row.get("filled") in (None, "0", "0.0") or is_conditional(row, self._quirks):
            return []
        began_at = order.get("requested_at") or order.get("acknowledged_at") or self._now()
        rows = await self._endpoints.trades(began_at - self._overlap, row.get("symbol"))
        return [one for one in rows if isinstance(one, dict) and one.get("order") == row.get("id")]

    async def _made_by(self, row: Any) -> list[Any]:
        names = made_order_ids(row, self._quirks)
        rows = [await self._single.order(name, row.get("symbol")) for name in names]
        return [one for one in rows if one is not None]

    async def _row_of(self, order: Row) -> Any | None:
        symbol = order.get("instrument")
        ids = [
            name
            for name in reversed(order.get("venue_order_ids") or ())
            if not name.startswith(NO_ORDER)
        ]
        for name in ids:
            for apart in spaces_of(name, order, self._exchange, self._quirks):
                row = await self._single.order(name, symbol, is_conditional=apart)
                if row is not None:
                    return row
        if ids:
            return None
        client_ids = sent_ids(order.get("aliases"), CLIENT_ID)
        if not client_ids and order.get("client_order_id") is not None:
            client_ids = [str(order["client_order_id"])]
        return await self._row_with(client_ids, order) if client_ids else None

    async def _row_with(self, client_ids: Sequence[str], order: Row) -> Any | None:
        """The order with one of these client ids. It is queried, then looked for among open
        orders, and among past ones if it cannot be queried. Then the orders of trades are queried
        that the ledger cannot attribute. Raises VenueUnavailable if the list of open orders may be
        cut, and the order cannot be queried."""
        is_it = partial(self._bears, client_ids, order)
        symbol, rule = order.get("instrument"), rule_of(self._exchange)
        for client_id in client_ids:
            for apart in spaces_of(None, order, self._exchange, self._quirks):
                row = await self._single.order_with(client_id, symbol, is_conditional=apart)
                if row is not None:
                    self._check_owner(row, order)
                    return row
        rows = await self._endpoints.open_orders(symbol)
        found = next(filter(is_it, rows), None)
        requested_at = order.get("requested_at")
        since = (
            None if requested_at is None else requested_at - self._overlap
        )  # the exchange has its own clock
        if found is None and (rule is None or not rule.by_id):
            found = await self._among_past(is_it, order, since)
        if found is not None or rule is None or since is None:
            return found
        if not rule.by_id and (not rule.lists_all_open or self._endpoints.may_be_cut(rows)):
            raise VenueUnavailable("the list of open orders may be cut: it proves no absence")
        return await self._row_of_trades(is_it, order, since)

    async def _among_past(
        self, is_it: Callable[[Any], bool], order: Row, since: datetime | None
    ) -> Any | None:
        for apart in id_spaces(self._exchange, order):
            if not apart or self._quirks.conditional is not None:
                past = await self._endpoints.past_orders(
                    order.get("instrument"), since, is_conditional=apart
                )
                if (found := next(filter(is_it, past), None)) is not None:
                    return found
        return None

    async def _row_of_trades(
        self, is_it: Callable[[Any], bool], order: Row, since: datetime
    ) -> Any | None:
        """The order, if it has traded since then. Raises VenueUnavailable if an order that traded
        cannot be queried: it may be this one."""
        symbol = order["instrument"]
        for name in _orders_of(await self._endpoints.trades(since, symbol)):
            known = self._records.order(self._account, name)
            if known is not None and known["origin"] == "own":
                continue
            row = await self._single.order(name, symbol)
            if row is None:
                raise VenueUnavailable(f"order {name} has traded, and cannot be queried")
            if is_it(row):
                return row
        return None

    def _bears(self, client_ids: Sequence[str], order: Row, row: Any) -> bool:
        found = client_id_of(row, self._quirks) if isinstance(row, dict) else None
        return (
            found is not None
            and self._quirks.folded(found) in map(self._quirks.folded, client_ids)
            and self._owner_of(row) in (None, order.get("client_order_id"))
        )

    def _check_owner(self, row: Any, order: Row) -> None:
        """Raise VenueUnavailable if the row is of another order of ours."""
        if (owner := self._owner_of(row)) not in (None, order.get("client_order_id")):
            raise VenueUnavailable(f"the answer is about {owner}, which was not asked for")

    def _owner_of(self, row: Any) -> str | None:
        """The client order id of our order that has the exchange's id of a row."""
        known = self._records.order(self._account, str(row.get("id")))
        own = known is not None and known.get("origin") == "own"
        return known["client_order_id"] if known is not None and own else None


def _orders_of(trades: Sequence[Any]) -> dict[str, str | None]:
    """The orders of trades, each with its symbol."""
    return {
        str(one["order"]): one.get("symbol")
        for one in trades
        if isinstance(one, dict) and one.get("order")
    }
