"""Commands about an order: recorded before anything is sent. A command may be refused."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

import msgspec

from orderledger.domain.decision import ACCEPTED, DUPLICATE, Decision, Duplicate, Reason, Refused
from orderledger.domain.orders.events import OrderCommand
from orderledger.domain.orders.when import When, last
from orderledger.domain.values import (
    Links,
    OrderType,
    PositionSide,
    Side,
    Status,
    TimeInForce,
    later,
)

if TYPE_CHECKING:
    from orderledger.domain.orders.order import Order

REQUESTED_TERMS = (
    "instrument",
    "side",
    "quantity",
    "order_type",
    "limit_price",
    "stop_price",
    "time_in_force",
    "expire_at",
    "post_only",
    "reduce_only",
    "position_side",
    "position_id",
    "strategy",
    "links",
)


class OrderRequested(OrderCommand, frozen=True, kw_only=True):
    """New order."""

    stored_name: ClassVar[str] = "order_requested.v1"
    instrument: str
    side: Side
    quantity: Decimal
    order_type: OrderType
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    expire_at: datetime | None = None
    post_only: bool = False
    reduce_only: bool = False
    position_side: PositionSide | None = None
    position_id: str | None = None
    strategy: str | None = None
    links: Links | None = None
    tags: dict[str, object] = msgspec.field(default_factory=dict)

    def is_same_request(self, other: "OrderRequested") -> bool:
        """Check whether both request the same order, regardless of times and ids."""
        return all(getattr(self, name) == getattr(other, name) for name in REQUESTED_TERMS)

    def repetition(self, order: "Order") -> Duplicate | None:
        """A request with the same terms is a duplicate."""
        if self.is_same_message(order):
            return DUPLICATE
        request = order.terms.request
        return DUPLICATE if request is not None and request.is_same_request(self) else None

    def decide(self, order: "Order") -> Decision:
        if order.is_requested:
            text = f"{order.client_order_id} was requested with other terms: {order.summary}"
            return Refused(Reason.DUPLICATE_CLIENT_ORDER_ID, text)
        return ACCEPTED

    def take_effect(self, order: "Order", when: When) -> None:
        if not order.is_requested:
            order.terms.take_request(self, when)
            order.ends.drop_conclusions()
            order.attributed_to = None


class SendingOutcome(OrderCommand, frozen=True, kw_only=True):
    """The result of sending a request: sent, or denied."""

    def decide(self, order: "Order") -> Decision:
        if not order.is_requested:
            return _unknown()
        if order.is_ended:
            return Refused(Reason.ORDER_ENDED, f"the order has ended: {order.summary}")
        if order.confirmed_at is not None:
            return Refused(Reason.ALREADY_ACKNOWLEDGED, f"the venue has the order: {order.summary}")
        return self._decide_by_sending(order)

    def _decide_by_sending(self, order: "Order") -> Decision:
        """Send an order again only after the venue did not know it."""
        sent_at = order.submitted_at or order.unresolved_at
        return (
            ACCEPTED
            if sent_at is None or order.is_absent_since(sent_at)
            else _already_submitted(order)
        )


class OrderDenied(SendingOutcome, frozen=True, kw_only=True):
    """Order that our own checks refused. It is never sent.

    `not_sent`: proof that nothing of a recorded submission left us, e.g. a refused connection.
    `never_arrived`: a submission left us, and an operator's decision or the venue's rules prove
    that the venue never received it. Without either, an order that counts as sent cannot be denied.
    """

    stored_name: ClassVar[str] = "order_denied.v1"
    not_sent: bool = False
    never_arrived: bool = False

    def _decide_by_sending(self, order: "Order") -> Decision:
        """Deny a submitted order with proof that nothing was sent, unless its outcome is unknown
        and the venue may still have it, or once it is decided that the venue never received it."""
        if self.never_arrived:
            return ACCEPTED
        if not self.not_sent:
            is_sent = order.submitted_at is not None or order.unresolved is not None
            return _already_submitted(order) if is_sent else ACCEPTED
        is_known_lost = order.unresolved is None or order.is_absent_since(order.unresolved.at)
        return ACCEPTED if is_known_lost else _already_submitted(order)

    def take_effect(self, order: "Order", when: When) -> None:
        order.own_ends().add(Status.DENIED, when, self.reason)


class OrderSubmitted(SendingOutcome, frozen=True, kw_only=True):
    """Order handed to the venue. `is_forced`: sent again by an operator's decision, without proof
    that it never arrived."""

    stored_name: ClassVar[str] = "order_submitted.v1"
    is_forced: bool = False

    def _decide_by_sending(self, order: "Order") -> Decision:
        return ACCEPTED if self.is_forced else super()._decide_by_sending(order)

    def take_effect(self, order: "Order", when: When) -> None:
        order.is_sent_again = order.submitted_at is not None
        order.submitted_at = later(order.submitted_at, when.at)


class SubmissionUnresolved(OrderCommand, frozen=True, kw_only=True):
    """Sending ended without an answer. The outcome is unknown."""

    stored_name: ClassVar[str] = "submission_unresolved.v1"

    def __post_init__(self) -> None:
        if self.reason == "unproved_refusal":  # stored for ccxt venues before the words were joined
            msgspec.structs.force_setattr(self, "reason", "refusal_not_proved")

    def decide(self, order: "Order") -> Decision:
        return ACCEPTED if order.is_known else _unknown()

    def take_effect(self, order: "Order", when: When) -> None:
        order.unresolved = last(order.unresolved, when)


class CancelRequested(OrderCommand, frozen=True, kw_only=True):
    """Request to cancel the order."""

    stored_name: ClassVar[str] = "cancel_requested.v1"
    request_id: str | None = None

    def repetition(self, order: "Order") -> Duplicate | None:
        return _repetition_of_change(order, self)

    def decide(self, order: "Order") -> Decision:
        return _decide_change(order, self)

    def take_effect(self, order: "Order", when: When) -> None:
        order.own_requests().ask(self, when)


class ReplaceRequested(OrderCommand, frozen=True, kw_only=True):
    """Request to change the order. `quantity` is the new total (FIX OrderQty), not the open
    quantity."""

    stored_name: ClassVar[str] = "replace_requested.v1"
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    replacement_client_order_id: str | None = None
    request_id: str | None = None

    def repetition(self, order: "Order") -> Duplicate | None:
        return _repetition_of_change(order, self)

    def decide(self, order: "Order") -> Decision:
        return _decide_change(order, self)

    def take_effect(self, order: "Order", when: When) -> None:
        order.own_requests().ask(self, when)


ChangeRequested = CancelRequested | ReplaceRequested
CHANGES = ("quantity", "limit_price", "stop_price", "replacement_client_order_id")


def _repetition_of_change(order: "Order", command: ChangeRequested) -> Duplicate | None:
    """A command with a known `request_id` and the same content is a duplicate, whatever its
    time."""
    if command.is_same_message(order):
        return DUPLICATE
    asked = order.requests.known(command.request_id)
    if asked is None:
        return OrderCommand.repetition(command, order)
    is_same = type(asked) is type(command) and all(
        getattr(asked, name, None) == getattr(command, name, None) for name in CHANGES
    )
    return DUPLICATE if is_same else None


def _decide_change(order: "Order", command: ChangeRequested) -> Decision:
    if not order.is_known:
        return _unknown()
    if order.requests.known(command.request_id) is not None:
        return Refused(
            Reason.REQUEST_ID_REUSED, f"request {command.request_id} asked for something else"
        )
    if order.is_ended and not _would_reopen(order, command):
        return Refused(Reason.ORDER_ENDED, f"the order has ended: {order.summary}")
    return ACCEPTED


def _would_reopen(order: "Order", command: ChangeRequested) -> bool:
    """Check for a larger quantity, to which a filled order can be replaced (FIX matrix J.1.a)."""
    quantity = command.quantity if isinstance(command, ReplaceRequested) else None
    return quantity is not None and quantity > order.cum_quantity and order.status is Status.FILLED


def _already_submitted(order: "Order") -> Refused:
    return Refused(
        Reason.ALREADY_SUBMITTED,
        f"sent already, ask the venue before sending again: {order.summary}",
    )


def _unknown() -> Refused:
    return Refused(
        Reason.UNKNOWN_ORDER, "no such order is recorded; it may exist at the venue all the same"
    )
