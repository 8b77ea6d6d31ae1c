"""One fill: the details from its reports, and those inherited from the fill that it corrects."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from orderledger.domain.orders.reports import FillCorrected, FillRecorded
from orderledger.domain.values import Liquidity, Reported, Side

DETAILS = ("instrument", "side", "fee", "fee_currency", "liquidity")
"""Fields that a report of a fill may leave out. A later report of the same fill can complete them."""

CONTESTABLE = ("instrument", "side", "fee", "fee_currency")

When = tuple[datetime, int]
"""Time of an event, and the number of the order's fact that reported it."""

Numbers = tuple[Decimal, Decimal, str | None]
"""Quantity, price, and the id of the corrected fill. They distinguish versions of one fill id."""


class Effective(NamedTuple):
    """The time and the details of a fill, including those inherited from the fill that it corrects."""

    at: datetime
    instrument: str | None
    side: Side | None
    fee: Decimal | None
    fee_currency: str | None
    liquidity: Liquidity | None


class Fill:
    """One version of a fill: its numbers, and the details from all its reports.

    `reported_at` is the earliest time in a report, `turn` the number of that report in the history of the order. Of each detail,
    the value with the earliest time counts. `inherited` is set for a correction of a known fill.
    """

    __slots__ = (
        "corrects",
        "fee",
        "fee_currency",
        "fill_id",
        "inherited",
        "instrument",
        "is_active",
        "liquidity",
        "price",
        "quantity",
        "reported",
        "reported_at",
        "reported_values",
        "side",
        "turn",
    )

    def __init__(self, event: FillRecorded, at: datetime, turn: int) -> None:
        self.fill_id = event.fill_id
        self.quantity = event.quantity
        self.price = event.price
        self.corrects = event.corrects if isinstance(event, FillCorrected) else None
        self.instrument = event.instrument
        self.side = event.side
        self.fee = event.fee
        self.fee_currency = event.fee_currency
        self.liquidity = event.liquidity
        self.reported: Reported | None = event.reported
        self.reported_at = at
        self.turn = turn
        self.reported_values: dict[str, dict[object, When]] | None = None
        self.inherited: Effective | None = None
        self.is_active = False

    @property
    def at(self) -> datetime:
        """The time of the trade. A correction keeps the time of the fill that it corrects."""
        return self.reported_at if self.inherited is None else self.inherited.at

    @property
    def last_reported(self) -> When:
        """The latest of the times that count: of the fill itself, and of each detail the earliest."""
        own = (self.reported_at, self.turn)
        if self.reported_values is None:
            return own
        return max([own, *(when for values in self.reported_values.values() for when in values.values())])

    @property
    def effective(self) -> Effective:
        """Its time and details. Details that a correction leaves out come from the fill that it corrects."""
        if self.inherited is None:
            return Effective(self.reported_at, self.instrument, self.side, self.fee, self.fee_currency, self.liquidity)
        own = (self.instrument, self.side, self.fee, self.fee_currency, self.liquidity)
        given = (mine if mine is not None else theirs for mine, theirs in zip(own, self.inherited[1:], strict=True))
        return Effective(self.inherited.at, *given)  # type: ignore[arg-type]

    @property
    def corrects_another(self) -> bool:
        """True if it corrects another fill. A correction under the fill's own id does not."""
        return self.corrects is not None and self.corrects != self.fill_id

    @property
    def numbers(self) -> Numbers:
        return self.quantity, self.price, self.corrects

    @property
    def is_contested(self) -> bool:
        """True if reports with equal numbers differ in a detail."""
        return self.reported_values is not None and any(len(self.reported_values[name]) > 1 for name in CONTESTABLE)

    def has_all_of(self, event: FillRecorded) -> bool:
        """Check that a report with equal numbers adds neither a detail nor an earlier time."""
        if event.at is not None and event.at < self.reported_at:
            return False
        for name in DETAILS:
            value = getattr(event, name)
            if value is None:
                continue
            known_at = self._reported_at(name, value)
            if known_at is None or (event.at is not None and event.at < known_at):
                return False
        return True

    def _reported_at(self, name: str, value: object) -> datetime | None:
        if self.reported_values is not None:
            return self.reported_values[name][value][0] if value in self.reported_values[name] else None
        return self.reported_at if getattr(self, name) == value else None

    def complete(self, event: FillRecorded, at: datetime, turn: int) -> None:
        """Add the details of another report with equal numbers."""
        if self.reported_values is None:
            first = (self.reported_at, self.turn)
            self.reported_values = {name: {} if (value := getattr(self, name)) is None else {value: first} for name in DETAILS}
        for name in DETAILS:
            value = getattr(event, name)
            if value is not None:
                self._hear(self.reported_values[name], name, value, (at, turn))
        if at < self.reported_at:
            self.reported_at, self.turn, self.reported = at, turn, event.reported

    def _hear(self, reported: dict[object, When], name: str, value: object, when: When) -> None:
        counted = getattr(self, name)
        if value not in reported or when[0] < reported[value][0]:
            reported[value] = when
        if counted is None or reported[value][0] < reported[counted][0]:
            setattr(self, name, value)
