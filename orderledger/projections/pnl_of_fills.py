"""P&L of each fill: what it realized, by every method. One pass over trades and account events, in
the order they happened.

What a fill realized is the difference of what its position shows as realized after and before it.
So the fills of a position add up to its realized P&L, to the last digit.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypedDict

from orderledger.domain.exact import EXACT, ZERO
from orderledger.domain.values import Liquidity, Side
from orderledger.projections.entries import Entry, Ordered, Trade
from orderledger.projections.positions import METHODS, Definitions, LotBook, Position, shown
from orderledger.projections.shares import Holder, quantities, shared
from orderledger.projections.view import Table


class FillPnlRow(TypedDict):
    """One row per active fill whose instrument and side are known: what it realized, before
    fees."""

    account: Annotated[str, "Trading account."]
    instrument: Annotated[str, "Instrument."]
    client_order_id: Annotated[str | None, "Our id of the order."]
    fill_id: Annotated[str, "The venue's id of the fill."]
    strategy: Annotated[str | None, "Strategy of the order."]
    side: Annotated[str, "buy or sell.", Side]
    quantity: Annotated[Decimal, "Quantity."]
    price: Annotated[Decimal, "Price."]
    fee: Annotated[
        Decimal | None, "Fee, positive when paid. Null where it is in several currencies."
    ]
    fee_currency: Annotated[
        str | None,
        "Currency of the fee, null where it is the settlement currency of the instrument.",
    ]
    fees: Annotated[
        list[dict[str, str]] | None,
        "Several fees, or one of another kind than commission: `currency`, `amount`, `kind`. "
        "Null where `fee` says all.",
    ]
    liquidity: Annotated[str | None, "maker or taker.", Liquidity]
    at: Annotated[datetime, "When it happened."]
    position: Annotated[int, "Log position."]
    rank: Annotated[str, "Place among the trades of one time."]
    stream: Annotated[str, "Stream of the order in the log."]
    position_side: Annotated[
        str, "Position that it counts in: long, short or net.", ("long", "short", "net")
    ]
    position_id: Annotated[str, "The venue's id of that position, empty where it gives none."]
    position_quantity: Annotated[
        Decimal | None,
        "Position after the fill, signed. Null where the side of a fill is not known.",
    ]
    closed_quantity: Annotated[
        Decimal | None,
        "How much of the fill closed an open position. The rest opened or added to one.",
    ]
    realized_pnl_average: Annotated[
        Decimal | None, "Realized by this fill at average cost, in `currency`. Null: `reason`."
    ]
    realized_pnl_fifo: Annotated[Decimal | None, "The same with the oldest lots closed first."]
    realized_pnl_lifo: Annotated[Decimal | None, "The same with the newest lots closed first."]
    reason: Annotated[
        str | None,
        "Why figures are null: position_side_unknown, kind_conflict or impossible_price.",
    ]
    currency: Annotated[str | None, "Settlement currency, null where no definition gives it."]


PNL_OF_FILLS = Table(
    "pnl_of_fills",
    "One row per active fill whose instrument and side are known: what it realized, before fees. "
    "Computed when asked.",
    ("stream", "fill_id"),
    FillPnlRow,
    ("at", "rank", "position"),
)

OF_TRADES = PNL_OF_FILLS.names[: PNL_OF_FILLS.names.index("position_side")]
"""The columns that come from the trade."""

_NUMBERS = range(len(METHODS))


def fill_rows(
    entries: Iterable[Entry], definitions: Definitions, *, by_strategy: bool = False
) -> Iterator[FillPnlRow]:
    """A row per trade. Memory grows with the positions and their open lots, not with the trades.

    `by_strategy`: each strategy has a position of its own, and keeps it when the whole is adjusted,
    as in `rows_by`.
    """
    holders: dict[Holder, Holding] = {}
    positions: dict[Holder, Position] = {}
    held = quantities(positions)
    for entry in entries:
        defined = definitions(entry["account"], entry["instrument"])
        for holder, share in shared(entry, defined.modes, held, by_strategy=by_strategy):
            holding = holders.get(holder)
            if holding is None:
                position = positions[holder] = defined.position(*holder[:2], holder[2:4])
                holding = holders[holder] = Holding(position, defined.unknown)
            if "fill_id" in share:
                yield holding.filled(share)
            elif share["kind"] != "funding":
                holding.changed(share)


class Holding:
    """A position, and what each of its books shows as realized."""

    __slots__ = ("_realized", "_shown", "_unknown", "position")

    def __init__(self, position: Position, unknown: str | None) -> None:
        self._unknown = unknown
        self.position = position
        self._realized = [book.realized for book in position.books]
        self._shown = [self._shown_of(book) for book in position.books]

    def filled(self, trade: Trade) -> FillPnlRow:
        """Enter a trade. Returns its row."""
        position = self.position
        before = position.quantity
        position.enter(trade)
        if trade["price"] <= ZERO:
            position.priceless += 1
        average, fifo, lifo = map(self._realized_now, _NUMBERS, position.books)
        reason = self._unknown or position.reason
        return {
            "account": trade["account"],
            "instrument": trade["instrument"],
            "client_order_id": trade["client_order_id"],
            "fill_id": trade["fill_id"],
            "strategy": trade["strategy"],
            "side": trade["side"],
            "quantity": trade["quantity"],
            "price": trade["price"],
            "fee": trade["fee"],
            "fee_currency": trade["fee_currency"],
            "fees": trade["fees"],
            "liquidity": trade["liquidity"],
            "at": trade["at"],
            "position": trade["position"],
            "rank": trade["rank"],
            "stream": trade["stream"],
            "position_side": position.side,
            "position_id": position.position_id,
            "position_quantity": None if self._unknown else position.quantity,
            "closed_quantity": None if self._unknown else _closed(before, position.quantity),
            "realized_pnl_average": None if reason else average,
            "realized_pnl_fifo": None if reason else fifo,
            "realized_pnl_lifo": None if reason else lifo,
            "reason": reason,
            "currency": position.terms.currency,
        }

    def changed(self, entry: Ordered) -> list[Decimal]:
        """Enter an entry. Returns what it realized by each method."""
        self.position.enter(entry)
        return [self._realized_now(number, book) for number, book in enumerate(self.position.books)]

    def _realized_now(self, number: int, book: LotBook) -> Decimal:
        if book.realized is self._realized[number]:  # the usual case: nothing was closed
            return ZERO
        self._realized[number], before = book.realized, self._shown[number]
        self._shown[number] = self._shown_of(book)
        return EXACT.subtract(self._shown[number], before)

    def _shown_of(self, book: LotBook) -> Decimal:
        return shown(self.position.terms.amount(book.realized))


def _closed(before: Decimal, after: Decimal) -> Decimal:
    """How much of a trade closed the position that was before."""
    if not before or (after and (before > ZERO) is (after > ZERO) and abs(after) >= abs(before)):
        return ZERO
    is_turned = after and (before > ZERO) is not (after > ZERO)
    rest = ZERO if is_turned else after.copy_abs()
    return EXACT.subtract(before.copy_abs(), rest)
