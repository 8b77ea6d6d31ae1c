"""The fills, positions, cash and rates of an account."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Self

from tests.auditing.cash import Cash, Move, moves_of
from tests.auditing.facts import Fact, number
from tests.auditing.holdings import Holding, Terms, row_of
from tests.auditing.holdings import holdings as holdings_of
from tests.auditing.positions import Step
from tests.auditing.rates import Mark, Rates
from tests.auditing.transfers import counted_transfers
from tests.auditor import Auditor

MARK_LIFE = timedelta(hours=24)


class AccountFacts(Auditor):
    """The facts of one account. `parities` are those of the settings; a mark serves for
    `mark_life`, the last instant included."""

    def __init__(
        self, account: str, parities: Sequence[str] = (), mark_life: timedelta = MARK_LIFE
    ) -> None:
        super().__init__()
        self.account = account
        self.parities = tuple(parities)
        self.mark_life = mark_life
        self._asked_at: datetime | None = None

    def offer(self, message: dict[str, Any], recorded_at: datetime) -> str:
        for name in ("holdings", "rates", "cash"):
            self.__dict__.pop(name, None)
        return super().offer(message, recorded_at)

    def seen(self, effective_at: datetime | None = None, as_of: datetime | None = None) -> Self:
        """The same account with only the facts dated by one time and recorded by another."""
        other = type(self)(self.account, self.parities, self.mark_life)
        other.log = [
            fact
            for fact in self.log
            if (effective_at is None or fact.at <= effective_at)
            and (as_of is None or fact.recorded_at <= as_of)
        ]
        other._asked_at = effective_at
        return other

    @property
    def moment(self) -> datetime:
        return self._asked_at or max(fact.at for fact in self.of_account())

    @cached_property
    def holdings(self) -> dict[str, list[Holding]]:
        facts = self.of_account()
        about = {f.get("instrument") for f in facts if f.type in {"funding", "adjust"}}
        fills = self.fills()
        return {
            name: holdings_of(
                fills.get(name, []),
                self._about("adjust", self.account, name),
                self._about("funding", self.account, name),
                self._about("settle", self.account, name),
                self.definitions(name),
                self.terms(name),
            )
            for name in sorted({*fills, *about} - {None})
        }

    def each_holding(self) -> list[tuple[str, Holding]]:
        return [(name, held) for name, found in self.holdings.items() for held in found]

    def of_account(self) -> list[Fact]:
        return [fact for fact in self.log if fact.get("account") == self.account]

    def fills(self) -> dict[str, list[Step]]:
        """The standing fills of each instrument."""
        found: dict[str, list[Step]] = {}
        for order in self._orders(self.account):
            for fill in order.fills:
                name = fill.details["instrument"] or order.given("instrument")
                if name is not None and (fill.details["side"] or order.given("side")):
                    row = row_of(order, fill, self.terms(name))
                    found.setdefault(name, []).append((fill.traded, row))
        return found

    def definitions(self, instrument: str) -> list[Fact]:
        return self._about("instrument", self.account, instrument)

    def terms(self, instrument: str | None) -> Terms:
        return Terms.of(self._definition(self.account, instrument))

    @cached_property
    def rates(self) -> Rates:
        """Marks of spot instruments, by time; of two at one time the later in the log."""
        marks = []
        for fact in sorted(self.of_account(), key=lambda fact: fact.when):
            pair = self.terms(fact.get("instrument")).pair
            if fact.type == "mark" and pair:
                marks.append(
                    Mark(fact.get("instrument"), *pair, number(fact.get("price")), fact.at)
                )
        return Rates(marks, self.mark_life)

    @cached_property
    def cash(self) -> Cash:
        facts = self.of_account()
        moves = [move for _, held in self.each_holding() for move in moves_of(held)]
        moves += [Move.of(fact) for fact in counted_transfers(facts)]
        return Cash(self.openings, moves)

    @property
    def openings(self) -> list[Fact]:
        """The adjustments of currencies, in the order of facts."""
        found = (f for f in self.of_account() if f.type == "adjust" and f.get("currency"))
        return sorted(found, key=lambda fact: fact.when)
