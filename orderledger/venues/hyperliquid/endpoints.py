"""The queries of `/info` that the ledger needs, each within the rate limit."""

from datetime import datetime
from typing import Any

from orderledger.venues.base.paging import by_time
from orderledger.venues.base.translation import as_text
from orderledger.venues.base.transport import Http, RateLimiter, Share
from orderledger.venues.errors import VenueUnavailable
from orderledger.venues.hyperliquid.limits import (
    FILLS_PER_PAGE,
    FUNDINGS_PER_PAGE,
    weight_of,
    weight_of_rows,
)
from orderledger.venues.hyperliquid.rows import milliseconds, time_of

PATH = "/info"


class HyperliquidEndpoints:
    """Queries about any address. Each raises VenueUnavailable or VenueRefused; an answer of an
    unexpected form counts as no answer.
    """

    def __init__(
        self, http: Http, rate_limiter: RateLimiter | Share, *, fills_per_page: int = FILLS_PER_PAGE
    ) -> None:
        self._http = http
        self._rate_limiter = rate_limiter
        self._fills_per_page = fills_per_page

    async def open_orders(self, address: str, exchange: str) -> list[Any]:
        """The full list of one exchange. The empty name means the main one and spot."""
        return await self._list(
            "frontendOpenOrders", user=address, **({"dex": exchange} if exchange else {})
        )

    async def order_status(self, address: str, name: str) -> dict[str, Any] | None:
        """The latest row of an order, by its id or its cloid. None: the venue answers that it
        does not know the order.
        """
        answer = await self._ask(
            "orderStatus",
            user=address,
            oid=int(name) if name.isascii() and name.isdigit() else name,
        )
        match answer:
            case {"status": "unknownOid"}:
                return None
            case {"status": "order", "order": dict(row)}:
                return row
        raise VenueUnavailable(f"orderStatus returned {as_text(answer)[:200]}")

    async def historical_orders(self, address: str) -> list[Any]:
        return await self._list("historicalOrders", user=address)

    async def fills(self, address: str, since: datetime) -> list[Any]:
        """Every fill from `since` on, page by page. Never aggregated, because aggregated rows have
        other ids."""
        return await self._paged("userFillsByTime", address, since, self._fills_per_page)

    async def fundings(self, address: str, since: datetime) -> list[Any]:
        return await self._paged("userFunding", address, since, FUNDINGS_PER_PAGE)

    async def transfers(self, address: str, since: datetime) -> list[Any]:
        """Deposits, withdrawals and other changes of balances from `since` on. The size of a page
        is not documented: that of fundings."""
        query = "userNonFundingLedgerUpdates"
        return await self._paged(query, address, since, FUNDINGS_PER_PAGE)

    async def positions(self, address: str, exchange: str) -> dict[str, Any]:
        state = await self._ask(
            "clearinghouseState", user=address, **({"dex": exchange} if exchange else {})
        )
        if not isinstance(state, dict) or not isinstance(state.get("assetPositions"), list):
            raise VenueUnavailable(f"clearinghouseState returned {as_text(state)[:200]}")
        return state

    async def spot_balances(self, address: str) -> dict[str, Any]:
        state = await self._ask("spotClearinghouseState", user=address)
        if not isinstance(state, dict) or not isinstance(state.get("balances"), list):
            raise VenueUnavailable(f"spotClearinghouseState returned {as_text(state)[:200]}")
        return state

    async def mids(self, exchange: str) -> dict[str, Any]:
        """The middle of bid and ask by coin; if the book is empty, the last trade.

        Source: hyperliquid.gitbook.io, Info endpoint, "Retrieve mids for all coins".
        """
        answer = await self._ask("allMids", **({"dex": exchange} if exchange else {}))
        if not isinstance(answer, dict):
            raise VenueUnavailable(f"allMids returned {as_text(answer)[:200]}")
        return answer

    async def meta(self, exchange: str) -> Any:
        """The perpetuals of one exchange."""
        return await self._ask("meta", **({"dex": exchange} if exchange else {}))

    async def spot_meta(self) -> Any:
        """The tokens and pairs of spot."""
        return await self._ask("spotMeta")

    async def _paged(self, query: str, address: str, since: datetime, per_page: int) -> list[Any]:
        async def fetch(start: int) -> list[Any]:
            return await self._list(query, user=address, startTime=start)

        return await by_time(fetch, time_of, milliseconds(since), per_page=per_page, what=query)

    async def _list(self, query: str, **parameters: Any) -> list[Any]:
        answer = await self._ask(query, **parameters)
        if not isinstance(answer, list):
            raise VenueUnavailable(f"{query} returned {as_text(answer)[:200]}")
        self._rate_limiter.charge(weight_of_rows(query, len(answer)))
        return answer

    async def _ask(self, query: str, **parameters: Any) -> Any:
        return await self._http.post(
            PATH, json={"type": query, **parameters}, weight=weight_of(query)
        )
