"""Trigger prices that the gateway watches, and marks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Self

from orderledger import OrderType, Side, TrailOffsetType
from orderledger.extend.values import EXACT, ONE

HUNDRED = Decimal(100)
TAKES_PROFIT = (OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """The condition of one order. `extreme`: of a trailing stop, the best mark since it became
    active."""

    order_type: OrderType
    side: Side
    stop_price: Decimal | None = None
    trail_offset: Decimal | None = None
    trail_offset_type: TrailOffsetType | None = None
    extreme: Decimal | None = None

    @property
    def price(self) -> Decimal | None:
        """The price at which it fires now. None for a trailing stop that has seen no mark."""
        if self.order_type is not OrderType.TRAILING_STOP:
            return self.stop_price
        if self.extreme is None or self.trail_offset is None:
            return None
        if self.trail_offset_type is TrailOffsetType.PERCENT:
            share = EXACT.divide(self.trail_offset, HUNDRED)
            factor = EXACT.subtract(ONE, share) if self._falls else EXACT.add(ONE, share)
            return EXACT.multiply(self.extreme, factor)
        if self._falls:
            return EXACT.subtract(self.extreme, self.trail_offset)
        return EXACT.add(self.extreme, self.trail_offset)

    def fires(self, marks: Sequence[Decimal]) -> bool:
        """Check whether one of these marks reaches the price."""
        price = self.price
        if price is None or not marks:
            return False
        return min(marks) <= price if self._falls else max(marks) >= price

    def better(self, mark: Decimal) -> Decimal:
        """The extreme of a trailing stop after this mark."""
        if self.extreme is None:
            return mark
        return max(self.extreme, mark) if self._falls else min(self.extreme, mark)

    @property
    def _falls(self) -> bool:
        """Whether it fires when the mark falls to its price: a stop that sells, or a take-profit
        that buys."""
        return (self.side is Side.SELL) is (self.order_type not in TAKES_PROFIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The marks of one instrument. `seen`: the last mark, and the lowest
    and highest since the last decision."""

    at: datetime | None = None
    seen: tuple[Decimal, ...] = ()

    @classmethod
    def of(cls, seen: Sequence[Decimal], latest: tuple[Decimal, datetime] | None) -> Self:
        """The marks since the last decision, and the last one with its time."""
        at, last = (None, ()) if latest is None else (latest[1], latest[:1])
        return cls(at=at, seen=(*seen, *last))

    def are_fresh(self, now: datetime, most_seconds: float) -> bool:
        """Check that the last mark is not older than this."""
        return self.at is not None and now - self.at <= timedelta(seconds=most_seconds)
