"""P&L by asset: the lots of each coin of an account, whatever it was traded against.

A coin bought or sold has the price of its fill; one that is paid as a fee, received as P&L or given
for another coin is worth its rate at that time. Transfers and openings come in at that rate and go
out at cost: they never enter P&L.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from tests.auditing.cash import moves_of
from tests.auditing.facts import Fact, Row, When, number
from tests.auditing.holdings import Holding
from tests.auditing.positions import Lot, open_price, trade_lot

RateAt = Callable[[str, datetime], Fraction | None]
"""What one unit of a currency was worth at a time."""


class Step(NamedTuple):
    """A change of a coin's lots. `price` is None where no rate is known."""

    when: When
    asset: str
    quantity: Fraction
    price: Fraction | None
    enters_pnl: bool = True
    is_opening: bool = False


def steps_of(holding: Holding, rate_at: RateAt) -> Iterable[Step]:
    """What the trades of one position change. A fee in the base coin leaves with its own fill."""
    base, currency = holding.terms.base, holding.terms.currency
    for when, row in holding.trades:
        rate = rate_at(currency, when[0]) if base and currency else None
        if base:
            signed = row["quantity"] if row["side"] == "buy" else -row["quantity"]
            yield Step(when, base, signed, None if rate is None else row["price"] * rate)
    for move in moves_of(holding):
        if move.currency != base:
            place = (move.at, 0, 0)
            yield Step(place, move.currency, move.amount, rate_at(move.currency, move.at))


def step_of(fact: Fact, rate_at: RateAt) -> Step:
    """What a transfer or an opening changes."""
    currency, amount = fact.get("currency"), number(fact.get("amount"))
    rate, is_opening = rate_at(currency, fact.at), fact.type == "adjust"
    return Step(fact.when, currency, amount, rate, enters_pnl=False, is_opening=is_opening)


def row_of_asset(asset: str, steps: Iterable[Step], method: str) -> Row:
    """The quantity, the cost and the realized P&L of one coin."""
    lots, realized, is_known = list[Lot](), Fraction(), True
    for step in sorted(steps, key=lambda step: step.when):
        is_known = is_known and (step.price is not None or not step.quantity)
        lot = Lot(step.quantity, step.price or Fraction(), step.when[0])
        lots, gain = trade_lot([] if step.is_opening else lots, lot, method, is_inverse=False)
        realized += gain if step.enters_pnl else 0
    return {
        "asset": asset,
        "quantity": sum((lot.quantity for lot in lots), Fraction()),
        "average_open_price": open_price(lots, is_inverse=False) if is_known else None,
        "realized_pnl": realized if is_known else None,
    }
