"""The positions of one instrument in an account, with fees taken from the position, and
settlements."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from tests.auditing.ends import fees_alone, needs_side, with_events, without_fees
from tests.auditing.facts import Fact, Row, When, number
from tests.auditing.fills import Fill, fees_in
from tests.auditing.order import Order
from tests.auditing.positions import Fold, Lot, Step, folded, positions
from tests.auditing.rows import trade_row
from tests.auditing.sides import Books, Held, Part, books, mode_of, part_of, quantity_of, told
from tests.auditing.terms import Terms

ResultOf = Callable[[Fact, str], Fraction]
"""What a settlement realized by a method."""


@dataclass(frozen=True)
class Holding:
    """One position. Its figures are null if there is a `reason`. `has_conflict`: a side of the
    instrument was named though its account is net. A step that is a fill or a settlement is a row
    with `fees`, and with `moved`: its signed quantity before fees. `result_of` says what another
    instrument's settlement carries here."""

    part: Part
    steps: list[Step]
    fundings: list[Fact]
    terms: Terms
    reason: str | None
    has_conflict: bool
    result_of: ResultOf

    @property
    def trades(self) -> list[tuple[When, Row]]:
        return [(when, row) for when, row in self.steps if isinstance(row, dict)]

    @property
    def is_contradictory(self) -> bool:
        """Whether its instrument cannot be as it is defined, or not with this side."""
        return self.terms.contradicts(self.part[0])

    @property
    def needs_mark(self) -> bool:
        """Whether it is open and has a value of its own. The coins of a spot position are cash."""
        return self.terms.kind != "spot" and not self.reason and bool(self.lots("average")[0])

    def by(self, method: str) -> list[Step]:
        """The steps, with what settlements by this method carry to the price of a leg."""
        return [self._priced(step, method) for step in self.steps]

    def _priced(self, step: Step, method: str) -> Step:
        when, row = step
        if not isinstance(row, dict) or not row.get("carried_from"):
            return step
        result = self.result_of(row["carried_from"], method) / self.terms.multiplier
        return when, {**row, "price": row["price"] - result / row["moved"]}

    def lots(self, method: str) -> Fold:
        return positions(self.by(method), method, self.terms.is_inverse)

    def result(self, fact: Fact, method: str) -> Fraction:
        """What a settlement would have realized if nothing were carried on. No later step counts:
        its price may come from this result."""

        def is_before(step: Step) -> bool:
            when, row = step
            return when < fact.when or (isinstance(row, dict) and row.get("event") is fact)

        steps = [
            (when, {**row, "is_carried": False} if isinstance(row, dict) else row)
            for when, row in (self._priced(step, method) for step in self.steps if is_before(step))
        ]
        gains = [
            gain
            for (_, row), (_, gain) in folded(steps, method, self.terms.is_inverse)
            if isinstance(row, dict) and row.get("event") is fact
        ]
        return sum(gains, Fraction()) * self.terms.multiplier

    @property
    def _booked(self) -> list[Step]:
        """The steps as the venue pays them: nothing is carried."""
        return [
            (when, {**row, "is_carried": False} if isinstance(row, dict) else row)
            for when, row in self.steps
        ]

    def booked_lots(self) -> list[Lot]:
        return positions(self._booked, "average", self.terms.is_inverse)[0]

    def gains(self) -> Iterable[tuple[When, Fraction]]:
        """The realized P&L of each step as a venue pays it: by average."""
        for (when, _), (_, gain) in folded(self._booked, "average", self.terms.is_inverse):
            yield when, gain * self.terms.multiplier


def row_of(order: Order, fill: Fill, terms: Terms) -> Row:
    """A fill as a step of a position."""
    row = trade_row(order, fill)
    moved = row["quantity"] if row["side"] == "buy" else -row["quantity"]
    return without_fees(row | {"moved": moved, "fees": fees_in(fill.details)}, terms)


def holdings(
    fills: list[Step], adjusts: list[Fact], fundings: list[Fact], events: list[Fact],
    definitions: list[Fact], terms: Terms, result_of: ResultOf,
) -> list[Holding]:  # fmt: skip
    """A holding for each position that a fill, an adjustment, a funding or the fee of a settlement
    belongs to. `events` are the splits and settlements."""

    def held(part: Part, steps: list[Step], when: When) -> Fraction:
        earlier = [fact for fact in events if fact.when < when]
        return quantity_of(with_events(part, steps, earlier, terms, set(earlier)))

    found = books([*fills, *((fact.when, fact) for fact in adjusts)], definitions, held)
    if any(has_no_side(fact, found, held) for fact in events):
        found = found._replace(is_known=False)
    paid: dict[Part, list[Fact]] = {}
    for fact in fundings:
        mode = mode_of(fact.when, definitions)
        paid.setdefault(part_of(*told((fact.when, fact)), mode), []).append(fact)
    steps = steps_with_events(found, events, definitions, terms)
    return [
        Holding(
            part, steps.get(part, []), paid.get(part, []), terms,
            reason_of(found, part, steps.get(part, []), terms), bool(found.conflicts), result_of,
        )
        for part in sorted({**steps, **paid})
    ]  # fmt: skip


def has_no_side(fact: Fact, found: Books, held: Held) -> bool:
    """Whether nobody knows which of several open positions it is about."""
    before = {
        part: [step for step in steps if step[0] < fact.when] for part, steps in found.parts.items()
    }
    is_open = [held(part, steps, fact.when) != 0 for part, steps in before.items()]
    return needs_side(fact) and sum(is_open) > 1


def reason_of(found: Books, part: Part, steps: list[Step], terms: Terms) -> str | None:
    """The reason why the figures of a position are null."""
    if not found.is_known:
        return "position_side_unknown"
    if terms.contradicts(part[0]):
        return "kind_conflict"
    prices = [row["price"] for _, row in steps if isinstance(row, dict) and row["moved"]]
    is_priced = not terms.is_inverse or (
        all(price > 0 for price in prices) and not has_cost_unknown(steps)
    )
    return None if is_priced else "impossible_price"


def has_cost_unknown(steps: list[Step]) -> bool:
    """Whether an adjustment at a price of 0 or less stands, or something followed it before another
    adjustment did. Of an inverse instrument."""
    pending = False
    for _, row in sorted(steps, key=lambda step: step[0]):
        if isinstance(row, Fact):
            pending = number(row.get("price")) <= 0 and number(row.get("quantity")) != 0
        elif isinstance(row, dict) and pending:
            return True
    return pending


def steps_with_events(
    found: Books, events: list[Fact], definitions: list[Fact], terms: Terms
) -> dict[Part, list[Step]]:
    """The steps of each position, with splits, and with settlements as fills that close it."""

    def payer(fact: Fact) -> Part:
        side, mode = fact.get("position_side"), mode_of(fact.when, definitions)
        return part_of(side, fact.get("position_id") or "", mode)

    paid = [fact for fact in events if fact.type == "settle" and fees_in(fact.message)]
    parts: dict[Part, list[Step]] = {**{payer(fact): [] for fact in paid}, **found.parts}
    if found.is_known:
        return {
            part: with_events(
                part, steps, events, terms, {one for one in paid if payer(one) == part}
            )
            for part, steps in parts.items()
        }
    for fact in paid:
        parts[payer(fact)] = [*parts[payer(fact)], (fact.when, fees_alone(fact, terms))]
    return parts
