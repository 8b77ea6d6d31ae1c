"""Which instrument a name means at a time: it goes on under its latest name (account_cases.md,
"rename")."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from tests.auditing.facts import Fact
from tests.auditing.fills import counted_fills
from tests.auditing.names import collect


def name_of(name: str, at: datetime, renames: list[Fact]) -> str:
    """The latest name of what was called so at this time. From the time of a rename on, the old
    name is that of another instrument."""
    while later := [fact for fact in renames if fact.get("instrument") == name and at < fact.at]:
        first = min(later, key=lambda fact: fact.when)
        name, at = first.get("to"), first.at
    return name


def under_latest_names(facts: Iterable[Fact]) -> list[Fact]:
    """The facts of one account with the names that their instruments have now."""
    facts = list(facts)
    renames = [fact for fact in facts if fact.type == "rename"]
    times = times_of_fills(facts) if renames else {}
    return [renamed(fact, times.get(fact, fact.at), renames) for fact in facts]


def times_of_fills(facts: list[Fact]) -> dict[Fact, datetime]:
    """When each fill was traded. A report may be dated later, and so may a correction."""
    times = {}
    for order in collect(fact for fact in facts if fact.is_of_order):
        counted = counted_fills(order.facts)
        for fact in order.of("fill", "fill_corrected"):
            times[fact] = counted[fact.get("fill_id")].traded[0]
    return times


def renamed(fact: Fact, at: datetime, renames: list[Fact]) -> Fact:
    if not renames or fact.type == "rename":
        return fact
    message = dict(fact.message)
    if fact.type == "instrument":
        message["named"] = message["instrument"]
    if message.get("instrument") is not None:
        message["instrument"] = name_of(message["instrument"], at, renames)
    if message.get("into"):
        leg = message["into"]
        message["into"] = {**leg, "instrument": name_of(leg["instrument"], at, renames)}
    return replace(fact, message=message)
