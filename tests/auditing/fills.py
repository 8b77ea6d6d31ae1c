"""Which fills stand, and with what details (rules 3, 4, 5)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from tests.auditing.facts import NO_SEQUENCE, Fact, Message, When, comparable, number

FILL_DETAILS = (
    "instrument",
    "side",
    "fee",
    "fee_currency",
    "fees",
    "liquidity",
    "position_side",
    "position_id",
    "leg",
)


@dataclass(frozen=True)
class Fill:
    """A fill that counts under its id: the reports of its numbers, and what it takes over from the
    fills that it corrects.

    `traded` is the place of the trade among all facts, `told` that of its own reports: their
    earliest time, the sequence that one of them gives for it, and where it was recorded first.
    """

    facts: tuple[Fact, ...]
    traded: When
    told: When
    quantity: Fraction
    price: Fraction
    details: Message

    @property
    def at(self) -> datetime:
        return self.traded[0]

    @property
    def told_at(self) -> datetime:
        return self.told[0]

    @property
    def first(self) -> Fact:
        """The report that was recorded first."""
        return min(self.facts, key=lambda fact: fact.position)

    @property
    def fill_id(self) -> str:
        return str(self.first.get("fill_id"))

    @property
    def corrects(self) -> str | None:
        """Another fill that it corrects; an id cannot correct itself."""
        named = self.first.get("corrects")
        return None if named == self.fill_id else named


def same_numbers(one: Fact, other: Fact) -> bool:
    """Rule 5: the same trade, and no detail told otherwise."""
    return numbers_of(one) == numbers_of(other) and agree(
        one, other, "instrument", "side", "fee", "fee_currency", "fees", "leg"
    )


def numbers_of(fact: Fact) -> tuple[Fraction, Fraction, str | None]:
    """What tells two fills apart that claim one id."""
    return number(fact.get("quantity")), number(fact.get("price")), fact.get("corrects")


def agree(one: Fact, other: Fact, *fields: str) -> bool:
    """Whether two facts say the same in these fields, as far as both say anything."""
    left, right = comparable(one.message), comparable(other.message)
    return all(left[field] == right[field] for field in fields if field in left and field in right)


def fees_in(stated: Message) -> list[tuple[str | None, Fraction]]:
    """The currency and the amount of each fee. A list says more than a sum."""
    if stated.get("fees"):
        return [(fee["currency"], number(fee["amount"])) for fee in stated["fees"]]
    fee = stated.get("fee")
    return [] if fee is None else [(stated.get("fee_currency"), number(fee))]


def said_of_fills(facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    """All that was said under each fill id, by time."""
    said: dict[str, list[Fact]] = defaultdict(list)
    for fact in sorted(facts, key=lambda fact: fact.when):
        if fact.type in {"fill", "fill_corrected"}:
            said[fact.get("fill_id")].append(fact)
    return dict(said)


def counted_fills(facts: Iterable[Fact]) -> dict[str, Fill]:
    """Of each id the numbers that were told of the earliest time. A correction happened when the
    fill did that it corrects."""
    own: dict[str, Fill] = {}
    for fill_id, said in said_of_fills(facts).items():
        versions = {
            numbers_of(fact): tuple(one for one in said if numbers_of(one) == numbers_of(fact))
            for fact in said
        }
        same = min(versions.values(), key=told_in)
        details = {
            name: next((f.get(name) for f in same if f.get(name) is not None), None)
            for name in FILL_DETAILS
        }
        own[fill_id] = Fill(same, told_in(same), told_in(same), *numbers_of(same[0])[:2], details)
    return {fill_id: with_what_it_takes_over(fill, own) for fill_id, fill in own.items()}


def told_in(facts: Iterable[Fact]) -> When:
    """Where reports of one fill place it."""
    facts = list(facts)
    at = min(fact.at for fact in facts)
    sequences = [
        fact.moment[1] for fact in facts if fact.at == at and fact.get("sequence") is not None
    ]
    return at, min(sequences, default=NO_SEQUENCE), min(fact.position for fact in facts)


def without_late_repetitions(facts: Iterable[Fact]) -> list[Fact]:
    """A report of a fill or a bust that says nothing new of it, and is dated later than another,
    tells of no time of its own."""
    kept: list[Fact] = []
    for fact in sorted(facts, key=lambda fact: fact.when):
        same = [one for one in kept if is_same_fill(one, fact)]
        known = {
            (name, repr(comparable(one.message).get(name))) for one in same for name in FILL_DETAILS
        }
        given = {
            (name, repr(comparable(fact.message)[name]))
            for name in FILL_DETAILS
            if name in comparable(fact.message)
        }
        if not same or (fact.type != "fill_busted" and not given <= known):
            kept.append(fact)
    return kept


def is_same_fill(one: Fact, other: Fact) -> bool:
    if (
        one.type != other.type
        or one.get("fill_id") is None
        or one.get("fill_id") != other.get("fill_id")
    ):
        return False
    return one.type == "fill_busted" or numbers_of(one) == numbers_of(other)


def is_repeated(one: Fact, other: Fact) -> bool:
    """Whether both are reports of one fill with the same numbers. Busts are none."""
    return one.type != "fill_busted" and is_same_fill(one, other)


def line_of(fill: Fill, fills: dict[str, Fill]) -> list[Fill] | None:
    """The fill, what it corrects, what that corrects, and so on, as far as it is known. None if
    that leads in a circle."""
    line = [fill]
    while line[-1].corrects in fills:
        step = fills[str(line[-1].corrects)]
        if step in line:
            return None
        line.append(step)
    return line


def with_what_it_takes_over(fill: Fill, fills: dict[str, Fill]) -> Fill:
    line = line_of(fill, fills) or [fill]
    details = {
        name: next((one.details[name] for one in line if one.details[name] is not None), None)
        for name in FILL_DETAILS
    }
    if fill.details["fee"] is not None:  # its own fee replaces the list of the fill it corrects
        details["fees"] = fill.details["fees"]
    return replace(fill, traded=line[-1].told, details=details)


def busts_in(facts: Iterable[Fact]) -> dict[str, When]:
    """When each fill was first said to be busted."""
    busts = sorted(
        (fact for fact in facts if fact.type == "fill_busted"),
        key=lambda fact: fact.when,
        reverse=True,
    )
    return {fact.get("fill_id"): fact.when for fact in busts}


def standing_fills(facts: Iterable[Fact]) -> list[Fill]:
    """A fill stands if nothing corrects it, its line is at each step that of the latest correction,
    and no bust takes it down: a bust of itself, or of a fill of its line after this correction was
    made."""
    facts = list(facts)
    fills, busts = counted_fills(facts), busts_in(facts)
    by_age = sorted(fills.values(), key=lambda fill: fill.told)
    latest = {fill.corrects: fill for fill in by_age if fill.corrects is not None}
    standing = []
    for fill in sorted(fills.values(), key=lambda fill: fill.traded):
        line = line_of(fill, fills)
        if line is None or fill.fill_id in latest or fill.fill_id in busts:
            continue
        is_latest = all(latest[step.corrects] is step for step in line if step.corrects is not None)
        above = [step.corrects for step in line if step.corrects in busts]
        if is_latest and all(busts[str(name)][:2] <= fill.told[:2] for name in above):
            standing.append(fill)
    return standing
