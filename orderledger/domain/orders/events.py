"""Base classes of the events of an order.

A message proposes a fact. `decide` accepts it or gives the reason of a refusal; `apply` changes the order. `at` is the time by
the sender's clock, as in the message; None means the time of recording.
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
    """Fields of every message about an order.

    `client_order_id` is the id in the message: the order's own, a replacement's, or a cancel request's.
    """

    at: datetime | None = None
    client_order_id: str | None = None
    venue_order_id: str | None = None
    aliases: dict[str, str] = msgspec.field(default_factory=dict)
    reported: Reported | None = None
    reason: str | None = None
    message_id: str | None = None

    def repetition(self, order: "Order") -> Duplicate | None:
        """A Duplicate if the order has this fact already: by its `message_id`, otherwise by all its fields."""
        if self.has_known_message_id(order):
            return DUPLICATE
        if self not in order.seen:
            return None
        if self.at is None:
            return NO_TIME_GIVEN if self.message_id is None else None
        return DUPLICATE if self.message_id is None or isinstance(self, OrderReport) else None

    def has_known_message_id(self, order: "Order") -> bool:
        """True if the order has an event of this kind with the same `message_id`."""
        return self.message_id is not None and (type(self), self.message_id) in order.message_ids

    def decide(self, order: "Order") -> Decision:
        """Decide whether the fact may be recorded. It is known to be no duplicate."""
        raise NotImplementedError

    def apply(self, order: "Order", at: datetime) -> None:
        """Change the order. `at` is when the fact took effect. Never fails, so every recorded history can be loaded."""
        raise NotImplementedError


class OrderCommand(OrderEvent, frozen=True, kw_only=True):
    """Command of our side, recorded before anything is sent. It may be refused."""

    def apply(self, order: "Order", at: datetime) -> None:
        order.learn(self, at)
        order.seen.add(self)
        self.take_effect(order, at)

    def take_effect(self, order: "Order", at: datetime) -> None:
        """Apply what is specific to this command, beside names, claims and duplicates."""
        raise NotImplementedError


class OrderReport(OrderEvent, frozen=True, kw_only=True):
    """Report of the venue, never refused. `instrument` and `side` count while the order is unknown to us."""

    instrument: str | None = None
    side: Side | None = None

    def decide(self, order: "Order") -> Decision:
        return ACCEPTED

    def apply(self, order: "Order", at: datetime) -> None:
        self.apply_names_and_terms(order, at)
        order.seen.add(self)
        self.take_effect(order, at)
        if self.shows_order:
            order.confirm(at)

    def apply_names_and_terms(self, order: "Order", at: datetime) -> None:
        """Apply the names and claims of the report, and its terms while the order was not requested here."""
        order.learn(self, at)
        if not order.is_requested:
            order.terms.hear(self.instrument, self.side, self.reported, at)

    @property
    def shows_order(self) -> bool:
        """True if the venue knew the order when it sent this report."""
        return True

    def take_effect(self, order: "Order", at: datetime) -> None:
        """Apply what is specific to this report, beside names, claims and duplicates."""
        raise NotImplementedError


class OrderJudgement(LogEvent, frozen=True, kw_only=True):
    """Event that the ledger itself adds."""

    def apply(self, order: "Order", at: datetime) -> None:
        """Change the order."""
        raise NotImplementedError


Event = OrderEvent | OrderJudgement
