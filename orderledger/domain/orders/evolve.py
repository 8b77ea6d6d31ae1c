"""One order: `decide` may say no and never writes, `evolve` writes and never says no."""

from datetime import datetime
from typing import assert_never

from orderledger.domain.decision import ACCEPTED, DUPLICATE, NO_TIME_GIVEN, Decision, Duplicate, Reason, Refused
from orderledger.domain.orders.ends import CONCLUDED_ABSENT, DUPLICATE_ORDER
from orderledger.domain.orders.events import (
    AnomalyCleared,
    AnomalyDetected,
    CancelRejected,
    CancelRequested,
    Command,
    Event,
    Fact,
    FillBusted,
    FillRecorded,
    OrderAbsent,
    OrderAcknowledged,
    OrderAttributed,
    OrderCanceled,
    OrderDenied,
    OrderDoneForDay,
    OrderExpired,
    OrderReinstated,
    OrderRejected,
    OrderReplaced,
    OrderReport,
    OrderRequested,
    OrderRestated,
    OrderResumed,
    OrderStopped,
    OrderSubmitted,
    OrderSuspended,
    OrderTriggered,
    ReplaceRejected,
    ReplaceRequested,
    Report,
    StatusObserved,
    SubmissionUnresolved,
)
from orderledger.domain.orders.order import Order
from orderledger.domain.values import Pending, Status, later

Working = (
    OrderAcknowledged
    | OrderReplaced
    | OrderRestated
    | OrderResumed
    | OrderReinstated
    | OrderSuspended
    | OrderStopped
    | OrderDoneForDay
    | OrderTriggered
)
StateReport = Working | OrderRejected | OrderCanceled | OrderExpired | CancelRejected | ReplaceRejected

UNKNOWN_TO_VENUE = "unknown_order"
OBSERVED_WORKING = frozenset({Status.NEW, Status.PARTIALLY_FILLED})
OBSERVED_PAUSES = frozenset({Status.SUSPENDED, Status.STOPPED})
OBSERVED_ENDS = frozenset({Status.CANCELED, Status.REJECTED, Status.EXPIRED})


def decide(order: Order, fact: Fact) -> Decision:
    """Whether the fact may be recorded. A report always may, unless it is recorded already."""
    duplicate = _duplicate(order, fact)
    if duplicate is not None:
        return duplicate
    return ACCEPTED if isinstance(fact, OrderReport) else _decide_command(order, fact)


def evolve(order: Order, event: Event, at: datetime) -> Order:
    """The order with the event in it. `at` is when it took effect. Total: every history ever recorded can be loaded."""
    match event:
        case AnomalyDetected():
            order.raised[event.code] = event.detail
            return order
        case AnomalyCleared():
            order.raised.pop(event.code, None)
            return order
        case OrderAttributed():
            order.attributed_to = event.to
            return order
    order.learn(event, at)
    if isinstance(event, OrderReport):
        _evolve_report(order, event, at)
    else:
        order.seen.add(event)
        _evolve_command(order, event, at)
    return order


def _duplicate(order: Order, fact: Fact) -> Duplicate | None:
    """Whether the same fact is recorded. A fill is the same by its id and numbers, a bust by the fill, a request by its terms, a
    cancel or replace request by its id. The rest is the same by its `message_id`, or else by all its fields."""
    if isinstance(fact, FillRecorded):
        return DUPLICATE if order.fills.knows(fact) and not order.names.brings_name(fact) else None
    if fact.message_id is not None and (type(fact), fact.message_id) in order.message_ids:
        return DUPLICATE
    match fact:
        case FillBusted():
            is_known = order.fills.knows_bust(fact.fill_id, fact.at) and not order.names.brings_name(fact)
            return DUPLICATE if is_known else None
        case OrderRequested():
            request = order.terms.request
            return DUPLICATE if request is not None and request.is_same_request(fact) else None
        case CancelRequested() | ReplaceRequested() if (asked := order.requests.known(fact.request_id)) is not None:
            return DUPLICATE if _is_same_wish(asked, fact) else None
    if fact not in order.seen:
        return None
    if fact.at is None:
        return NO_TIME_GIVEN if fact.message_id is None else None
    return DUPLICATE if isinstance(fact, OrderReport) or fact.message_id is None else None


