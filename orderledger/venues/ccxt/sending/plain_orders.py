"""`PlainOrder`: limit and market orders without further terms, for ccxt exchanges without a table.

Each term must be in the request. Each field of the request must be a term of the order, or identify
the account, the sender or the request. So if ccxt adds a leverage, a margin mode or a position
side, NotSent names the field.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orderledger import OrderType, PositionSide, Side, TimeInForce
from orderledger.extend.views import Row
from orderledger.venues.ccxt.sending.requests import (
    NOT_AS_MEANT,
    Fields,
    Request,
    flat,
    holds,
    is_query,
    number_in,
    texts_of,
    words_of,
)
from orderledger.venues.errors import NotSent

UNIFIED_ID = "clientOrderId"
"""ccxt's name of the client id. A request builder that does not know the client id passes it on
under this name."""
READS_UNIFIED_ID = frozenset(
    {
        "btcmarkets",
        "bydfi",
        "cex",
        "extended",
        "hashkey",
        "latoken",
        "poloniex",
        "whitebit",
        "woo",
        "zebpay",
    }
)
"""Exchanges with their own field of that name: the request builders of ccxt 4.5.90 write it."""
ID_FIELD = re.compile(r"^(new)?(client|custom|cl)|identifier|^(label|cid)$")
QUANTITY_FIELD = re.compile(
    r"^(?!.*(stop|trigger|min|visible|iceberg|quote|cost|value)).*(amount|quantity|qty|size|sz|vol)"
)
PRICE_FIELD = re.compile(r"^(?!.*(stop|trigger|activation)).*(price|px|rate)")
INSTRUMENT_FIELD = re.compile(
    r"symbol|instrument|market|pair|product|contract|asset|currency|coin|book"
)
"""Names of fields in which a number may name the instrument."""
SENDER_FIELD = re.compile(
    r"(tapi)?nonce(window)?|(signature)?timestamp|recvwindow|sign(ature)?(method|version|type)?|(api|access)?key(id)?|passphrase"
    r"|(trading|sub)?account(id)?|wallet|portfolio|user|signer|authorizer|operatorid|asterchain|signatureexpirysec"
    r"|broker(id)?|builder(fee)?|feerate|maxfee(spercent)?|referralcode|(order)?tag|(client)?media|request|(new)?orderresptype"
)
"""Names of fields that state the sender, the fee and the form of the answer."""
SIDE_WORDS = {Side.BUY: {"buy", "bid"}, Side.SELL: {"sell", "ask"}}
NEUTRAL_WORDS = frozenset(
    {
        *(
            "gtc",
            "good",
            "till",
            "til",
            "cancelled",
            "canceled",
            "order",
            "place",
            "create",
            "new",
            "trade",
            "exchange",
        ),
        *("spot", "cash", "base", "ccy", "both", "net", "merged", "false"),
    }
)
"""Words that change nothing about a plain order: good till canceled, spot, the base currency,
one position, no.
"""
PUNCTUATION = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True, slots=True)
class PlainOrder:
    """Compares a request with one order. `market`: ccxt's. `client_id`: as sent to the exchange."""

    exchange: str
    order: Row
    market: Mapping[str, Any]
    client_id: str

    def is_in(self, request: Request) -> bool:
        """Whether the request contains the order; otherwise it is a query. Raises NotSent if it
        is neither.
        """
        fields = flat(request.document())
        if is_query(request, None) and self.client_id not in fields.values():
            return False
        for name in self._missing(request, fields):
            raise NotSent(
                NOT_AS_MEANT, f"{name} is not found in what ccxt would send to {self.exchange}"
            )
        if not any(
            self._is_read(name)
            for name, value in fields.items()
            if value.lower() == self.client_id.lower()
        ):
            raise NotSent(
                NOT_AS_MEANT,
                f"client_order_id is not in any field that {self.exchange} is known to read",
            )
        added = [name for name, value in fields.items() if not self._is_of_order(name, value)]
        if added:
            raise NotSent(
                NOT_AS_MEANT,
                f"ccxt would send {', '.join(added)} to {self.exchange}, beyond the terms of the "
                "order",
            )
        return True

    def _missing(self, request: Request, fields: Fields) -> Iterator[str]:
        """The terms missing from the request, and those that only a table can express."""
        order, (texts, words) = self.order, texts_of(request, fields)
        kind = order["order_type"]
        for name, is_present in (
            ("instrument", self._is_market(texts | words)),
            ("client_order_id", self.client_id.lower() in texts),
            ("side", bool(words & SIDE_WORDS[order["side"]])),
            ("quantity", holds(fields, order["quantity"])),
            ("limit_price", kind == OrderType.MARKET or holds(fields, order.get("limit_price"))),
            (
                "order_type",
                kind == OrderType.LIMIT or (kind == OrderType.MARKET and "market" in words),
            ),
            ("time_in_force", order.get("time_in_force") in (None, TimeInForce.GTC)),
            ("post_only", not order.get("post_only")),
            ("reduce_only", not order.get("reduce_only")),
            ("position_side", order.get("position_side") in (None, PositionSide.NET)),
        ):
            if not is_present:
                yield name

    def _is_read(self, place: str) -> bool:
        """Whether this field takes the client id."""
        name = place.rsplit(".", 1)[-1]
        is_passed_on = name == UNIFIED_ID and self.exchange not in READS_UNIFIED_ID
        return ID_FIELD.search(_bare(name)) is not None and not is_passed_on

    def _is_of_order(self, place: str, value: str) -> bool:
        """Whether a field states a term of the order, or nothing about orders."""
        steps = [_bare(step) for step in place.split(".")]
        name, number = steps[-1], number_in(value)
        if SENDER_FIELD.fullmatch(name) is not None or "signature" in steps:
            return True
        if ID_FIELD.search(name) is not None:
            return value.lower() == self.client_id.lower()
        if QUANTITY_FIELD.search(name) is not None and number is not None:
            return bool(abs(number) == self.order["quantity"])
        if PRICE_FIELD.search(name) is not None and number is not None:
            return bool(number == self.order.get("limit_price"))
        kind = "market" if self.order["order_type"] == OrderType.MARKET else "limit"
        if number is None and words_of(value) <= NEUTRAL_WORDS | SIDE_WORDS[self.order["side"]] | {
            kind
        }:
            return True
        return (
            number is None or INSTRUMENT_FIELD.search(name) is not None
        ) and self._is_instrument(value.lower())

    def _is_instrument(self, text: str) -> bool:
        """Whether a text names the market, or one of its two currencies."""
        currencies = (self.market.get(name) for name in ("base", "quote", "baseId", "quoteId"))
        return self._is_market({text}) or text in {str(one).lower() for one in currencies if one}

    def _is_market(self, texts: set[str]) -> bool:
        """Whether the request names the market, by its id or by its two currencies."""
        name, base, quote = (
            str(self.market.get(field) or "").lower() for field in ("id", "base", "quote")
        )
        return (
            name in texts
            or {base, quote} <= texts
            or any(PUNCTUATION.sub("", text) == base + quote for text in texts)
        )


def _bare(name: str) -> str:
    return PUNCTUATION.sub("", name.lower())
