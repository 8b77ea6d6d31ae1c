"""Orders that the venue has received, and that nothing shows: their outcome becomes unknown.

Some venues only confirm the receipt of an order; a feed reports its result. Such an order may be
refused later, and never be listed. So it is queried after a while.
"""

from collections.abc import Container, Iterable

from orderledger import Certainty
from orderledger.extend.events import Order
from orderledger.gateway import native_groups
from orderledger.gateway.unsettled import Key, Unsettled

SHOWN_SECONDS = 10.0
"""How long a received order may go unreported. The lists of some venues lag by seconds."""
NOT_SHOWN = "not_shown"
"""The reason of an unknown outcome."""


class NotShown:
    """Finds received orders that nothing has shown for `SHOWN_SECONDS`, by the seconds of this
    process.
    """

    def __init__(self, unsettled: Unsettled) -> None:
        self._unsettled = unsettled
        self._since: dict[Key, float] = {}

    def note(self, orders: Iterable[Order], besides: Container[Key], now: float) -> None:
        """Look at the orders that await answers, except those that are being sent."""
        before, self._since = self._since, {}
        for order in orders:
            key = (order.account, order.client_order_id or "")
            if not is_not_shown(order) or key in besides:
                continue
            self._since[key] = before.get(key, now)
            if now - self._since[key] >= SHOWN_SECONDS:
                self._unsettled.keep(key, NOT_SHOWN)


def is_not_shown(order: Order) -> bool:
    """Whether an order was sent and the venue has not shown it, without a doubt so far. The orders
    of a group that the venue holds are not counted: it may show some only after others.
    """
    if order.client_order_id is None or order.is_ended:
        return False
    request = order.terms.request
    return (
        order.submitted_at is not None
        and order.confirmed_at is None
        and order.certainty is not Certainty.UNRESOLVED
        and request is not None
        and not native_groups.is_native(request.tags)
    )
