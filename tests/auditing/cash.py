"""The cash of one account: its openings, and everything that moved it since."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from tests.auditing.facts import Fact, number
from tests.auditing.holdings import Holding
from tests.auditing.positions import Split


class Move(NamedTuple):
    """A change of a balance. `is_loan`: borrowed or repaid."""

    at: datetime
    currency: str
    amount: Fraction
    is_loan: bool = False

    @classmethod
    def of(cls, fact: Fact) -> "Move":
        """Of a funding or a transfer."""
        is_loan = fact.get("kind") in {"borrow", "repay"}
        return cls(fact.at, fact.get("currency"), number(fact.get("amount")), is_loan)


def moves_of(holding: Holding) -> Iterable[Move]:
    """The moves of a position's trades, fees and fundings. An unknown margined position moves
    unknown amounts, which are left out."""
    terms = holding.terms
    for when, row in holding.trades:
        yield from (Move(when[0], name, -amount) for name, amount in row["fees"] if name)
        if terms.kind != "margined" and terms.currency:
            paid = row["moved"] * row["price"] * terms.multiplier
            yield Move(when[0], terms.currency, -paid)
        if terms.base:
            yield Move(when[0], terms.base, row["moved"])
    if terms.base:
        splits = ((when, row) for when, row in holding.steps if isinstance(row, Split))
        yield from (Move(when[0], terms.base, row.change) for when, row in splits)
    if terms.kind == "margined" and terms.currency and not holding.reason:
        yield from (Move(when[0], terms.currency, gain) for when, gain in holding.gains())
    yield from map(Move.of, holding.fundings)


@dataclass(frozen=True)
class Cash:
    """Balances per currency. `openings` are the adjustments of currencies, in the order of facts:
    the first opens the account, and currencies that none names opened at 0."""

    openings: list[Fact]
    moves: list[Move]

    @property
    def is_opened(self) -> bool:
        return bool(self.openings)

    @property
    def currencies(self) -> set[str]:
        return {f.get("currency") for f in self.openings} | {m.currency for m in self.moves}

    def total(self, currency: str) -> Fraction:
        """The latest opening of the currency, and all moves from its time on."""
        own = [fact for fact in self.openings if fact.get("currency") == currency]
        opened = number(own[-1].get("amount")) if own else Fraction()
        start = own[-1:] or self.openings[:1]
        return opened + sum(move.amount for move in self._since(start, currency))

    def owed(self, currency: str) -> Fraction:
        """Borrowed and not repaid since the account was opened. A later adjustment of a balance
        repays nothing."""
        loans = (m for m in self._since(self.openings[:1], currency) if m.is_loan)
        return sum((m.amount for m in loans), Fraction())

    def _since(self, start: list[Fact], currency: str) -> list[Move]:
        return [
            move
            for move in self.moves
            if move.currency == currency and all(move.at >= fact.at for fact in start)
        ]
