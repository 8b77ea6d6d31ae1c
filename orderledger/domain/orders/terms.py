"""The terms of an order: as requested, as the venue has changed them, and those that only the venue
knows."""

from bisect import insort
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

import msgspec

from orderledger.domain.orders.claims import Latest, note
from orderledger.domain.orders.fills import Fills
from orderledger.domain.orders.message import OrderMessage
from orderledger.domain.orders.when import When
from orderledger.domain.values import Links, OrderType, PositionSide, Reported, Side, TimeInForce
from orderledger.domain.wording import CHANGEABLE, Changed, Described

DESCRIBED = ("order_type", "time_in_force", "post_only", "reduce_only")
POSITION = ("position_side", "position_id")
IDENTIFYING = ("instrument", "side", *POSITION)
"""Terms of an order that the reports of its fills may name."""

Term = OrderType | TimeInForce | bool


class RequestedTerms(Described, Protocol):
    """The terms of a request for a new order."""

    @property
    def position_side(self) -> PositionSide | None: ...
    @property
    def position_id(self) -> str | None: ...
    @property
    def strategy(self) -> str | None: ...
    @property
    def links(self) -> Links | None: ...
    @property
    def tags(self) -> dict[str, object]: ...


def new_terms(report: Changed) -> dict[str, Any]:
    """The terms that a replace or a restatement gives."""
    return {name: value for name in CHANGEABLE if (value := getattr(report, name)) is not None}


class Setting(NamedTuple):
    """A quantity set by a replace or a restatement."""

    when: When
    quantity: Decimal


NOTHING: Latest[str | None] = Latest(None)
NO_SIDE: Latest[Side | None] = Latest(None)
NO_POSITION_SIDE: Latest[PositionSide | None] = Latest(None)


