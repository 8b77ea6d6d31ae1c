"""P&L by asset: the lots of each coin of an account, whatever it was traded against.

A coin bought or sold has the price of its fill; one that is paid as a fee, received as P&L or given
for another coin is worth its rate at that time. Transfers and openings come in at that rate and go
out at cost: they never enter P&L. The first opening of an account opens its other coins at 0.
"""

from collections import defaultdict
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
    """What the trades of one position change, each of them every coin once: a fee leaves with its
    own fill."""
    base, currency = holding.terms.base, holding.terms.currency
    for when, row in holding.trades:
        rate = rate_at(currency, when[0]) if base and currency else None
        if base:
            signed = row["quantity"] if row["side"] == "buy" else -row["quantity"]
            yield Step(when, base, signed, None if rate is None else row["price"] * rate)
    moved: dict[tuple[datetime, str], Fraction] = defaultdict(Fraction)
    for move in moves_of(holding):
        if move.currency != base:
            moved[move.at, move.currency] += move.amount
    for (at, name), amount in moved.items():
        yield Step((at, 0, 0), name, amount, rate_at(name, at))


def step_of(fact: Fact, rate_at: RateAt) -> Step:
    """What a transfer or an opening changes."""
    currency, amount = fact.get("currency"), number(fact.get("amount"))
    rate, is_opening = rate_at(currency, fact.at), fact.type == "adjust"
    return Step(fact.when, currency, amount, rate, enters_pnl=False, is_opening=is_opening)


def opened_at_zero(openings: Iterable[Fact], asset: str) -> list[Step]:
    """The opening of a coin that the first opening of its account does not name."""
    return [
        Step(fact.when, asset, Fraction(), None, enters_pnl=False, is_opening=True)
        for fact in list(openings)[:1]
        if fact.get("currency") != asset
    ]


def place_of(step: Step) -> tuple[datetime, bool, When]:
    """Facts of the time of an opening come after it."""
    return step.when[0], not step.is_opening, step.when


def is_cost_free(step: Step, lots: list[Lot]) -> bool:
    """Whether a step needs no price: nothing moves, or a transfer takes out a part of what is
    held, at cost."""
    held = sum((lot.quantity for lot in lots), Fraction())
    is_out = held * step.quantity < 0 and abs(step.quantity) <= abs(held)
    return not step.quantity or (is_out and not step.enters_pnl and not step.is_opening)


def row_of_asset(asset: str, steps: Iterable[Step], method: str) -> Row:
    """The quantity, the cost and the realized P&L of one coin."""
    lots, realized, is_known = list[Lot](), Fraction(), True
    for step in sorted(steps, key=place_of):
        is_known = is_known and (step.price is not None or is_cost_free(step, lots))
        lot = Lot(step.quantity, step.price or Fraction(), step.when[0])
        lots, gain = trade_lot([] if step.is_opening else lots, lot, method, is_inverse=False)
        realized += gain if step.enters_pnl else 0
    return {
        "asset": asset,
        "quantity": sum((lot.quantity for lot in lots), Fraction()),
        "average_open_price": open_price(lots, is_inverse=False) if is_known else None,
        "realized_pnl": realized if is_known else None,
    }
