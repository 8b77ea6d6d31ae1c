"""Sends orders to Nobitex. The answer to an order has its row; so has the answer to a cancel."""

from typing import Any

from orderledger.extend.views import Row
from orderledger.venues.base.fields import Document
from orderledger.venues.base.keyed_entry import (
    KeyedOrderEntry,
    Refusal,
    Request,
    without_none,
    written,
)
from orderledger.venues.base.order_entry import EVERY_TYPE, EntryAbilities
from orderledger.venues.errors import Unanswered
from orderledger.venues.nobitex.refusals import REFUSALS
from orderledger.venues.nobitex.translate import READERS
from orderledger.venues.nobitex.venue import NobitexVenue
from orderledger.venues.nobitex.vocabulary import (
    CLIENT_ID,
    CLIENT_IDS,
    MARKETS,
    OK,
    TOO_MANY,
)

ADD, UPDATE = "/market/orders/add", "/market/orders/update-status"


class NobitexOrderEntry(KeyedOrderEntry):
    """A client id is unique only among orders that have not ended: a repeated order would work
    twice if the first had filled.

    A request has no expiry there, so that a late one may still become an order: "unknown order"
    proves nothing. `pro` turns off the venue's own refusal of equal orders within ten seconds,
    which does not look at client ids.
    """

    abilities = EntryAbilities(
        cancels_by_client_id=True, orders_per_second=0.5, order_types=EVERY_TYPE
    )
    alias, client_ids, markets, readers = CLIENT_ID, CLIENT_IDS, MARKETS, READERS
    headers = staticmethod(NobitexVenue.headers)
    order_types = {  # noqa: RUF012
        "limit": "limit",
        "market": "market",
        "stop": "stop_market",
        "stop_limit": "stop_limit",
    }
    refusals = REFUSALS

    @staticmethod
    def is_refusal(document: Any) -> bool:
        return isinstance(document, dict) and document.get("code") == TOO_MANY

    def placing(self, order: Row, base: str, quote: str) -> Request:
        fields = {
            "type": str(order["side"]),
            "execution": self.order_types[order["order_type"]],
            "srcCurrency": base.lower(),
            "dstCurrency": quote.lower(),
            "amount": written(order, "quantity"),
            "price": written(order, "limit_price"),
            "stopPrice": written(order, "stop_price"),
            "clientOrderId": self.client_id(order),
            "pro": "yes",
        }
        return Request(method="POST", path=ADD, json=without_none(fields))

    def canceling(self, order: Row) -> Request:
        known = order.get("venue_order_id")
        name = {"order": int(known)} if known else {"clientOrderId": self.client_id(order)}
        return Request(method="POST", path=UPDATE, json={**name, "status": "canceled"})

    def refusal_in(self, document: Any) -> Refusal | None:
        """Refusals come with HTTP 200 too."""
        if not isinstance(document, dict) or document.get("status") in (None, OK):
            return None
        code = str(document.get("code"))
        return Refusal(code=code, text=str(document.get("message") or code))

    def row_in(self, document: Document) -> Document:
        row = document.get("order")
        if document.get("status") != OK or not isinstance(row, dict):
            raise Unanswered("unreadable", "the answer names no order")
        return row


ORDER_ENTRY = NobitexOrderEntry
