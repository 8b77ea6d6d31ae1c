"""The names of an order: every id that we or the venue may use for it."""

from collections.abc import Iterator, Sequence
from enum import StrEnum

from orderledger.domain.orders.commands import CancelRequested, OrderRequested, ReplaceRequested
from orderledger.domain.orders.events import OrderEvent
from orderledger.domain.orders.order import Order
from orderledger.domain.orders.reports import OrderReplaced
from orderledger.domain.stream_names import (
    alias_stream,
    alias_text,
    order_stream,
    venue_order_stream,
)


class NameKind(StrEnum):
    """Kinds of names. `client`: our own ids and those of replacements. `request`: ids of cancel and
    replace requests."""

    CLIENT = "client"
    REQUEST = "request"
    VENUE = "venue"
    ALIAS = "alias"


CLIENT, REQUEST, VENUE, ALIAS = NameKind.CLIENT, NameKind.REQUEST, NameKind.VENUE, NameKind.ALIAS
"""Module-level names: access to an enum member is slow on Python 3.11, and every message needs
some."""
OUR_IDS = frozenset({CLIENT, REQUEST})

Name = tuple[NameKind, str]

BRING_IDS = frozenset({CancelRequested, ReplaceRequested, OrderReplaced})
"""Facts that may give an order another id of ours."""


def names_given(fact: OrderEvent) -> list[Name]:
    """The names by which a message identifies its order, the most reliable first."""
    names = ids_given(fact)
    if fact.venue_order_id is not None:
        names.append((VENUE, fact.venue_order_id))
    for name, value in fact.aliases.items():
        names.append((ALIAS, alias_text(name, value)))
    return names


def ids_given(fact: OrderEvent) -> list[Name]:
    """The possible meanings of our id in a message: the id of an order, a replacement, or a cancel
    or replace request."""
    if fact.client_order_id is None:
        return []
    order = (CLIENT, fact.client_order_id)
    return [order] if isinstance(fact, OrderRequested) else [order, (REQUEST, fact.client_order_id)]


def names_borne(own_id: str | None, fact: OrderEvent) -> list[Name]:
    """The names that an order gets by this fact, without its own id."""
    names: list[Name] = []
    if fact.client_order_id is not None and fact.client_order_id != own_id:
        names.append((CLIENT, fact.client_order_id))
    if fact.venue_order_id is not None:
        names.append((VENUE, fact.venue_order_id))
    for name, value in fact.aliases.items():
        names.append((ALIAS, alias_text(name, value)))
    if type(fact) in BRING_IDS:
        names += ids_brought(fact)
    return names


def ids_brought(fact: OrderEvent) -> Iterator[Name]:
    """The ids of ours that only some kinds of facts bring: of a replacement, and of a request."""
    if (
        isinstance(fact, (ReplaceRequested, OrderReplaced))
        and fact.replacement_client_order_id is not None
    ):
        yield CLIENT, fact.replacement_client_order_id
    if isinstance(fact, (CancelRequested, ReplaceRequested)) and fact.request_id is not None:
        yield REQUEST, fact.request_id


def new_names(order: Order, fact: OrderEvent) -> Sequence[Name]:
    """The names in a fact that are new to the order, without its own id. Most facts have none."""
    own_id, known = order.names.own_id, order.names
    if (
        (fact.client_order_id is None or fact.client_order_id == own_id)
        and (fact.venue_order_id is None or known.bears_venue_id(fact.venue_order_id))
        and not fact.aliases
        and type(fact) not in BRING_IDS
    ):
        return ()
    return [name for name in names_borne(own_id, fact) if not bears(order, name)]


def bears(order: Order, name: Name) -> bool:
    """Check whether the order already has this venue id or alias."""
    kind, word = name
    if kind is VENUE:
        return order.names.bears_venue_id(word)
    return kind is ALIAS and word in order.names.aliases_borne


def stream_for(account: str, fact: OrderEvent) -> str:
    """The stream of an order known by these names alone."""
    if fact.client_order_id is not None:
        return order_stream(account, fact.client_order_id)
    if fact.venue_order_id is not None:
        return venue_order_stream(account, fact.venue_order_id)
    name, value = next(iter(fact.aliases.items()))
    return alias_stream(account, name, value)
