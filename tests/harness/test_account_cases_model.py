"""The oracle of accounts gives the figures of every case, in any order of recording."""

import re
from collections.abc import Iterable, Iterator
from copy import deepcopy
from datetime import timedelta
from fractions import Fraction
from functools import reduce
from operator import getitem
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.account_auditor import AccountAuditor
from tests.auditing.account_cases import (
    EVENT_CASES,
    KINDS,
    KINDS_OF_EVENTS,
    OWN_CASES,
    Case,
    cases_in,
    faults_of,
    moment_of,
)
from tests.auditing.facts import Message

ORDERS_OF_RECORDING = 20
ALL_KINDS = KINDS | KINDS_OF_EVENTS
OWN = [case for path in (OWN_CASES, EVENT_CASES) for case in cases_in(path, ALL_KINDS)]


def recorded(case: Case, messages: Iterable[Message]) -> AccountAuditor:
    """The auditor after these messages, asked at the moment of the case."""
    auditor, moment = AccountAuditor(case["account"]), moment_of(case)
    for index, message in enumerate(messages):
        assert auditor.offer(message, moment + timedelta(seconds=index)) != "refused", message
    return auditor.seen(effective_at=moment)


def orders_of(case: Case) -> Iterator[list[Message]]:
    """The messages in the given order, and in random orders."""
    chance = Random(case["id"])
    yield case["input"]
    for _ in range(ORDERS_OF_RECORDING):
        yield chance.sample(case["input"], len(case["input"]))


def check(case: Case) -> None:
    for messages in orders_of(case):
        assert faults_of(case, recorded(case, messages)) == [], (case["id"], messages)


@pytest.mark.shared
def test_every_shared_case_in_any_order_of_recording(shared: Path) -> None:
    cases = cases_in(shared / "data" / "account_cases.json", ALL_KINDS)
    assert len(cases) == 63
    for case in cases:
        check(case)


@pytest.mark.parametrize("case", OWN, ids=lambda case: case["id"])
def test_own_cases_in_any_order_of_recording(case: Case) -> None:
    check(case)


@pytest.mark.shared
def test_a_figure_that_is_not_the_cases_is_found(shared: Path) -> None:
    """Each figure of each case is changed by one, alone."""
    for case in cases_in(shared / "data" / "account_cases.json", ALL_KINDS):
        auditor = recorded(case, case["input"])
        for where in places_of_figures(case["expected"]):
            assert faults_of(changed(case, where), auditor) != [], (case["id"], where)


def places_of_figures(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the decimal strings and fractions are, as keys and indexes."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for name, one in items:
            yield from places_of_figures(one, (*place, name))
    elif isinstance(value, str) and re.fullmatch(r"-?[0-9.]+(/[0-9]+)?", value):
        yield place


def changed(case: Case, place: tuple[Any, ...]) -> Case:
    copy = deepcopy(dict(case))
    *way, last = ("expected", *place)
    target = reduce(getitem, way, copy)
    target[last] = str(Fraction(target[last]) + 1)
    return copy
