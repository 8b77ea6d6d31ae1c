"""Base classes of the events of an order.

A message proposes a fact. `decide` accepts it or gives the reason of a refusal; `apply` changes the
order. `at` is the time by the sender's clock, as in the message; None means the time of recording.
"""

from typing import ClassVar

from orderledger.domain.decision import ACCEPTED, DUPLICATE, NO_TIME_GIVEN, Decision, Duplicate
from orderledger.domain.log_event import LogEvent
from orderledger.domain.orders.message import OrderMessage
from orderledger.domain.orders.order import Order
from orderledger.domain.orders.when import When
from orderledger.domain.values import PositionSide, Side, Source


class OrderLogEvent(LogEvent, frozen=True, kw_only=True):
    """Base of all events in the stream of an order. `may_reopen`: whether it can open an order that
    has clearly ended."""

    may_reopen: ClassVar[bool] = True

    def apply(self, order: Order, when: When) -> None:
        """Change the order. `when` is the place of the fact among all facts. Never fails, so every
        recorded history can be loaded."""
        raise NotImplementedError

    def sentence(self, before: Order) -> str:
        """The event in a sentence for people. `before`: the order without it."""
        raise NotImplementedError


class OrderEvent(OrderMessage, OrderLogEvent, frozen=True, kw_only=True):
    """Base of every message about an order."""

    def repetition(self, order: Order) -> Duplicate | None:
        """A Duplicate if the order has this fact already: by its `message_id`, otherwise by all its
        fields."""
        if self.is_same_message(order):
            return DUPLICATE
        if self not in order.seen:
            return None
        if self.at is None:
            return NO_TIME_GIVEN if self.message_id is None else None
        return DUPLICATE if self.message_id is None or isinstance(self, OrderReport) else None

    def is_same_message(self, order: Order) -> bool:
        """True if the order has an event with the same `message_id` and the same content, whatever
        its time."""
        if self.message_id is None:
            return False
        return any(self.has_content_of(known) for known in self._with_this_message_id(order))

    def has_reused_message_id(self, order: Order) -> bool:
        """True if the order has only events of other content with this `message_id`."""
        return bool(self._with_this_message_id(order)) and not self.is_same_message(order)

    def _with_this_message_id(self, order: Order) -> tuple[OrderMessage, ...]:
        return () if self.message_id is None else order.message_ids.get(self.message_id, ())

    def decide(self, order: Order) -> Decision:
        """Decide whether the fact may be recorded. It is known to be no duplicate."""
        raise NotImplementedError


class OrderCommand(OrderEvent, frozen=True, kw_only=True):
    """Command of our side, recorded before anything is sent. It may be refused."""

    default_source = Source.STRATEGY

    def apply(self, order: Order, when: When) -> None:
        order.learn(self, when)
        order.note(self, when)
        self.take_effect(order, when)

    def take_effect(self, order: Order, when: When) -> None:
        """Apply what is specific to this command, beside names, claims and duplicates."""
        raise NotImplementedError


class OrderReport(OrderEvent, frozen=True, kw_only=True):
    """Report of the venue, never refused. `instrument` and `side` count while the order is unknown
    to us, `position_side` and `position_id` while its request does not name them. `exec_type`: FIX
    ExecType (150) of an ExecutionReport that says the same."""

    exec_type: ClassVar[str] = ""
    needs_role = "record"
    instrument: str | None = None
    side: Side | None = None
    position_side: PositionSide | None = None
    position_id: str | None = None

    def decide(self, order: Order) -> Decision:
        return ACCEPTED

    def apply(self, order: Order, when: When) -> None:
        self.apply_names_and_terms(order, when)
        order.terms.keep(self, when)
        order.note(self, when)
        self.take_effect(order, when)
        if self.shows_order:
            order.confirm(when)

    def apply_names_and_terms(self, order: Order, when: When) -> None:
        """Apply the names and claims of the report, and its terms while the order was not requested
        here."""
        order.learn(self, when)
        if not order.is_requested:
            order.terms.note_report(self.instrument, self.side, self.reported, when)
        if self.position_side is not None or self.position_id is not None:
            order.terms.note_position(self.position_side, self.position_id, when)

    @property
    def shows_order(self) -> bool:
        """True if the venue knew the order when it sent this report."""
        return True

    def take_effect(self, order: Order, when: When) -> None:
        """Apply what is specific to this report, beside names, claims and duplicates."""
        raise NotImplementedError


class OrderJudgement(OrderLogEvent, frozen=True, kw_only=True):
    """Event that the ledger itself adds."""


Event = OrderEvent | OrderJudgement
