"""The index of names, by which a report finds its order: guarded, checked and rebuilt from the log
as any view is."""

import sqlite3
from pathlib import Path
from typing import Any

import psycopg
import pytest

from orderledger import Ledger
from tests.core.contract.sql import connected, run_sql
from tests.core.contract.streams import fill, opened, parsed, report, request, story

GUARDS = {
    "sqlite": ("order_names_no_delete", "order_names_no_update"),
    "postgresql": ("order_names_kept", "order_names_moved"),
}


def unguarded(url: str, *statements: str) -> None:
    """Run statements that the database refuses, as the owner of its tables may."""
    kind = url.partition(":")[0]
    dropping = [
        f"DROP TRIGGER {name}{'' if kind == 'sqlite' else ' ON order_names'}"
        for name in GUARDS[kind]
    ]
    run_sql(url, *dropping, *statements)


def names_in(url: str) -> list[Any]:
    connection = connected(url)
    try:
        return sorted(
            connection.execute("SELECT account, kind, name, stream FROM order_names").fetchall()
        )
    finally:
        connection.close()


MET = (
    request("C-1"),
    report("acknowledged", "C-1", 1, venue_order_id="V-1", aliases={"index": "7"}),
    {**report("acknowledged", "X", 2), "client_order_id": None, "venue_order_id": "V-9"},
    report("acknowledged", "C-1", 3, venue_order_id="V-9"),  # the unknown order turns out to be C-1
)
DAMAGES = {
    "missing": (
        "DELETE FROM order_names WHERE name = 'V-1'",
        "order_names sim:main/venue/V-1",
        "missing in the view",
    ),
    "extra": (
        "INSERT INTO order_names VALUES ('sim:main', 'venue', 'V-2', 'sim:main/C-1')",
        "order_names sim:main/venue/V-2",
        "in the view, not in the log",
    ),
    "wrong": (
        "UPDATE order_names SET stream = 'sim:main/C-7' WHERE name = 'V-1'",
        "order_names sim:main/venue/V-1 stream",
        "the log gives sim:main/C-1, the view has sim:main/C-7",
    ),
}


def differences(ledger: Ledger) -> list[tuple[str, str]]:
    """Without the triggers, which had to be dropped for the damage."""
    found = ledger.views.check().differences
    return [(one.where, one.what) for one in found if "trigger" not in one.what]


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_index_is_found_and_mended(durable_store_url: str, damage: str) -> None:
    with opened(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(*MET))
    before = names_in(durable_store_url)
    statement, where, what = DAMAGES[damage]
    unguarded(durable_store_url, statement)
    with opened(durable_store_url, update_views=False) as ledger:
        assert differences(ledger) == [(where, what)]
        rebuilt = ledger.views.rebuild()
        assert ("order_names" in rebuilt.names, rebuilt.is_equal) == (True, False)
        assert differences(ledger) == []
        assert names_in(durable_store_url) == before
        assert ledger.views.rebuild(["order_names"]).is_equal
        assert (
            ledger.record(parsed(fill(None, "F-1", 5, venue_order_id="V-1"))[0]).outcome
            == "recorded"
        )
        assert [order["client_order_id"] for order in ledger.orders()] == ["C-1"]


def test_a_rebuild_with_several_processes_mends_it_as_well(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with opened(url, update_views=False) as ledger:
        ledger.record_many(parsed(*MET))
        before = names_in(url)
        unguarded(url, *(statement for statement, _, _ in DAMAGES.values()))
        assert not ledger.views.rebuild(jobs=2).is_equal
        assert names_in(url) == before


def test_the_index_folded_again_is_the_index_that_was_written(durable_store_url: str) -> None:
    """Of every kind of message and every strange id."""
    with opened(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(*MET, *story()))
        assert ledger.views.rebuild(["order_names"]).is_equal
        assert ledger.views.check().differences == ()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM order_names",
        "UPDATE order_names SET stream = 'sim:main/C-7' WHERE name = 'V-1'",
        "UPDATE order_names SET name = 'V-2' WHERE name = 'V-1'",
    ],
)
def test_the_database_refuses_to_change_names_also_after_they_were_mended(
    durable_store_url: str, statement: str
) -> None:
    with opened(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(*MET))
        run_sql(durable_store_url, DAMAGES["extra"][0])
        assert not ledger.views.rebuild(["order_names"]).is_equal
        before = names_in(durable_store_url)
        with pytest.raises(
            (sqlite3.DatabaseError, psycopg.Error), match="names of orders are kept"
        ):
            run_sql(durable_store_url, statement)
        assert names_in(durable_store_url) == before


def test_postgresql_refuses_to_empty_the_index(postgres_schema_url: str) -> None:
    with opened(postgres_schema_url, update_views=False) as ledger:
        ledger.record_many(parsed(*MET))
        with pytest.raises(psycopg.Error, match="names of orders are kept"):
            run_sql(postgres_schema_url, "TRUNCATE order_names")
