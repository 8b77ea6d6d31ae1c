"""The fields of every message about an order."""

from datetime import datetime

import msgspec

from orderledger.domain.fields import Ordinal
from orderledger.domain.log_event import LogEvent
from orderledger.domain.values import Reported


class OrderMessage(LogEvent, frozen=True, kw_only=True):
    """Fields of every message about an order.

    `client_order_id` is the id in the message: the order's own, a replacement's, or a cancel
    request's. `sequence` is the venue's order of facts that have the same `at`.
    """

    at: datetime | None = None
    client_order_id: str | None = None
    venue_order_id: str | None = None
    aliases: dict[str, str] = msgspec.field(default_factory=dict)
    reported: Reported | None = None
    reason: str | None = None
    message_id: str | None = None
    sequence: Ordinal | None = None
