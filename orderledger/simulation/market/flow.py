"""The other traders of a simulated venue: prices that wander, orders that rest around them and orders that take."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from orderledger.simulation.market.order_book import BookOrder, Execution, OrderBook, Side
from orderledger.simulation.market.terms import SimulatedInstrument

DEPTH_MAX = 30  # resting background orders per side; the oldest makes room
SPREAD_TICKS_MAX = 8
LOTS_MAX = 40
SIDES: tuple[Side, Side] = ("buy", "sell")


class BackgroundFlow:
    """Orders of nobody in particular in one instrument's book."""

    def __init__(self, instrument: SimulatedInstrument, book: OrderBook, chance: random.Random) -> None:
        self.instrument = instrument
        self.book = book
        self.price = instrument.price
        self._chance = chance
        self._orders = 0

    def open(self) -> None:
        """Fill the book before anybody comes."""
        for _ in range(DEPTH_MAX // 2):
            for side in SIDES:
                self._rest(side)

    def step(self) -> Execution:
        """One more order, resting or taking, after the price has wandered by a tick at most."""
        tick = self.instrument.tick
        self.price = max(self.price + tick * self._chance.choice((-1, 0, 1)), tick * SPREAD_TICKS_MAX * 2)
        side = self._chance.choice(SIDES)
        return self._rest(side) if self._chance.random() < 0.6 else self._take(side)

    def state(self) -> dict[str, Any]:
        """The price and the resting orders."""
        resting = [vars(order) for side in SIDES for order in self.book.resting(side) if not order.owner]
        return {"price": self.price, "orders": self._orders, "sequence": self.book.sequence, "resting": resting}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a `state`; the book must be empty of background orders."""
        self.price, self._orders, self.book.sequence = state["price"], state["orders"], state["sequence"]
        for terms in state["resting"]:
            self.book.place(BookOrder(**terms))

    def _rest(self, side: Side) -> Execution:
        execution = self.book.submit(self._order(side, ticks_away=self._chance.randint(1, SPREAD_TICKS_MAX)))
        background = [order for order in self.book.resting(side) if not order.owner]
        if len(background) > DEPTH_MAX:
            self.book.cancel(min(background, key=lambda order: order.sequence))
        return execution

    def _take(self, side: Side) -> Execution:
        order = self._order(side, ticks_away=-self._chance.randint(1, SPREAD_TICKS_MAX))
        order.time_in_force = "ioc"
        return self.book.submit(order)

    def _order(self, side: Side, *, ticks_away: int) -> BookOrder:
        self._orders += 1
        distance = self.instrument.tick * (-ticks_away if side == "buy" else ticks_away)
        return BookOrder(
            order_id=f"B{self._orders}",
            owner="",
            side=side,
            quantity=self.instrument.lot * self._chance.randint(1, LOTS_MAX),
            limit_price=self.price + distance,
        )


def default_instruments() -> tuple[SimulatedInstrument, ...]:
    """What a simulated venue trades if it is told nothing else."""
    return (
        SimulatedInstrument(name="BTC-USD", currency="USD", tick=Decimal("0.5"), lot=Decimal("0.001"), price=Decimal(64000)),
        SimulatedInstrument(name="ETH-USD", currency="USD", tick=Decimal("0.05"), lot=Decimal("0.01"), price=Decimal(3200)),
    )
