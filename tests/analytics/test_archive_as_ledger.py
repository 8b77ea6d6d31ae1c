"""Every table of an archive has the rows of the ledger, column by column, whatever events the log
has."""

import json
from decimal import Decimal
from pathlib import Path
from time import sleep
from typing import Any

import pytest

from orderledger import Ledger, Transfer
from orderledger.analytics.relations import RELATIONS, columns_shown
from orderledger.domain.recorded import KINDS
from orderledger.infrastructure.storage.epoch import Loss
from tests.command_line import run
from tests.core.contract.streams import fill, of_account, opened, parsed, report, request, story

EVIDENCE = {"price": 0.10, "n": 12345678901234567890, "deep": ["é", None]}


def fills_of_others() -> list[dict[str, Any]]:
    """A fill that comes before its order is known, with all that stands beside an event; it is
    attributed when the order is."""
    told: dict[str, Any] = {"evidence": EVIDENCE, "text": "as said"}
    return [
        fill(None, "F-L", 20, venue_order_id="V-L", **told),
        request("L-1", 19),
        report("acknowledged", "L-1", 21, venue_order_id="V-L", **told),
        report(
            "status_observed", "L-1", 22, status="partially_filled", reported={"cum_quantity": "3"}
        ),
        report(
            "status_observed", "L-1", 23, status="partially_filled", reported={"cum_quantity": "1"}
        ),
        request("G-1", 24),
        report("acknowledged", "G-1", 25, **told),
    ]


def every_kind(ledger: Ledger) -> None:
    ledger.record_many(parsed(*story(), *fills_of_others()))
    ledger.record_many(
        parsed(
            of_account("halt", 30, reason="review", text="wait"), of_account("resume_trading", 31)
        )
    )
    settled = {"kind": "expiry", "price": "0"}
    ledger.record_many(
        parsed(
            of_account("split", 40, instrument="XYZ", ratio=[2, 1]),
            of_account("settle", 41, instrument="XYZ", message_id="S-1", **settled),
            of_account("settlement_busted", 42, instrument="XYZ", settlement_id="S-1"),
            of_account("rename", 43, instrument="XYZ", to="XYZW"),
        )
    )
    ledger.record(parsed(of_account("sender", 32, holder="host:1:bot", fence=1))[0])
    ledger.record(Transfer(account="sim:main", currency="USD", amount=Decimal(5), kind="deposit"))
    ledger.proof.forget_evidence("G-1", account="sim:main", reason="asked")
    ledger.internals.store.epoch.on_loss(Loss(kept_to=None, lost_to=10**6, digest="0f" * 32))
    while ledger.log.account_events(kind="log_went_back") == []:  # a thread records it
        sleep(0.01)


@pytest.fixture
def asked(durable_store_url: str, tmp_path: Path) -> tuple[str, Path]:
    with opened(durable_store_url) as ledger:
        every_kind(ledger)
        assert set(KINDS) == {row["name"] for row in ledger.events()}
    assert run("archive", tmp_path / "archive", "--db", durable_store_url).status == 0
    return durable_store_url, tmp_path / "archive"


@pytest.mark.slow
def test_every_column_of_every_table_of_an_archive_is_that_of_the_ledger(
    asked: tuple[str, Path],
) -> None:
    url, folder = asked
    for name, table in RELATIONS.items():
        query = ("sql", f"FROM {name} ORDER BY ALL", "--format", "ndjson")
        live, archived = run(*query, "--db", url), run(*query, "--archive", folder)
        rows, found = [list(map(json.loads, one.out.splitlines())) for one in (live, archived)]
        assert (live.status, archived.status, len(found)) == (0, 0, len(rows)), (name, archived.err)
        assert rows, name
        for column in columns_shown(table):
            assert [row[column.name] for row in found] == [row[column.name] for row in rows], (
                f"{name}.{column.name}"
            )


def test_an_attributed_copy_shows_the_evidence_of_the_first_report(asked: tuple[str, Path]) -> None:
    query = (
        "SELECT evidence, text FROM events WHERE attributed_from IS NOT NULL AND evidence IS NOT "
        "NULL"
    )
    (row,) = map(
        json.loads, run("sql", query, "--archive", asked[1], "--format", "ndjson").out.splitlines()
    )
    evidence = row["evidence"] if isinstance(row["evidence"], dict) else json.loads(row["evidence"])
    assert (evidence, row["text"]) == (EVIDENCE, "as said")
