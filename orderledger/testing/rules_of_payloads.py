"""Rules of reading payloads, tried with payloads that a seed spoils.

Nothing is raised, every fault costs its own row, and all messages can be recorded.
"""

import json
import random
from collections.abc import Sequence
from typing import Any

import pytest

from orderledger import Balance, Instrument, Ledger, Message
from orderledger.extend.messages import Report
from orderledger.testing.samples import UNKNOWN, PayloadSamples
from orderledger.testing.spoiling import Mutator, at, everywhere, paths
from orderledger.venues.base.registry import adapters, installed
from orderledger.venues.base.transport import parsed
from orderledger.venues.base.venue import NoRecords, Records
from orderledger.venues.collecting.records import records_of

SEEDS = 60
MANY_SEEDS = 10_000
KEPT = 200
"""Payloads of one ledger; the next ones get a new ledger."""


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
    """Check that all its messages can be recorded, that reading it twice gives the same messages,
    and that their evidence is part of the payload."""
    document = parsed(text)
    reported, _ = samples.read(document, account, records)
    assert [message.model_dump() for message in samples.read(document, account, records)[0]] == [
        m.model_dump() for m in reported
    ], text
    assert {outcome.outcome for outcome in ledger.record_many(reported)} <= {
        "recorded",
        "duplicate",
    }, text
    again = {outcome.outcome for outcome in ledger.record_many(reported)}
    assert again <= {"duplicate"} or contradict([*known, *reported]), text
    for message in reported:
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


def contradict(reported: Sequence[Message]) -> bool:
    """Whether one venue order is given two client ids: each is news to the ledger again and
    again."""
    names: dict[tuple[str, str], str] = {}
    reports = [
        message
        for message in reported
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
        expected = reported_of(samples, parsed(json.dumps(around([neighbor]))), neighbor)
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
        assert reported_of(samples, parsed(text), neighbor)[: len(expected)] == expected, text


def reported_of(samples: PayloadSamples, document: Any, neighbor: Any) -> list[Any]:
    """The messages of one row."""
    raw = parsed(json.dumps(neighbor))
    reported, _ = samples.read(document, f"{samples.name}:main", NoRecords())
    return [message.model_dump() for message in reported if message.evidence == raw]


class RulesOfPayloads:
    """Rules of reading payloads. A class of tests derives from it and has a fixture `samples`,
    the `PayloadSamples` of a venue.
    """

    def test_a_spoiled_payload_is_read_or_a_fault_and_never_raised(
        self, samples: PayloadSamples
    ) -> None:
        spoil(samples, samples.documents, range(SEEDS))

    def test_a_spoiled_row_costs_its_neighbors_nothing(self, samples: PayloadSamples) -> None:
        spoil_beside_others(samples, range(SEEDS))

    @pytest.mark.long
    def test_tens_of_thousands_of_spoiled_payloads_are_read_or_faults(
        self, samples: PayloadSamples
    ) -> None:
        spoil(samples, samples.documents, range(SEEDS, MANY_SEEDS))
        spoil_beside_others(samples, range(SEEDS, MANY_SEEDS))

    def test_an_unknown_status_is_reported_as_it_is_and_ends_nothing(
        self, samples: PayloadSamples
    ) -> None:
        with Ledger.open("memory://", update_views=False) as ledger:
            reported, faults = samples.read(
                parsed(json.dumps(samples.unknown)), f"{samples.name}:main", NoRecords()
            )
            ledger.record_many(reported)
            (order,) = ledger.orders(open_only=True)
        assert not faults and UNKNOWN in {getattr(message, "status", None) for message in reported}
        assert "unknown_status" in order["anomalies"]
