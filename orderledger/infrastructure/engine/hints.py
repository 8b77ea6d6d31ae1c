"""Hints about recorded messages that look like a mistake."""

from orderledger.domain.orders.commands import OrderRequested
from orderledger.domain.proposals import ProposalMade
from orderledger.domain.recorded import AnyFact
from orderledger.domain.values import OrderType

PRICES = {
    OrderType.LIMIT: ("limit_price",),
    OrderType.STOP: ("stop_price",),
    OrderType.STOP_LIMIT: ("limit_price", "stop_price"),
}
"""The prices that an order of this type usually has. Some venues accept a limit order without
one, so it is not an error.
"""


def hint_of(fact: AnyFact) -> str | None:
    """Name the price that a request or a proposal lacks: the limit price for a limit order, the
    stop price for a stop order.
    """
    if not isinstance(fact, (OrderRequested, ProposalMade)):
        return None
    missing = [name for name in PRICES.get(fact.order_type, ()) if getattr(fact, name) is None]
    return f"a {fact.order_type} order without {' and '.join(missing)}" if missing else None