def _is_same_wish(asked: CancelRequested | ReplaceRequested, fact: CancelRequested | ReplaceRequested) -> bool:
    """Whether a request under a known id asks for the same again, whenever it does."""
    if isinstance(asked, ReplaceRequested) and isinstance(fact, ReplaceRequested):
        names = ("quantity", "limit_price", "stop_price", "replacement_client_order_id")
        return all(getattr(asked, name) == getattr(fact, name) for name in names)
    return type(asked) is type(fact)


def _decide_command(order: Order, command: Command) -> Decision:
    match command:
        case OrderRequested():
            if order.is_requested:
                text = f"{order.client_order_id} was requested with other terms: {order.summary}"
                return Refused(Reason.DUPLICATE_CLIENT_ORDER_ID, text)
        case SubmissionUnresolved():
            if not order.is_known:
                return _unknown()
        case OrderDenied() | OrderSubmitted():
            return _decide_sending(order, command)
        case CancelRequested() | ReplaceRequested():
            return _decide_request(order, command)
        case _:
            assert_never(command)
    return ACCEPTED


def _decide_sending(order: Order, command: OrderDenied | OrderSubmitted) -> Decision:
    if not order.is_requested:
        return _unknown()
    if order.is_ended:
        return Refused(Reason.ORDER_ENDED, f"the order has ended: {order.summary}")
    if order.heard_at is not None:
        return Refused(Reason.ALREADY_ACKNOWLEDGED, f"the venue has the order: {order.summary}")
    sent_at = order.submitted_at or order.unresolved_at  # whose sending came to an unknown end was sent
    if sent_at is not None and (isinstance(command, OrderDenied) or not order.is_absent_since(sent_at)):
        return Refused(Reason.ALREADY_SUBMITTED, f"sent already, ask the venue before sending again: {order.summary}")
    return ACCEPTED


def _decide_request(order: Order, command: CancelRequested | ReplaceRequested) -> Decision:
    if not order.is_known:
        return _unknown()
    if order.requests.known(command.request_id) is not None:
        return Refused(Reason.REQUEST_ID_REUSED, f"request {command.request_id} asked for something else")
    if order.is_ended and not (isinstance(command, ReplaceRequested) and _would_reopen(order, command)):
        return Refused(Reason.ORDER_ENDED, f"the order has ended: {order.summary}")
    return ACCEPTED


def _would_reopen(order: Order, command: ReplaceRequested) -> bool:
    """A filled order can be replaced to a larger quantity (FIX matrix J.1.a)."""
    return order.status is Status.FILLED and command.quantity is not None and command.quantity > order.cum_quantity


def _unknown() -> Refused:
    return Refused(Reason.UNKNOWN_ORDER, "no such order is recorded; it may exist at the venue all the same")


def _evolve_command(order: Order, event: Command, at: datetime) -> None:
    match event:
        case OrderRequested():
            if not order.is_requested:
                order.terms.take_request(event, at)
                order.ends.drop_conclusions()
                order.attributed_to = None
        case OrderSubmitted():
            order.is_sent_again = order.submitted_at is not None
            order.submitted_at = later(order.submitted_at, at)
        case OrderDenied():
            order.own_ends().tell(Status.DENIED, at, event.reason)
        case SubmissionUnresolved():
            order.unresolved_at = later(order.unresolved_at, at)
        case CancelRequested() | ReplaceRequested():
            order.own_requests().ask(event, at)
        case _:
            assert_never(event)


