"""Whatever is recorded: as of any time every view is what it was then, and what follows depends on
the log alone: not on which ledger has written it, in what batches, or what it remembers."""

from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from orderledger import (
    AmbiguousOrder,
    InvalidMessage,
    Ledger,
    Outcome,
    UnknownOrder,
    parse_document,
)
from orderledger.infrastructure.clock import SteppingClock
from orderledger.infrastructure.engine import resolving, streams
from orderledger.infrastructure.engine.entries import to_entry
from orderledger.infrastructure.messages.registry import Message
from orderledger.projections import fold
from tests.core.properties.any_messages import ACCOUNTS, NAMES, any_messages
from tests.core.properties.checks import RECORDED_AT, views_of
from tests.seeds import of_seeds

LATER = RECORDED_AT + timedelta(days=1)


def valid_messages(chance: Random, *, are_timed: bool) -> list[Message]:
    """Those of them that are messages."""
    valid = []
    for document in any_messages(chance, are_timed=are_timed):
        try:
            message = parse_document(document)
            to_entry(message)
        except InvalidMessage:
            continue
        valid.append(message)
    return valid


def all_answers(ledger: Ledger, **moment: Any) -> list[Any]:
    """Every view, and the order of every name with its history."""
    found: list[Any] = []
    for name, account in [(name, account) for name in NAMES for account in (None, *ACCOUNTS)]:
        try:
            found.append(
                (
                    ledger.order(name, account=account, **moment),
                    ledger.history(name, account=account, **moment),
                )
            )
        except (UnknownOrder, AmbiguousOrder) as error:
            found.append(str(error))
    more = (
        ledger.proposals,
        ledger.instruments,
        ledger.log.account_events,
        ledger.reconciliations.certificates,
    )
    return [
        *found,
        *views_of(ledger, **moment),
        ledger.pnl(by=("account", "day"), **moment),
        *(view(**moment) for view in more),
    ]


def told(outcomes: list[Outcome]) -> list[Any]:
    return [(outcome.outcome, outcome.reason, outcome.anomalies) for outcome in outcomes]


def facts_of(ledger: Ledger) -> list[Any]:
    """The log, but for what tells when it was written."""
    return [
        {name: value for name, value in event.items() if name not in ("at", "recorded_at")}
        for event in ledger.events()
    ]


def check_times(seed: int) -> None:
    with Ledger.open("memory://", clock=SteppingClock(RECORDED_AT), update_views=False) as ledger:
        known: list[tuple[Any, list[Any]]] = []
        for message in valid_messages(Random(seed), are_timed=False):
            if ledger.record(message).outcome == "recorded":
                last = list(ledger.events())[-1]
                known.append(
                    (last["position" if len(known) % 2 else "recorded_at"], all_answers(ledger))
                )
        for moment, found in known:
            assert all_answers(ledger, as_of=moment) == found, f"seed {seed}, as of {moment}"
        assert all_answers(ledger, effective_at=LATER) == all_answers(ledger), f"seed {seed}"


def check_memories(folder: Path, seed: int) -> None:
    chance = Random(seed)
    messages = valid_messages(chance, are_timed=True)
    with Ledger.open("memory://", clock=SteppingClock(RECORDED_AT), update_views=False) as alone:
        expected = told([alone.record(message) for message in messages])
        log = facts_of(alone)
    url = f"sqlite:///{folder}/{seed}.db"
    ledgers = [
        Ledger.open(url, clock=SteppingClock(RECORDED_AT), update_views=False, synchronous="OFF")
        for _ in range(3)
    ]
    found = []
    while messages:
        ledger = chance.choice(ledgers)
        batch = [messages.pop(0) for _ in range(min(chance.randint(1, 4), len(messages)))]
        previewed = told(ledger.recording.preview(batch))
        outcomes = told(ledger.record_many(batch))
        assert outcomes == previewed, f"seed {seed}"
        chance.choice(ledgers).views.catch_up()
        found += outcomes
    assert found == expected, f"seed {seed}"
    assert facts_of(ledgers[0]) == log, f"seed {seed}"
    answers = [all_answers(ledger) for ledger in ledgers]
    assert answers[0] == answers[1] == answers[2], f"seed {seed}"
    assert ledgers[1].views.rebuild().is_equal and ledgers[2].views.check().differences == (), (
        f"seed {seed}"
    )
    for ledger in ledgers:
        ledger.close()


@pytest.mark.slow
@of_seeds
def test_as_of_any_time_every_view_is_what_it_was_then(seeds: range) -> None:
    for seed in seeds:
        check_times(seed)


@of_seeds
def test_three_ledgers_by_turns_record_what_one_does(tmp_path: Path, seeds: range) -> None:
    for seed in seeds:
        check_memories(tmp_path, seed)


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ledgers forget almost everything after each commit, as they otherwise do after thousands of
    orders."""
    for module, limit in (
        (streams, "STREAMS_KEPT"),
        (streams, "ENDED_KEPT"),
        (resolving, "NAMES_KEPT"),
        (fold, "ENDED_ORDERS_KEPT"),
        (fold, "ORDERS_KEPT"),
    ):
        monkeypatch.setattr(module, limit, 1)


@of_seeds
@pytest.mark.usefixtures("little_memory")
def test_ledgers_that_have_to_forget_record_what_one_does(tmp_path: Path, seeds: range) -> None:
    for seed in seeds:
        check_memories(tmp_path, seed)
