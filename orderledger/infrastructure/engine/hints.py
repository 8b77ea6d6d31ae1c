"""Hints about recorded messages that look like a mistake."""

from orderledger.domain.orders.commands import OrderRequested
from orderledger.domain.orders.order import Order
from orderledger.domain.orders.reports import (
    OrderCanceled,
    OrderDoneForDay,
    OrderExpired,
    OrderRejected,
    OrderReplaced,
    OrderStopped,
    OrderSuspended,
)
from orderledger.domain.proposals import ProposalMade
from orderledger.domain.values import OrderType, Source
from orderledger.infrastructure.engine.entry import Entry

PRICES = {
    OrderType.LIMIT: ("limit_price",),
    OrderType.STOP: ("stop_price",),
    OrderType.STOP_LIMIT: ("limit_price", "stop_price"),
    OrderType.TAKE_PROFIT: ("stop_price",),
    OrderType.TAKE_PROFIT_LIMIT: ("limit_price", "stop_price"),
}
"""The prices that an order of this type usually has. Some venues accept a limit order without
one, so it is not an error.
"""


ENDS = frozenset({OrderCanceled, OrderExpired, OrderRejected})
MISTAKEN = (
    OrderCanceled,
    OrderDoneForDay,
    OrderExpired,
    OrderReplaced,
    OrderStopped,
    OrderSuspended,
)
"""Reports that look like a command where nothing shows that they come from the venue."""

STRATEGY = Source.STRATEGY.value
"""A module-level name: access to an enum member is slow on Python 3.11."""


def hint_of(entry: Entry, before: object) -> str | None:
    """Name what is probably wrong with an accepted fact. `before`: the state of its stream.

    A request or a proposal lacks a price: of a limit order the limit price, of a stop order the
    stop price. Or a report of an end answers no request, and is from a strategy, or has neither the
    venue's id nor evidence.
    """
    fact = entry.fact
    if isinstance(fact, (OrderRequested, ProposalMade)):
        missing = [name for name in PRICES.get(fact.order_type, ()) if getattr(fact, name) is None]
        return f"a {fact.order_type} order without {' and '.join(missing)}" if missing else None
    is_of_strategy = type(fact) in ENDS and entry.source == STRATEGY
    is_unproved = isinstance(fact, MISTAKEN) and fact.venue_order_id is None and not entry.evidence
    if not is_of_strategy and not is_unproved:
        return None
    if not isinstance(before, Order) or before.pending is not None or before.is_ended:
        return None
    if isinstance(fact, OrderReplaced):
        return (
            f"{fact.wire_name} reports that the venue has changed the order; to ask for a replace, "
            "record request_replace"
        )
    return (
        f"{fact.wire_name} reports that the venue has ended the order; to ask for a cancel, record "
        "request_cancel"
    )
