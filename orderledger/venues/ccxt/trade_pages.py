"""The pages of an exchange's list of trades, turned until a period is complete: by the exchange's
own cursor, else by times.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

from orderledger.venues.ccxt.cursors import Cursor, cursors_of
from orderledger.venues.ccxt.lists import EPOCH, FEW, key_of, time_of
from orderledger.venues.ccxt.reading import UNREADABLE
from orderledger.venues.ccxt.terms_sent import is_of_contracts

MOST_PAGES = 1_000
ENDLESS = f"the list does not end after {MOST_PAGES} pages"
Rows = dict[str, Any]
"""Rows of the list by their keys. A row that is a text states which trades may be missing: see
`missing_among`."""


class TradePages:
    """The trades of one account. `listed`: queries one page of the list through `exchange`."""

    def __init__(self, listed: Callable[..., Awaitable[list[Any]]], exchange: Any) -> None:
        self._listed = listed
        self._exchange = exchange
        exchange.enableLastJsonResponse = True  # ccxt keeps the document of the last answer

    async def of_period(
        self, symbol: str | None, begin: int, end: int | None, limit: int | None
    ) -> Rows:
        """All trades of a period in milliseconds. `limit`: how many a page holds, if known."""
        cursors = self._cursors(symbol)
        if not cursors:
            return await self._by_time(symbol, begin, end, limit)
        found = await self._page(symbol, begin, end, limit)
        return await self._by_cursor(cursors, found, symbol, (begin, end), limit)

    async def _by_cursor(
        self,
        cursors: Sequence[Cursor],
        found: Rows,
        symbol: str | None,
        period: tuple[int, int | None],
        limit: int | None,
    ) -> Rows:
        """Add the pages after the first one, `found`."""
        page, used = found, set[str | int]()
        for pages in range(1, MOST_PAGES):
            document = self._exchange.last_json_response
            ways = [(one, one.value(document, len(found), pages)) for one in cursors]
            way = next(((one, value) for one, value in ways if value is not None), None)
            if way is None or way[1] in used or not page or _is_over(way[0], page, period[1]):
                return found
            cursor, value = way
            cursors = [cursor]
            used.add(value)
            since, until = (None, None) if cursor.is_alone else period
            page = await self._page(symbol, since, until, limit, cursor.params(value))
            is_news = not page.keys() <= found.keys()
            found = found | page
            if not (is_news or cursor.is_token):
                return found
        return found | _missing(symbol, ENDLESS)

    async def _by_time(
        self, symbol: str | None, begin: int, end: int | None, limit: int | None
    ) -> Rows:
        """Some exchanges list from the oldest on, others from the newest back: continue at both
        ends, until nothing is new.
        """
        found: Rows = {}
        await self._continue(found, symbol, (begin, end), limit, goes_on=True)
        if len(found) >= FEW:  # else all were on one page
            oldest = min(time_of(row) for row in found.values() if isinstance(row, dict))
            await self._continue(found, symbol, (begin, oldest), limit, goes_on=False)
        return found

    async def _continue(
        self,
        found: Rows,
        symbol: str | None,
        period: tuple[int, int | None],
        limit: int | None,
        *,
        goes_on: bool,
    ) -> None:
        """Add the pages of a period to `found`, in one direction. At a time with more trades than
        a page holds, continue at the next time, and add which trades may be missing.
        """
        first, last = period
        has_stepped = False
        for _ in range(MOST_PAGES):
            page = await self._page(symbol, first, last, limit)
            times = [time_of(row) for row in page.values() if UNREADABLE not in row] or [first]
            is_news = not page.keys() <= found.keys()
            is_one_time = min(times) == max(times)
            # a list that is not continued at either end: it has one page, the newest
            is_stuck = not goes_on and len(found) == len(page)
            is_cut = (
                not is_news and (is_one_time or is_stuck) and _may_be_cut(page, is_one_time, limit)
            )
            found |= page | (_missing(symbol, _at(times)) if is_cut else {})
            if len(page) < FEW or not (is_news or (is_cut and not has_stepped)):
                return
            has_stepped, step = is_cut, int(is_cut)
            first, last = (max(times) + step, last) if goes_on else (first, min(times) - step)
        found |= _missing(symbol, ENDLESS)

    def _cursors(self, symbol: str | None) -> tuple[Cursor, ...]:
        market = (self._exchange.markets or {}).get(symbol)
        is_contract = is_of_contracts(self._exchange) if market is None else market.get("contract")
        return cursors_of(self._exchange.id, is_contract=bool(is_contract))

    async def _page(
        self,
        symbol: str | None,
        since: int | None,
        until: int | None,
        limit: int | None,
        params: dict[str, Any] | None = None,
    ) -> Rows:
        asked = {**({} if until is None else {"until": until}), **(params or {})}
        return {key_of(row): row for row in await self._listed(symbol, since, limit, asked)}


def missing_among(rows: Sequence[Any]) -> str | None:
    """Which trades may be missing from a list, None if none may."""
    return next((row for row in rows if isinstance(row, str)), None)


def _may_be_cut(page: Rows, is_one_time: bool, limit: int | None) -> bool:
    """Whether a page that brought nothing new may hide others. Pages of an unknown length hold
    round numbers of rows.
    """
    if limit:
        return len(page) >= limit
    return is_one_time and len(page) >= FEW and len(page) % FEW == 0


def _is_over(cursor: Cursor, page: Rows, end: int | None) -> bool:
    """Whether no page follows, although the cursor has a value: the page is short, or after the
    period."""
    is_past = cursor.is_alone and end is not None and max(map(time_of, page.values())) > end
    return is_past or (not cursor.is_token and len(page) < FEW)


def _at(times: list[int]) -> str:
    ends = dict.fromkeys((min(times), max(times)))
    shown = [(EPOCH + timedelta(milliseconds=one)).isoformat() for one in ends]
    return f"more at {' to '.join(shown)} than a page holds"


def _missing(symbol: str | None, why: str) -> Rows:
    text = f"trades of {symbol or 'this account'} may be missing: {why}"
    return {key_of(text): text}
