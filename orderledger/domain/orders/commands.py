"""Commands about an order: recorded before anything is sent. A command may be refused."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from orderledger.domain.decision import ACCEPTED, DUPLICATE, Decision, Duplicate, Reason, Refused
from orderledger.domain.fields import NotNegative, Positive
from orderledger.domain.orders.events import OrderCommand
from orderledger.domain.orders.order import Order
from orderledger.domain.orders.requests import Asked
from orderledger.domain.orders.terms import RequestedTerms, new_terms
from orderledger.domain.orders.when import When, last
from orderledger.domain.values import (
    Leg,
    Links,
    OrderType,
    Pending,
    PositionSide,
    Side,
    Status,
    TimeInForce,
    TrailOffsetType,
    TriggerSource,
)
from orderledger.domain.wording import CHANGEABLE, because, changes, described

RequestExpiry = Annotated[
    datetime | None,
    Meta(
        description="By the venue's clock: after this time the venue refuses the request. Null "
        "if nothing limits how late it may arrive."
    ),
]
REQUESTED_TERMS = (
    "instrument",
    "side",
    "quantity",
    "order_type",
    "limit_price",
    "stop_price",
    "quote_quantity",
    "display_quantity",
    "trail_offset",
    "trail_offset_type",
    "trigger_source",
    "time_in_force",
    "expire_at",
    "post_only",
    "reduce_only",
    "legs",
    "position_side",
    "position_id",
    "strategy",
    "links",
)


class OrderRequested(OrderCommand, frozen=True, kw_only=True):
    """New order. Recorded before it is sent."""

    stored_name = "order_requested.v1"
    wire_name = "request"
    needs_role = "record"
    fix = "the NewOrderSingle (35=D) that you are about to send."
    needs: ClassVar = {
        "client_order_id": "Our id, the key of the order inside the account, never changed."
    }
    forms: ClassVar = {"quantity": (), "quote_quantity": ()}
    instrument: str
    side: Side
    quantity: Positive | None = None
    order_type: OrderType
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    quote_quantity: Positive | None = None
    display_quantity: NotNegative | None = None
    trail_offset: Positive | None = None
    trail_offset_type: TrailOffsetType | None = None
    trigger_source: TriggerSource | None = None
    time_in_force: TimeInForce | None = None
    expire_at: datetime | None = None
    post_only: bool = False
    reduce_only: bool = False
    position_side: PositionSide | None = None
    position_id: str | None = None
    legs: Annotated[tuple[Leg, ...], Meta(extra={"most": 100})] = ()
    strategy: str | None = None
    links: Links | None = None
    tags: dict[str, object] = msgspec.field(default_factory=dict)

    def is_same_request(self, other: RequestedTerms) -> bool:
        """Check whether both request the same order, regardless of times and ids."""
        return all(getattr(self, name) == getattr(other, name) for name in REQUESTED_TERMS)

    def repetition(self, order: Order) -> Duplicate | None:
        """A request with the same terms is a duplicate."""
        if self.is_same_message(order):
            return DUPLICATE
        request = order.terms.request
        return DUPLICATE if request is not None and self.is_same_request(request) else None

    def decide(self, order: Order) -> Decision:
        if order.is_requested:
            text = f"{order.client_order_id} was requested with other terms: {order.summary}"
            return Refused(Reason.DUPLICATE_CLIENT_ORDER_ID, text)
        return ACCEPTED

    def take_effect(self, order: Order, when: When) -> None:
        if not order.is_requested:
            order.terms.take_request(self, when)
            order.ends.drop_conclusions()
            order.attributed_to = None

    def sentence(self, before: Order) -> str:
        strategy = f" Strategy: {self.strategy}." if self.strategy else ""
        return f"We requested a {described(self)}.{strategy}"


class SendingOutcome(OrderCommand, frozen=True, kw_only=True):
    """The result of sending a request: sent, or denied."""

    def decide(self, order: Order) -> Decision:
        if not order.is_requested:
            return _unknown()
        if order.is_ended:
            return Refused(Reason.ORDER_ENDED, f"the order has ended: {order.summary}")
        if order.confirmed_at is not None:
            return Refused(Reason.ALREADY_ACKNOWLEDGED, f"the venue has the order: {order.summary}")
        return self._decide_by_sending(order)

    def _decide_by_sending(self, order: Order) -> Decision:
        """Send an order again only after the venue did not know it."""
        sent_at = order.submitted_at or order.unresolved_at
        return (
            ACCEPTED
            if sent_at is None or order.is_absent_since(sent_at)
            else _already_submitted(order)
        )


class OrderDenied(SendingOutcome, frozen=True, kw_only=True):
    """Order that our own checks refused. It is never sent. Without `not_sent` or `never_arrived`,
    an order that counts as sent cannot be denied."""

    stored_name = "order_denied.v1"
    wire_name = "deny"
    needs_role = "record"
    fix = "no equivalent; the order was never sent."
    needs: ClassVar = {"reason": "The check that failed."}
    not_sent: Annotated[
        bool,
        Meta(description="Proof that nothing of a recorded `submit` left us: connection refused."),
    ] = False
    never_arrived: Annotated[
        bool,
        Meta(
            description="Proof or an operator's decision that the venue never received a recorded "
            "`submit`."
        ),
    ] = False

    def _decide_by_sending(self, order: Order) -> Decision:
        """Deny a submitted order. Allowed with proof that nothing was sent, unless its outcome is
        unknown and the venue may still have it. Also allowed once it is decided that the venue
        never received it."""
        if self.never_arrived:
            return ACCEPTED
        if not self.not_sent:
            is_sent = order.submitted_at is not None or order.unresolved is not None
            return _already_submitted(order) if is_sent else ACCEPTED
        is_known_lost = order.unresolved is None or order.is_absent_since(order.unresolved.at)
        return ACCEPTED if is_known_lost else _already_submitted(order)

    def take_effect(self, order: Order, when: When) -> None:
        order.own_ends().add(Status.DENIED, when, self.reason)
        order.never_arrived = self.never_arrived

    def sentence(self, before: Order) -> str:
        why = because(self.reason)
        if self.never_arrived:
            return (
                "The order counts as denied: it was decided that it never arrived at the "
                f"venue{why}."
            )
        proof = " There is proof that nothing was sent." if self.not_sent else ""
        return f"Our own checks denied the order{why}. It was not sent.{proof}"


class OrderSubmitted(SendingOutcome, frozen=True, kw_only=True):
    """Order handed to the venue."""

    stored_name = "order_submitted.v1"
    wire_name = "submit"
    needs_role = "record"
    fix = "NewOrderSingle sent. The order is Pending New until the venue answers."
    may_reopen = False
    is_forced: Annotated[
        bool,
        Meta(
            description="Sent again by an operator's decision, without proof that it never arrived."
        ),
    ] = False
    request_expires_at: RequestExpiry = None

    def decide(self, order: Order) -> Decision:
        """An order that never arrived may be sent again, also after it was denied for that."""
        return ACCEPTED if order.is_given_up else super().decide(order)

    def _decide_by_sending(self, order: Order) -> Decision:
        return ACCEPTED if self.is_forced else super()._decide_by_sending(order)

    def take_effect(self, order: Order, when: When) -> None:
        if order.is_given_up:
            order.take_up_again(when)
        order.note_sending(when, self.request_expires_at)

    def sentence(self, before: Order) -> str:
        again = " again" if before.submitted_at else ""
        forced = (
            " An operator forced it, without proof that it had not arrived."
            if self.is_forced
            else ""
        )
        return f"We sent the order to the venue{again}.{forced}"


class SubmissionUnresolved(OrderCommand, frozen=True, kw_only=True):
    """Sending ended without an answer (timeout, 5xx, dropped connection). The outcome is
    unknown."""

    stored_name = "submission_unresolved.v1"
    wire_name = "unresolved"
    needs_role = "record"
    fix = "no equivalent; NewOrderSingle was sent, and no ExecutionReport (35=8) gives its outcome."
    needs: ClassVar = {
        "reason": "How sending ended: e.g. `timeout`, `http_502`, `connection_lost`."
    }
    may_reopen = False

    def __post_init__(self) -> None:
        if self.reason == "unproved_refusal":  # stored for ccxt venues before the words were joined
            msgspec.structs.force_setattr(self, "reason", "refusal_not_proved")

    def decide(self, order: Order) -> Decision:
        return ACCEPTED if order.is_known else _unknown()

    def take_effect(self, order: Order, when: When) -> None:
        order.unresolved = last(order.unresolved, when)

    def sentence(self, before: Order) -> str:
        why = because(self.reason)
        if before.pending is not None:
            return (
                f"No answer came to our {before.pending} request{why}: whether the venue carried "
                "it out is unknown."
            )
        return f"No answer came when we sent the order{why}: whether the venue has it is unknown."


class CancelRequested(OrderCommand, frozen=True, kw_only=True):
    """Request to cancel an order."""

    stored_name = "cancel_requested.v1"
    wire_name = "request_cancel"
    needs_role = "record"
    fix = "OrderCancelRequest (35=F)."
    may_reopen = False
    request_id: str | None = None

    def repetition(self, order: Order) -> Duplicate | None:
        return _repetition_of_change(order, self)

    def decide(self, order: Order) -> Decision:
        return _decide_change(order, self)

    def asked(self, when: When) -> Asked:
        return Asked(when, Pending.CANCEL, self.request_id)

    def take_effect(self, order: Order, when: When) -> None:
        order.own_requests().ask(self.asked(when))

    def sentence(self, before: Order) -> str:
        return f"We asked the venue to cancel the order{because(self.reason, self.request_id)}."


class ReplaceRequested(OrderCommand, frozen=True, kw_only=True):
    """Request to change an order. At least one new term; `quantity` is the new total (FIX
    OrderQty)."""

    stored_name = "replace_requested.v1"
    wire_name = "request_replace"
    needs_role = "record"
    fix = "OrderCancelReplaceRequest (35=G)."
    needs_one_of = CHANGEABLE
    may_reopen = False
    quantity: Annotated[
        Positive | None, Meta(description="The new total (FIX OrderQty), not the remainder.")
    ] = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    quote_quantity: Positive | None = None
    display_quantity: NotNegative | None = None
    trail_offset: Positive | None = None
    trail_offset_type: TrailOffsetType | None = None
    trigger_source: TriggerSource | None = None
    replacement_client_order_id: str | None = None
    request_id: str | None = None
    request_expires_at: RequestExpiry = None

    def repetition(self, order: Order) -> Duplicate | None:
        return _repetition_of_change(order, self)

    def decide(self, order: Order) -> Decision:
        return _decide_change(order, self)

    def asked(self, when: When) -> Asked:
        return Asked(
            when,
            Pending.REPLACE,
            self.request_id,
            self.replacement_client_order_id,
            new_terms(self),
            self.request_expires_at,
        )

    def take_effect(self, order: Order, when: When) -> None:
        order.own_requests().ask(self.asked(when))

    def sentence(self, before: Order) -> str:
        new_id = (
            f" The replacement has our id {self.replacement_client_order_id}."
            if self.replacement_client_order_id
            else ""
        )
        why = because(self.reason, self.request_id)
        return f"We asked the venue to change the order{why}: {changes(before, self)}.{new_id}"


ChangeRequested = CancelRequested | ReplaceRequested


def _repetition_of_change(order: Order, command: ChangeRequested) -> Duplicate | None:
    """A command with a known `request_id` and the same content is a duplicate, whatever its
    time."""
    if command.is_same_message(order):
        return DUPLICATE
    known = order.requests.known(command.request_id)
    if known is None:
        return OrderCommand.repetition(command, order)
    return DUPLICATE if command.asked(known.when) == known else None


def _decide_change(order: Order, command: ChangeRequested) -> Decision:
    if not order.is_known:
        return _unknown()
    if order.requests.known(command.request_id) is not None:
        return Refused(
            Reason.REQUEST_ID_REUSED, f"request {command.request_id} asked for something else"
        )
    if order.is_ended and not _would_reopen(order, command):
        return Refused(Reason.ORDER_ENDED, f"the order has ended: {order.summary}")
    return ACCEPTED


def _would_reopen(order: Order, command: ChangeRequested) -> bool:
    """Check for a larger quantity, to which a filled order can be replaced (FIX matrix J.1.a)."""
    quantity = command.quantity if isinstance(command, ReplaceRequested) else None
    return quantity is not None and quantity > order.cum_quantity and order.status is Status.FILLED


def _already_submitted(order: Order) -> Refused:
    return Refused(
        Reason.ALREADY_SUBMITTED,
        f"sent already, ask the venue before sending again: {order.summary}",
    )


def _unknown() -> Refused:
    return Refused(
        Reason.UNKNOWN_ORDER, "no such order is recorded; it may still exist at the venue"
    )
