"""The three functions through which everything about an order goes."""

from datetime import datetime

from orderledger.domain.decision import Decision
from orderledger.domain.orders.anomalies import detect
from orderledger.domain.orders.events import Event, OrderEvent
from orderledger.domain.orders.order import Order


def decide(order: Order, fact: OrderEvent) -> Decision:
    """Whether the fact may be recorded. It never writes. A report always may, unless it is recorded already."""
    repetition = fact.repetition(order)
    return fact.decide(order) if repetition is None else repetition


def evolve(order: Order, event: Event, at: datetime) -> Order:
    """The order with the event in it. `at` is when it took effect. It never says no: every recorded history can be loaded."""
    event.apply(order, at)
    return order


def record(order: Order, fact: OrderEvent, at: datetime) -> list[Event]:
    """Take in a fact that `decide` has accepted; `at` is when it happened. Used by the engine, by attribution and by scenarios.

    Returns the events to store: the fact, and after it the anomalies that it raises or clears.
    """
    was_ended_at = order.end_at
    fact.apply(order, at)
    judgements = detect(order, fact, at, was_ended_at=was_ended_at)
    for judgement in judgements:
        judgement.apply(order, at)
    return [fact, *judgements]
