"""A fact about an account is recorded once, however long ago and by whichever process: a key of it
is stored beside it."""

from typing import Any

import pytest

from orderledger import Ledger
from orderledger.infrastructure.storage.table_names import FACTS_TABLE
from tests.core.contract.sql import run_sql
from tests.core.contract.streams import moment, of_account, parsed

MARKS = [
    of_account("mark", number, instrument="BTC-USD", price=str(100 + number % 3))
    for number in range(30)
]
FACTS = [
    of_account("instrument", 0, instrument="BTC-USD", multiplier="1.50", inverse=False),
    of_account("mark", 0, instrument="BTC-USD", price="1e2"),
    of_account("funding", 1, instrument="BTC-USD", amount="-0.10", currency="USD"),
    of_account("adjust", 1, instrument="BTC-USD", quantity="0", price="0"),
    of_account("balance", 1, instrument="BTC-USD", quantity="-2"),
    of_account("gap", 2, **{"from": moment(1), "to": moment(2)}),
    of_account(
        "certify", 3, covered_from=moment(0), covered_to=moment(3), orders=0, fills=0, positions=1
    ),
]
EQUAL = [
    {**FACTS[0], "multiplier": "1.5"},
    {**FACTS[1], "price": "100.0"},
    {**FACTS[2], "amount": "-0.1"},
    {**FACTS[3], "at": moment(1).replace("+00:00", "Z")},
    *FACTS[4:],
]


def outcomes(ledger: Ledger, documents: list[dict[str, Any]]) -> list[str]:
    return [told.outcome for told in ledger.record_many(parsed(*documents))]


def test_equal_facts_are_duplicates_also_after_a_restart(durable_store_url: str) -> None:
    with Ledger.open(durable_store_url) as ledger:
        assert outcomes(ledger, FACTS) == ["recorded"] * len(FACTS)
        assert outcomes(ledger, FACTS) == ["duplicate"] * len(FACTS)
    with Ledger.open(durable_store_url) as ledger:
        for document in EQUAL:
            assert outcomes(ledger, [document, document]) == ["duplicate"] * 2
        assert ledger.views.check().differences == ()


@pytest.mark.parametrize("kind", ["funding", "mark"])
def test_a_message_id_tells_equal_sums_apart_and_the_same_message_again(
    durable_store_url: str, kind: str
) -> None:
    fact = FACTS[2] if kind == "funding" else FACTS[1]
    named = [{**fact, "message_id": name} for name in ("M-1", "M-2")]
    expected = ["recorded", "recorded" if kind == "funding" else "duplicate"]
    with Ledger.open(durable_store_url) as ledger:
        assert [outcomes(ledger, [one])[0] for one in named] == expected
    with Ledger.open(durable_store_url) as ledger:
        assert outcomes(ledger, [*named, fact]) == ["duplicate"] * 3
        assert ledger.views.check().differences == ()


def test_a_fact_that_another_ledger_has_recorded_is_a_duplicate(two: tuple[Ledger, Ledger]) -> None:
    one, other = two
    for mine, theirs in zip(MARKS[:10:2], MARKS[1:10:2], strict=True):
        assert outcomes(one, [mine]) == outcomes(other, [theirs]) == ["recorded"]
    assert outcomes(one, MARKS[:10]) == outcomes(other, MARKS[:10]) == ["duplicate"] * 10


def test_marks_are_neither_remembered_nor_read_again(
    durable_store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        outcomes(ledger, MARKS)
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        recorder = ledger._store.recorder
        monkeypatch.setattr(
            recorder, "rows_of", lambda streams: pytest.fail(f"read all of {streams}")
        )
        later = [{**mark, "price": "7"} for mark in MARKS]
        assert outcomes(ledger, [MARKS[3], *later]) == ["duplicate", *["recorded"] * len(later)]
        (live,) = ledger._writer._decider.streams.values()
        assert (live.version, live.log.known, live.log.added) == (60, set(), [])


def test_a_ledger_of_an_older_schema_gets_the_keys_when_it_is_opened(
    durable_store_url: str,
) -> None:
    with Ledger.open(durable_store_url) as ledger:
        outcomes(ledger, [*FACTS, *MARKS[1:]])
    run_sql(durable_store_url, f"DROP TABLE {FACTS_TABLE}", "UPDATE ledger_schema SET version = 3")
    with Ledger.open(durable_store_url) as ledger:
        assert ledger.views.check().differences == ()
        assert outcomes(ledger, [*FACTS, *MARKS[1:]]) == ["duplicate"] * (
            len(FACTS) + len(MARKS) - 1
        )


def test_check_tells_of_keys_that_the_log_does_not_give_and_rebuild_puts_them_right(
    durable_store_url: str,
) -> None:
    with Ledger.open(durable_store_url) as ledger:
        outcomes(ledger, MARKS[:3])
        run_sql(
            durable_store_url,
            f"DELETE FROM {FACTS_TABLE} WHERE key = (SELECT MIN(key) FROM {FACTS_TABLE})",
            f"INSERT INTO {FACTS_TABLE} (stream, key) VALUES ('sim:main#mark/BTC-USD', 'x')",
        )
        told = [(one.where.split()[0], one.what) for one in ledger.views.check().differences]
        assert sorted(told) == [
            (FACTS_TABLE, "among the keys of facts, not in the log"),
            (FACTS_TABLE, "in the log, not among the keys of facts"),
        ]
        assert not ledger.views.rebuild().is_equal
        assert ledger.views.check().differences == ()
        assert ledger.views.rebuild().is_equal
