"""One fill: the details from its reports, and those inherited from the fill that it corrects."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from orderledger.domain.exact import total
from orderledger.domain.orders.when import NO_SEQUENCE, When
from orderledger.domain.values import Fee, FeeKind, Liquidity, PositionSide, Reported, Side

DETAILS = (
    *("instrument", "side", "fee", "fee_currency", "liquidity"),
    *("position_side", "position_id", "fees", "leg"),
)
"""Fields that a report of a fill may leave out. A later report of the same fill can complete
them."""

CONTESTABLE = ("instrument", "side", "fee", "fee_currency", "fees", "leg")

Numbers = tuple[Decimal, Decimal, str | None]
"""Quantity, price, and the id of the corrected fill. They distinguish versions of one fill id."""


Fees = tuple[Fee, ...]
"""Several fees of one fill, or one of another kind than commission, in a fixed order."""

Paid = tuple[Decimal | None, str | None, Fees | None]
"""The fee and its currency, as far as it is in one currency, and the list, where there is one."""


def as_paid(fee: Decimal | None, currency: str | None, fees: Fees) -> Paid:
    """The fees in a report. A list of one commission says the same as `fee` and
    `fee_currency`."""
    if not fees:
        return fee, currency, None
    listed = tuple(sorted(fees, key=lambda one: (one.currency, one.kind, one.amount)))
    currencies = {one.currency for one in fees}
    amount = total(one.amount for one in fees) if len(currencies) == 1 else None
    is_short = len(fees) == 1 and fees[0].kind == FeeKind.COMMISSION
    return amount, min(currencies) if amount is not None else None, None if is_short else listed


class Effective(NamedTuple):
    """The place and the details of a fill, including those inherited from the fill that it
    corrects."""

    when: When
    instrument: str | None
    side: Side | None
    fee: Decimal | None
    fee_currency: str | None
    liquidity: Liquidity | None
    position_side: PositionSide | None
    position_id: str | None
    fees: Fees | None
    leg: int | None


class Fill(msgspec.Struct, gc=False, eq=False):
    """One version of a fill: its numbers, and the details from all its reports.

    `when` is its place among all facts: the earliest time in a report, the sequence for that time,
    and the first log position. Of each detail, the value with the earliest time counts. `inherited`
    is set for a correction of a known fill.
    """

    fill_id: str
    quantity: Decimal
    price: Decimal
    when: When
    corrects: str | None = None
    instrument: str | None = None
    side: Side | None = None
    fee: Decimal | None = None
    fee_currency: str | None = None
    liquidity: Liquidity | None = None
    position_side: PositionSide | None = None
    position_id: str | None = None
    fees: Fees | None = None
    leg: int | None = None
    reported: Reported | None = None
    reported_values: dict[str, dict[object, When]] | None = None
    inherited: Effective | None = None
    is_active: bool = False

    @property
    def reported_at(self) -> datetime:
        """The earliest time in a report of it."""
        return self.when.at

    @property
    def traded(self) -> When:
        """The place of the trade. A correction keeps the place of the fill that it corrects."""
        return self.when if self.inherited is None else self.inherited.when

    @property
    def at(self) -> datetime:
        """The time of the trade."""
        return self.traded.at

    @property
    def last_reported(self) -> When:
        """The latest of the times that count: of the fill itself, and of each detail the
        earliest."""
        own = self.when
        if self.reported_values is None:
            return own
        return max(
            [own, *(when for values in self.reported_values.values() for when in values.values())]
        )

    @property
    def effective(self) -> Effective:
        """Its time and details. Details that a correction leaves out come from the fill that it
        corrects."""
        if self.inherited is None:
            return Effective(self.when, *self._own)
        given = (
            mine if mine is not None else theirs
            for mine, theirs in zip(self._own, self.inherited[1:], strict=True)
        )
        return Effective(self.inherited.when, *given)  # type: ignore[arg-type]

    @property
    def _own(self) -> tuple[Any, ...]:
        """Its own details, in the order of `DETAILS`."""
        return (
            self.instrument,
            self.side,
            self.fee,
            self.fee_currency,
            self.liquidity,
            self.position_side,
            self.position_id,
            self.fees,
            self.leg,
        )

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
        return self.reported_values is not None and any(
            len(self.reported_values[name]) > 1 for name in CONTESTABLE
        )

    @property
    def has_two_sides(self) -> bool:
        """True if its reports name different position sides. The one with the earliest time
        counts."""
        return self.reported_values is not None and len(self.reported_values["position_side"]) > 1

    def has_all_of(self, report: "Fill") -> bool:
        """Check that a report with equal numbers adds neither a detail, nor an earlier time, nor
        the sequence."""
        at, sequence, known = report.when.at, report.when.sequence, self.when.sequence
        if at < self.reported_at:
            return False
        is_numbered_first = sequence != NO_SEQUENCE and (known == NO_SEQUENCE or sequence < known)
        if is_numbered_first and at == self.reported_at:
            return False
        for name in DETAILS:
            value = getattr(report, name)
            if value is None:
                continue
            known_at = self._reported_at(name, value)
            if known_at is None or at < known_at:
                return False
        return True

    def reports_of(self, name: str) -> Mapping[Any, When]:
        """The values of a detail in its reports, each with its earliest place."""
        if self.reported_values is not None:
            return self.reported_values[name]
        value = getattr(self, name)
        return {} if value is None else {value: self.when}

    def _reported_at(self, name: str, value: object) -> datetime | None:
        if self.reported_values is not None:
            return (
                self.reported_values[name][value].at
                if value in self.reported_values[name]
                else None
            )
        return self.reported_at if getattr(self, name) == value else None

    def complete(self, report: "Fill") -> None:
        """Add the details of another report with equal numbers."""
        when, first = report.when, self.when
        if self.reported_values is None:
            self.reported_values = {
                name: {} if (value := getattr(self, name)) is None else {value: first}
                for name in DETAILS
            }
        for name in DETAILS:
            value = getattr(report, name)
            if value is not None:
                self._note(self.reported_values[name], name, value, when)
        if when.at < first.at:
            self.reported = report.reported
        self.when = _joined(first, when)

    def _note(self, reported: dict[object, When], name: str, value: object, when: When) -> None:
        counted = getattr(self, name)
        if value not in reported or when < reported[value]:
            reported[value] = when
        if counted is None or reported[value] < reported[counted]:
            setattr(self, name, value)


def _joined(one: When, other: When) -> When:
    """The place of a fill that was reported twice: the earlier time, the sequence for that time,
    and the first log position."""
    position = min(one.position, other.position)
    if one.at != other.at:
        return replace(one if one.at < other.at else other, position=position)
    known = [when.sequence for when in (one, other) if when.sequence != NO_SEQUENCE]
    return When(one.at, min(known, default=NO_SEQUENCE), position)
