"""Sends orders to Invex. The answer to an order has its id; the answer to a cancel says that it was
received."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from orderledger.domain.values import DatedBy
from orderledger.infrastructure.errors import Unanswered
from orderledger.infrastructure.messages.registry import Message, StatusObserved
from orderledger.projections.view import Row
from orderledger.venues.base.fields import Document
from orderledger.venues.base.keyed_entry import (
    KeyedOrderEntry,
    Refusal,
    Request,
    without_none,
    written,
)
from orderledger.venues.base.order_entry import EntryAbilities
from orderledger.venues.invex.refusals import REFUSALS
from orderledger.venues.invex.translate import READERS
from orderledger.venues.invex.venue import ORDERS, InvexVenue, Sign
from orderledger.venues.invex.vocabulary import CLIENT_ID, CLIENT_IDS, MARKETS


class InvexOrderEntry(KeyedOrderEntry):
    """Whether a client id is unique is not stated, so that the absence of an order proves nothing.
    `sign`: as in `InvexVenue`."""

    abilities = EntryAbilities(cancels_by_client_id=True)
    alias, client_ids, markets, readers = CLIENT_ID, CLIENT_IDS, MARKETS, READERS
    headers = staticmethod(InvexVenue.headers)
    order_types = {"limit": "LIMIT", "market": "MARKET"}  # noqa: RUF012
    refusals = REFUSALS

    def __init__(self, account: str, *, sign: Sign | None = None, **options: Any) -> None:
        super().__init__(account, **options)
        self._sign = sign

    def placing(self, order: Row, base: str, quote: str) -> Request:
        fields = {
            "symbol": self.markets.symbol_of(base, quote),
            "side": {"buy": "BUYER", "sell": "SELLER"}[order["side"]],
            "type": self.order_types[order["order_type"]],
            "quantity": written(order, "quantity"),
            "price": written(order, "limit_price"),
            "client_order_id": self.client_id(order),
        }
        return Request(method="POST", path=ORDERS, json=self._signed(without_none(fields)))

    def canceling(self, order: Row) -> Request:
        known = order.get("venue_order_id")
        name = {"order_id": known} if known else {"client_order_id": self.client_id(order)}
        return Request(method="DELETE", path=f"{ORDERS}?{urlencode(self._signed(name))}")

    def refusal_in(self, document: Any) -> Refusal | None:
        """A sentence, or a list of fields with what is wrong with each."""
        detail = document.get("detail") if isinstance(document, dict) else None
        if not isinstance(detail, list) or not detail or not isinstance(detail[0], dict):
            return None
        field = detail[0].get("loc")
        return Refusal(
            code=str(field[-1]) if isinstance(field, list) and field else "",
            text=str(detail[0].get("msg")),
        )

    def row_in(self, document: Document) -> Document | None:
        if isinstance(document.get("order_id"), str):
            return document
        if "cancel_order_id" not in document:
            raise Unanswered("unreadable", "the answer names no order")
        return None

    def told(self, row: Document, order: Row) -> Sequence[Message]:
        """Received, and named. What became of it follows from its row."""
        names = {
            "client_order_id": order["client_order_id"],
            "aliases": {CLIENT_ID: self.client_id(order)},
        }
        said = StatusObserved(
            account=self._account,
            **names,
            venue_order_id=row["order_id"],
            status="pending_new",
            evidence=row,
        )
        return [said.model_copy(update={"at": self._now(), "dated_by": DatedBy.RECEIPT})]

    def _signed(self, fields: dict[str, Any]) -> dict[str, Any]:
        return {**fields, **(self._sign(fields) if self._sign is not None else {})}


ORDER_ENTRY = InvexOrderEntry
