"""Corner as a venue of the ledger."""

import random
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from orderledger.infrastructure.clock import SystemClock
from orderledger.infrastructure.messages.registry import Balance, Message
from orderledger.projections.view import Row
from orderledger.venues import VenueUnavailable
from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.fields import Unreadable
from orderledger.venues.base.polling import PolledVenue
from orderledger.venues.base.translation import Translation
from orderledger.venues.base.transport import Backoff, Http, RateLimiter
from orderledger.venues.base.venue import Abilities, Answer, Records
from tests.venues.corner.translate import (
    CLIENT_ID,
    ENDED,
    id_of,
    orders_told,
    positions_told,
    terms_of,
)


class CornerVenue(PolledVenue):
    """The account of one API key."""

    name = "corner"
    abilities = Abilities(
        client_ids="an order bears the client id it was sent with",
        fill_identity="made here: the order's id, and the quantity filled by then",
        has_fill_ids=False,
        streams=False,
        orders_reach_back="all orders",
        fills_reach_back="all orders",
    )
    poll_seconds = idle_seconds = 0.05

    def __init__(
        self,
        account: str,
        *,
        key: str,
        url: str,
        records: Records | None = None,
        now: Callable[[], datetime] | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        http = Http(
            url,
            headers={"Api-Key": key},
            rate_limiter=RateLimiter(100_000),
            backoff=backoff or Backoff(random.Random()),
            secrets=[key],
        )
        super().__init__([account], records=records, now=now or SystemClock().now, http=http)
        self._http = http

    async def order_rows(self, account: str) -> list[Any]:
        return await self._listed("orders")

    def translate_orders(self, account: str, rows: Sequence[Any]) -> Translation:
        return orders_told(list(rows), account)

    def key_of(self, row: Any) -> str:
        try:
            return id_of(row)
        except Unreadable:
            return super().key_of(row)

    def open_ids(self, rows: Sequence[Any]) -> frozenset[str]:
        return frozenset(
            id_of(row) for row in rows if not isinstance(row, dict) or row.get("state") not in ENDED
        )

    def terms_of(self, instrument: str) -> Terms | None:
        return terms_of(instrument)

    async def order(self, account: str, order: Row) -> Sequence[Message] | None:
        ids, name = set(order["venue_order_ids"]), order["aliases"].get(CLIENT_ID)
        asked_at, rows = self.now(), await self.order_rows(account)
        own = [
            row
            for row in rows
            if self.key_of(row) in ids or (name is not None and row.get("client_id") == name)
        ]
        return (
            await self.about_order(account, self.translate_orders(account, own), asked_at)
            if own
            else None
        )

    async def fills_since(self, account: str, since: datetime) -> Answer:
        told = self.translate_orders(account, await self.order_rows(account))
        return await self.answer(
            account, sorted(told.messages, key=lambda message: message.at or since), told.faults
        )

    async def positions(self, account: str) -> Sequence[Balance]:
        return self.balances(positions_told(await self._listed("positions"), account))

    async def _listed(self, name: str) -> list[Any]:
        document = await self._http.get(f"/{name}")
        rows = document.get(name) if isinstance(document, dict) else None
        if not isinstance(rows, list):
            raise VenueUnavailable(f"the answer has no {name}")
        return rows
