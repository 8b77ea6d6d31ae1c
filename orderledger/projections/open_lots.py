"""The open lots of positions, when asked: one pass over trades and adjustments."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypedDict

from orderledger.domain.exact import ZERO
from orderledger.projections.entries import Entry
from orderledger.projections.positions import (
    Definitions,
    LotBook,
    LotChoice,
    Position,
    shown,
)
from orderledger.projections.shares import Holder, quantities, shared
from orderledger.projections.view import Table


class LotRow(TypedDict):
    """One row per open lot, oldest first."""

    account: Annotated[str, "Trading account."]
    instrument: Annotated[str, "Instrument."]
    position_side: Annotated[str, "Position side: long, short or net.", ("long", "short", "net")]
    position_id: Annotated[str, "The venue's id of the position, empty where it gives none."]
    at: Annotated[datetime | None, "When the lot was opened."]
    quantity: Annotated[Decimal, "The rest of it that is open, signed: positive is long."]
    price: Annotated[Decimal, "Price at which it was opened."]
    cost: Annotated[
        Decimal | None,
        "Quantity * price * multiplier, before fees: of a short, what it brought, as a negative "
        "number. Null for a margined instrument, which is not paid for.",
    ]
    currency: Annotated[str | None, "Currency of the cost."]
    method: Annotated[str, "Which lots a closing fill closes: fifo or lifo."]


LOTS_SHOWN = Table(
    "lots",
    "One row per open lot, oldest first. Computed when asked.",
    ("account", "instrument", "position_side", "position_id", "at"),
    LotRow,
    ("account", "instrument", "position_side", "position_id", "at"),
)


def lot_rows(
    entries: Iterable[Entry], definitions: Definitions, method: LotChoice
) -> Iterator[LotRow]:
    """From trades and adjustments as they happened. By average cost there are no lots. A position
    whose P&L is not known has none."""
    if method == "average":
        return
    positions: dict[Holder, Position] = {}
    held = quantities(positions)
    for entry in entries:
        if "fill_id" not in entry and entry["kind"] == "funding":
            continue
        defined = definitions(entry["account"], entry["instrument"])
        for holder, share in shared(entry, defined.modes, held):
            if holder not in positions:
                books = (LotBook("average", {}, None), LotBook(method, {}, None))
                positions[holder] = defined.position(*holder[:2], holder[2:4], books)
            positions[holder].take(share)
    for (account, instrument, *_), position in sorted(positions.items()):
        if definitions(account, instrument).unknown is None and position.reason is None:
            yield from _rows(position, method)


def _rows(position: Position, method: LotChoice) -> Iterator[LotRow]:
    terms = position.terms
    for lot in position.books[-1].lots.at_hand():
        yield {
            "account": position.account,
            "instrument": position.instrument,
            "position_side": position.side,
            "position_id": position.position_id,
            "at": lot.at,
            "quantity": lot.quantity,
            "price": terms.price(lot.quantity, lot.cost) if lot.quantity else ZERO,
            "cost": None if terms.is_margined else shown(terms.amount(lot.cost)),
            "currency": terms.currency,
            "method": method,
        }
