"""The pages of an exchange's list of trades, turned until a period is complete."""

from collections.abc import Awaitable, Callable
from typing import Any

from orderledger.venues.ccxt.lists import key_of, time_of
from orderledger.venues.ccxt.quirks import Quirks
from orderledger.venues.ccxt.reading import UNREADABLE
from orderledger.venues.errors import VenueUnavailable

MOST_PAGES = 1_000


class TradePages:
    """The trades of one account. `listed`: queries one page of the list."""

    def __init__(self, listed: Callable[..., Awaitable[list[Any]]], quirks: Quirks) -> None:
        self._listed = listed
        self._quirks = quirks

    async def of_period(
        self, symbol: str | None, begin: int, end: int | None, limit: int | None
    ) -> dict[str, Any]:
        """All trades of a period in milliseconds. `limit`: how many a page holds, if known."""
        if self._quirks.offset is None:
            return await self._by_time(symbol, begin, end, limit)
        found: dict[str, Any] = {}
        for _ in range(MOST_PAGES):
            page = await self._page(
                symbol, begin, end, limit, {self._quirks.offset: len(found)} if found else {}
            )
            is_last = len(page) < (self._quirks.page or 1) or page.keys() <= found.keys()
            found |= page
            if is_last:
                return found
        raise _endless(symbol)

    async def _by_time(
        self, symbol: str | None, begin: int, end: int | None, limit: int | None
    ) -> dict[str, Any]:
        """Some exchanges list from the oldest on, others from the newest back: continue at both
        ends, until nothing is new.
        """
        full = limit or 1  # of an unknown length, every page may be full
        found: dict[str, Any] = {}
        for goes_on in (True, False):
            first, last = begin, end if goes_on else min(map(time_of, found.values()))
            for _ in range(MOST_PAGES):
                page = await self._page(symbol, first, last, limit)
                times = [time_of(row) for row in page.values() if UNREADABLE not in row] or [begin]
                is_full, is_news = len(page) >= full, not page.keys() <= found.keys()
                found |= page
                if limit and is_full and not is_news and min(times) == max(times):
                    raise VenueUnavailable(f"more trades of {symbol} at one time than a page holds")
                if not (is_full and is_news):
                    break
                first, last = (max(times), end) if goes_on else (begin, min(times))
            else:
                raise _endless(symbol)
            if len(found) < full:
                break  # all were on one page
        return found

    async def _page(
        self,
        symbol: str | None,
        since: int,
        until: int | None,
        limit: int | None,
        params: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        asked = {**({} if until is None else {"until": until}), **(params or {})}
        return {key_of(row): row for row in await self._listed(symbol, since, limit, asked)}


def _endless(symbol: str | None) -> VenueUnavailable:
    return VenueUnavailable(f"the trades of {symbol} do not end after {MOST_PAGES} pages")
