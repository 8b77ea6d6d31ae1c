"""The lots that were closed, when asked: what each cost, what it brought, and its fees.

A fee belongs to the units that were traded with it: that of a purchase stays beside the lot until
it is sold. The results add up to the realized P&L, and the fees to those of the trades, to the last
digit. A division may not end: then the last part has the rest.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, NamedTuple, TypedDict

from orderledger.domain.exact import EXACT, ZERO, total
from orderledger.projections.entries import Entry, fees_in, payment_key
from orderledger.projections.fee_worths import Conversion
from orderledger.projections.lots import Lot
from orderledger.projections.positions import (
    COSTS,
    Definitions,
    LotBook,
    LotChoice,
    Position,
    Terms,
    shown,
)
from orderledger.projections.rates import no_rate
from orderledger.projections.shares import Holder, quantities, shared
from orderledger.projections.view import Table


class DisposalRow(TypedDict):
    """One row per part of a lot that was closed at once."""

    account: Annotated[str, "Trading account."]
    instrument: Annotated[str, "Instrument."]
    position_side: Annotated[str, "Position side: long, short or net.", ("long", "short", "net")]
    position_id: Annotated[str, "The venue's id of the position, empty where it gives none."]
    acquired_at: Annotated[
        datetime | None, "When the lot was opened. Null by average cost, which has no dates."
    ]
    disposed_at: Annotated[datetime, "When it was closed."]
    held_days: Annotated[int | None, "Whole days of 24 hours between the two."]
    quantity: Annotated[
        Decimal, "How much was closed, signed as it was held: positive is long. In units of then."
    ]
    proceeds: Annotated[
        Decimal | None,
        "Amount received for selling, before fees. Null for a margined instrument.",
    ]
    cost: Annotated[Decimal | None, "Amount paid for buying, before fees. Null as proceeds."]
    realized_pnl: Annotated[
        Decimal | None, "Proceeds less cost. The rows add up to `realized_pnl` of the `pnl` view."
    ]
    fees: Annotated[
        Decimal | None,
        "Fees of the part, of its opening and of its closing, in `currency`. Null without a rate.",
    ]
    gain: Annotated[Decimal | None, "Realized P&L less fees."]
    currency: Annotated[str | None, "Settlement currency, null where no definition gives it."]
    method: Annotated[str, "Which lots were closed: average, fifo, lifo or hifo."]
    kind: Annotated[
        str,
        "Kind of the closing: fill, split (cash in lieu), settle or delivery.",
        ("fill", "split", "settle", "delivery"),
    ]
    fill_id: Annotated[str | None, "The fill that closed it."]
    position: Annotated[int, "Log position of the closing."]
    reason: Annotated[
        str | None,
        "Why figures are null: no_rate:CUR->CUR of a fee, or the reason of the position.",
    ]


DISPOSALS = Table(
    "disposals",
    "One row per part of a lot that was closed. Computed when asked.",
    ("account", "instrument", "position_side", "position_id", "disposed_at"),
    DisposalRow,
    ("account", "instrument", "position_side", "position_id", "disposed_at"),
    time=("disposed_at",),
)

Fees = tuple[Decimal, tuple[str, ...]]
"""The worth of fees, and the currencies of which some had no rate."""

NO_FEES: Fees = (ZERO, ())


def _and(one: Fees, other: Fees) -> Fees:
    return EXACT.add(one[0], other[0]), (*one[1], *other[1])


def _part(fees: Fees, part: Decimal, whole: Decimal) -> Fees:
    """The fees of a part of a quantity."""
    if part == whole or not fees[0]:
        return fees
    return shown(COSTS.divide(COSTS.multiply(fees[0], part), whole)), fees[1]


class PaidLot(Lot):
    """A lot with the fees of its opening."""

    __slots__ = ("fees",)

    def __init__(self, quantity: Decimal, cost: Decimal, at: datetime | None, fees: Fees) -> None:
        super().__init__(quantity, cost, at=at)
        self.fees = fees

    def replaced(self, quantity: Decimal, cost: Decimal) -> Lot:
        return PaidLot(quantity, cost, self.at, self.fees)

    def joined(self, other: Lot) -> Lot:
        joined = super().joined(other)
        return PaidLot(joined.quantity, joined.cost, None, _and(self.fees, fees_of(other)))


def fees_of(lot: Lot) -> Fees:
    return lot.fees if isinstance(lot, PaidLot) else NO_FEES


class Closed(NamedTuple):
    """A part of a lot that was closed. `gain`: before the multiplier."""

    at: datetime | None
    quantity: Decimal
    value: Decimal
    realized: Decimal
    fees: Fees


class DisposalBook(LotBook):
    """A book that keeps what the last entry has closed."""

    __slots__ = ("_fees", "_left", "closed")

    def __init__(self, method: LotChoice) -> None:
        super().__init__(method, {}, None)
        self.begin(NO_FEES)

    def begin(self, fees: Fees) -> None:
        """The fees of the next entry."""
        self.closed: list[Closed] = []
        self._fees = fees
        self._left = ZERO

    def fill(self, traded: Lot, price: Decimal, terms: Terms) -> None:
        self._left = traded.quantity
        super().fill(traded, price, terms)

    def _open(self, lot: Lot, *, is_only: bool) -> None:
        super()._open(PaidLot(lot.quantity, lot.cost, lot.at, self._fees), is_only=is_only)
        self._fees = NO_FEES

    def _realize(
        self, value: Decimal, cost: Decimal, terms: Terms, held: Lot, closed: Decimal
    ) -> None:
        before = shown(terms.amount(self.realized))
        super()._realize(value, cost, terms, held, closed)
        realized = EXACT.subtract(shown(terms.amount(self.realized)), before)
        of_opening = _part(fees_of(held), closed, held.quantity)
        of_closing = _part(self._fees, closed.copy_negate(), self._left)
        self._left = EXACT.add(self._left, closed)
        self._fees = EXACT.subtract(self._fees[0], of_closing[0]), self._fees[1]
        fees = _and(of_opening, of_closing)
        self.closed.append(Closed(held.at, closed, terms.amount(value), realized, fees))
        rest = self.lots.next()
        if closed != held.quantity and isinstance(rest, PaidLot):
            rest.fees = EXACT.subtract(rest.fees[0], of_opening[0]), rest.fees[1]


def disposal_rows(
    entries: Iterable[Entry],
    definitions: Definitions,
    conversion_of: Callable[[str, str], Conversion],
    method: LotChoice,
) -> Iterator[DisposalRow]:
    """From all trades and account events of an account, as they happened."""
    positions: dict[Holder, Position] = {}
    found: list[tuple[Position, DisposalRow]] = []
    held = quantities(positions)
    for entry in entries:
        if "fill_id" not in entry and entry["kind"] == "funding":
            continue
        defined = definitions(entry["account"], entry["instrument"])
        for holder, share in shared(entry, defined.modes, held):
            if holder not in positions:
                book = DisposalBook(method)
                books = (book,) if method == "average" else (LotBook("average", {}, None), book)
                positions[holder] = defined.position(*holder[:2], holder[2:4], books)
            position = positions[holder]
            found += [(position, row) for row in _closed_by(share, position, conversion_of)]
    for position, row in found:
        unknown = definitions(position.account, position.instrument).unknown or position.reason
        yield row if unknown is None else _without_figures(row, unknown)


def _closed_by(
    entry: Entry, position: Position, conversion_of: Callable[[str, str], Conversion]
) -> Iterator[DisposalRow]:
    book = position.books[-1]
    assert isinstance(book, DisposalBook)
    book.begin(_fees_of(entry, conversion_of(position.account, position.instrument)))
    position.take(entry)
    is_carried = "fill_id" not in entry and entry["kind"] == "settle" and bool(position.carried)
    for one in book.closed:
        yield _row(one, position, entry, book.method, is_carried=is_carried)


def _fees_of(entry: Entry, conversion: Conversion) -> Fees:
    if "fill_id" not in entry and (
        entry["kind"] == "adjust" or entry["kind"] == "split" or entry["kind"] == "funding"
    ):
        return NO_FEES
    price, key = entry["price"], payment_key(entry)
    worths = [(name, conversion.fee(name, fee, price, key)) for name, fee in fees_in(entry)]
    unrated = tuple(name for name, worth in worths if worth is None)
    return total(worth for _, worth in worths if worth is not None), unrated


def _row(
    closed: Closed, position: Position, entry: Entry, method: LotChoice, *, is_carried: bool
) -> DisposalRow:
    terms, at = position.terms, closed.at
    is_short = closed.quantity < ZERO
    value = shown(closed.value.copy_negate() if is_short else closed.value)
    realized = ZERO if is_carried else closed.realized
    cost, proceeds = (
        (value, EXACT.add(value, closed.realized))
        if is_short
        else (EXACT.subtract(value, closed.realized), value)
    )
    if is_carried:  # the result is a part of what was delivered
        cost, proceeds = (proceeds, proceeds) if is_short else (cost, cost)
    unrated, fees = closed.fees[1], closed.fees[0]
    reason = no_rate(min(unrated), terms.currency or "") if unrated else None
    return {
        "account": position.account,
        "instrument": position.instrument,
        "position_side": position.side,
        "position_id": position.position_id,
        "acquired_at": at,
        "disposed_at": entry["at"],
        "held_days": None if at is None else (entry["at"] - at).days,
        "quantity": closed.quantity,
        "proceeds": None if terms.is_margined else proceeds,
        "cost": None if terms.is_margined else cost,
        "realized_pnl": realized,
        "fees": None if unrated else fees,
        "gain": None if unrated else EXACT.subtract(realized, fees),
        "currency": terms.currency,
        "method": method,
        "kind": kind_of(entry),
        "fill_id": None if "kind" in entry else entry["fill_id"],
        "position": entry["position"],
        "reason": reason,
    }


def kind_of(entry: Entry) -> str:
    return "fill" if "fill_id" in entry else entry["kind"]


def _without_figures(row: DisposalRow, reason: str) -> DisposalRow:
    nothing = {"proceeds": None, "cost": None, "realized_pnl": None, "fees": None, "gain": None}
    return {**row, **nothing, "reason": reason}  # type: ignore[typeddict-item]
