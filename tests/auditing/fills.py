"""Which fills stand, and with what details (rules 3, 4, 5)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from tests.auditing.facts import Fact, Message, comparable, number

FILL_DETAILS = ("instrument", "side", "fee", "fee_currency", "liquidity")


@dataclass(frozen=True)
class Fill:
    """A standing fill with what its repetitions and the fills it corrects told of it."""

    fact: Fact
    quantity: Fraction
    price: Fraction
    details: Message


def same_numbers(one: Fact, other: Fact) -> bool:
    """Rule 5: the same trade, and no other fee."""
    return same_trade(one, other) and agree(one, other, "fee", "fee_currency")


def same_trade(one: Fact, other: Fact) -> bool:
    """Quantity, price and the fill corrected are equal, and so is whatever else both give."""
    left, right = comparable(one.message), comparable(other.message)
    is_equal = all(left.get(field) == right.get(field) for field in ("quantity", "price", "corrects"))
    return is_equal and agree(one, other, "instrument", "side")


def agree(one: Fact, other: Fact, *fields: str) -> bool:
    """Whether two facts say the same in these fields, as far as both say anything."""
    left, right = comparable(one.message), comparable(other.message)
    return all(left[field] == right[field] for field in fields if field in left and field in right)


def versions_of_fills(facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    """All that was said under each fill id; the earliest is the one that stands."""
    versions: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.type in {"fill", "correct_fill"}:
            versions[fact.get("fill_id")].append(fact)
    return dict(versions)


def details_of(said: list[Fact]) -> Message:
    """Fee, side and so on: from the fill, else from its repetitions. A correction does not inherit them."""
    same = [fact for fact in said if same_trade(said[0], fact)]
    return {field: next((f.get(field) for f in same if f.get(field) is not None), None) for field in FILL_DETAILS}


def is_latest_of_its_line(fact: Fact, correction: dict[str, Fact], stated: dict[str, Fact]) -> bool:
    """Whether every fill that it corrects, directly or by way of others, was corrected by none later."""
    met = set()
    step: Fact | None = fact
    while step is not None and step.get("corrects") is not None and step.get("fill_id") not in met:
        if correction.get(step.get("corrects"), step) is not step:
            return False
        met.add(step.get("fill_id"))
        step = stated.get(step.get("corrects"))
    return True


def standing_fills(facts: Iterable[Fact]) -> list[Fill]:
    """A fill stands unless busted or corrected; of two corrections of one fill the later stands. Order of arrival is nothing."""
    facts = sorted(facts, key=lambda fact: fact.when)
    versions = versions_of_fills(facts)
    busted = {fact.get("fill_id") for fact in facts if fact.type == "bust_fill"}
    stated = sorted((said[0] for said in versions.values()), key=lambda fact: fact.when)
    correction = {fact.get("corrects"): fact for fact in stated if fact.get("corrects") is not None}
    standing = [fact for fact in stated if fact.get("fill_id") not in busted | set(correction)]
    stated_by_id = {fact.get("fill_id"): fact for fact in stated}
    standing = [fact for fact in standing if is_latest_of_its_line(fact, correction, stated_by_id)]
    details = [details_of(versions[fact.get("fill_id")]) for fact in standing]
    return [Fill(f, number(f.get("quantity")), number(f.get("price")), told) for f, told in zip(standing, details, strict=True)]
