"""Payloads spoiled by chance, one seed each: nothing is raised, every fault costs its own row, all
that is told can be kept."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.infrastructure.messages.registry import Balance, Instrument, Message, Report
from orderledger.venues.base.registry import adapters, installed
from orderledger.venues.base.transport import parsed
from orderledger.venues.base.venue import NoRecords, Records
from orderledger.venues.collecting.records import records_of
from tests.venues.mutations import (
    NUMBERS,
    OTHERS,
    RAW,
    RAW_NUMBERS,
    TIMES,
    WORDS,
    Mutator,
    at,
    everywhere,
    paths,
)
from tests.venues.payload_samples import PAYLOAD_SAMPLES, PayloadSamples

SEEDS = 60
MANY_SEEDS = 10_000
ONE_IN = 7
KEPT = 200
"""After so many payloads a new ledger is begun."""


def spoil(samples: PayloadSamples, documents: Sequence[Any], seeds: range) -> None:
    url = "memory://"
    for start in range(seeds.start, seeds.stop, KEPT):
        with (
            Ledger.open(url, update_views=False) as ledger,
            records_of(url, ledger, adapters(installed())) as records,
        ):
            for seed in range(start, min(start + KEPT, seeds.stop)):
                spoil_one(samples, documents, seed, ledger, records)


def spoil_one(
    samples: PayloadSamples, documents: Sequence[Any], seed: int, ledger: Ledger, records: Records
) -> None:
    chance, account = random.Random(seed), f"{samples.name}:{seed}"
    document = chance.choice(documents)
    if chance.random() < 0.5:
        ledger.record(samples.request(account))
    known = (
        samples.read(parsed(json.dumps(document)), account, records)[0]
        if chance.random() < 0.3
        else ()
    )
    ledger.record_many(known)
    text = Mutator(seed).text(document, times=chance.choice([1, 1, 1, 2, 4]))
    assert_kept(samples, text, account, ledger, records, known)


def assert_kept(
    samples: PayloadSamples,
    text: str,
    account: str,
    ledger: Ledger,
    records: Records,
    known: Sequence[Message],
) -> None:
    """Whatever is told of it can be recorded, read twice it says the same, and its evidence stands
    in the payload."""
    document = parsed(text)
    told, _ = samples.read(document, account, records)
    assert [message.model_dump() for message in samples.read(document, account, records)[0]] == [
        m.model_dump() for m in told
    ], text
    assert {outcome.outcome for outcome in ledger.record_many(told)} <= {"recorded", "duplicate"}, (
        text
    )
    again = {outcome.outcome for outcome in ledger.record_many(told)}
    assert again <= {"duplicate"} or contradict([*known, *told]), text
    for message in told:
        is_made_up = isinstance(message, (Instrument, Balance))
        assert is_made_up or any(
            at(document, place) == message.evidence for place in paths(document)
        ), text
    for fill in ledger.trades(account=account):
        assert fill["quantity"] > 0, text
    ledger.positions(account=account)
    ledger.log.account_events(account=account)


def sweep(samples: PayloadSamples, values: Sequence[Any], url: str, step: int = 1) -> None:
    for document in samples.documents:
        with (
            Ledger.open(url, update_views=False) as ledger,
            records_of(url, ledger, adapters(installed())) as records,
        ):
            for number, text in enumerate(everywhere(document, values, step)):
                account = f"{samples.name}:{len(paths(document))}:{number}"
                assert_kept(samples, text, account, ledger, records, [])


def contradict(told: Sequence[Message]) -> bool:
    """Whether one venue order is given two client ids: each is news to the ledger again and
    again."""
    names: dict[tuple[str, str], str] = {}
    reports = [
        message
        for message in told
        if isinstance(message, Report) and message.venue_order_id is not None
    ]
    given = [
        ((message.venue_order_id or "", name), value)
        for message in reports
        for name, value in message.aliases.items()
    ]
    return any(names.setdefault(key, value) != value for key, value in given)


def spoil_beside_others(samples: PayloadSamples, seeds: range) -> None:
    for seed in seeds:
        chance = random.Random(seed)
        around, row, neighbor = samples.rows[chance.choice(sorted(samples.rows))]
        expected = said_of(samples, parsed(json.dumps(around([neighbor]))), neighbor)
        assert expected
        place = chance.randrange(3)
        rows = [neighbor, neighbor, neighbor]
        rows[place] = row
        document = around(rows)
        (within,) = [
            path
            for path in paths(document)
            if path and path[-1] == place and at(document, path) is row
        ]
        text = Mutator(seed).text(document, times=chance.choice([1, 2, 4]), within=within)
        assert said_of(samples, parsed(text), neighbor)[: len(expected)] == expected, text


def said_of(samples: PayloadSamples, document: Any, neighbor: Any) -> list[Any]:
    """What is told of one row."""
    raw = parsed(json.dumps(neighbor))
    told, _ = samples.read(document, f"{samples.name}:main", NoRecords())
    return [message.model_dump() for message in told if message.evidence == raw]


@pytest.mark.parametrize("samples", PAYLOAD_SAMPLES.values(), ids=PAYLOAD_SAMPLES)
def test_a_spoiled_payload_is_told_or_a_fault_and_never_raised(samples: PayloadSamples) -> None:
    spoil(samples, samples.documents, range(SEEDS))


@pytest.mark.parametrize("samples", PAYLOAD_SAMPLES.values(), ids=PAYLOAD_SAMPLES)
def test_a_spoiled_row_costs_its_neighbors_nothing(samples: PayloadSamples) -> None:
    spoil_beside_others(samples, range(SEEDS))


@pytest.mark.long
@pytest.mark.parametrize("samples", PAYLOAD_SAMPLES.values(), ids=PAYLOAD_SAMPLES)
def test_tens_of_thousands_of_spoiled_payloads_are_told_or_faults(samples: PayloadSamples) -> None:
    spoil(samples, samples.documents, range(SEEDS, MANY_SEEDS))
    spoil_beside_others(samples, range(SEEDS, MANY_SEEDS))


@pytest.mark.long
@pytest.mark.shared
@pytest.mark.parametrize("samples", PAYLOAD_SAMPLES.values(), ids=PAYLOAD_SAMPLES)
def test_spoiled_samples_are_told_or_faults(samples: PayloadSamples, shared: Path) -> None:
    documents = [
        json.loads(path.read_text())
        for path in sorted((shared / "venues/samples" / samples.name).iterdir())
    ]
    spoil(samples, documents, range(MANY_SEEDS))


@pytest.mark.long
@pytest.mark.parametrize("samples", PAYLOAD_SAMPLES.values(), ids=PAYLOAD_SAMPLES)
def test_odd_values_in_every_place_are_told_or_faults(samples: PayloadSamples) -> None:
    values = [*OTHERS, *NUMBERS, *(f"{RAW}{number}{RAW}" for number in RAW_NUMBERS), *TIMES, *WORDS]
    sweep(samples, values, "memory://", ONE_IN)


@pytest.mark.long
@pytest.mark.parametrize("samples", PAYLOAD_SAMPLES.values(), ids=PAYLOAD_SAMPLES)
def test_text_that_a_store_cannot_hold_is_told_or_a_fault(
    samples: PayloadSamples, durable_store_url: str
) -> None:
    sweep(samples, ["\x00", "\ud800"], durable_store_url)
