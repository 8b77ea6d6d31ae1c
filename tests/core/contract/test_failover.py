"""A PostgreSQL server that comes back with an older state of the log, and one that waits for its
standby: with real servers, a real standby and a real restored copy."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Any

import psycopg
import pytest

from orderledger import (
    Acknowledged,
    Fill,
    Ledger,
    LogWentBack,
    OutcomeUnknown,
    Request,
    StoreError,
    Submit,
)
from tests.local_postgres import PostgresServer, private_postgres, standby_of
from tests.older_log import database, until, until_answered

pytestmark = pytest.mark.slow

T = 1_790_000_000_000_000
ACCOUNT = "pg:a"


def about(order: str, at: int) -> dict[str, Any]:
    return {"account": ACCOUNT, "client_order_id": order, "at": T + at}


def order(name: str, at: int = 0) -> list[Any]:
    terms: dict[str, Any] = {
        "instrument": "X",
        "side": "buy",
        "quantity": "10",
        "order_type": "limit",
    }
    return [
        Request(**about(name, at + 1), **terms, limit_price="5"),
        Submit(**about(name, at + 2)),
        Acknowledged(**about(name, at + 3), venue_order_id=f"V-{name}"),
    ]


def fill(number: int, name: str = "C-1") -> Fill:
    return Fill(**about(name, 10 + number), fill_id=f"F{number}", quantity="3", price="5")


def run(server: PostgresServer, statement: str) -> list[Any]:
    with psycopg.connect(server.url, autocommit=True) as connection:
        found = connection.execute(statement.encode())
        return found.fetchall() if found.description else []


def has_all(standby: PostgresServer, position: int) -> bool:
    with suppress(psycopg.errors.UndefinedTable):
        return run(standby, "SELECT max(notification_id) FROM orderledger_events") == [(position,)]
    return False


def make_synchronous(primary: PostgresServer) -> None:
    run(primary, "ALTER SYSTEM SET synchronous_standby_names = 'second'")
    run(primary, "SELECT pg_reload_conf()")
    until(lambda: run(primary, "SELECT sync_state FROM pg_stat_replication") == [("sync",)])


def versions(url: str, name: str = "C-1") -> list[int]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT originator_version FROM orderledger_events WHERE originator_id = %s ORDER BY 1",
            (f"{ACCOUNT}/{name}",),
        ).fetchall()
    return [row[0] for row in rows]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with private_postgres() as found:
        yield found


def test_facts_that_went_with_an_older_state_are_no_duplicates(server: PostgresServer) -> None:
    with database(server, "restored") as (url, copy_or_put_back), Ledger.open(url) as ledger:
        ledger.record_many(order("C-1"))
        copy_or_put_back()
        lost = until_answered(lambda: ledger.record(fill(1)))
        assert lost.outcome == "recorded"
        copy_or_put_back()

        again = until_answered(lambda: ledger.record(fill(1)))
        assert again.outcome == "recorded"
        assert ledger.record(fill(1)).outcome == "duplicate"
        assert ledger.record(fill(2)).outcome == "recorded"

        assert versions(url) == [1, 2, 3, 4, 5]
        assert ledger.order("C-1")["cum_quantity"] == 6
        until(ledger.anomalies)
        (anomaly,) = ledger.anomalies()
        assert (anomaly["code"], anomaly["account"]) == ("log_went_back", "*")
        detail = f"what was recorded from position {lost.position} to {lost.position} is lost"
        assert anomaly["detail"] == detail
        (loss,) = ledger.status()["log"]["went_back"]
        assert (loss["kept_to"], loss["lost_to"]) == (lost.position - 1, lost.position)
        assert not ledger.views.check().differences


def test_an_order_that_is_lost_as_a_whole_can_be_requested_again(server: PostgresServer) -> None:
    with database(server, "whole") as (url, copy_or_put_back), Ledger.open(url) as ledger:
        ledger.record_many(order("C-1"))
        copy_or_put_back()
        until_answered(lambda: ledger.record_many(order("C-2", 100)))
        assert ledger.order("C-2")["status"] == "new"
        copy_or_put_back()

        outcomes = until_answered(lambda: ledger.record_many(order("C-2", 100)))
        assert [one.outcome for one in outcomes] == ["recorded"] * 3
        assert versions(url, "C-2") == [1, 2, 3]
        assert [row["client_order_id"] for row in ledger.open_orders()] == ["C-1", "C-2"]
        assert not ledger.views.check().differences


def test_the_views_and_readers_of_another_process_follow_the_older_log(
    server: PostgresServer,
) -> None:
    with (
        database(server, "readers") as (url, copy_or_put_back),
        Ledger.open(url) as writer,
        Ledger.open(url) as reader,
    ):
        writer.record_many(order("C-1"))
        copy_or_put_back()
        until_answered(lambda: writer.record(fill(1)))
        until(lambda: until_answered(lambda: reader.trades()))
        events = reader.events(after=0, follow=True)
        seen = [next(events) for _ in range(4)]
        assert seen[-1]["name"] == "fill_recorded.v1"
        copy_or_put_back()

        assert until_answered(lambda: reader.trades()) == []
        with pytest.raises(LogWentBack, match="was recorded and is missing now"):
            next(events)
        until_answered(lambda: writer.record(fill(1)))
        assert len(reader.trades()) == 1
        until(lambda: reader.status()["log"]["went_back"])


def test_a_reader_is_told_of_a_loss_that_its_ledger_has_noticed_before(
    server: PostgresServer,
) -> None:
    """Also if nobody records anything afterwards."""
    with (
        database(server, "noticed") as (url, copy_or_put_back),
        Ledger.open(url, update_views=False) as reader,
    ):
        with Ledger.open(url, update_views=False) as writer:
            writer.record_many(order("C-1"))
            copy_or_put_back()
            until_answered(lambda: writer.record(fill(1)))
        until_answered(lambda: reader.status())
        events = reader.events(after=0, follow=True)
        assert [next(events)["version"] for _ in range(4)] == [1, 2, 3, 4]
        copy_or_put_back()
        until(lambda: until_answered(lambda: reader.status()["log"]["went_back"]))

        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(next, events)
            try:
                with pytest.raises(LogWentBack, match="was recorded and is missing now"):
                    answer.result(20)
            finally:
                reader.close()  # ends a wait


def test_a_standby_that_lagged_takes_over_under_an_open_ledger(server: PostgresServer) -> None:
    with private_postgres() as primary, standby_of(primary) as standby:
        hosts = f"host={primary.folder},{standby.folder}&port=5432,5432"
        url = f"postgresql://postgres@/postgres?{hosts}&target_session_attrs=read-write"
        with Ledger.open(url, answer_timeout=2) as ledger:
            ledger.record_many(order("C-1"))
            last = ledger.status()["position"]
            until(lambda: has_all(standby, last))
            standby.stop()
            lost = ledger.record(fill(1))
            primary.kill()
            standby.start()
            run(standby, "SELECT pg_promote()")

            assert until_answered(lambda: ledger.record(fill(1))).outcome == "recorded"
            assert ledger.record(fill(2)).outcome == "recorded"
            assert versions(standby.url) == [1, 2, 3, 4, 5]
            until(ledger.anomalies)
            (anomaly,) = ledger.anomalies()
            assert str(lost.position) in anomaly["detail"]
            assert not ledger.views.check().differences


def test_a_commit_that_the_synchronous_standby_lacks_is_not_reported_as_recorded() -> None:
    with (
        private_postgres() as primary,
        standby_of(primary, "second") as standby,
        Ledger.open(primary.url, answer_timeout=1, lock_timeout=2) as ledger,
    ):
        ledger.record_many(order("C-1"))
        make_synchronous(primary)
        assert ledger.record(fill(1)).outcome == "recorded"
        standby.stop()

        began = monotonic()
        with pytest.raises(OutcomeUnknown):
            ledger.record(fill(2))
        assert monotonic() - began < 15

        standby.start()
        assert until_answered(lambda: ledger.record(fill(2))).outcome in (
            "recorded",
            "duplicate",
        )
        assert ledger.order("C-1")["cum_quantity"] == 6


def test_a_wait_for_the_standby_that_an_administrator_ends_is_no_proof() -> None:
    with (
        private_postgres() as primary,
        standby_of(primary, "second") as standby,
        Ledger.open(primary.url, answer_timeout=3, lock_timeout=5) as ledger,
    ):
        ledger.record_many(order("C-1"))
        make_synchronous(primary)
        standby.stop()
        waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'"

        def cancel_once() -> None:
            until(lambda: run(primary, f"SELECT pid {waiting}"))
            run(primary, f"SELECT pg_cancel_backend(pid) {waiting}")

        canceler = Thread(target=cancel_once)
        canceler.start()
        with pytest.raises(OutcomeUnknown):
            ledger.record(fill(1))
        canceler.join()
        standby.start()
        assert until_answered(lambda: ledger.record(fill(1))).outcome == "duplicate"


def test_a_database_that_is_made_anew_is_an_older_log(server: PostgresServer) -> None:
    with database(server, "anew") as (url, _), Ledger.open(url, answer_timeout=5) as ledger:
        ledger.record_many(order("C-1"))
        run(server, "DROP DATABASE anew WITH (FORCE)")
        run(server, "CREATE DATABASE anew ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0")

        def names_the_missing_table() -> bool:
            with pytest.raises(StoreError) as refused:
                ledger.record(fill(1))
            return "orderledger_events" in str(refused.value)

        until(names_the_missing_table)
        Ledger.open(url, update_views=False).close()
        outcomes = until_answered(lambda: ledger.record_many(order("C-1")))
        assert [one.outcome for one in outcomes] == ["recorded"] * 3
        assert ledger.status()["log"]["went_back"][0]["kept_to"] == 0
        assert not ledger.views.check().differences


def test_an_event_without_the_one_before_it_is_refused_by_the_database(
    server: PostgresServer, tmp_path: Path
) -> None:
    with database(server, "dense") as (url, _):
        for store in (url, str(tmp_path / "orders.db")):
            with Ledger.open(store) as ledger:
                ledger.record_many(order("C-1"))
                recorder = ledger.internals.store.recorder
                stream = f"{ACCOUNT}/C-1"
                for version in (3, 5):
                    with pytest.raises(Exception, match=r"version before|duplicate|UNIQUE"):
                        recorder.append([(stream, version, "x.v1", b"{}")], (), (), ())
                assert [row.version for row in recorder.rows_of([stream])] == [1, 2, 3]
