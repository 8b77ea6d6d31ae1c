"""Makes fills from cumulative quantities, because Tradier does not report executions.

If the filled quantity of an order, or of a leg, has grown from q0 to q1, a fill of q1 - q0 is
reported. Its id is made from the order's id, the leg's id if any, and q1. Reading the same numbers
again gives the same fill. Earlier fills are read from the ledger, so that a restart changes
nothing.

Several executions between two readings become one fill, of their total quantity at their average
price. A collector and a manual reconciliation that read at once may report 4 and 7 for one order
without knowing of each other. The next reading then busts the fill that is contained in the other.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from orderledger import Fill, FillCorrected
from orderledger.extend.messages import numbers_and_times
from orderledger.extend.values import EXACT, ONE, ZERO, plain, total
from orderledger.extend.views import Row
from orderledger.venues.base.numbers import quotient
from orderledger.venues.base.venue import Records
from orderledger.venues.tradier.rows import TradierOrder

CENT = Decimal("0.01")
NOT_DERIVED = "price_not_derived"
"""The reason of a fill at the last price, because no price can be derived from the averages."""
FIRST = datetime.min.replace(tzinfo=UTC)

FillsById = dict[str, Fill | FillCorrected]
"""Fills that were translated, by id, until the ledger has them."""


@dataclass(frozen=True, slots=True)
class Part:
    """An active fill."""

    fill_id: str
    quantity: Decimal
    price: Decimal
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The fill derived from a row and the earlier fills: `corrects` is the id of a fill that it
    replaces. `reason`: why its price does not follow from the averages.
    """

    fill_id: str
    quantity: Decimal
    price: Decimal
    text: str
    corrects: str | None = None
    reason: str | None = None


