"""How a fact about an order is taken in: the one place, for the writer, for attribution and for scenarios."""

from datetime import datetime

from orderledger.domain.orders.anomalies import detect
from orderledger.domain.orders.events import Event, Fact
from orderledger.domain.orders.evolve import evolve
from orderledger.domain.orders.order import Order


def record(order: Order, fact: Fact, at: datetime) -> list[Event]:
    """Take in a fact that `decide` has accepted; `at` is when it happened. Returns what is to be stored of the order: the fact,
    and after it what has become odd, or no longer is."""
    was_ended_at = order.end_at
    evolve(order, fact, at)
    judgements = detect(order, fact, at, was_ended_at=was_ended_at)
    for judgement in judgements:
        evolve(order, judgement, at)
    return [fact, *judgements]
