"""Invex as a venue of the ledger: its endpoints, and what is queried at which of them."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from orderledger import PositionMode
from orderledger.extend.views import Row
from orderledger.venues.base.documents import refusal_in, rows_in
from orderledger.venues.base.fields import Document
from orderledger.venues.base.listed import ListedVenue
from orderledger.venues.base.paging import newest_first
from orderledger.venues.base.venue import Abilities
from orderledger.venues.errors import VenueRefused, VenueUnavailable
from orderledger.venues.invex.translate import READERS
from orderledger.venues.invex.vocabulary import CLIENT_ID, NAME, OPEN

ORDERS, ORDER = "/trading/v1/orders", "/trading/v1/order"
ACCOUNTS, MARKETS = "/trading/v1/accounts", "/trading/v1/markets"
PAGE = 100
MOST_PAGES = 300
IDS = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)
"""The venue refuses a query of anything else."""

Fields = dict[str, str | int]
Sign = Callable[[Mapping[str, str | int]], Mapping[str, str | int]]


class InvexVenue(ListedVenue):
    """`sign`: given the fields of a request, those that its signature adds."""

    name = NAME
    readers = READERS
    per_minute = {"": 60}  # noqa: RUF012  (declared by ListedVenue; the venue calls its limits strict, and gives no number)
    position_mode = PositionMode.NET  # spot alone
    abilities = Abilities(
        client_ids="not stated; both names find an order",
        fill_identity="made here: the order, its time, price and quantity, and its number among "
        "equals",
        has_fill_ids=False,
        streams=False,
        orders_reach_back="not stated",
        fills_reach_back="with their orders; of an order that was made a day before, if the "
        "ledger knows it to be open",
    )

    def __init__(self, account: str, *, sign: Sign | None = None, **options: Any) -> None:
        super().__init__(account, **options)
        self._sign = sign

    @staticmethod
    def headers(token: str) -> dict[str, str]:
        return {"X-API-Key-Invex": token}

    async def open_rows(self) -> list[Any]:
        return [row for status in OPEN for row in await self._listed({"status": status})]

    async def new_rows(self, since: datetime) -> list[Any]:
        return await self._listed(
            {"start_at": since.astimezone(UTC).replace(tzinfo=None).isoformat()}
        )

    async def one_row(self, venue_order_id: str) -> Document | None:
        return (
            await self._order({"order_id": venue_order_id})
            if IDS.fullmatch(venue_order_id)
            else None
        )

    async def rows_of(self, order: Row) -> list[Any]:
        found = [await self.one_row(name) for name in order["venue_order_ids"]]
        client_id = order["aliases"].get(CLIENT_ID)
        if client_id is not None and not any(found):
            found.append(await self._order({"client_order_id": client_id}))
        return [row for row in found if row is not None]

    async def balance_rows(self) -> list[Any]:
        document = await self._get(ACCOUNTS, {})
        return document if isinstance(document, list) else rows_in(_object(document), "accounts")

    async def instrument_list(self) -> Document:
        return _object(await self._get(MARKETS, {}))

    async def _get(self, path: str, asked: Fields) -> Any:
        return await self._http.get(
            path, {**asked, **(self._sign(asked) if self._sign is not None and asked else {})}
        )

    async def _listed(self, asked: Fields) -> list[Any]:
        async def fetch(page: int) -> tuple[list[Any], bool]:
            document = _object(await self._get(ORDERS, {**asked, "page": page, "page_size": PAGE}))
            return rows_in(document, "orders"), document.get("total_count") != 0

        return await newest_first(fetch, lambda row: True, most=MOST_PAGES, what=ORDERS)

    async def _order(self, asked: Fields) -> Document | None:
        """One order. None where Invex says that it does not know it."""
        try:
            document = _object(await self._get(ORDER, asked))
        except VenueRefused as refusal:
            if refusal.status == 404 and "detail" in refusal_in(refusal.said):
                return None
            raise
        if "order_id" not in document:
            raise VenueUnavailable("the answer has no order")
        return document


def _object(document: Any) -> Document:
    if not isinstance(document, dict):
        raise VenueUnavailable("the answer is not a JSON object")
    return document


VENUE = InvexVenue
