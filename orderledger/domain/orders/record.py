"""The three functions for all changes of an order."""

from datetime import datetime

from orderledger.domain.decision import Decision
from orderledger.domain.orders.anomalies import detect
from orderledger.domain.orders.events import Event, OrderEvent
from orderledger.domain.orders.order import Order


def decide(order: Order, fact: OrderEvent) -> Decision:
    """Decide whether the fact may be recorded; changes nothing. A report is always accepted, unless it is a duplicate."""
    repetition = fact.repetition(order)
    return fact.decide(order) if repetition is None else repetition


def evolve(order: Order, event: Event, at: datetime) -> Order:
    """Apply an event to the order, and return the order. `at` is when the event took effect. Never fails, so that every
    recorded history can be loaded."""
    event.apply(order, at)
    return order


def record(order: Order, fact: OrderEvent, at: datetime) -> list[Event]:
    """Apply a fact that `decide` accepted; `at` is when it happened. The engine, attribution and test scenarios use it.

    Returns the events to store: the fact, then the anomalies that it raises or clears.
    """
    was_ended_at = order.end_at
    fact.apply(order, at)
    judgements = detect(order, fact, at, was_ended_at=was_ended_at)
    for judgement in judgements:
        judgement.apply(order, at)
    return [fact, *judgements]