class Terms(msgspec.Struct, gc=False, eq=False):
    """The terms of an order. `request` is None for an order that was not requested here: reports
    give its terms. `may_conflict`: if False, `conflicts` is empty. A field, not a property, because
    each fact reads it."""

    request: RequestedTerms | None = None
    requested_at: datetime | None = None
    _quantities: list[Setting] | None = None
    _changed: dict[str, Latest[Any]] = {}
    _instrument: Latest[str | None] = NOTHING
    _side: Latest[Side | None] = NO_SIDE
    _position_side: Latest[PositionSide | None] = NO_POSITION_SIDE
    _position_id: Latest[str | None] = NOTHING
    _described: dict[str, Latest[Term]] | None = None
    _beside_fills: dict[str, Latest[Any]] | None = None
    _restated_source: Latest[Any] = NOTHING
    _refused: tuple[tuple[str, Any], ...] = ()
    may_conflict: bool = False

    @property
    def instrument(self) -> str | None:
        return self._instrument.value

    @property
    def side(self) -> Side | None:
        return self._side.value

    @property
    def position_side(self) -> PositionSide | None:
        """As requested, otherwise as the venue's reports last named it."""
        requested = None if self.request is None else self.request.position_side
        return requested or self._position_side.value

    @property
    def position_id(self) -> str | None:
        requested = None if self.request is None else self.request.position_id
        return requested or self._position_id.value

    @property
    def set_quantity(self) -> Setting | None:
        """The quantity of the last replace or restatement, if any."""
        return self._quantities[-1] if self._quantities else None

    def at_most_since(self, filled: Decimal) -> datetime | None:
        """The time since which the quantity in force is at most this, if a replace or a restatement
        made it so."""
        first: Setting | None = None
        for setting in reversed(self._quantities or ()):
            if setting.quantity > filled:
                return None if first is None else first.when.at
            first = setting
        requested = None if self.request is None else self.request.quantity
        is_as_requested = requested is not None and requested <= filled
        return None if first is None or is_as_requested else first.when.at

    def in_force(self, name: str) -> Any:
        """A term of `CHANGEABLE` besides the quantity: as last changed, otherwise as requested."""
        if name in self._changed:
            return self._changed[name].value
        return None if self.request is None else getattr(self.request, name)

    def all_in_force(self, names: Iterable[str]) -> list[Any]:
        """As `in_force`, several terms."""
        return [self.in_force(name) for name in names]

    def described(self, name: str) -> Term | None:
        """`order_type`, `time_in_force`, `post_only` or `reduce_only`: as requested, otherwise as
        the venue reports."""
        if self.request is not None:
            value: Term | None = getattr(self.request, name)
            return value
        return self._described[name].value if self._described and name in self._described else None

    def take_request(self, request: RequestedTerms, when: When) -> None:
        """Set the requested terms. They outrank instrument and side in reports."""
        self.request, self.requested_at = request, when.at
        self._instrument, self._side = Latest(request.instrument, when), Latest(request.side, when)

    def set(self, report: Changed, when: When) -> None:
        """Put the terms of a replace or a restatement in force."""
        changed = new_terms(report)
        quantity = changed.pop("quantity", None)
        if quantity is not None:
            if self._quantities is None:
                self._quantities = []
            insort(self._quantities, Setting(when, quantity))
        for name, value in changed.items():
            note(self._changed, name, value, when)

    def note_restated_source(self, source: Any, when: When) -> None:
        """Add the price that the venue says triggers the order, without a request of ours."""
        self._restated_source = self._restated_source.then(source, when)
        self.may_conflict = True

    def note_refused(self, instrument: str | None, side: Side | None) -> None:
        """Add the terms of the other order for whose id the venue refused this one."""
        self._refused = (*self._refused, ("instrument", instrument), ("side", side))
        self.may_conflict = True

    def conflicts(self) -> list[str]:
        """The terms of the venue that contradict the requested ones, beside those of fills."""
        request, source = self.request, self._restated_source
        if request is None:
            return []
        found = [
            f"the venue's other order with this id has the {name} {value}, ours {ours}"
            for name, value in self._refused
            if None not in (value, ours := getattr(request, name)) and value != ours
        ]
        asked = request.trigger_source
        is_in_force = self._changed.get("trigger_source", NOTHING).when == source.when
        if source.when is not None and is_in_force and asked not in (None, source.value):
            found.append(f"the venue's trigger source is {source.value}, ours {asked}")
        return sorted(set(found))

    def note_position(self, side: PositionSide | None, position_id: str | None, when: When) -> None:
        """Add the position that a report names. The later one counts."""
        if side is not None:
            self._position_side = self._position_side.then(side, when)
        if position_id is not None:
            self._position_id = self._position_id.then(position_id, when)

    def note_report(
        self, instrument: str | None, side: Side | None, reported: Reported | None, when: When
    ) -> None:
        """Add a report about an order that was not requested here. The later one counts."""
        if instrument is not None:
            self._instrument = self._instrument.then(instrument, when)
        if side is not None:
            self._side = self._side.then(side, when)
        self.describe(reported, when)

    def describe(self, reported: Reported | None, when: When) -> None:
        """Add the terms that the venue claims of an order that was not requested here. The later
        one counts."""
        if reported is not None:
            for name in DESCRIBED:
                if (term := getattr(reported, name)) is not None:
                    self._described = {} if self._described is None else self._described
                    note(self._described, name, term, when)

    def keep(self, report: OrderMessage, when: When) -> None:
        """Keep the identifying terms of a report that is not a fill, for the case that a fill moves
        to an earlier time."""
        for name in IDENTIFYING if self.request is None else POSITION:
            if (value := getattr(report, name)) is not None:
                self._beside_fills = {} if self._beside_fills is None else self._beside_fills
                note(self._beside_fills, name, value, when)

    def note_repetition(
        self, name: str, value: Any, was: When | None, when: When, fills: Fills
    ) -> None:
        """Add an identifying term of a fill that was reported again. `was` and `when`: its earliest
        place, before and now."""
        if self.request is not None and name not in POSITION:
            return
        latest: Latest[Any] = getattr(self, f"_{name}")
        if was is None:
            setattr(self, f"_{name}", latest.then(value, when))
        elif when != was == latest.when:
            found, beside = fills.latest_of(name), (self._beside_fills or {}).get(name)
            if beside is not None and beside.when is not None:
                found = found.then(beside.value, beside.when)
            setattr(self, f"_{name}", found)
