"""`PolledQueries`: what is queried at a polled spot venue, by its table."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from orderledger.extend.views import Row
from orderledger.venues.base.documents import refusal_in
from orderledger.venues.base.fields import Document, Unreadable, moment, number
from orderledger.venues.base.order_books import OrderBook
from orderledger.venues.base.paging import is_since, newest_first
from orderledger.venues.base.transport import Http
from orderledger.venues.errors import VenueRefused, VenueUnavailable
from orderledger.venues.polled.order_rows import latest
from orderledger.venues.polled.pairs import first_id, is_second
from orderledger.venues.polled.reader import Reader
from orderledger.venues.polled.requests import Fields, Query
from orderledger.venues.polled.table import RowKind, SpotTable

Sign: TypeAlias = Callable[[Mapping[str, str | int]], Mapping[str, str | int]]
"""Given the fields of a request, the fields that its signature adds."""


def signed(fields: Fields, sign: Sign | None) -> Fields:
    """The fields with their signature. A request without fields has none."""
    return {**fields, **sign(fields)} if sign is not None and fields else fields


class PolledQueries:
    """Queries of a polled venue. An answer in another form raises VenueError. It never counts as an
    empty list."""

    def __init__(self, reader: Reader, http: Http, sign: Sign | None) -> None:
        self.sign = sign
        self._table: SpotTable = reader.table
        self._reader = reader
        self._http = http

    async def open_orders(self) -> list[Any]:
        """All open orders."""
        return [row for pages in self._table.open_orders for row in await self._pages(pages)]

    async def new_orders(self, since: datetime) -> list[Any]:
        """All orders made since then, ended or not."""
        return await self._pages(self._table.new_orders, since=since)

    async def fills(self, since: datetime) -> list[Any]:
        """All fills since then, if the venue lists fills."""
        pages = self._table.fills
        return [] if pages is None else await self._pages(pages, "fill", since=since)

    async def one_order(self, name: str, *, is_client_id: bool = False) -> Document | None:
        """The row of an order. None where the venue says that it does not know the order."""
        if not is_client_id and not self._table.is_order_id(name):
            return None
        query = self._table.one_order
        value = name if is_client_id else self._table.order_id(name)
        path, fields = query.of(value, is_client_id=is_client_id)
        try:
            answer = self._checked(await self._ask(query.method, path, fields))
        except VenueRefused as refusal:
            if self._table.is_unknown_order(refusal.status, refusal_in(refusal.said)):
                return None
            raise
        row = self._reader.one_order(answer)
        if row is None:
            raise VenueUnavailable("the answer has no order")
        return row

    async def rows_of(
        self, order: Row, *, made_since: datetime, fills_since: datetime | None
    ) -> list[Any]:
        """The rows of an order of the ledger with its fills; empty if the venue does not know it.
        By id if it is known, since another order may have the client id by now."""
        ids, name = order["venue_order_ids"], order["aliases"].get(self._table.alias)
        client_id = None if name is None else first_id(name)
        found = [await self.one_order(name) for name in ids]
        if client_id is not None and client_id not in ids and not any(found):
            found.append(await self.one_order(client_id, is_client_id=True))
        if client_id is not None and self._table.client_id_ends and not any(found):
            field = self._table.order.client_id
            listed = [row for row in await self.new_orders(made_since) if isinstance(row, dict)]
            found.append(next((row for row in listed if row.get(field) == client_id), None))
        if is_second(name) and not ids:
            found = [await self._other(row) for row in found if row is not None]
        rows = [row for row in found if row is not None]
        return [*[fill for row in rows for fill in await self._fills_of(row, fills_since)], *rows]

    async def _other(self, row: Document) -> Document | None:
        """The row of the other order of a pair."""
        other = None if self._table.oco is None else row.get(self._table.oco.other)
        return None if other is None else await self.one_order(str(other))

    async def _fills_of(self, row: Document, since: datetime | None) -> list[Any]:
        """The rows in the list of fills of an order that says that some is filled."""
        fields = self._table.order
        try:
            made_at, is_filled = moment(row, fields.made_at[0]), bool(number(row, fields.filled))
        except Unreadable:
            return []
        begun_at = latest(made_at, since)
        if begun_at is None or not is_filled or self._table.fills is None:
            return []
        name, of_order = self._reader.id_of(row), self._table.fill.order_id
        fills = await self.fills(begun_at)
        return [one for one in fills if isinstance(one, dict) and str(one.get(of_order)) == name]

    async def balances(self) -> list[Any]:
        """The balance of each currency."""
        query = self._table.balances
        return self._rows(await self._ask(query.method, query.path, dict(query.fields)), "balance")

    async def instruments(self) -> Document:
        """The payload that lists all instruments."""
        query = self._table.instruments
        answer = self._checked(await self._ask(query.method, query.path, dict(query.fields)))
        if not isinstance(answer, dict):
            raise VenueUnavailable("the answer is not a JSON object")
        return answer

    async def order_book(self, symbol: str) -> OrderBook:
        """The order book of a symbol, at a venue that has one."""
        query = self._table.book
        if query is None:
            raise VenueUnavailable(f"{self._table.name} has no documented order book")
        path, fields = query.of(symbol)
        answer = self._checked(await self._http.get(path, fields, limit=query.path))
        if not isinstance(answer, dict):
            raise VenueUnavailable("the answer is not a JSON object")
        return query.read(answer)

    async def _pages(
        self, pages: Query, kind: RowKind = "order", *, since: datetime | None = None
    ) -> list[Any]:
        table, paging, fields = self._table, self._table.paging, dict(pages.fields)
        if since is not None and pages.since_field:
            fields[pages.since_field] = since.astimezone(UTC).replace(tzinfo=None).isoformat()

        async def fetch(page: int) -> tuple[list[Any], bool]:
            numbers = {paging.page_field: page, paging.size_field: paging.size}
            answer = await self._ask(pages.method, pages.path, {**fields, **numbers})
            return self._rows(answer, kind), paging.has_next(answer)

        is_wanted = (
            is_since(since, *pages.dated_by, offset=table.utc_offset)
            if since is not None
            else lambda row: True
        )
        return await newest_first(fetch, is_wanted, most=paging.most_pages, what=pages.path)

    async def _ask(self, method: str, path: str, fields: Fields) -> Any:
        fields = signed(fields, self.sign)
        if method == "POST":
            return await self._http.post(path, json=fields or None)
        return await self._http.get(path, fields)

    def _rows(self, answer: Any, kind: RowKind) -> list[Any]:
        rows = self._reader.rows(self._checked(answer), kind)
        if rows is None:
            raise VenueUnavailable(f"the answer has no list with a row for each {kind}")
        return rows

    def _checked(self, answer: Any) -> Any:
        """The answer, if it is not a refusal: those come with HTTP 200 too."""
        if self._table.accepted is None or self._table.is_accepted(answer):
            return answer
        name, accepted = self._table.accepted
        if not isinstance(answer, dict) or not isinstance(answer.get(name), type(accepted)):
            raise VenueUnavailable(f"the answer does not say {name}")
        if self._table.is_turned_away(answer):
            raise VenueUnavailable(str(answer))
        raise VenueRefused(200, json.dumps(answer, default=str))
