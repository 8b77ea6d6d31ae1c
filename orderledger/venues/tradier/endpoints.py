"""Tradier's REST endpoints: orders of today and of earlier days, one order, positions, a session of
the stream."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from orderledger.venues.base.fields import Unreadable, is_nothing
from orderledger.venues.base.paging import by_number
from orderledger.venues.base.transport import Http
from orderledger.venues.errors import VenueRefused, VenueUnavailable
from orderledger.venues.tradier.reading import rows_of, rows_within
from orderledger.venues.tradier.rows import key_of

PAGE = 100
LEAST_PAGE = 25
"""The default size of a page: with fewer rows there is no next page, whatever the limit is."""
MOST_PAGES = 200
LONGEST = timedelta(days=30)
"""The filtered list goes back one month."""
KEPT_FOR = timedelta(minutes=1)
"""Tradier forbids polling the filtered list: an answer is reused for this long."""
NOT_FOUND = frozenset({400, 404})
SETTLED = timedelta(days=7)
"""The history is updated at night, by the clearing firm: rows of these days may still come."""


class TradierEndpoints:
    """Queries that return rows. A missing or unreadable answer raises VenueUnavailable; it never
    counts as an empty list."""

    def __init__(
        self, http: Http, now: Callable[[], datetime], kept_for: timedelta = KEPT_FOR
    ) -> None:
        self._http = http
        self._kept_for = kept_for
        self._now = now
        self._earlier: dict[str, tuple[datetime, date, list[Any]]] = {}

    async def orders(self, number: str) -> list[Any]:
        """All orders of the current session."""
        return await self._pages(number, {})

    def reach(self) -> datetime:
        """The earliest time for which Tradier lists orders."""
        return self._now() - LONGEST

    async def earlier_orders(self, number: str, since: datetime) -> list[Any]:
        """All orders of the days from `since` on, as far back as Tradier lists them."""
        now = self._now()
        # One day more, because Tradier's days are those of New York.
        start = max(since - timedelta(days=1), self.reach()).date()
        asked = self._earlier.get(number)
        if asked is None or asked[0] + self._kept_for <= now or asked[1] > start:
            days: dict[str, str | int] = {
                "filter": "all",
                "start": start.isoformat(),
                "end": now.date().isoformat(),
            }
            asked = self._earlier[number] = (now, start, await self._pages(number, days))
        return asked[2]

    async def order(self, number: str, venue_order_id: str) -> list[Any] | None:
        """The row of one order. None if Tradier does not know the order."""
        try:
            document = await self._document(
                f"/accounts/{number}/orders/{venue_order_id}", {"includeTags": "true"}
            )
        except VenueRefused as refusal:
            if refusal.status in NOT_FOUND and "access token" not in refusal.said.lower():
                return None
            raise
        return _rows(document, "order", lambda value: rows_of(value, "order")) or None

    async def positions(self, number: str) -> list[Any]:
        document = await self._document(f"/accounts/{number}/positions", {})
        return _rows(
            document, "positions", lambda value: rows_within(value, "positions", "position")
        )

    async def quotes(self, symbols: Sequence[str]) -> list[Any]:
        """Quotes of these symbols. Source: docs.tradier.com, "Get Quotes"."""
        asked: dict[str, str | int] = {"symbols": ",".join(symbols)}
        document = await self._document("/markets/quotes", asked)
        return _rows(document, "quotes", lambda value: rows_within(value, "quotes", "quote"))

    async def history(self, number: str, since: datetime) -> list[Any]:
        """The events of the days from `since` on: whole days, of which each is complete only after
        some nights. All types, so that one that is not known is seen."""
        days: dict[str, str | int] = {"start": (since - SETTLED).date().isoformat()}
        rows: list[Any] = []
        for page in range(1, MOST_PAGES + 1):
            asked = {**days, "page": page, "limit": PAGE}
            document = await self._document(f"/accounts/{number}/history", asked)
            found = _rows(document, "history", lambda value: rows_within(value, "history", "event"))
            rows += found
            if len(found) < PAGE:
                return rows
        raise VenueUnavailable(f"the history does not end after {MOST_PAGES} pages")

    async def session(self) -> str:
        """The id of a new session of the stream."""
        document = _checked(await self._http.post("/accounts/events/session"))
        stream = document.get("stream")
        session = stream.get("sessionid") if isinstance(stream, dict) else None
        if not isinstance(session, str):
            raise VenueUnavailable("the answer has no session")
        return session

    async def _pages(self, number: str, filters: dict[str, str | int]) -> list[Any]:
        async def fetch(page: int) -> list[Any]:
            asked = {**filters, "page": page, "limit": PAGE, "includeTags": "true"}
            document = await self._document(f"/accounts/{number}/orders", asked)
            return _rows(document, "orders", lambda value: rows_within(value, "orders", "order"))

        return await by_number(
            fetch, key_of, least=LEAST_PAGE, most=MOST_PAGES, what="the list of orders"
        )

    async def _document(self, path: str, asked: dict[str, str | int]) -> dict[str, Any]:
        return _checked(await self._http.get(path, asked))


def _checked(document: Any) -> dict[str, Any]:
    """The answer, if it is not an error: errors may come with HTTP 200."""
    if not isinstance(document, dict):
        raise VenueUnavailable("the answer is not a JSON object")
    text, fault = errors_in(document), document.get("fault")
    if fault is not None and is_quota(200, str(fault)):
        raise VenueUnavailable(text)
    if text is not None:
        raise VenueRefused(200, text)
    return document


def errors_in(document: Any) -> str | None:
    """The sentences of a refusal, which may come with HTTP 200. None if the document is not a
    refusal.
    """
    if not isinstance(document, dict):
        return None
    fault, errors = document.get("fault"), document.get("errors")
    if fault is not None:
        return str(fault.get("faultstring", fault)) if isinstance(fault, dict) else str(fault)
    return None if is_nothing(errors) else "; ".join(_errors(errors))


def is_quota(status: int, text: str) -> bool:
    """Whether a refusal means that the rate limit is reached, so that the request may be repeated
    later."""
    return any(word in text.lower() for word in ("quota", "ratelimit", "rate limit"))


def _errors(errors: Any) -> list[str]:
    """`{"error": [...]}` or `{"error": "..."}`."""
    sentences = errors.get("error", errors) if isinstance(errors, dict) else errors
    return [str(one) for one in sentences] if isinstance(sentences, list) else [str(sentences)]


def _rows(document: dict[str, Any], name: str, read: Callable[[Any], list[Any]]) -> list[Any]:
    if name not in document:
        raise VenueUnavailable(f"the answer has no {name}")
    try:
        return read(document[name])
    except Unreadable as fault:
        raise VenueUnavailable(str(fault)) from None
