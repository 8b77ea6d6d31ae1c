"""The other traders of a simulated market: a price that moves at random, orders that rest around
it and orders that take.
"""

import random
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from orderledger import OrderType, Side, TimeInForce
from orderledger.simulation.market.exchange import ExchangeSimulator
from orderledger.simulation.market.instruments import SimulatedInstrument
from orderledger.simulation.market.rows import OrderStatus, SimulatedOrder

DEPTH_MAX = 30
"""Maximum of resting background orders per side; the oldest is removed."""
SPREAD_TICKS_MAX = 8


@dataclass(kw_only=True)
class FlowState:
    """The saved state of a flow. `orders` counts its orders: their ids are the negative numbers."""

    price: Decimal
    orders: int = 0


class BackgroundFlow:
    """Orders without an account in the book of one instrument: they match with those of
    accounts, and are not orders of the exchange.
    """

    def __init__(
        self, exchange: ExchangeSimulator, instrument: SimulatedInstrument, chance: random.Random
    ) -> None:
        self.state = FlowState(price=instrument.price)
        self._exchange, self._instrument, self._chance = exchange, instrument, chance

    @property
    def price(self) -> Decimal:
        """The price around which they trade now."""
        return self.state.price

    def open(self, at: datetime) -> None:
        """Fill the book before any account trades."""
        for _ in range(DEPTH_MAX // 2):
            for side in Side:
                self._rest(side, at)

    def step(self, at: datetime) -> None:
        """Send one order, resting or taking, after the price has moved by at most a tick."""
        tick = self._instrument.tick
        self.state.price = max(
            self.price + tick * self._chance.choice((-1, 0, 1)), tick * SPREAD_TICKS_MAX * 2
        )
        side = self._chance.choice(tuple(Side))
        if self._chance.random() < 0.6:
            self._rest(side, at)
        else:
            self._send(
                side,
                at,
                ticks_away=-self._chance.randint(1, SPREAD_TICKS_MAX),
                time_in_force=TimeInForce.IOC,
            )

    def _rest(self, side: Side, at: datetime) -> None:
        self._send(
            side,
            at,
            ticks_away=self._chance.randint(1, SPREAD_TICKS_MAX),
            time_in_force=TimeInForce.GTC,
        )
        book = self._exchange.book(self._instrument.name)
        own = [order for order in book.by_arrival() if not order.account and order.side is side]
        if len(own) > DEPTH_MAX:
            self._exchange.withdraw(own[0])

    def _send(
        self, side: Side, at: datetime, *, ticks_away: int, time_in_force: TimeInForce
    ) -> None:
        self.state.orders += 1
        distance = self._instrument.tick * (-ticks_away if side is Side.BUY else ticks_away)
        order_id = -self.state.orders
        order = SimulatedOrder(
            account="",
            order_id=order_id,
            client_id=None,
            instrument=self._instrument.name,
            side=side,
            quantity=self._instrument.lot * self._chance.randint(1, self._instrument.most_lots),
            order_type=OrderType.LIMIT,
            time_in_force=time_in_force,
            limit_price=self.price + distance,
            status=OrderStatus.OPEN,
            legs=(order_id,),
            created_at=at,
            updated_at=at,
        )
        self._exchange.meet(order)
