"""Which transfers count (account_cases.md, "transfer's id" and "same fact")."""

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction

from tests.auditing.facts import Fact, number


def id_of(fact: Fact) -> tuple[str, str, str | None]:
    """Its id is the venue's, else that of its message."""
    return fact.get("account"), fact.get("kind"), fact.get("venue_id") or fact.get("message_id")


def numbers_of(fact: Fact) -> tuple[str, Fraction]:
    return fact.get("currency"), number(fact.get("amount"))


def is_same_transfer(one: Fact, other: Fact) -> bool:
    return id_of(one) == id_of(other) and numbers_of(one) == numbers_of(other)


def counted_transfers(facts: Iterable[Fact]) -> list[Fact]:
    """Each transfer once. Of two under one id, the one with the earlier time counts, as with
    fills: so a result cannot depend on the order of recording."""
    transfers = sorted((f for f in facts if f.type == "transfer"), key=lambda fact: fact.when)
    by_id: dict[tuple[str, str, str | None], Fact] = {}
    for fact in transfers:
        by_id.setdefault(id_of(fact), fact)
    return [f for f in transfers if id_of(f)[2] is None or by_id[id_of(f)] is f]


def has_reused_id(facts: Iterable[Fact]) -> bool:
    """Whether one id was reported with two amounts or currencies."""
    numbers = defaultdict(set)
    for fact in facts:
        if fact.type == "transfer" and id_of(fact)[2] is not None:
            numbers[id_of(fact)].add(numbers_of(fact))
    return any(len(one) > 1 for one in numbers.values())
