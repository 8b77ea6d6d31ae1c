"""`ListedVenue`: a polled venue with one account that lists its open orders and its new ones, and
answers queries about single orders.

So that no order falls between two polls, every poll queries three things: orders made since the
last poll, ended or not; all open orders; and each order that was open before and is in neither
list. Orders that have ended stay in the rows for a while. So the poll and a reconciliation at the
same time both see the end.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from orderledger import Balance, Fill, Message
from orderledger.extend.runtime import EventLogger
from orderledger.extend.views import Row
from orderledger.venues.base.definitions import Now, Terms
from orderledger.venues.base.documents import number_in
from orderledger.venues.base.fields import Document
from orderledger.venues.base.polling import PolledVenue
from orderledger.venues.base.translation import Translation, as_text
from orderledger.venues.base.transport import Backoff, Http, RateLimiter, pacing_of
from orderledger.venues.base.venue import Answer, Listing, Records
from orderledger.venues.errors import VenueError, VenueUnavailable
from orderledger.venues.polled.order_rows import FillTimes, FirstSeen, RowContext, each
from orderledger.venues.polled.pairs import client_ids_for, client_ids_in
from orderledger.venues.polled.queries import PolledQueries, Sign
from orderledger.venues.polled.reader import Reader
from orderledger.venues.polled.table import SpotTable

logger = EventLogger(__name__)

KEPT_ENDED = 500
"""Limits on rows of ended orders that are still delivered, and on cached details of rows."""
MARGIN = timedelta(seconds=1)
"""Venues write times in whole seconds."""


class ListedVenue(PolledVenue):
    """The account of one key, `token`, at the venue of a table. `roomy` is a factor for all limits.
    `sign`: given the fields of a request, the fields that its signature adds.

    `overlap`: how much of the time before the last poll is queried again, since clocks differ.
    `living`: how old an order may be that still fills, where fills are listed with their orders.
    `terms_for`: how long the list of instruments is taken as it was; `terms_again`: how soon it is
    queried again if it did not come.
    """

    overlap: timedelta = timedelta(minutes=1)
    living: timedelta = timedelta(days=1)
    terms_for: timedelta = timedelta(hours=1)
    terms_again: timedelta = timedelta(minutes=1)

    def __init__(
        self,
        table: SpotTable,
        account: str,
        *,
        token: str,
        url: str,
        records: Records | None,
        now: Now,
        poll_seconds: float = 6.0,
        idle_seconds: float = 20.0,
        roomy: int = 1,
        backoff: Backoff | None = None,
        sign: Sign | None = None,
    ) -> None:
        pacing = pacing_of(
            table.name,
            url,
            token,
            {path: RateLimiter(weight * roomy) for path, weight in table.per_minute.items()},
        )
        limits = {path: pacing.share(path) for path in table.per_minute}
        http = Http(
            url,
            headers=table.headers_of(token),
            rate_limiter=limits.get(""),
            limits=limits,
            pacing=pacing,
            backoff=backoff or Backoff(random.Random()),
            secrets=[token],
            pause_in=lambda text: number_in(text, table.pause_field),
        )
        super().__init__([account], records=records, now=now, http=http)
        self.name, self.abilities = table.name, table.abilities
        self.position_mode = table.position_mode
        self.table, self.reader = table, Reader(table)
        self.queries = PolledQueries(self.reader, http, sign)
        self._http = http
        self.poll_seconds, self.idle_seconds = poll_seconds, idle_seconds
        self._open: dict[str, None] = {}
        self._ended: dict[str, Document] = {}
        self._whole: dict[str, tuple[Document, Document]] = {}
        self._first_seen = FirstSeen(account, self.records, now)
        self._fills = FillTimes(account, self.records)
        self._polled_at: datetime | None = None
        self._terms: Mapping[str, Terms] = {}
        self._terms_due_at: datetime | None = None

    async def order_rows(self, account: str) -> list[Any]:
        await self._learn_terms()
        at = self.now()
        since = (self._polled_at or at) - self.overlap
        rows = [*await self._orders(since), *await self.queries.fills(since)]
        self._polled_at = at
        return rows

    async def open_orders(self, account: str) -> Listing:
        """All open orders. Raises VenueUnavailable if an order's id cannot be read: the order
        would count as absent.
        """
        await self._learn_terms()
        at = self.now()
        rows = await self._orders(at - self.overlap)
        nameless = next((row for row in rows if self.reader.id_of(row) is None), None)
        if nameless is not None:
            raise VenueUnavailable(
                f"an order has no readable id: {self._hidden(as_text(nameless)[:200])}"
            )
        return await self.listing(
            account, self.translate_orders(account, rows), self.open_ids(rows), at
        )

    async def _orders(self, since: datetime) -> list[Any]:
        """The orders made since then, the open ones, and those that were open at the last query."""
        listed = [*await self.queries.new_orders(since), *await self.queries.open_orders()]
        found = {self.key_of(row): row for row in listed}
        for name in [name for name in self._open if name not in found and name not in self._ended]:
            row = await self.queries.one_order(name)
            found.update({} if row is None else {self.key_of(row): row})
        for name in [
            name for name in self._ended if name in found and not self._is_end(found[name])
        ]:
            row = await self.queries.one_order(name)
            if row is not None and not self._is_end(row):
                # The order works again, and its own row shows it. Another query may have found that
                # meanwhile.
                self._ended.pop(name, None)
        return [await self._whole_row(row) for row in self._with_ended(found).values()]

    def translate_orders(self, account: str, rows: Sequence[Any]) -> Translation:
        """A row that claims more filled quantity than the known fills is translated again: the
        fills may come later.
        """
        return self._translated(rows, {})

    def _translated(self, rows: Sequence[Any], client_ids: Mapping[str, str]) -> Translation:
        """`client_ids`: those of rows that are missing here, by the venue's id."""
        fields = self.table.order
        known = client_ids_in(rows, fields.id, fields.client_id) if self.table.oco else {}
        context = replace(self._context(), client_ids={**known, **client_ids})
        read = self.translate_rows(rows, context)
        return replace(read, questions=[*read.questions, *self._fills.lacking(read.messages)])

    def key_of(self, row: Any) -> str:
        return self.reader.id_of(row) or super().key_of(row)

    def open_ids(self, rows: Sequence[Any]) -> frozenset[str]:
        named = {self.reader.id_of(row): row for row in rows}
        return frozenset(
            name for name, row in named.items() if name is not None and not self._is_end(row)
        )

    async def order(self, account: str, order: Row) -> Sequence[Message] | None:
        await self._learn_terms()
        asked_at = self.now()
        requested_at = order.get("requested_at") or order.get("acknowledged_at") or asked_at
        rows = await self.queries.rows_of(
            order, made_since=requested_at - self.overlap, fills_since=self._fills_reach()
        )
        if not rows:
            return None
        name = order["aliases"].get(self.table.alias)
        ids = {k: v for row in rows for k, v in client_ids_for(self.table.oco, row, name).items()}
        return await self.about_order(account, self._translated(rows, ids), asked_at)

    async def fills_since(self, account: str, since: datetime) -> Answer:
        """Every fill since then: from the list of fills, else from the orders that may still
        have filled.
        """
        await self._learn_terms()
        reach = self._fills_reach()
        if self.table.fills is not None:
            rows = await self.queries.fills(since if reach is None else max(since, reach))
        else:
            listed = {
                self.key_of(row): row
                for row in [
                    *await self.queries.new_orders(since - self.living),
                    *await self.queries.open_orders(),
                ]
            }
            rows = [await self._whole_row(row) for row in listed.values()]
        translation = self.translate_orders(account, rows)
        fills = [
            one
            for one in translation.messages
            if isinstance(one, Fill) and (one.at or since) >= since - MARGIN
        ]
        fills.sort(key=lambda fill: fill.at or since)
        return await self.answer(
            account,
            fills,
            translation.faults,
            begins_at=reach if reach is not None and since < reach else None,
        )

    async def positions(self, account: str) -> Sequence[Balance]:
        return self.balances(
            each(await self.queries.balances(), self.reader.balance, self._context())
        )

    def reports_position(self, instrument: str) -> bool:
        """Spot: positions are currencies."""
        return False

    def terms_of(self, instrument: str) -> Terms | None:
        return self._terms.get(instrument) or self.table.markets.terms(instrument)

    def _fills_reach(self) -> datetime | None:
        """Since when fills are listed, where the venue lists fills for a limited time."""
        reach = self.table.fills_reach
        return None if reach is None else self.now() - reach

    async def _learn_terms(self) -> None:
        """Query the list of instruments if it is due. If the query fails, only the terms are
        missing.
        """
        if self._terms_due_at is not None and self.now() < self._terms_due_at:
            return
        try:
            self._terms = self.reader.terms(await self.queries.instruments())
            self._terms_due_at = self.now() + self.terms_for
        except VenueError as error:
            self._terms_due_at = self.now() + self.terms_again
            logger.warning("instruments_not_read", venue=self.name, why=self._hidden(str(error)))

    def _with_ended(self, found: dict[str, Any]) -> dict[str, Any]:
        """The rows, with those of orders that ended before: a list that shows one of them
        working is outdated.
        """
        for key, row in self._ended.items():
            if key not in found or not self._is_end(found[key]):
                found[key] = row
        self._open = {}
        for key, row in found.items():
            if self._is_end(row):
                self._ended[key] = row
            elif self.reader.id_of(row) is not None:
                self._open[key] = None
        for key in list(self._ended)[:-KEPT_ENDED]:
            del self._ended[key]
        return found

    def _is_end(self, row: Any) -> bool:
        return (
            isinstance(row, dict)
            and self.reader.id_of(row) is not None
            and self.reader.has_ended(row)
        )

    async def _whole_row(self, row: Any) -> Any:
        """The row with its fills. If a list leaves them out, they are queried once, until the
        row changes.
        """
        name = self.reader.id_of(row)
        claimed, listed = self.reader.filled(row)
        if name is None or listed >= claimed:
            return row
        known_for, known = self._whole.get(name, (None, None))
        if known is not None and known_for == row:
            return known
        whole = await self.queries.one_order(name)
        if whole is None:
            return row
        _, listed = self.reader.filled(whole)
        if listed >= claimed:
            self._whole[name] = (row, whole)
            for key in list(self._whole)[: -10 * KEPT_ENDED]:
                del self._whole[key]
        return whole

    def translate_rows(self, rows: Sequence[Any], context: RowContext) -> Translation:
        """Puts fills before the orders that they end, because they have the time."""
        is_fill = self.reader.is_fill
        fills = each([row for row in rows if is_fill(row)], self.reader.fill, context)
        self._fills.note(fills.messages)
        orders = each([row for row in rows if not is_fill(row)], self.reader.order, context)
        self._fills.note(orders.messages)
        return fills + orders

    def _context(self) -> RowContext:
        return RowContext(
            account=self.accounts[0],
            received_at=self.now(),
            fills=self._fills,
            first_seen_at=self._first_seen,
            terms_of=self.terms_of,
        )
