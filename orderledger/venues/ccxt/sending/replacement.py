"""`Replacement`: whether a request is exactly the change of an order. Needs no ccxt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orderledger.venues.ccxt.sending import Change
from orderledger.venues.ccxt.sending.changes import Changes
from orderledger.venues.ccxt.sending.requests import (
    NOT_AS_MEANT,
    Fields,
    Request,
    flat,
    is_query,
    number_in,
)
from orderledger.venues.ccxt.sending.tables import language_of
from orderledger.venues.errors import NotSent

TEXTS = ("instrument",)
"""Values that are compared as text."""


@dataclass(frozen=True, slots=True)
class Replacement(Change):
    """Compares requests with the change of the order in `names`. `numbers`: the terms that change.
    `wanted`: the terms of the changed order, as `wanted_terms`. `stated`: other terms that must be
    in the request."""

    changes: Changes
    wanted: Mapping[str, Any]
    stated: Sequence[str]

    def is_in(self, request: Request) -> bool:
        """Whether the request is this change; otherwise it is a query. Raises NotSent if it is
        neither, or if a term is missing or differs."""
        if not self.changes.path.search(request.line):
            if is_query(request, language_of(self.exchange)):
                return False
            raise NotSent(NOT_AS_MEANT, f"ccxt would send {request.line}, which is not this change")
        fields = flat(request.document())
        named = {fields[place] for place in self.changes.names if place in fields}
        if not named or not named <= set(self.names):
            raise self._not_sent("the name of the order is not found in what")
        found = self._found(fields)
        for term, value in found.items():
            if value != self.wanted.get(term):
                raise self._not_sent(f"{term} is {self.wanted.get(term)}: as {value},")
        for term in (*self.numbers, *self.stated):
            if term not in found:
                raise self._not_sent(f"{term} is not found in what")
        return True

    def _found(self, fields: Fields) -> dict[str, Any]:
        """The terms in the request. Raises NotSent for a field or a word that is not in the
        table."""
        found: dict[str, Any] = {}
        by_place = {place: term for term, listed in self.changes.values.items() for place in listed}
        for place, text in fields.items():
            if place in self.changes.words:
                terms = self.changes.words[place].get(text)
                if terms is None:
                    raise self._not_sent(f"the meaning of {place} {text!r} is unknown, which")
                found |= terms
            elif place in by_place:
                term = by_place[place]
                number: str | Decimal | None = text if term in TEXTS else number_in(text)
                found[term] = number
            elif place not in self.changes.names and place not in self.changes.also:
                raise self._not_sent(f"{place} is not a field of a change, which")
        return found

    def _not_sent(self, what: str) -> NotSent:
        return NotSent(NOT_AS_MEANT, f"{what} ccxt would send to {self.exchange}")
