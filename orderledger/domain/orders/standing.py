"""The status of an order, with the values derived from it."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from orderledger.domain.values import Certainty, Pending, Status


class Standing(NamedTuple):
    """The status of an order with derived values. `ended_at`: time of the fact that ended it, of
    the last fill, or of the end of its day.

    `pending`: request that awaits an answer. None if the order has ended. `certainty`:
    `unresolved` from an unknown outcome until the venue confirms a state; absence and silence end
    nothing. `leaves_quantity`: None if the quantity is unknown.
    """

    status: Status
    is_ended: bool
    ended_at: datetime | None
    pending: Pending | None
    certainty: Certainty
    leaves_quantity: Decimal | None
