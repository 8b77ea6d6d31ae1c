"""`SendsGroups`: an order entry whose venue takes several orders as one group, and holds them.

The venue then releases and cancels the orders of the group, also while no program of ours runs.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from orderledger.extend.views import Row
from orderledger.venues.base.order_entry import Sent

__all__ = ["NATIVE", "SendsGroups"]

NATIVE = "gateway.native"
"""The tag of orders that were sent in such a group, with the kind of the group."""


class SendsGroups(Protocol):
    """The methods of an order entry with `abilities.groups`.

    `orders` are the rows of one group, in the order of the call. Their `links` name the kind, and
    the parent of a child. Every order has a client order id of its own.
    """

    def prepare_group(self, orders: Sequence[Row]) -> Sequence[Mapping[str, str]]:
        """The aliases of each order, as `OrderEntry.prepare` returns them. Raises NotSent if the
        venue cannot take these orders as one group.
        """

    async def submit_group(self, orders: Sequence[Row]) -> Sequence[Sent | Exception]:
        """Send the group in one request. Returns the answer for each order. Raises NotSent and
        Unanswered if that holds for all of them.
        """
