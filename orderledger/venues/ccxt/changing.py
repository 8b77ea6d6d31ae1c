"""`OrderChanges`: the requests that change orders in place, for the order entry of one account."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from orderledger import Replaced
from orderledger.extend.values import plain
from orderledger.extend.views import Row
from orderledger.venues.base.order_entry import Sent
from orderledger.venues.ccxt.arguments import Arguments
from orderledger.venues.ccxt.order_answers import OrderAnswers
from orderledger.venues.ccxt.orders import has_ended, venue_order_id
from orderledger.venues.ccxt.quirks import quirks_of
from orderledger.venues.ccxt.sending.changes import Changes
from orderledger.venues.ccxt.sending.replacement import Replacement
from orderledger.venues.ccxt.sending.tables import Language, language_of
from orderledger.venues.ccxt.sending.terms import waits_for_trigger
from orderledger.venues.ccxt.sending.wanted import wanted_terms
from orderledger.venues.errors import NotSent

CHANGEABLE = ("quantity", "limit_price", "stop_price")
IN_ANSWERS = {"quantity": "amount", "limit_price": "price"}
"""The unified fields of an answer that state a term."""


class OrderChanges:
    """Builds the arguments of editOrder, and translates the answers."""

    def __init__(self, exchange: Any, arguments: Arguments, answers: OrderAnswers) -> None:
        self._exchange = exchange
        self._arguments = arguments
        self._answers = answers

    @property
    def changes_waiting(self) -> bool:
        """Whether the exchange changes orders that wait for a trigger."""
        language = language_of(self._exchange.id)
        return (
            language is not None and language.changes is not None and language.changes.conditional
        )

    def check(self, order: Row) -> tuple[Language, Changes]:
        """How the exchange changes this order. Raises NotSent if it does not."""
        name = self._exchange.id
        language = language_of(name)
        changes = None if language is None else language.changes
        if language is None or changes is None or not quirks_of(name).edits_in_place:
            raise NotSent("no_replace", f"{name} cannot change this order in place")
        if order.get("venue_order_id") is None:
            raise NotSent("no_venue_order_id", f"{name} changes by its own id, not known")
        if waits_for_trigger(order) and not changes.conditional:
            raise NotSent("no_replace", f"{name} cannot change a conditional order")
        return language, changes

    def of(
        self, order: Row, request: Row, expiring: Mapping[str, Any]
    ) -> tuple[Replacement, list[Any]]:
        """The comparison for the request, and the arguments of editOrder. Raises NotSent."""
        language, changes = self.check(order)
        terms = changed_terms(request)
        changed = {**order, **terms}
        self._arguments.check_steps(changed)
        symbol, kind, side, amount, price, given = self._arguments.of(changed)
        stated = dict(changes.stated(order, terms))
        params = {name: given[name] for term in terms for name in _taken(changes, term, given)}
        for kept in stated.values():
            params |= {name: _value(value, order) for name, value in kept.params.items()}
        meant = Replacement(
            exchange=self._exchange.id,
            names=[order["venue_order_id"]],
            numbers=terms,
            changes=changes,
            wanted=self._wanted(changed, language),
            stated=list(stated),
        )
        sent = {*terms, *changes.needs}
        asked = [order["venue_order_id"], symbol, kind, side]
        asked += [amount if "quantity" in sent else None, price if "limit_price" in sent else None]
        return meant, [*asked, {**params, **expiring}]

    def answered(self, row: Any, order: Row, request: Row) -> Sent:
        """The messages of an answer that refuses nothing. Empty if it only states that the request
        was received: the order's state settles the change. Terms in the answer count.
        """
        if self.check(order)[1].is_received_only:
            return []
        if has_ended(row) and venue_order_id(row) is not None:
            return self._answers.accepted(row, order)
        asked = changed_terms(request)
        terms: dict[str, Any] = {name: _stated(row, name) or asked[name] for name in asked}
        return [Replaced(**self._answers.named(order), **terms)]

    def _wanted(self, changed: Row, language: Language) -> Mapping[str, Any]:
        market = self._exchange.market(changed["instrument"])
        client_id = self._arguments.client_id(changed)
        return wanted_terms(changed, market, client_id, language.shapes[0])


def changed_terms(request: Row) -> dict[str, Decimal]:
    """The terms that a request changes."""
    return {name: request[name] for name in CHANGEABLE if request.get(name) is not None}


def _taken(changes: Changes, term: str, given: Mapping[str, Any]) -> list[str]:
    return [name for name in changes.params.get(term, ()) if name in given]


def _value(value: Any, order: Row) -> Any:
    """A parameter as in the table. A text is the term of the order whose number is sent."""
    return plain(order[value]) if isinstance(value, str) else value


def _stated(row: Any, name: str) -> Decimal | None:
    """The term in the row of an answer."""
    text = row.get(IN_ANSWERS.get(name, "")) if isinstance(row, dict) else None
    found = None if text is None else Decimal(text)
    return found if found is not None and found.is_finite() and found > 0 else None
