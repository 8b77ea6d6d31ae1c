"""One order: `decide` may say no and never writes, `evolve` writes and never says no."""

from datetime import datetime
from typing import assert_never

from orderledger.domain.decision import ACCEPTED, DUPLICATE, Decision, Reason, Refused
from orderledger.domain.events import (
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
from orderledger.domain.state import DUPLICATE_ORDER, Order
from orderledger.domain.values import Pending, Status, alias_text, later

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
Told = Working | OrderRejected | OrderCanceled | OrderExpired | CancelRejected | ReplaceRejected

UNKNOWN_TO_VENUE = "unknown_order"
OBSERVED_WORKING = frozenset({Status.NEW, Status.PARTIALLY_FILLED, Status.FILLED})
OBSERVED_PAUSES = frozenset({Status.SUSPENDED, Status.STOPPED})
OBSERVED_ENDS = frozenset({Status.CANCELED, Status.REJECTED, Status.EXPIRED})


def decide(order: Order, fact: Fact) -> Decision:
    """Whether the fact may be recorded. A report always may, unless it is recorded already."""
    if _is_recorded(order, fact):
        return DUPLICATE
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


def _is_recorded(order: Order, fact: Fact) -> bool:
    """The same fact again. A fill is the same by its id and numbers, a request by its terms, the rest by all their fields; what
    does not say when it happened, by its `message_id`, if it has one."""
    if fact.message_id is not None and (type(fact), fact.message_id) in order.message_ids and not isinstance(fact, FillRecorded):
        return True
    match fact:
        case FillRecorded():
            return order.fills.knows(fact) and not _brings_name(order, fact)
        case FillBusted():
            return order.fills.is_busted(fact.fill_id) and not _brings_name(order, fact)
        case OrderReport():
            return fact in order.seen and (fact.at is not None or fact.message_id is None)
        case OrderRequested():
            return order.request is not None and order.request.is_same_request(fact)
        case OrderSubmitted() if order.submitted_at is not None and order.is_absent_since(order.submitted_at):
            return fact.at is not None and fact in order.seen
        case SubmissionUnresolved() if fact.at is None and order.is_sent_after_silence:
            return False
        case CancelRequested() | ReplaceRequested() if (asked := order.requests.known(fact.request_id)) is not None:
            return _is_same_wish(asked, fact)
        case _:
            return fact.message_id is None and fact in order.seen


def _is_same_wish(asked: CancelRequested | ReplaceRequested, fact: CancelRequested | ReplaceRequested) -> bool:
    """Whether a request under a known id asks for the same again, whenever it does."""
    if isinstance(asked, ReplaceRequested) and isinstance(fact, ReplaceRequested):
        names = ("quantity", "limit_price", "stop_price", "replacement_client_order_id")
        return all(getattr(asked, name) == getattr(fact, name) for name in names)
    return type(asked) is type(fact)


def _brings_name(order: Order, fact: Fact) -> bool:
    """Whether the message ties the order to an id it was not known by: that must not be lost with a repetition."""
    if fact.venue_order_id is not None and fact.venue_order_id not in order.venue_order_ids:
        return True
    if order.own_id is None and fact.client_order_id is not None and fact.client_order_id not in order.client_ids_borne:
        return True
    return any(alias_text(name, value) not in order.aliases_borne for name, value in fact.aliases.items())


def _decide_command(order: Order, command: Command) -> Decision:
    match command:
        case OrderRequested():
            if order.request is not None:
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
    if order.request is None:
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
            if order.request is None:
                order.request, order.requested_at = event, at
                order.instrument, order.side = event.instrument, event.side
                order.attributed_to = None
        case OrderSubmitted():
            order.is_sent_again = order.submitted_at is not None
            order.submitted_at = later(order.submitted_at, at)
        case OrderDenied():
            order.finish(Status.DENIED, at, event.reason)
        case SubmissionUnresolved():
            order.unresolved_at = later(order.unresolved_at, at)
        case CancelRequested() | ReplaceRequested():
            order.requests.ask(event, at)
        case _:
            assert_never(event)


def _evolve_report(order: Order, event: Report, at: datetime) -> None:
    if order.request is None:
        order.describe(event.instrument, event.side, at)
    match event:
        case FillRecorded():
            order.is_worked = True
            order.fills.add(event, at)
        case FillBusted():
            order.fills.bust(event.fill_id)
        case OrderAbsent():
            order.seen.add(event)
            order.miss(at)
            return
        case StatusObserved():
            order.seen.add(event)
            _evolve_observed(order, event, at)
        case _:
            order.seen.add(event)
            _evolve_told(order, event, at)
    if event.reason != UNKNOWN_TO_VENUE or not isinstance(event, CancelRejected | ReplaceRejected):
        order.hear(at)


def _evolve_observed(order: Order, event: StatusObserved, at: datetime) -> None:
    """A status seen by asking can move an order on, never back: it adds evidence, it takes none away."""
    if event.pending is not None:
        order.requests.observe(event.pending, at)
    if event.status is None:
        return
    order.observed = order.observed.then(event.status, at)
    order.is_observed_filled = order.is_observed_filled or event.status == Status.FILLED
    if event.status in OBSERVED_ENDS:
        order.finish(Status(event.status), at, event.reason)
    elif event.status == Status.DONE_FOR_DAY:
        order.enter(Status.DONE_FOR_DAY, at)
        order.is_worked = True
    elif event.status in OBSERVED_PAUSES:
        order.session_seen = order.session_seen.then(Status(event.status), at)
        order.is_worked = True
    elif event.status in OBSERVED_WORKING:
        order.is_worked = True


def _evolve_told(order: Order, event: Told, at: datetime) -> None:
    match event:
        case OrderRejected() if event.reason == DUPLICATE_ORDER:
            order.rejected_as_duplicate_at = min(order.rejected_as_duplicate_at or at, at)
        case OrderRejected():
            order.finish(Status.REJECTED, at, event.reason)
        case OrderCanceled():
            order.finish(Status.CANCELED, at, event.reason)
        case OrderExpired():
            order.finish(Status.EXPIRED, at, event.reason)
        case CancelRejected():
            order.requests.answer(Pending.CANCEL, event.request_id or _other_name(order, event), at)
        case ReplaceRejected():
            order.requests.answer(Pending.REPLACE, event.request_id or _other_name(order, event), at)
        case _:
            order.is_worked = True
            _evolve_working(order, event, at)


def _other_name(order: Order, event: Report) -> str | None:
    """The id by which the report calls the order, where it is not the order's own: it may be the request's."""
    return event.client_order_id if event.client_order_id != order.client_order_id else None


def _evolve_working(order: Order, event: Working, at: datetime) -> None:
    match event:
        case OrderAcknowledged():
            order.acknowledged_at = min(order.acknowledged_at or at, at)
        case OrderReplaced():
            order.replaces += 1
            order.set_terms(event.quantity, event.limit_price, event.stop_price, at)
            name = event.replacement_client_order_id or _other_name(order, event)
            order.requests.answer(Pending.REPLACE, name, at)
            replacement_id = event.replacement_client_order_id or (order.own_id and order.requests.replacement_id(name))
            if replacement_id is not None:
                order.replacement_id = order.replacement_id.then(replacement_id, at)
        case OrderRestated():
            order.set_terms(event.quantity, event.limit_price, event.stop_price, at)
            order.enter(None, at)
        case OrderResumed():
            order.enter(None, at)
        case OrderReinstated():
            order.reinstate(at)
        case OrderSuspended():
            order.enter(Status.SUSPENDED, at)
        case OrderStopped():
            order.enter(Status.STOPPED, at)
        case OrderDoneForDay():
            order.enter(Status.DONE_FOR_DAY, at)
        case OrderTriggered():
            pass
        case _:
            assert_never(event)
