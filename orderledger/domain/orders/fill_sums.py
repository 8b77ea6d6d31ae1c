"""Exact sums over the active fills of an order, kept up to date as fills become active and
inactive."""

from bisect import bisect_left, insort
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from orderledger.domain.exact import EXACT, ZERO
from orderledger.domain.orders.fill import Fill
from orderledger.domain.values import PositionSide, Side


class Named(NamedTuple):
    """The terms that a fill names, as far as it does. `leg`: of a combination, from 0."""

    instrument: str | None
    side: Side | None
    leg: int | None


class Filled(NamedTuple):
    """Sums over fills."""

    quantity: Decimal
    notional: Decimal
    fills: int


NOT_FILLED = Filled(ZERO, ZERO, 0)


class FillSums(msgspec.Struct, gc=False, eq=False):
    """`cum_quantity` and `notional` (quantity times price) over the active fills, and both for
    each instrument, side and leg that the fills name."""

    cum_quantity: Decimal = ZERO
    notional: Decimal = ZERO
    _fees: dict[str, tuple[Decimal, int]] = {}
    parts: dict[Named, Filled] = {}
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
        return any(
            None not in (known, own) and known != own
            for named in self.parts
            for known, own in ((named.side, side), (named.instrument, instrument))
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
        notional = EXACT.multiply(fill.quantity, fill.price)
        self.cum_quantity = change(self.cum_quantity, fill.quantity)
        self.notional = change(self.notional, notional)
        details = fill if fill.inherited is None else fill.effective
        named = Named(details.instrument, details.side, details.leg)
        filled = self.parts.get(named, NOT_FILLED)
        self.parts[named] = Filled(
            change(filled.quantity, fill.quantity),
            change(filled.notional, notional),
            filled.fills + count,
        )
        if not self.parts[named].fills:
            del self.parts[named]
        if details.fees is not None:
            for one in details.fees:
                self._pay(one.currency, change, one.amount, count)
        elif details.fee is not None:
            self._pay(details.fee_currency or "", change, details.fee, count)
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