def _evolve_report(order: Order, event: Report, at: datetime) -> None:
    if not order.is_requested:
        order.terms.hear(event.instrument, event.side, event.reported, at)
    match event:
        case FillRecorded():
            order.add_fill(event, at)
            return
        case FillBusted():
            order.bust_fill(event.fill_id, at)
            return
        case OrderAbsent():
            order.seen.add(event)
            order.miss(at)
            return
        case StatusObserved():
            order.seen.add(event)
            _evolve_observed(order, event, at)
        case _:
            order.seen.add(event)
            _evolve_state(order, event, at)
            if event.reason == UNKNOWN_TO_VENUE and isinstance(event, CancelRejected | ReplaceRejected):
                return
    order.hear(at)


def _evolve_observed(order: Order, event: StatusObserved, at: datetime) -> None:
    """A status seen by asking can move an order on, never back: it adds evidence, it takes none away."""
    if event.pending is not None:
        order.own_requests().observe(event.pending, at)
    if event.status is None:
        return
    claims = order.own_claims()
    claims.say(event.status, at)
    if event.status in OBSERVED_ENDS:
        order.own_ends().tell(Status(event.status), at, event.reason)
    elif event.status == Status.DONE_FOR_DAY:
        order.enter(Status.DONE_FOR_DAY, at)
        order.is_worked = True
    elif event.status in OBSERVED_PAUSES:
        order.session_seen = order.session_seen.then(Status(event.status), at)
        order.work(at)
    elif event.status in OBSERVED_WORKING:
        order.session_seen = order.session_seen.then(None, at)
        order.work(at)
    elif event.status == Status.FILLED:
        claims.is_filled = True
        order.is_worked = True


def _evolve_state(order: Order, event: StateReport, at: datetime) -> None:
    match event:
        case OrderRejected() if event.reason == DUPLICATE_ORDER:
            order.own_ends().tell_duplicate(at)
        case OrderRejected():
            order.own_ends().tell(Status.REJECTED, at, event.reason)
        case OrderCanceled() if event.reason == CONCLUDED_ABSENT and order.is_requested:
            pass
        case OrderCanceled():
            order.own_ends().tell(Status.CANCELED, at, event.reason)
        case OrderExpired():
            order.own_ends().tell(Status.EXPIRED, at, event.reason)
        case CancelRejected():
            order.own_requests().refuse(Pending.CANCEL, at, request_id=event.request_id, called=_other_id(order, event))
        case ReplaceRejected():
            order.own_requests().refuse(Pending.REPLACE, at, request_id=event.request_id, called=_other_id(order, event))
        case _:
            _evolve_working(order, event, at)


def _other_id(order: Order, event: Report) -> str | None:
    """The id by which the report calls one of our orders, where it is not the order's own: it may be a request's."""
    own_id = order.names.own_id
    return event.client_order_id if own_id is not None and event.client_order_id != own_id else None


def _evolve_working(order: Order, event: Working, at: datetime) -> None:
    if isinstance(event, OrderDoneForDay):  # known there, and not working any more
        order.is_worked = True
        order.enter(Status.DONE_FOR_DAY, at)
        return
    order.work(at)
    match event:
        case OrderAcknowledged():
            order.acknowledged_at = min(order.acknowledged_at or at, at)
        case OrderReplaced():
            order.replaces += 1
            order.terms.set(event.quantity, event.limit_price, event.stop_price, at)
            order.own_requests().accept(at, replacement_id=event.replacement_client_order_id, called=_other_id(order, event))
        case OrderRestated():
            order.terms.set(event.quantity, event.limit_price, event.stop_price, at)
            order.enter(None, at)
        case OrderResumed():
            order.enter(None, at)
        case OrderReinstated():
            order.own_ends().reinstate(at)
        case OrderSuspended():
            order.enter(Status.SUSPENDED, at)
        case OrderStopped():
            order.enter(Status.STOPPED, at)
        case OrderTriggered():
            pass
        case _:
            assert_never(event)
