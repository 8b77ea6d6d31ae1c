"""Wallex as a venue of the ledger: its endpoints, and what is queried at which of them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from orderledger import PositionMode
from orderledger.extend.views import Row
from orderledger.venues.base.documents import refusal_in, row_in
from orderledger.venues.base.fields import Document
from orderledger.venues.base.listed import ListedVenue
from orderledger.venues.base.paging import is_since, newest_first
from orderledger.venues.base.venue import Abilities
from orderledger.venues.errors import VenueRefused, VenueUnavailable
from orderledger.venues.wallex.translate import READERS, orders_in
from orderledger.venues.wallex.vocabulary import CLIENT_ID, NAME

OPEN, ORDERS = "/v1/account/openOrders", "/v1/account/orders"
BALANCES, MARKETS = "/v1/account/balances", "/v1/markets"
PAGE = 100
MOST_PAGES = 300


class WallexVenue(ListedVenue):
    name = NAME
    readers = READERS
    per_minute = {"": 120}  # noqa: RUF012  (declared by ListedVenue; the venue states no limit of queries)
    position_mode = PositionMode.NET  # spot alone
    abilities = Abilities(
        client_ids="an order's only name, unique for ever",
        fill_identity="made here: the order, its time, price and quantity, and its number among "
        "equals",
        has_fill_ids=False,
        streams=False,
        orders_reach_back="not stated",
        fills_reach_back="with their orders; of an order that was made a day before, if the "
        "ledger knows it to be open",
    )

    @staticmethod
    def headers(token: str) -> dict[str, str]:
        return {"x-api-key": token}

    async def open_rows(self) -> list[Any]:
        return await self._listed(OPEN, lambda row: True)

    async def new_rows(self, since: datetime) -> list[Any]:
        return await self._listed(ORDERS, is_since(since, "created_at", "transactTime"))

    async def one_row(self, venue_order_id: str) -> Document | None:
        try:
            return row_in(
                checked(await self._http.get(f"{ORDERS}/{quote(venue_order_id, safe='')}")),
                "result",
            )
        except VenueRefused as refusal:
            if refusal.status == 404 and refusal_in(refusal.said).get("success") is False:
                return None
            raise

    async def rows_of(self, order: Row) -> list[Any]:
        names = dict.fromkeys(
            [*order["venue_order_ids"], *filter(None, [order["aliases"].get(CLIENT_ID)])]
        )
        found = [await self.one_row(name) for name in names]
        return [row for row in found if row is not None]

    async def balance_rows(self) -> list[Any]:
        return list(
            row_in(row_in(checked(await self._http.get(BALANCES)), "result"), "balances").values()
        )

    async def instrument_list(self) -> Document:
        return checked(await self._http.get(MARKETS))

    async def _listed(self, path: str, is_wanted: Callable[[Any], bool]) -> list[Any]:
        """The venue does not say how many rows a page has: the last page is the one without any."""

        async def fetch(page: int) -> tuple[list[Any], bool]:
            rows = orders_in(checked(await self._http.get(path, {"page": page, "per_page": PAGE})))
            if rows is None:
                raise VenueUnavailable("the answer has no orders")
            return rows, True

        return await newest_first(fetch, is_wanted, most=MOST_PAGES, what=path)


def checked(document: Any) -> Document:
    """The answer, if it is not a refusal."""
    if not isinstance(document, dict) or not isinstance(document.get("success"), bool):
        raise VenueUnavailable("the answer does not say whether it is one")
    if not document["success"]:
        raise VenueRefused(200, str(document.get("message")))
    return document


VENUE = WallexVenue
