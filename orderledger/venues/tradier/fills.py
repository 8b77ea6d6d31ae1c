"""Fills made out of cumulated quantities: Tradier tells no executions.

When the filled quantity of an order, or of a leg, has grown from q0 to q1, a fill of q1 - q0 is
told. Its id is made of the order's id, the leg's id if there is one, and q1: reading the same
numbers again gives the same fill. What was filled before is read from the ledger's own standing
fills, so that a restart changes nothing. Several executions between two readings are one fill, of
their summed quantity at their average price. Two who read at once, a collector and somebody who
reconciles by hand, may tell 4 and 7 of one order, neither knowing of the other: the next to read
takes the fill back that the other contains.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from orderledger import CorrectFill, Fill
from orderledger.extend.messages import PLAIN_NUMBER
from orderledger.extend.values import EXACT, ONE, ZERO, plain, total
from orderledger.extend.views import Row
from orderledger.venues.base.numbers import quotient
from orderledger.venues.base.venue import Records
from orderledger.venues.tradier.rows import OrderRow

CENT = Decimal("0.01")
NOT_DERIVED = "price_not_derived"
"""The reason of a fill at the last price, because no price can be derived from the averages."""
FIRST = datetime.min.replace(tzinfo=UTC)

FillsById = dict[str, Fill | CorrectFill]
"""Fills that were translated, by id, until the ledger has them."""


@dataclass(frozen=True, slots=True)
class Part:
    """A standing fill."""

    fill_id: str
    quantity: Decimal
    price: Decimal
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The fill that a row amounts to, beside what was filled before: `corrects` is the id of a fill
    that it replaces. `reason`: why its price is not the one that the averages leave for it."""

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
    leg: OrderRow | None
    parts: dict[str, Part]
    pending: list[Fill | CorrectFill]

    @classmethod
    def of(
        cls, records: Records, account: str, order: str, leg: OrderRow | None, unrecorded: FillsById
    ) -> "Filled":
        """The ledger's standing fills, and those of `unrecorded` that it does not have yet; those
        it has are forgotten there."""
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
        """Whether a fill of the order is one of this leg: by its id, or, if another has made the
        id, by what it traded."""
        fill_id: str = trade["fill_id"]
        if self.leg is None or fill_id.startswith(self.prefix):
            return True
        is_ours = fill_id.startswith(f"{self.order}:")
        return (
            not is_ours
            and trade["instrument"] == self.leg.instrument
            and trade["side"] == self.leg.side
        )

    def add(self, message: Fill | CorrectFill) -> None:
        if isinstance(message, CorrectFill):
            self.parts.pop(message.corrects, None)
        self.parts[message.fill_id] = Part(
            message.fill_id, message.quantity, message.price, message.at or FIRST
        )

    def take_contained(self) -> list[str]:
        """The fills of ours that lie within another one, and were so counted twice. They count no
        longer here."""
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
        """From which cumulated quantity to which one a fill goes, if it is one of ours."""
        named = part.fill_id.removeprefix(self.prefix).partition("@")[0]
        if not part.fill_id.startswith(self.prefix) or not PLAIN_NUMBER.fullmatch(named):
            return None
        return EXACT.subtract(Decimal(named), part.quantity), Decimal(named)

    def news(self, row: OrderRow) -> Numbers | None:
        """The fill that the row adds. None: nothing new, or a price that is not known yet."""
        cumulated, before = row.exec_quantity, self.quantity
        if cumulated is None or cumulated <= ZERO or cumulated < before:
            return None
        return (
            self._growth(row, cumulated, before)
            if cumulated > before
            else self._correction(row, cumulated)
        )

    def _growth(self, row: OrderRow, cumulated: Decimal, before: Decimal) -> Numbers | None:
        quantity = EXACT.subtract(cumulated, before)
        fill_id = f"{self.prefix}{plain(cumulated)}"
        if fill_id in self.parts:
            return None
        text = f"made of cumulated quantities: {plain(before)}, then {plain(cumulated)}"
        price = _price_of(row, cumulated, quantity, self.notional)
        if price is not None:
            return Numbers(fill_id=fill_id, quantity=quantity, price=price, text=text)
        price = self._price_beside(row, cumulated)
        if price is None:
            return None
        text += (
            f"; the average prices leave nothing above 0 for it, so it is booked at {plain(price)}"
        )
        return Numbers(
            fill_id=fill_id, quantity=quantity, price=price, text=text, reason=NOT_DERIVED
        )

    def _price_beside(self, row: OrderRow, cumulated: Decimal) -> Decimal | None:
        """The price of a fill for which the average prices, which are rounded, leave nothing: that
        of the last execution, else the average. None where there is neither, or where rounding does
        not explain it."""
        if row.average_price is None or row.average_price <= ZERO:
            return None
        if row.last_fill_price is not None and row.last_fill_price > ZERO:
            return row.last_fill_price
        return row.average_price if self._agrees(row.average_price, cumulated) else None

    def _correction(self, row: OrderRow, cumulated: Decimal) -> Numbers | None:
        """The quantity is the same and the average is another: the newest fill was given a wrong
        price."""
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
            text=f"the average price of {plain(cumulated)} has become {plain(row.average_price)}",
            corrects=newest.fill_id,
        )

    def _newest(self, cumulated: str) -> Part | None:
        """The fill that made the quantity what it is, if it is one of ours, as it was corrected."""
        named = f"{self.prefix}{cumulated}"
        return next(
            (part for part in self.parts.values() if part.fill_id.partition("@")[0] == named), None
        )

    def _agrees(self, average: Decimal, cumulated: Decimal) -> bool:
        """Venues round: less than a step of the last digit, or than a cent, is agreement."""
        exponent = average.as_tuple().exponent
        step = min(CENT, ONE.scaleb(exponent if isinstance(exponent, int) else 0))
        difference = EXACT.subtract(self.notional, EXACT.multiply(average, cumulated))
        return abs(difference) < EXACT.multiply(step, cumulated)


def _forget(unrecorded: FillsById, fill_id: str) -> None:
    """The ledger has this fill, and so it has, or does not need, all that it corrects."""
    message = unrecorded.pop(fill_id, None)
    if isinstance(message, CorrectFill):
        _forget(unrecorded, message.corrects)


def _price_of(
    row: OrderRow, cumulated: Decimal, quantity: Decimal, notional: Decimal
) -> Decimal | None:
    """The last execution's, where it is all there is; else what the average price leaves for it.
    None: not known yet."""
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
