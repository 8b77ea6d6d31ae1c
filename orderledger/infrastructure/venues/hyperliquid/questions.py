"""The questions of `/info` that the ledger has, each within the budget of weight."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from orderledger.infrastructure.errors import VenueUnavailable
from orderledger.infrastructure.venues.base.translation import as_text
from orderledger.infrastructure.venues.base.transport import Budget, Http
from orderledger.infrastructure.venues.hyperliquid.limits import (
    FILLS_PER_PAGE,
    FUNDINGS_PER_PAGE,
    weight_of,
    weight_of_rows,
)
from orderledger.infrastructure.venues.hyperliquid.rows import milliseconds, time_of

PATH = "/info"
MOST_PAGES = 1_000


class Questions:
    """What can be asked of any address. Raises VenueUnavailable and VenueRefused; an answer of another shape is none."""

    def __init__(self, http: Http, budget: Budget, *, fills_per_page: int = FILLS_PER_PAGE) -> None:
        self._http = http
        self._budget = budget
        self._fills_per_page = fills_per_page

    async def open_orders(self, address: str, exchange: str) -> list[Any]:
        """The full list of one exchange: the main one and spot under an empty name."""
        return await self._list("frontendOpenOrders", user=address, **({"dex": exchange} if exchange else {}))

    async def order_status(self, address: str, name: str) -> dict[str, Any] | None:
        """The latest row of an order, asked for by its id or its cloid. None: the venue says that it does not know it."""
        answer = await self._ask("orderStatus", user=address, oid=int(name) if name.isascii() and name.isdigit() else name)
        match answer:
            case {"status": "unknownOid"}:
                return None
            case {"status": "order", "order": dict(row)}:
                return row
        raise VenueUnavailable(f"orderStatus is answered by {as_text(answer)[:200]}")

    async def historical_orders(self, address: str) -> list[Any]:
        return await self._list("historicalOrders", user=address)

    async def fills(self, address: str, since: datetime) -> list[Any]:
        """Every fill from `since` on, page by page. Never aggregated: other rows would stand for the same fills."""
        return await self._paged("userFillsByTime", address, since, self._fills_per_page)

    async def fundings(self, address: str, since: datetime) -> list[Any]:
        return await self._paged("userFunding", address, since, FUNDINGS_PER_PAGE)

    async def positions(self, address: str, exchange: str) -> dict[str, Any]:
        state = await self._ask("clearinghouseState", user=address, **({"dex": exchange} if exchange else {}))
        if not isinstance(state, dict) or not isinstance(state.get("assetPositions"), list):
            raise VenueUnavailable(f"clearinghouseState is answered by {as_text(state)[:200]}")
        return state

    async def spot_balances(self, address: str) -> dict[str, Any]:
        state = await self._ask("spotClearinghouseState", user=address)
        if not isinstance(state, dict) or not isinstance(state.get("balances"), list):
            raise VenueUnavailable(f"spotClearinghouseState is answered by {as_text(state)[:200]}")
        return state

    async def _paged(self, question: str, address: str, since: datetime, per_page: int) -> list[Any]:
        """Pages overlap by the rows of one moment: those that ended the page before are left out."""
        rows: list[Any] = []
        last: list[Any] = []
        start = milliseconds(since)
        for _ in range(MOST_PAGES):
            page = await self._list(question, user=address, startTime=start)
            rows += _unseen(page, last)
            if len(page) < per_page:
                return rows
            end = max((time_of(row) for row in page), default=start)
            last = [row for row in page if time_of(row) == end]
            # A page that holds nothing but one moment cannot be turned by time: go on behind it.
            start = end if end > start else end + 1
        raise VenueUnavailable(f"{question} has no end after {MOST_PAGES} pages")

    async def _list(self, question: str, **parameters: Any) -> list[Any]:
        answer = await self._ask(question, **parameters)
        if not isinstance(answer, list):
            raise VenueUnavailable(f"{question} is answered by {as_text(answer)[:200]}")
        self._budget.charge(weight_of_rows(question, len(answer)))
        return answer

    async def _ask(self, question: str, **parameters: Any) -> Any:
        return await self._http.post(PATH, json={"type": question, **parameters}, weight=weight_of(question))


def _unseen(page: list[Any], last: Sequence[Any]) -> list[Any]:
    """Without the rows that the page before ended with."""
    left = list(last)
    unseen = []
    for row in page:
        if row in left:
            left.remove(row)
        else:
            unseen.append(row)
    return unseen
