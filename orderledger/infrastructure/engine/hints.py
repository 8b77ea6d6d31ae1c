"""Hints about recorded messages that look like a mistake."""

from orderledger.domain.orders.commands import OrderRequested
from orderledger.domain.orders.order import Order
from orderledger.domain.orders.reports import OrderCanceled, OrderExpired, OrderRejected
from orderledger.domain.proposals import ProposalMade
from orderledger.domain.values import OrderType, Source
from orderledger.infrastructure.engine.entry import Entry

PRICES = {
    OrderType.LIMIT: ("limit_price",),
    OrderType.STOP: ("stop_price",),
    OrderType.STOP_LIMIT: ("limit_price", "stop_price"),
}
"""The prices that an order of this type usually has. Some venues accept a limit order without
one, so it is not an error.
"""


ENDS = (OrderCanceled, OrderExpired, OrderRejected)


def hint_of(entry: Entry, before: object) -> str | None:
    """Name what is probably wrong with an accepted fact. `before`: the state of its stream.

    A request or a proposal lacks a price: of a limit order the limit price, of a stop order the
    stop price. Or a strategy reports the end of an order that nobody asked the venue to end.
    """
    fact = entry.fact
    if isinstance(fact, (OrderRequested, ProposalMade)):
        missing = [name for name in PRICES.get(fact.order_type, ()) if getattr(fact, name) is None]
        return f"a {fact.order_type} order without {' and '.join(missing)}" if missing else None
    if entry.source != Source.STRATEGY or not isinstance(fact, ENDS):
        return None
    if not isinstance(before, Order) or before.pending is not None or before.is_ended:
        return None
    return (
        f"{fact.wire_name} reports that the venue has ended the order; to ask for a cancel, record "
        "request_cancel"
    )
