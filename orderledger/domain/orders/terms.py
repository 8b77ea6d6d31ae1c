"""The terms of an order: as requested, as the venue has changed them, and those that only the venue knows."""

from bisect import bisect_right
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from orderledger.domain.orders.claims import Latest, note
from orderledger.domain.orders.commands import OrderRequested
from orderledger.domain.values import OrderType, Reported, Side, TimeInForce

DESCRIBED = ("order_type", "time_in_force", "post_only", "reduce_only")
Term = OrderType | TimeInForce | bool


class Setting(NamedTuple):
    """A quantity set by a replace or a restatement."""

    at: datetime
    turn: int
    quantity: Decimal


NOTHING: Latest[str | None] = Latest(None)
NO_SIDE: Latest[Side | None] = Latest(None)


class Terms(msgspec.Struct, gc=False, eq=False):
    """The terms of an order. `request` is None for an order that was not requested here: reports give its terms."""

    request: OrderRequested | None = None
    requested_at: datetime | None = None
    _quantities: list[Setting] | None = None
    _prices: dict[str, Latest[Decimal]] = {}
    _instrument: Latest[str | None] = NOTHING
    _side: Latest[Side | None] = NO_SIDE
    _described: dict[str, Latest[Term]] | None = None

    @property
    def instrument(self) -> str | None:
        return self._instrument.value

    @property
    def side(self) -> Side | None:
        return self._side.value

    @property
    def set_quantity(self) -> Setting | None:
        """The quantity of the last replace or restatement, if any."""
        return self._quantities[-1] if self._quantities else None

    @property
    def quantity_since(self) -> datetime | None:
        """The time since which the quantity in force holds, if a replace or a restatement has set it."""
        if not self._quantities:
            return None
        first = self._quantities[-1]
        for setting in reversed(self._quantities):
            if setting.quantity != first.quantity:
                break
            first = setting
        return first.at

    def price(self, name: str) -> Decimal | None:
        """`limit_price` or `stop_price` in force: as last changed, otherwise as requested."""
        if name in self._prices:
            return self._prices[name].value
        requested: Decimal | None = None if self.request is None else getattr(self.request, name)
        return requested

    def described(self, name: str) -> Term | None:
        """`order_type`, `time_in_force`, `post_only` or `reduce_only`: as requested, otherwise as the venue reports."""
        if self.request is not None:
            value: Term | None = getattr(self.request, name)
            return value
        return self._described[name].value if self._described and name in self._described else None

    def take_request(self, request: OrderRequested, at: datetime) -> None:
        """Set the requested terms. They outrank instrument and side in reports."""
        self.request, self.requested_at = request, at
        self._instrument, self._side = Latest(request.instrument, at), Latest(request.side, at)

    def set(self, quantity: Decimal | None, limit_price: Decimal | None, stop_price: Decimal | None, at: datetime) -> None:
        """Put the given terms in force from `at` on."""
        if quantity is not None:
            if self._quantities is None:
                self._quantities = []
            setting = Setting(at, len(self._quantities), quantity)
            self._quantities.insert(bisect_right(self._quantities, setting), setting)
        if limit_price is not None:
            note(self._prices, "limit_price", limit_price, at)
        if stop_price is not None:
            note(self._prices, "stop_price", stop_price, at)

    def hear(self, instrument: str | None, side: Side | None, reported: Reported | None, at: datetime) -> None:
        """Add a report about an order that was not requested here. The later `at` counts."""
        if instrument is not None:
            self._instrument = self._instrument.then(instrument, at)
        if side is not None:
            self._side = self._side.then(side, at)
        if reported is not None:
            for name in DESCRIBED:
                if (term := getattr(reported, name)) is not None:
                    self._described = {} if self._described is None else self._described
                    note(self._described, name, term, at)
