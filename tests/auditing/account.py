"""The fills, positions, cash and rates of an account."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Any, Self

from tests.auditing.cash import Cash, Move, moves_of
from tests.auditing.ends import other_leg
from tests.auditing.facts import Fact, number
from tests.auditing.fills import fees_in
from tests.auditing.holdings import Holding, row_of
from tests.auditing.holdings import holdings as holdings_of
from tests.auditing.names import collect
from tests.auditing.order import Order
from tests.auditing.positions import Step
from tests.auditing.rates import Mark, Rates
from tests.auditing.renames import under_latest_names
from tests.auditing.terms import Terms
from tests.auditing.transfers import counted_transfers
from tests.auditor import Auditor

MARK_LIFE = timedelta(hours=24)


OF_SIDE = ("position_side", "position_id")
TOLD_APART = (*OF_SIDE, "message_id", "at")
"""What two reports of one fact may say differently."""


def stands_for(other: Fact, fact: Fact) -> bool:
    """Whether a fact is the same as another one, which says more of the side, or came first."""
    if (fact.type, fact.get("instrument")) != (other.type, other.get("instrument")):
        return False
    ids = fact.get("message_id"), other.get("message_id")
    has_content = fact.at == other.at and _content(fact) == _content(other)
    is_anyones = fact.type == "split" or (fact.type == "settle" and ids == (None, None))
    if not (has_content and is_anyones) and (ids[0] is None or ids[0] != ids[1]):
        return False
    own, others = ([one.get(name) for name in OF_SIDE] for one in (fact, other))
    if own == others:
        return other.when < fact.when
    return own == [None, None]


def _content(fact: Fact) -> dict[str, str]:
    return {
        name: str(value)
        for name, value in fact.message.items()
        if name not in TOLD_APART and value is not None
    }


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
        for name in ("holdings", "rates", "cash", "facts", "settlements"):
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
        facts, fills = self.facts, self.fills()
        about = {f.get("instrument") for f in facts if f.type in {"funding", "adjust"}}
        about |= {f.get("instrument") for f in self.settlements if fees_in(f.message)}
        return {
            name: holdings_of(
                fills.get(name, []),
                self._about("adjust", self.account, name),
                self._counted("funding", name),
                self._events(name),
                self.definitions(name),
                self.terms(name),
                self._result_of,
            )
            for name in sorted({*fills, *about} - {None})
        }

    def each_holding(self) -> list[tuple[str, Holding]]:
        return [(name, held) for name, found in self.holdings.items() for held in found]

    def of_account(self) -> list[Fact]:
        return self.facts

    @cached_property
    def facts(self) -> list[Fact]:
        """The facts of the account, with the names that their instruments have now."""
        own = (fact for fact in self.log if fact.get("account") == self.account)
        return under_latest_names(own)

    def _about(self, type_: str, account: str, instrument: str | None) -> list[Fact]:
        assert account == self.account
        found = [f for f in self.facts if (f.type, f.get("instrument")) == (type_, instrument)]
        return sorted(found, key=lambda fact: fact.when)

    @cached_property
    def settlements(self) -> list[Fact]:
        """Settlements. A result is carried only within one currency, and not to an inverse
        instrument, whose result has no price per unit: elsewhere it is realized."""
        names = (("instrument", "settlement_id"), ("instrument", "message_id"))
        busted, named = ([tuple(map(fact.get, of)) for fact in self.facts] for of in names)
        busts = {
            one
            for one, fact in zip(busted, self.facts, strict=True)
            if fact.type == "settlement_busted"
        }
        return [
            fact if self._carries(fact) else replace(fact, message=fact.message | {"premium": None})
            for fact, name in zip(self.facts, named, strict=True)
            if fact.type == "settle" and name not in busts and fact.position not in self._repeated
        ]

    @cached_property
    def _repeated(self) -> set[int]:
        """Splits, settlements and fundings that another report of them replaces: one that names
        the side, else the earlier one. The facts are those that no bust withdrew."""
        names = (("instrument", "settlement_id"), ("instrument", "message_id"))
        busts = {
            tuple(map(fact.get, names[0]))
            for fact in self.facts
            if fact.type == "settlement_busted"
        }
        told = [
            fact
            for fact in self.facts
            if fact.type in ("split", "settle", "funding")
            and (fact.type != "settle" or tuple(map(fact.get, names[1])) not in busts)
        ]
        return {
            fact.position
            for fact in told
            if any(stands_for(other, fact) for other in told if other is not fact)
        }

    def _carries(self, fact: Fact) -> bool:
        if fact.get("premium") != "carry" or not fact.get("into"):
            return False
        own, leg = (self.terms(of.get("instrument")) for of in (fact, fact.get("into")))
        return own.currency == leg.currency and not leg.is_inverse

    def _events(self, instrument: str) -> list[Fact]:
        settled = [fact for fact in self.settlements if fact.get("instrument") == instrument]
        found = [*self._counted("split", instrument), *settled]
        return sorted(found, key=lambda fact: fact.when)

    def _result_of(self, fact: Fact, method: str) -> Fraction:
        """What a settlement would have realized. An unknown position carries nothing."""
        found = self.holdings.get(fact.get("instrument"), [])
        results = (held.result(fact, method) for held in found if not held.reason)
        return sum(results, Fraction())

    def resolved_orders(self) -> list[Order]:
        """The orders, with the names that their instruments have now."""
        return collect(fact for fact in self.facts if fact.is_of_order)

    def fills(self) -> dict[str, list[Step]]:
        """The standing fills of each instrument, and the other legs of settlements."""
        found: dict[str, list[Step]] = {}
        for order in self.resolved_orders():
            for fill in order.fills:
                name = fill.details["instrument"] or order.given("instrument")
                if name is not None and (fill.details["side"] or order.given("side")):
                    row = row_of(order, fill, self.terms(name))
                    found.setdefault(name, []).append((fill.traded, row))
        for fact in self.settlements:
            if fact.get("into"):
                name = fact.get("into")["instrument"]
                leg = other_leg(fact, self.terms(name))
                found.setdefault(name, []).append((fact.when, leg))
        return found

    def definitions(self, instrument: str) -> list[Fact]:
        return self._about("instrument", self.account, instrument)

    def terms(self, instrument: str | None) -> Terms:
        given: dict[str, dict[str, Any]] = {}
        for fact in self.definitions(instrument) if instrument else ():
            fields = {name: value for name, value in fact.message.items() if value is not None}
            given.setdefault(str(fields.get("named", instrument)), {}).update(fields)
        own = Terms.of(self._definition(self.account, instrument))
        return own.beside(map(Terms.of, given.values()))

    @cached_property
    def rates(self) -> Rates:
        """Marks of spot instruments, by time; of two at one time the later in the log."""
        marks = []
        for fact in sorted(self.of_account(), key=lambda fact: fact.when):
            pair = self.terms(fact.get("instrument")).pair
            if fact.type == "mark" and pair:
                name = fact.get("instrument")
                end = next((at for at in self._splits(name) if at > fact.at), None)
                marks.append(Mark(name, *pair, number(fact.get("price")), fact.at, end))
        return Rates(marks, self.mark_life)

    def _counted(self, type_: str, instrument: str) -> list[Fact]:
        told = self._about(type_, self.account, instrument)
        return [fact for fact in told if fact.position not in self._repeated]

    def _splits(self, instrument: str) -> list[datetime]:
        return [fact.at for fact in self._about("split", self.account, instrument)]

    def marks_of(self, instrument: str) -> list[Fact]:
        """Its marks, latest last. Those before a split are used no more."""
        since = max(self._splits(instrument), default=None)
        found = self._about("mark", self.account, instrument)
        return [fact for fact in found if since is None or fact.at >= since]

    def _mark(self, account: str, instrument: str) -> Fraction | None:
        marks = self.marks_of(instrument)
        return number(marks[-1].get("price")) if marks else None

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
