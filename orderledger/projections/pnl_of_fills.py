"""P&L of each fill: what it realized, by every method. One pass over trades and account events, in the order they happened.

What a fill realized is the difference of what its position shows as realized after and before it. So the fills of a position
add up to its realized P&L, to the last digit.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypedDict

from orderledger.domain.exact import EXACT, ZERO
from orderledger.domain.values import Liquidity, Side
from orderledger.projections.pnl_groups import Holder, left_to_nobody
from orderledger.projections.positions import METHODS, Book, Position, Terms, shown
from orderledger.projections.view import Row, Table, columns_of


class FillPnlRow(TypedDict):
    """One row per active fill whose instrument and side are known: what it realized, before fees."""

    account: Annotated[str, "Trading account."]
    instrument: Annotated[str, "Instrument."]
    client_order_id: Annotated[str | None, "Our id of the order."]
    fill_id: Annotated[str, "The venue's id of the fill."]
    strategy: Annotated[str | None, "Strategy of the order."]
    side: Annotated[str, "buy or sell.", Side]
    quantity: Annotated[Decimal, "Quantity."]
    price: Annotated[Decimal, "Price."]
    fee: Annotated[Decimal | None, "Fee, positive when paid."]
    fee_currency: Annotated[str | None, "Currency of the fee, null where it is the settlement currency of the instrument."]
    liquidity: Annotated[str | None, "maker or taker.", Liquidity]
    at: Annotated[datetime, "When it happened."]
    position: Annotated[int, "Log position."]
    stream: Annotated[str, "Stream of the order in the log."]
    position_quantity: Annotated[Decimal, "Position after the fill, signed."]
    closed_quantity: Annotated[Decimal, "How much of the fill closed an open position. The rest opened or added to one."]
    realized_pnl_average: Annotated[Decimal, "Realized by this fill at average cost, in `currency`."]
    realized_pnl_fifo: Annotated[Decimal, "The same with the oldest lots closed first."]
    realized_pnl_lifo: Annotated[Decimal, "The same with the newest lots closed first."]
    currency: Annotated[str | None, "Settlement currency, null where no definition gives it."]


PNL_OF_FILLS = Table(
    "pnl_of_fills",
    "One row per active fill whose instrument and side are known: what it realized, before fees. Computed when asked.",
    ("stream", "fill_id"),
    columns_of(FillPnlRow),
    ("at", "position"),
)

OF_TRADES = PNL_OF_FILLS.names[: PNL_OF_FILLS.names.index("position_quantity")]
"""The columns that come from the trade."""

_NUMBERS = range(len(METHODS))


def fill_rows(entries: Iterable[Row], terms: Callable[[str, str], Terms], *, by_strategy: bool = False) -> Iterator[Row]:
    """A row per trade. Memory grows with the positions and their open lots, not with the trades.

    `by_strategy`: each strategy has a position of its own, and keeps it when the whole is adjusted, as in `rows_by`.
    """
    holders: dict[Holder, Holding] = {}
    for entry in entries:
        holder = (entry["account"], entry["instrument"], entry.get("strategy") if by_strategy else None)
        holding = holders.get(holder)
        if holding is None:
            holding = holders[holder] = Holding(Position(*holder[:2], terms(*holder[:2])))
        if "fill_id" in entry:
            yield holding.filled(entry)
        elif entry["kind"] == "adjust":
            holding.position.enter(left_to_nobody(entry, {known: held.position for known, held in holders.items()}))


class Holding:
    """A position, and what each of its books shows as realized."""

    __slots__ = ("_realized", "_shown", "position")

    def __init__(self, position: Position) -> None:
        self.position = position
        self._realized = [book.realized for book in position.books]
        self._shown = [self._shown_of(book) for book in position.books]

    def filled(self, trade: Row) -> Row:
        """Enter a trade. Returns its row."""
        position = self.position
        before = position.quantity
        position.enter(trade)
        average, fifo, lifo = map(self._realized_now, _NUMBERS, position.books)
        return {
            **{name: trade[name] for name in OF_TRADES},
            "position_quantity": position.quantity,
            "closed_quantity": _closed(before, trade),
            "realized_pnl_average": average,
            "realized_pnl_fifo": fifo,
            "realized_pnl_lifo": lifo,
            "currency": position.terms.currency,
        }

    def _realized_now(self, number: int, book: Book) -> Decimal:
        if book.realized is self._realized[number]:  # the usual case: nothing was closed
            return ZERO
        self._realized[number], before = book.realized, self._shown[number]
        self._shown[number] = self._shown_of(book)
        return EXACT.subtract(self._shown[number], before)

    def _shown_of(self, book: Book) -> Decimal:
        return shown(self.position.terms.amount(book.realized))


def _closed(before: Decimal, trade: Row) -> Decimal:
    """How much of a trade closed the position that was before."""
    if not before or (before > ZERO) is (trade["side"] == "buy"):
        return ZERO
    return min(before.copy_abs(), trade["quantity"])  # type: ignore[no-any-return]
