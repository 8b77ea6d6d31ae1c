"""The roles of a ledger in PostgreSQL: a reader queries and writes nothing, a recorder records and
changes nothing, an owner maintains."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from urllib.parse import urlsplit

import psycopg
import pytest

from orderledger import Halt, Ledger, StoreUnreachable
from orderledger.infrastructure.storage.schema import table_names
from tests.captured_logs import captured
from tests.command_line import run
from tests.core.contract.sql import run_sql
from tests.core.contract.streams import MADE_AT, every_view, lives, opened, parsed, request, story

OPERATION = (
    "sending_leases",
    "request_keys",
    "collectors",
    "alerts",
    "alert_notices",
    "alert_cursors",
)


@dataclass(frozen=True)
class Roles:
    """A ledger with roles. Each has one user who logs in."""

    admin: str
    prefix: str

    def url(self, role: str) -> str:
        """The URL of the user with this role."""
        parts = urlsplit(self.admin)
        host = parts.netloc.rpartition("@")[2]
        return parts._replace(netloc=f"{self.prefix}_{role}_user@{host}").geturl()


@pytest.fixture
def roles(postgres_schema_url: str) -> Iterator[Roles]:
    made = Roles(postgres_schema_url, f"ledger_{uuid.uuid4().hex[:12]}")
    names = [f"{made.prefix}_{role}" for role in ("owner", "recorder", "reader")]
    with opened(postgres_schema_url) as ledger:
        ledger.record_many(parsed(*lives(3), *story()))
    for _ in range(2):  # the second run changes nothing
        ended = run("roles", "--apply", "--prefix", made.prefix, "--db", postgres_schema_url)
        assert ended.status == 0, ended.err
    users = (f"CREATE ROLE {name}_user LOGIN IN ROLE {name}" for name in names)
    owning = f"ALTER ROLE {names[0]}_user SET role = {names[0]}"
    run_sql(postgres_schema_url, *users, owning)
    try:
        yield made
    finally:
        run_sql(
            postgres_schema_url,
            *(f"REASSIGN OWNED BY {name} TO CURRENT_USER" for name in names),
            *(f"DROP OWNED BY {name}" for name in names),
            *(f"DROP ROLE {name}_user" for name in names),
            *(f"DROP ROLE {name}" for name in names),
        )


pytestmark = pytest.mark.leaf  # roles have rights on the tables of leaves too

QUERIES: dict[str, Callable[[Ledger], object]] = {
    "views": every_view,
    "events": lambda ledger: list(ledger.events()),
    "history": lambda ledger: ledger.history("C-1", account="sim:main"),
    "pnl": lambda ledger: ledger.pnl(by="strategy,day"),
    "recover": lambda ledger: ledger.recover().open,
    "status": lambda ledger: ledger.status()["position"],
    "check": lambda ledger: ledger.views.check().differences,
    "past": lambda ledger: ledger.orders(as_of=5),
}


def test_a_reader_gets_every_answer_and_creates_nothing(roles: Roles) -> None:
    with opened(roles.admin) as ours, captured() as records:
        ours.views.catch_up()
        with opened(roles.url("reader")) as ledger:
            for name, query in QUERIES.items():
                assert query(ledger) == query(ours), name
            health = import_module("orderledger.serve.health")  # a leaf
            assert health.ready(ledger).reasons == ()  # it may only read, by its role
    assert records == []


@pytest.mark.parametrize("statement", ["INSERT INTO {} DEFAULT VALUES", "DELETE FROM {}"])
def test_a_reader_writes_no_table(roles: Roles, statement: str) -> None:
    with opened(roles.url("reader")) as ledger, pytest.raises(StoreUnreachable, match="denied"):
        ledger.record_many(parsed(request("N-1")))
    for table in table_names():
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            run_sql(roles.url("reader"), statement.format(table))


def test_a_recorder_records_updates_views_and_sends(roles: Roles) -> None:
    with captured() as records, opened(roles.url("recorder"), update_views=True) as ledger:
        outcomes = ledger.record_many(parsed(request("N-1"), request("N-2")))
        outcomes.append(ledger.record(Halt(account="sim:main", at=MADE_AT)))
        ledger.views.catch_up()
        assert [outcome.outcome for outcome in outcomes] == ["recorded"] * 3
        assert ledger.status()["views_behind"] == 0
        assert ledger.order("N-1", account="sim:main")["status"] == "pending_new"
        assert ledger.views.check().differences == ()
    assert records == []
    run_sql(roles.url("recorder"), *(f"DELETE FROM {table}" for table in OPERATION))
    run_sql(roles.url("recorder"), "SELECT fence FROM sending_leases FOR SHARE")


def test_an_owner_who_is_not_a_superuser_makes_the_roles(postgres_url: str) -> None:
    prefix = f"ledger_{uuid.uuid4().hex[:12]}"
    parts = urlsplit(postgres_url)
    theirs = parts._replace(
        netloc=f"{prefix}@{parts.netloc.rpartition('@')[2]}",
        query="&".join(filter(None, (parts.query, f"options=-csearch_path%3D{prefix}"))),
    ).geturl()
    made = [f"{prefix}_{role}" for role in ("owner", "recorder", "reader")]
    making = f"CREATE SCHEMA {prefix} AUTHORIZATION {prefix}"
    run_sql(postgres_url, f"CREATE ROLE {prefix} LOGIN CREATEROLE", making)
    try:
        opened(theirs).close()
        ended = run("roles", "--apply", "--prefix", prefix, "--db", theirs)
        assert ended.status == 0, ended.err
        with opened(theirs) as ledger:
            assert ledger.record_many(parsed(request("N-1")))[0].outcome == "recorded"
    finally:
        gone = (f"DROP OWNED BY {name} CASCADE" for name in (*made, prefix))
        run_sql(postgres_url, *gone, *(f"DROP ROLE {name}" for name in (*made, prefix)))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE orderledger_events SET topic = 'x'",
        "DELETE FROM orderledger_events",
        "TRUNCATE orderledger_events",
        "ALTER TABLE orderledger_events DISABLE TRIGGER USER",
        "DROP TRIGGER orderledger_events_immutable ON orderledger_events",
        "DROP TABLE orderledger_events",
        "DELETE FROM event_evidence",
        "UPDATE event_evidence SET text = NULL",
        "DELETE FROM account_facts",
        "DELETE FROM order_names",
        "UPDATE ledger_schema SET version = 1",
        "DROP TABLE orders",
        "CREATE TABLE mine (id int)",
        "DROP FUNCTION orderledger_events_append",
        "CREATE OR REPLACE FUNCTION orderledger_events_guard() RETURNS trigger LANGUAGE sql AS ''",
        "SELECT setval('orderledger_events_notification_id_seq', 1)",
    ],
)
def test_a_recorder_changes_nothing(roles: Roles, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run_sql(roles.url("recorder"), statement)


def test_views_that_the_owner_rebuilt_serve_the_other_roles(roles: Roles) -> None:
    with opened(roles.url("owner")) as ledger:
        assert ledger.views.rebuild().is_equal
    with opened(roles.url("recorder")) as ledger:
        ledger.record_many(parsed(request("N-1")))
        ledger.views.catch_up()
    with opened(roles.url("reader")) as ledger:
        assert ledger.order("N-1", account="sim:main")["status"] == "pending_new"
        assert ledger.views.check().differences == ()


def test_a_recorder_opens_a_ledger_whose_trigger_is_missing_and_warns(roles: Roles) -> None:
    run_sql(roles.admin, "DROP TRIGGER orderledger_events_immutable ON orderledger_events")
    with captured() as records, opened(roles.url("recorder")) as ledger:
        assert ledger.record_many(parsed(request("N-1")))[0].outcome == "recorded"
    assert [record["event"] for record in records] == ["guards_missing"]


def test_the_sql_is_printed_and_not_run_without_apply(postgres_schema_url: str) -> None:
    opened(postgres_schema_url).close()
    ended = run("roles", "--prefix", "ledger_printed", "--db", postgres_schema_url)
    assert 'CREATE ROLE "ledger_printed_recorder"' in ended.out
    with psycopg.connect(postgres_schema_url) as connection:
        found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname LIKE 'ledger_printed%'")
        assert found.fetchall() == []


def test_a_ledger_in_sqlite_has_no_roles() -> None:
    ended = run("roles", "--db", "orders.db")
    assert ended.status == 2
    assert "is not in PostgreSQL" in ended.err


def test_a_database_without_a_ledger_gets_no_roles(postgres_schema_url: str) -> None:
    ended = run("roles", "--apply", "--prefix", "ledger_none", "--db", postgres_schema_url)
    assert (ended.status, ended.out) == (3, "")
    assert "there is no ledger" in ended.err
