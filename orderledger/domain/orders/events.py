"""What all events of an order share.

A message proposes a fact. `decide` lets it into the log or says why not, `apply` changes the order by it. `at` is the sender's
clock as the message gave it; None means that the time of recording stands for it.
"""

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from orderledger.domain.decision import ACCEPTED, DUPLICATE, NO_TIME_GIVEN, Decision, Duplicate
from orderledger.domain.log_event import LogEvent
from orderledger.domain.values import Reported, Side

if TYPE_CHECKING:
    from orderledger.domain.orders.order import Order


class OrderEvent(LogEvent, frozen=True, kw_only=True):
    """What every message about an order may carry.

    `client_order_id` is the id as the message gave it: the order's own, a replacement's, or a cancel request's.
    """

    at: datetime | None = None
    client_order_id: str | None = None
    venue_order_id: str | None = None
    aliases: dict[str, str] = msgspec.field(default_factory=dict)
    reported: Reported | None = None
    reason: str | None = None
    message_id: str | None = None

    def repetition(self, order: "Order") -> Duplicate | None:
        """Whether the order has this fact already: by its `message_id`, else by all its fields."""
        if self.message_id is not None and (type(self), self.message_id) in order.message_ids:
            return DUPLICATE
        if self not in order.seen:
            return None
        if self.at is None:
            return NO_TIME_GIVEN if self.message_id is None else None
        return DUPLICATE if self.message_id is None or isinstance(self, OrderReport) else None

    def decide(self, order: "Order") -> Decision:
        """Whether it may be recorded. It is no repetition."""
        raise NotImplementedError

    def apply(self, order: "Order", at: datetime) -> None:
        """Change the order. `at` is when it took effect. Total: every history ever recorded can be loaded."""
        raise NotImplementedError


class OrderCommand(OrderEvent, frozen=True, kw_only=True):
    """Ours, recorded before anything is sent. It may be refused."""

    def apply(self, order: "Order", at: datetime) -> None:
        order.learn(self, at)
        order.seen.add(self)
        self.take_effect(order, at)

    def take_effect(self, order: "Order", at: datetime) -> None:
        """What this command changes besides names, claims and duplicates."""
        raise NotImplementedError


class OrderReport(OrderEvent, frozen=True, kw_only=True):
    """The venue's, never refused. `instrument` and `side` matter while the order is unknown to us."""

    instrument: str | None = None
    side: Side | None = None

    def decide(self, order: "Order") -> Decision:
        return ACCEPTED

    def apply(self, order: "Order", at: datetime) -> None:
        order.learn(self, at)
        if not order.is_requested:
            order.terms.hear(self.instrument, self.side, self.reported, at)
        order.seen.add(self)
        self.take_effect(order, at)
        if self.shows_order:
            order.confirm(at)

    @property
    def shows_order(self) -> bool:
        """Whether the venue knew the order when it sent this."""
        return True

    def take_effect(self, order: "Order", at: datetime) -> None:
        """What this report changes besides names, claims and duplicates."""
        raise NotImplementedError


class OrderJudgement(LogEvent, frozen=True, kw_only=True):
    """What the ledger itself adds to the facts."""

    def apply(self, order: "Order", at: datetime) -> None:
        """Change the order."""
        raise NotImplementedError


Fact = OrderEvent
Event = OrderEvent | OrderJudgement
