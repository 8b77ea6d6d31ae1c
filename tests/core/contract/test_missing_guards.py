"""Triggers that somebody dropped or disabled are found when a store is opened, and put back."""

import sqlite3

import psycopg
import pytest

from tests.captured_logs import captured
from tests.core.contract.sql import run_sql
from tests.core.contract.streams import lives, opened, parsed

TABLE_OF = {"orderledger": "orderledger_events", "order": "order_names", "event": "event_evidence"}
GUARDS = {
    "sqlite": (
        "orderledger_events_dense",
        "orderledger_events_no_update",
        "orderledger_events_no_delete",
        "order_names_no_delete",
        "order_names_no_update",
        "event_evidence_no_update",
        "event_evidence_no_delete",
    ),
    "postgresql": (
        "orderledger_events_immutable",
        "order_names_kept",
        "order_names_moved",
        "event_evidence_kept",
        "event_evidence_unchanged",
    ),
}


def kind_of(url: str) -> str:
    return url.partition(":")[0]


def remove(url: str, name: str) -> None:
    table = TABLE_OF[name.partition("_")[0]]
    run_sql(url, f"DROP TRIGGER {name}" + ("" if kind_of(url) == "sqlite" else f" ON {table}"))


def test_every_dropped_trigger_is_put_back_with_a_warning(durable_store_url: str) -> None:
    with opened(durable_store_url) as ledger:
        ledger.record_many(parsed(*lives(2)))
    for name in GUARDS[kind_of(durable_store_url)]:
        remove(durable_store_url, name)
        with captured() as records, opened(durable_store_url):
            pass
        found = [(r["event"], r["level"], r["guards"]) for r in records if "guards" in r]
        assert found == [("guards_restored", "warning", name)]
    with captured() as records, opened(durable_store_url) as ledger:
        assert ledger.views.check().differences == ()
    assert not [record for record in records if "guards" in record]
    with pytest.raises((sqlite3.DatabaseError, psycopg.Error), match="events are immutable"):
        run_sql(durable_store_url, "UPDATE orderledger_events SET topic = 'x'")


def test_check_names_a_trigger_that_was_missing_at_opening(durable_store_url: str) -> None:
    opened(durable_store_url).close()
    name = next(name for name in GUARDS[kind_of(durable_store_url)] if "events" in name)
    remove(durable_store_url, name)
    with opened(durable_store_url) as ledger:
        assert [found.where for found in ledger.views.check().differences] == [name]


def test_check_names_a_trigger_that_was_dropped_under_an_open_ledger(
    durable_store_url: str,
) -> None:
    with opened(durable_store_url) as ledger:
        name = GUARDS[kind_of(durable_store_url)][0]
        remove(durable_store_url, name)
        assert [found.where for found in ledger.views.check().differences] == [name]


def test_a_disabled_trigger_is_enabled_again(postgres_schema_url: str) -> None:
    opened(postgres_schema_url).close()
    run_sql(postgres_schema_url, "ALTER TABLE orderledger_events DISABLE TRIGGER USER")
    with captured() as records, opened(postgres_schema_url):
        pass
    assert [r["guards"] for r in records if "guards" in r] == ["orderledger_events_immutable"]
    with pytest.raises(psycopg.Error, match="events are immutable"):
        run_sql(postgres_schema_url, "TRUNCATE orderledger_events")
