"""Nobitex as a venue of the ledger: its endpoints, and what is queried at which of them."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from orderledger.extend.views import Row
from orderledger.venues.base.documents import code_in, number_in, row_in, rows_in
from orderledger.venues.base.fields import (
    Document,
    Unreadable,
    can_be_id,
    moment,
    number,
)
from orderledger.venues.base.listed import ListedVenue
from orderledger.venues.base.paging import is_since, newest_first
from orderledger.venues.base.venue import Abilities
from orderledger.venues.errors import VenueRefused, VenueUnavailable
from orderledger.venues.nobitex.translate import READERS
from orderledger.venues.nobitex.vocabulary import (
    CLIENT_ID,
    NAME,
    NOT_FOUND,
    OK,
    TOO_MANY,
)

ORDERS, ORDER, TRADES = "/market/orders/list", "/market/orders/status", "/market/trades/list"
WALLETS, OPTIONS = "/users/wallets/list", "/v2/options"
PAGE = 100
MOST_PAGES = 300
TRADES_REACH = timedelta(days=3)


class NobitexVenue(ListedVenue):
    name = NAME
    readers = READERS
    per_minute = {ORDERS: 30, TRADES: 30, ORDER: 300, WALLETS: 10, OPTIONS: 5}  # noqa: RUF012  (declared by ListedVenue)
    abilities = Abilities(
        client_ids="unique only among orders that have not ended, and found only among them; may "
        "be used again",
        fill_identity="the trade's id",
        has_fill_ids=True,
        streams=False,
        orders_reach_back="all orders, by pages",
        fills_reach_back="3 days",
    )

    @staticmethod
    def headers(token: str) -> dict[str, str]:
        return {"Authorization": f"Token {token}"}

    @staticmethod
    def pause_in(said: str) -> float:
        return number_in(said, "backOff")

    async def open_rows(self) -> list[Any]:
        return await self._listed("open", lambda row: True)

    async def new_rows(self, since: datetime) -> list[Any]:
        return await self._listed("all", is_since(since, "created_at"))

    async def one_row(self, venue_order_id: str) -> Document | None:
        return await self._order({"id": int(venue_order_id)}) if can_be_id(venue_order_id) else None

    async def rows_of(self, order: Row) -> list[Any]:
        """By id, if it is known: another order may bear the client id by now. Else by client id,
        which finds only orders that have not ended; else by client id among all orders since it was
        requested."""
        client_id, found = order["aliases"].get(CLIENT_ID), None
        for venue_order_id in reversed(order["venue_order_ids"]):
            found = found or await self.one_row(venue_order_id)
        if found is None and client_id is not None:
            found = await self._order({"clientOrderId": client_id})
        if found is None and client_id is not None:
            begun: datetime = (
                order.get("requested_at") or order.get("acknowledged_at") or self.now()
            )
            listed = await self.new_rows(begun - self.overlap)
            found = next(
                (
                    row
                    for row in listed
                    if isinstance(row, dict) and row.get("clientOrderId") == client_id
                ),
                None,
            )
        return [] if found is None else [*await self._fills_of(found), found]

    async def fill_rows(self, since: datetime) -> list[Any]:
        return await newest_first(
            self._page_of(TRADES, "trades", {}),
            is_since(since, "timestamp"),
            most=MOST_PAGES,
            what=TRADES,
        )

    def fills_reach(self) -> datetime:
        return self.now() - TRADES_REACH

    async def balance_rows(self) -> list[Any]:
        return rows_in(checked(await self._http.post(WALLETS)), "wallets")

    async def instrument_list(self) -> Document:
        return checked(await self._http.get(OPTIONS))

    async def _fills_of(self, row: Document) -> list[Any]:
        """The trades of an order, of which it says that some is filled."""
        try:
            made_at, is_filled = moment(row, "created_at"), bool(number(row, "matchedAmount"))
        except Unreadable:
            return []
        trades = (
            await self.fill_rows(max(made_at or self.now(), self.fills_reach()))
            if is_filled
            else []
        )
        return [
            trade
            for trade in trades
            if isinstance(trade, dict) and str(trade.get("orderId")) == str(row.get("id"))
        ]

    async def _listed(self, status: str, is_wanted: Callable[[Any], bool]) -> list[Any]:
        """Without `details=2`, rows lack ids and statuses."""
        fetch = self._page_of(ORDERS, "orders", {"status": status, "details": 2, "order": "-id"})
        return await newest_first(fetch, is_wanted, most=MOST_PAGES, what=ORDERS)

    def _page_of(self, path: str, name: str, asked: Mapping[str, str | int]) -> Any:
        async def fetch(page: int) -> tuple[list[Any], bool]:
            document = checked(
                await self._http.get(path, {**asked, "page": page, "pageSize": PAGE})
            )
            return rows_in(document, name), document.get("hasNext") is True

        return fetch

    async def _order(self, asked: Mapping[str, str | int]) -> Document | None:
        """One order. None where Nobitex says that it does not know it."""
        try:
            return row_in(checked(await self._http.post(ORDER, json=dict(asked))), "order")
        except VenueRefused as refusal:
            if code_in(refusal.said) in NOT_FOUND:
                return None
            raise


def checked(document: Any) -> Document:
    """The answer, if it is not a refusal: those come with HTTP 200 too."""
    if not isinstance(document, dict) or "status" not in document:
        raise VenueUnavailable("the answer has no status")
    if document["status"] == OK:
        return document
    if document.get("code") == TOO_MANY:
        raise VenueUnavailable(str(document))
    raise VenueRefused(200, json.dumps(document, default=str))


VENUE = NobitexVenue
