"""Ensures that ccxt sends exactly the order: each request that ccxt is about to send is compared
with the order, by its meaning.

ccxt leaves out terms that a request builder does not know, and sends the rest. If the request lacks
a term of the order or changes it, NotSent is raised and nothing is sent. The same holds for a term
that the order does not have, such as reduce-only. An exchange without a table gets plain limit and
market orders only (`plain_orders`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from orderledger.extend.values import plain
from orderledger.extend.views import Row
from orderledger.venues.ccxt.sending.found import found_terms
from orderledger.venues.ccxt.sending.plain_orders import PlainOrder
from orderledger.venues.ccxt.sending.requests import (
    NOT_AS_MEANT,
    PATH,
    Request,
    flat,
    holds,
    is_query,
    texts_of,
)
from orderledger.venues.ccxt.sending.tables import Language, Shape, language_of
from orderledger.venues.ccxt.sending.wanted import wanted_terms
from orderledger.venues.errors import NotSent

__all__ = ["Change", "Orders", "Request"]


@dataclass(frozen=True, slots=True)
class Orders:
    """Compares requests with new orders. `markets`: ccxt's market of each order. `client_ids`:
    as sent to the exchange.
    """

    exchange: str
    orders: Sequence[Row]
    markets: Sequence[Mapping[str, Any]]
    client_ids: Sequence[str]

    def is_in(self, request: Request) -> bool:
        """Whether the request contains these orders; otherwise it is a query. Raises NotSent if
        it is neither.
        """
        language = language_of(self.exchange)
        if language is None:
            return PlainOrder(
                self.exchange, self.orders[0], self.markets[0], self.client_ids[0]
            ).is_in(request)
        document = request.document()
        shape = next(
            (shape for shape in language.shapes if _has_shape(request, document, shape)), None
        )
        if shape is None:
            return _is_no_query(request, language)
        parts = _parts(document, shape)
        if len(parts) != len(self.orders):
            raise NotSent(
                NOT_AS_MEANT, f"ccxt would send other orders than these to {self.exchange}"
            )
        for part, order, market, client_id in zip(
            parts, self.orders, self.markets, self.client_ids, strict=True
        ):
            self._compare(
                found_terms({PATH: request.path, **flat(part)}, shape),
                wanted_terms(order, market, client_id, shape),
                shape,
            )
        return True

    def _compare(self, found: dict[str, Any], wanted: Mapping[str, Any], shape: Shape) -> None:
        if shape.closes_by_reduce_only and wanted["position_side"] is not None:
            found["position_side"] = (
                "long" if (found.get("side") == "buy") is not found["reduce_only"] else "short"
            )
        for term, value in wanted.items():
            if found.get(term) != value:
                written = "not at all" if found.get(term) is None else f"as {_shown(found[term])}"
                raise NotSent(
                    NOT_AS_MEANT,
                    f"{term} is {_shown(value)}: ccxt would send it to {self.exchange} {written}",
                )


@dataclass(frozen=True, slots=True)
class Change:
    """Compares requests with a cancel or a change: one of the order's `names`, and each new
    number.
    """

    exchange: str
    names: Sequence[str]
    numbers: Mapping[str, Decimal]

    def is_in(self, request: Request) -> bool:
        """Whether the request contains this change; otherwise it is a query. Raises NotSent if
        it is neither.
        """
        language = language_of(self.exchange)
        fields = flat(request.document())
        texts, _ = texts_of(request, fields)
        is_named = any(name.lower() in texts for name in self.names)
        if not is_named and is_query(request, language):
            return False
        missing = [name for name, value in self.numbers.items() if not holds(fields, value)]
        if not is_named or missing:
            what = missing[0] if missing else "the name of the order"
            raise NotSent(
                NOT_AS_MEANT, f"{what} is not found in what ccxt would send to {self.exchange}"
            )
        return True


class Brake(Change):
    """Compares requests with one that is about all orders of an account, or of the market in
    `names`, if there is one.
    """

    def is_in(self, request: Request) -> bool:
        if self.names:
            return super().is_in(request)
        return not is_query(request, language_of(self.exchange))


def _is_no_query(request: Request, language: Language) -> bool:
    if is_query(request, language):
        return False
    raise NotSent(NOT_AS_MEANT, f"ccxt would send {request.line}, which is not this order")


def _has_shape(request: Request, document: Any, shape: Shape) -> bool:
    if not shape.path.search(request.line):
        return False
    fields = flat(document) if shape.when else {}
    return all(fnmatchcase(fields.get(place, ""), pattern) for place, pattern in shape.when.items())


def _parts(document: Any, shape: Shape) -> list[Any]:
    """The orders of a request."""
    for step in filter(None, shape.each.split(".")):
        document = document.get(step) if isinstance(document, dict) else None
    if isinstance(document, dict) and isinstance(document.get(shape.batch), list):
        document = document[shape.batch]
    return document if isinstance(document, list) else [document]


def _shown(value: Any) -> str:
    return (
        plain(value)
        if isinstance(value, Decimal)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )
