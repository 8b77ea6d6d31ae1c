"""The log refuses every change, what is not ours is left alone, and views that were lost or changed
are folded again."""

import sqlite3
from pathlib import Path

import psycopg
import pytest

from orderledger import StoreUnreachable, StoreVersion
from orderledger.projections.tables import TABLES
from tests.core.contract.sql import connected, run_sql
from tests.core.contract.streams import every_view, lives, opened, parsed, story

# Immutable


@pytest.mark.parametrize(
    "statement", ["UPDATE orderledger_events SET topic = 'x'", "DELETE FROM orderledger_events"]
)
def test_the_database_refuses_to_change_events(durable_store_url: str, statement: str) -> None:
    with opened(durable_store_url) as ledger:
        ledger.record_many(parsed(*lives(2)))
        before = every_view(ledger)
        with pytest.raises((sqlite3.DatabaseError, psycopg.Error), match="events are immutable"):
            run_sql(durable_store_url, statement)
        assert every_view(ledger) == before


def test_postgresql_refuses_to_empty_the_log(postgres_schema_url: str) -> None:
    with opened(postgres_schema_url) as ledger:
        ledger.record_many(parsed(*lives(2)))
        with pytest.raises(psycopg.Error, match="events are immutable"):
            run_sql(postgres_schema_url, "TRUNCATE orderledger_events")


def test_sqlite_refuses_to_replace_events(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with opened(url) as ledger:
        ledger.record_many(parsed(*lives(1)))
        before = every_view(ledger)
        copy = (
            "SELECT originator_id, originator_version, 'x', state, notification_id FROM "
            "orderledger_events"
        )
        with pytest.raises(sqlite3.DatabaseError):
            run_sql(
                url,
                "PRAGMA recursive_triggers=ON",
                f"INSERT OR REPLACE INTO orderledger_events {copy}",
            )
        assert every_view(ledger) == before


def test_a_store_of_a_newer_version_is_refused(durable_store_url: str) -> None:
    opened(durable_store_url).close()
    run_sql(durable_store_url, "UPDATE ledger_schema SET version = 999")
    with pytest.raises(StoreVersion, match="newer version"):
        opened(durable_store_url)


@pytest.mark.parametrize("name", ["orders", "collectors", "view_positions", "orderledger_events"])
def test_a_database_of_another_program_is_refused_and_left_alone(
    new_store_url: str, name: str
) -> None:
    run_sql(
        new_store_url, f"CREATE TABLE {name} (what TEXT)", f"INSERT INTO {name} VALUES ('precious')"
    )
    with pytest.raises(StoreUnreachable, match=f"not a ledger.*{name}"):
        opened(new_store_url)
    connection = connected(new_store_url)
    assert connection.execute(f"SELECT * FROM {name}").fetchall() == [("precious",)]
    connection.close()


# The views can be thrown away


def test_views_that_were_emptied_are_folded_again(durable_store_url: str) -> None:
    with opened(durable_store_url) as ledger:
        ledger.record_many(parsed(*story()))
        before = every_view(ledger)
    run_sql(
        durable_store_url,
        *(f"DELETE FROM {table.name}" for table in TABLES),
        "UPDATE view_positions SET position = 0",
    )
    with opened(durable_store_url) as ledger:
        assert every_view(ledger) == before


@pytest.mark.slow
@pytest.mark.parametrize("is_position_kept", [True, False])
@pytest.mark.parametrize("verb", ["DELETE FROM", "DROP TABLE"])
def test_views_that_are_gone_are_folded_again(
    durable_store_url: str, verb: str, is_position_kept: bool
) -> None:
    with opened(durable_store_url) as ledger:
        ledger.record_many(parsed(*story()))
        before = every_view(ledger)
    tables = [table.name for table in TABLES] + ([] if is_position_kept else ["view_positions"])
    run_sql(durable_store_url, *(f"{verb} {table}" for table in tables))
    with opened(durable_store_url) as ledger:
        if is_position_kept and verb == "DELETE FROM":
            assert (
                not ledger.views.rebuild().is_equal
            )  # nothing tells an empty table from an empty log: `rebuild` mends it
        assert every_view(ledger) == before
        assert ledger.views.check().differences == ()


def test_a_changed_view_is_found_and_mended(durable_store_url: str) -> None:
    with opened(durable_store_url) as ledger:
        ledger.record_many(parsed(*lives(3)))
        before = every_view(ledger)
        run_sql(
            durable_store_url,
            "UPDATE orders SET status = 'new' WHERE client_order_id = 'C-1'",
            "DELETE FROM trades",
        )
        differences = [difference.where for difference in ledger.views.check().differences]
        assert (
            "orders sim:main/C-1 status" in differences
            and sum("trades" in where for where in differences) == 6
        )
        assert not ledger.views.rebuild().is_equal
        assert every_view(ledger) == before
        assert ledger.views.check().differences == ()
