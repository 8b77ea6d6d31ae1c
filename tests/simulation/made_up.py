"""A made-up venue with two instruments, short to write."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from orderledger.infrastructure.clock import SteppingClock
from orderledger.simulation.market import ExchangeSimulator, SimulatedInstrument, SimulatedOrder

START = datetime(2026, 5, 4, tzinfo=UTC)
INSTRUMENTS = [
    SimulatedInstrument(
        name="ETH", price=Decimal("2500"), tick=Decimal("0.1"), lot=Decimal("0.01")
    ),
    SimulatedInstrument(
        name="BTC", price=Decimal("64000"), tick=Decimal("1"), lot=Decimal("0.001")
    ),
]
D = Decimal


def at(milliseconds: int) -> datetime:
    return START + timedelta(milliseconds=milliseconds)


def venue(**terms: Any) -> ExchangeSimulator:
    return ExchangeSimulator(
        clock=SteppingClock(START), first_order_id=101, first_fill_id=9001, **terms
    )


def eth(
    exchange: ExchangeSimulator,
    side: str = "buy",
    quantity: str = "10",
    price: str | None = "2500",
    **terms: Any,
) -> SimulatedOrder:
    return exchange.place(
        "main", instrument="ETH", side=side, quantity=quantity, limit_price=price, **terms
    )