@dataclass(slots=True)
class Filled:
    """The fills so far of an order, or of one of its legs."""

    order: str
    leg: TradierOrder | None
    parts: dict[str, Part]
    pending: list[Fill | FillCorrected]

    @classmethod
    def of(
        cls,
        records: Records,
        account: str,
        order: str,
        leg: TradierOrder | None,
        unrecorded: FillsById,
    ) -> "Filled":
        """The ledger's active fills, and those in `unrecorded` that it does not have yet.
        Recorded ones are removed from `unrecorded`.
        """
        filled = cls(order, leg, {}, [])
        for row in records.trades(account, order):
            if filled.is_about(row):
                filled.parts[row["fill_id"]] = Part(
                    row["fill_id"], row["quantity"], row["price"], row["at"]
                )
        for fill_id in [fill_id for fill_id in unrecorded if fill_id in filled.parts]:
            _forget(unrecorded, fill_id)
        for message in [
            one for one in unrecorded.values() if one.fill_id.startswith(filled.prefix)
        ]:
            filled.add(message)
            filled.pending.append(message)
        return filled

    @property
    def prefix(self) -> str:
        return f"{self.order}:{self.leg.venue_order_id}:" if self.leg else f"{self.order}:"

    @property
    def quantity(self) -> Decimal:
        return total(part.quantity for part in self.parts.values())

    @property
    def notional(self) -> Decimal:
        return total(EXACT.multiply(part.quantity, part.price) for part in self.parts.values())

    def is_about(self, trade: Row) -> bool:
        """Whether a fill of the order belongs to this leg: by its id, or for an id of another
        form, by its instrument and side.
        """
        fill_id: str = trade["fill_id"]
        if self.leg is None or fill_id.startswith(self.prefix):
            return True
        is_ours = fill_id.startswith(f"{self.order}:")
        return (
            not is_ours
            and trade["instrument"] == self.leg.instrument
            and trade["side"] == self.leg.side
        )

    def add(self, message: Fill | FillCorrected) -> None:
        if isinstance(message, FillCorrected):
            self.parts.pop(message.corrects, None)
        self.parts[message.fill_id] = Part(
            message.fill_id, message.quantity, message.price, message.at or FIRST
        )

    def take_contained(self) -> list[str]:
        """Our fills that are contained in another one, and were therefore counted twice. Removes
        them from the count.
        """
        spans = {
            part.fill_id: span
            for part in self.parts.values()
            if (span := self._span(part)) is not None
        }
        contained = [
            fill_id
            for fill_id, (start, end) in spans.items()
            if any(
                low <= start and end <= high
                for other, (low, high) in spans.items()
                if other != fill_id
            )
        ]
        for fill_id in contained:
            del self.parts[fill_id]
        return contained

    def _span(self, part: Part) -> tuple[Decimal, Decimal] | None:
        """The cumulative quantities between which a fill lies, if the fill is ours."""
        named = part.fill_id.removeprefix(self.prefix).partition("@")[0]
        if not part.fill_id.startswith(self.prefix) or not numbers_and_times.PLAIN_NUMBER.fullmatch(
            named
        ):
            return None
        return EXACT.subtract(Decimal(named), part.quantity), Decimal(named)

    def news(self, row: TradierOrder) -> Numbers | None:
        """The fill that the row adds. None: nothing new, or a price that is not known yet."""
        cumulated, before = row.exec_quantity, self.quantity
        if cumulated is None or cumulated <= ZERO or cumulated < before:
            return None
        return (
            self._growth(row, cumulated, before)
            if cumulated > before
            else self._correction(row, cumulated)
        )

    def _growth(self, row: TradierOrder, cumulated: Decimal, before: Decimal) -> Numbers | None:
        quantity = EXACT.subtract(cumulated, before)
        fill_id = f"{self.prefix}{plain(cumulated)}"
        if fill_id in self.parts:
            return None
        text = f"derived from cumulative quantities: {plain(before)}, then {plain(cumulated)}"
        price = _price_of(row, cumulated, quantity, self.notional)
        if price is not None:
            return Numbers(fill_id=fill_id, quantity=quantity, price=price, text=text)
        price = self._price_beside(row, cumulated)
        if price is None:
            return None
        text += (
            "; no price above 0 follows from the average prices, so the fill is booked at "
            f"{plain(price)}"
        )
        return Numbers(
            fill_id=fill_id, quantity=quantity, price=price, text=text, reason=NOT_DERIVED
        )

    def _price_beside(self, row: TradierOrder, cumulated: Decimal) -> Decimal | None:
        """The price of a fill for which the rounded average prices give none: that of the last
        execution, else the average. None if there is neither, or if rounding does not explain
        it.
        """
        if row.average_price is None or row.average_price <= ZERO:
            return None
        if row.last_fill_price is not None and row.last_fill_price > ZERO:
            return row.last_fill_price
        return row.average_price if self._agrees(row.average_price, cumulated) else None

    def _correction(self, row: TradierOrder, cumulated: Decimal) -> Numbers | None:
        """The correction for an unchanged quantity with a different average: the newest fill had
        a wrong price.
        """
        newest = self._newest(plain(cumulated))
        if (
            row.average_price is None
            or newest is None
            or self._agrees(row.average_price, cumulated)
        ):
            return None
        is_last_execution = (row.last_fill_quantity, row.last_fill_price) == (
            newest.quantity,
            newest.price,
        )
        is_older = row.at <= newest.at if "@" in newest.fill_id else row.at < newest.at
        others = EXACT.subtract(self.notional, EXACT.multiply(newest.quantity, newest.price))
        price = quotient(
            EXACT.subtract(EXACT.multiply(row.average_price, cumulated), others), newest.quantity
        )
        if is_last_execution or is_older or price is None:
            return None
        return Numbers(
            fill_id=f"{newest.fill_id}@{plain(row.average_price)}",
            quantity=newest.quantity,
            price=price,
            text=f"the average price of {plain(cumulated)} is now {plain(row.average_price)}",
            corrects=newest.fill_id,
        )

    def _newest(self, cumulated: str) -> Part | None:
        """The fill that led to this quantity, if it is ours, in its corrected form."""
        named = f"{self.prefix}{cumulated}"
        return next(
            (part for part in self.parts.values() if part.fill_id.partition("@")[0] == named), None
        )

    def _agrees(self, average: Decimal, cumulated: Decimal) -> bool:
        """Whether two averages agree: venues round, so less than a step of the last digit, or
        than a cent, is agreement.
        """
        exponent = average.as_tuple().exponent
        step = min(CENT, ONE.scaleb(exponent if isinstance(exponent, int) else 0))
        difference = EXACT.subtract(self.notional, EXACT.multiply(average, cumulated))
        return abs(difference) < EXACT.multiply(step, cumulated)


def _forget(unrecorded: FillsById, fill_id: str) -> None:
    """Remove a fill that the ledger has, and every fill that it corrects."""
    message = unrecorded.pop(fill_id, None)
    if isinstance(message, FillCorrected):
        _forget(unrecorded, message.corrects)


def _price_of(
    row: TradierOrder, cumulated: Decimal, quantity: Decimal, notional: Decimal
) -> Decimal | None:
    """The last execution's price if it is the whole fill, else the price that follows from the
    averages. None: not known yet.
    """
    last = row.last_fill_price
    if last is not None and last > ZERO and row.last_fill_quantity == quantity:
        return last
    if row.average_price is None or row.average_price <= ZERO:
        return None
    if quantity == cumulated:
        return row.average_price
    return quotient(
        EXACT.subtract(EXACT.multiply(row.average_price, cumulated), notional), quantity
    )
