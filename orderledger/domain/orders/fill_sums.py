"""Exact sums over the active fills of an order, kept up to date as fills become active and
inactive."""

from bisect import bisect_left, insort
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from orderledger.domain.exact import EXACT, ZERO
from orderledger.domain.orders.fill import Fill
from orderledger.domain.values import PositionSide, Side


class FillSums(msgspec.Struct, gc=False, eq=False):
    """`cum_quantity` and `notional` (quantity times price) over the active fills."""

    cum_quantity: Decimal = ZERO
    notional: Decimal = ZERO
    _fees: dict[str, tuple[Decimal, int]] = {}
    _sides: dict[Side, int] = {}
    _instruments: dict[str, int] = {}
    _position_sides: dict[PositionSide, int] = {}
    _times: list[datetime] = []

    @property
    def first_fill_at(self) -> datetime | None:
        """Time of the earliest active fill."""
        return self._times[0] if self._times else None

    @property
    def last_fill_at(self) -> datetime | None:
        """Time of the latest active fill."""
        return self._times[-1] if self._times else None

    @property
    def fees(self) -> dict[str, Decimal]:
        """Fees by currency. Fees without a currency have an empty name."""
        return {currency: self._fees[currency][0] for currency in sorted(self._fees)}

    def contradict(self, side: Side | None, instrument: str | None) -> bool:
        """Check for an active fill with another side or instrument."""
        is_other_side = (
            side is not None and bool(self._sides) and any(known != side for known in self._sides)
        )
        return is_other_side or (
            instrument is not None
            and bool(self._instruments)
            and any(known != instrument for known in self._instruments)
        )

    def is_of_other_position(self, side: PositionSide | None) -> bool:
        """Check for an active fill that names another position side, or for two that differ."""
        sides = self._position_sides
        return len(sides) > 1 or (bool(sides) and side is not None and side not in sides)

    def add(self, fill: Fill) -> None:
        """Add a fill that becomes active."""
        self._change(fill, EXACT.add, 1)
        at = fill.at
        if not self._times or at >= self._times[-1]:
            self._times.append(at)
        else:
            insort(self._times, at)

    def remove(self, fill: Fill) -> None:
        """Remove a fill that is no longer active. It must be unchanged since it was added."""
        self._change(fill, EXACT.subtract, -1)
        del self._times[bisect_left(self._times, fill.at)]

    def _change(
        self, fill: Fill, change: Callable[[Decimal, Decimal], Decimal], count: int
    ) -> None:
        self.cum_quantity = change(self.cum_quantity, fill.quantity)
        self.notional = change(self.notional, EXACT.multiply(fill.quantity, fill.price))
        details = fill if fill.inherited is None else fill.effective
        if details.fees is not None:
            for one in details.fees:
                self._pay(one.currency, change, one.amount, count)
        elif details.fee is not None:
            self._pay(details.fee_currency or "", change, details.fee, count)
        if details.side is not None:
            _tally(self._sides, details.side, count)
        if details.instrument is not None:
            _tally(self._instruments, details.instrument, count)
        if details.position_side is not None:
            _tally(self._position_sides, details.position_side, count)

    def _pay(
        self,
        currency: str,
        change: Callable[[Decimal, Decimal], Decimal],
        amount: Decimal,
        count: int,
    ) -> None:
        fees, fills = self._fees.get(currency, (ZERO, 0))
        self._fees[currency] = change(fees, amount), fills + count
        if not fills + count:
            del self._fees[currency]


def _tally(counts: dict[Any, int], name: object, count: int) -> None:
    counts[name] = counts.get(name, 0) + count
    if not counts[name]:
        del counts[name]
