"""Sends orders to Wallex. The answer to an order has its row; so has the answer to a cancel."""

from typing import Any
from urllib.parse import quote as quoted

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
from orderledger.venues.wallex.refusals import REFUSALS
from orderledger.venues.wallex.translate import READERS
from orderledger.venues.wallex.venue import ORDERS, WallexVenue
from orderledger.venues.wallex.vocabulary import CLIENT_ID, CLIENT_IDS, MARKETS


class WallexOrderEntry(KeyedOrderEntry):
    """A client id is unique for ever: an order that is sent again is refused if the first one has
    come.

    A request has no expiry, so that a late one may still become an order: "unknown order" proves
    nothing.
    """

    abilities = EntryAbilities(
        cancels_by_client_id=True, orders_per_second=2.0, order_types=EVERY_TYPE
    )
    alias, client_ids, markets, readers = CLIENT_ID, CLIENT_IDS, MARKETS, READERS
    headers = staticmethod(WallexVenue.headers)
    order_types = {  # noqa: RUF012
        "limit": "LIMIT",
        "market": "MARKET",
        "stop": "STOP_MARKET",
        "stop_limit": "STOP_LIMIT",
    }
    refusals = REFUSALS

    @staticmethod
    def is_refusal(document: Any) -> bool:
        return isinstance(document, dict) and document.get("success") is False

    def placing(self, order: Row, base: str, quote: str) -> Request:
        fields = {
            "symbol": self.markets.symbol_of(base, quote),
            "side": str(order["side"]).upper(),
            "type": self.order_types[order["order_type"]],
            "quantity": written(order, "quantity"),
            "price": written(order, "limit_price"),
            "stop_Price": written(order, "stop_price"),
            "client_id": self.client_id(order),
        }
        return Request(method="POST", path=ORDERS, json=without_none(fields))

    def canceling(self, order: Row) -> Request:
        name = order.get("venue_order_id") or self.client_id(order)
        return Request(method="DELETE", path=f"{ORDERS}/{quoted(name, safe='')}")

    def refusal_in(self, document: Any) -> Refusal | None:
        """A refusal names fields, each with sentences, or has a code alone."""
        if not self.is_refusal(document):
            return None
        result, said = document.get("result"), str(document.get("message"))
        if isinstance(result, dict) and result:
            faults = [
                str(fault)
                for told in result.values()
                for fault in (told if isinstance(told, list) else [told])
            ]
            return Refusal(code=next(iter(result)), text=f"{said} {' '.join(faults)}")
        return Refusal(code=str(document.get("code")), text=said)

    def row_in(self, document: Document) -> Document:
        row = document.get("result")
        if document.get("success") is not True or not isinstance(row, dict):
            raise Unanswered("unreadable", "the answer names no order")
        return row


ORDER_ENTRY = WallexOrderEntry
