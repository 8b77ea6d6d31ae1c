"""The three functions for all changes of an order."""

from orderledger.domain.decision import Decision, Reason, Refused
from orderledger.domain.orders.anomalies import detect
from orderledger.domain.orders.events import Event, OrderCommand, OrderEvent
from orderledger.domain.orders.order import Order
from orderledger.domain.orders.when import When


def decide(order: Order, fact: OrderEvent) -> Decision:
    """Decide whether the fact may be recorded; changes nothing. A report is always accepted, unless
    it is a duplicate."""
    repetition = fact.repetition(order)
    if repetition is not None:
        return repetition
    if (
        fact.message_id is not None
        and isinstance(fact, OrderCommand)
        and fact.has_reused_message_id(order)
    ):
        return Refused(
            Reason.MESSAGE_ID_REUSED,
            f"message {fact.message_id} had other content; the order is {order.summary}",
        )
    return fact.decide(order)


def evolve(order: Order, event: Event, when: When) -> Order:
    """Apply an event to the order, and return the order. Never fails, so that every recorded
    history can be loaded."""
    event.apply(order, when)
    return order


def record(order: Order, fact: OrderEvent, when: When) -> list[Event]:
    """Apply a fact that `decide` accepted. The engine, attribution and test scenarios use it.

    Returns the events to store: the fact, then the anomalies that it raises or clears.
    """
    was_ended_at = order.end_at
    is_id_reused = fact.message_id is not None and fact.has_reused_message_id(order)
    fact.apply(order, when)
    judgements = detect(order, fact, when.at, was_ended_at=was_ended_at, is_id_reused=is_id_reused)
    for judgement in judgements:
        judgement.apply(order, when)
    return [fact, *judgements]
