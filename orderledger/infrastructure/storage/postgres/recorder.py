"""The log in PostgreSQL: one function call, and so one round trip, per commit.

The function takes the same table lock as the library's recorder, so positions become visible in
order and no event appears behind a reader. The library finds `Factory` here: this is its
persistence module for PostgreSQL ledgers.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from eventsourcing import postgres as library
from eventsourcing.persistence import (
    BaseInfrastructureFactory,
    IntegrityError,
    OperationalError,
)
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from eventsourcing.utils import Environment, EnvType
from psycopg import Cursor
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composed, Identifier

from orderledger.infrastructure.storage.epoch import Epoch
from orderledger.infrastructure.storage.kept_evidence import NewEvidence
from orderledger.infrastructure.storage.postgres.call import (
    bigint_array,
    bytea_array,
    call,
    text_array,
)
from orderledger.infrastructure.storage.postgres.connections import Datastore, Line, asking
from orderledger.infrastructure.storage.postgres.refusals import is_refused
from orderledger.infrastructure.storage.recorder import (
    NAME_TAKEN,
    Binding,
    FactKey,
    Fence,
    LogRow,
    NewEvent,
    check_fence,
    own_streams,
)
from orderledger.infrastructure.storage.schema_version import FENCE, SCHEMA_VERSION
from orderledger.infrastructure.storage.table_names import (
    EVENTS_TABLE,
    EVIDENCE_TABLE,
    FACTS_TABLE,
    LEASES_TABLE,
    NAMES_TABLE,
)

COLUMNS = SQL("originator_id, originator_version, topic, state, notification_id")

CREATE_TABLE = SQL(
    "CREATE TABLE IF NOT EXISTS {table} (originator_id text NOT NULL, originator_version bigint "
    "NOT NULL, topic text NOT NULL, state bytea NOT NULL, notification_id bigserial UNIQUE, "
    "PRIMARY KEY (originator_id, originator_version)) WITH (autovacuum_vacuum_scale_factor = 0.5, "
    "autovacuum_analyze_scale_factor = 0.05)"
)

CREATE_APPEND = SQL(
    """
CREATE OR REPLACE FUNCTION {append}(
    streams text[], versions bigint[], topics text[], states bytea[],
    name_accounts text[], name_kinds text[], names text[], name_streams text[],
    free_accounts text[], free_names text[], fact_streams text[], fact_keys text[],
    numbers bigint[], salts bytea[], evidence bytea[], texts bytea[], writer bigint)
RETURNS bigint[] LANGUAGE plpgsql AS $body$
DECLARE positions bigint[];
BEGIN
    IF writer < {needed} THEN
        RAISE EXCEPTION USING MESSAGE = {fence};
    END IF;
    LOCK TABLE {table} IN EXCLUSIVE MODE;
    WITH stored AS (
        INSERT INTO {table} (originator_id, originator_version, topic, state)
        SELECT * FROM unnest(streams, versions, topics, states) RETURNING notification_id)
    SELECT array_agg(notification_id ORDER BY notification_id) INTO positions FROM stored;
    IF EXISTS (
        SELECT 1 FROM unnest(streams, versions) AS fresh (stream, version)
        WHERE fresh.version > 1 AND NOT EXISTS (
            SELECT 1 FROM {table} AS earlier WHERE earlier.originator_id = fresh.stream
            AND earlier.originator_version = fresh.version - 1))
    THEN
        RAISE integrity_constraint_violation USING MESSAGE = 'the version before is missing';
    END IF;
    IF array_length(numbers, 1) > 0 THEN
        INSERT INTO {evidence_table} (position, salt, evidence, text)
        SELECT positions[number], salt, proof, sentence
        FROM unnest(numbers, salts, evidence, texts) AS given (number, salt, proof, sentence);
    END IF;
    IF array_length(free_names, 1) > 0 AND EXISTS (
        SELECT 1 FROM unnest(free_accounts, free_names) AS free (account, name)
        JOIN {names_table} AS bound
        ON bound.account = free.account AND bound.kind = 'client' AND bound.name = free.name)
    THEN
        RAISE integrity_constraint_violation
        USING MESSAGE = 'a client order id is another name of an order';
    END IF;
    IF array_length(names, 1) > 0 THEN
        INSERT INTO {names_table} (account, kind, name, stream)
        SELECT * FROM unnest(name_accounts, name_kinds, names, name_streams);
    END IF;
    IF array_length(fact_keys, 1) > 0 THEN
        INSERT INTO {facts_table} (stream, key) SELECT * FROM unnest(fact_streams, fact_keys);
    END IF;
    PERFORM pg_notify({channel}, '');
    RETURN positions;
END $body$
"""
)

TEN: LiteralString = "text[], bigint[], text[], bytea[]" + ", text[]" * 6
TWELVE: LiteralString = TEN + ", text[], text[]"
OUTDATED = (TEN, TWELVE, TWELVE + ", bigint[], bytea[], bytea[], bytea[]")
"""Arguments of the functions of schemas before 9, which let any process append. Dropped."""

CREATE_GUARD = SQL(
    """
CREATE OR REPLACE FUNCTION {guard}() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN RAISE EXCEPTION 'events are immutable'; END $body$
"""
)


class Recorder(PostgresApplicationRecorder):
    """The library's recorder, with our function for appending."""

    def __init__(
        self, datastore: PostgresDatastore, *, events_table_name: str = EVENTS_TABLE
    ) -> None:
        super().__init__(datastore, events_table_name=events_table_name)
        self.sql_create_statements = self._create_statements()
        self._lock = SQL("LOCK TABLE {table} IN EXCLUSIVE MODE").format(table=self._table)
        append = SQL(
            "SELECT {append}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, "
            "$16, {writer})"
        ).format(append=self._identifier("append"), writer=SCHEMA_VERSION)
        self._append = append.as_bytes()
        self._select = SQL("SELECT {columns} FROM {table} ").format(
            columns=COLUMNS, table=self._asked(self.events_table_name)
        )
        self._fence = SQL("SELECT fence FROM {table} WHERE account = %s FOR SHARE").format(
            table=self._asked(LEASES_TABLE)
        )
        self._forget = SQL(
            "DELETE FROM {evidence} WHERE position IN (SELECT notification_id FROM {table} WHERE "
            "originator_id = %s)"
        ).format(evidence=self._asked(EVIDENCE_TABLE), table=self._asked(self.events_table_name))
        self._evidence = SQL(
            "SELECT position, salt, evidence, text FROM {table} WHERE position = ANY(%s)"
        ).format(table=self._asked(EVIDENCE_TABLE))
        self._names = SQL(
            "SELECT kind, name, stream FROM {table} WHERE account = %s AND kind = %s AND name = "
            "ANY(%s::text[])"
        ).format(table=self._asked(NAMES_TABLE))

    def _asked(self, table: str) -> Identifier:
        """A table name in a statement with parameters, where psycopg would take a % for a
        placeholder."""
        return Identifier(self.datastore.schema.replace("%", "%%"), table)

    @property
    def _table(self) -> Identifier:
        return Identifier(self.datastore.schema, self.events_table_name)

    def _identifier(self, suffix: str) -> Identifier:
        return Identifier(self.datastore.schema, f"{self.events_table_name}_{suffix}")

    def _create_statements(self) -> list[Composed]:
        append = CREATE_APPEND.format(
            append=self._identifier("append"),
            table=self._table,
            names_table=Identifier(self.datastore.schema, NAMES_TABLE),
            facts_table=Identifier(self.datastore.schema, FACTS_TABLE),
            evidence_table=Identifier(self.datastore.schema, EVIDENCE_TABLE),
            needed=SCHEMA_VERSION,
            fence=f"{FENCE}{SCHEMA_VERSION}",
            channel=self.channel_name,
        )
        guards = [
            SQL(
                "CREATE OR REPLACE TRIGGER {name} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION {guard}()"
            ).format(
                name=Identifier(f"{self.events_table_name}_immutable"),
                table=self._table,
                guard=self._identifier("guard"),
            )
        ]
        guard = CREATE_GUARD.format(guard=self._identifier("guard"))
        drop = SQL("DROP FUNCTION IF EXISTS {append}({arguments})")
        outdated = [
            drop.format(append=self._identifier("append"), arguments=SQL(arguments))
            for arguments in OUTDATED
        ]
        return [CREATE_TABLE.format(table=self._table), guard, *guards, *outdated, append]

    def append(
        self,
        events: Sequence[NewEvent],
        bindings: Sequence[Binding],
        free: Sequence[tuple[str, str]],
        facts: Sequence[FactKey],
        fences: Sequence[Fence] = (),
        evidence: Sequence[NewEvidence] = (),
        forgetting: Sequence[str] = (),
        epoch: int | None = None,
    ) -> Sequence[int]:
        """Append without retries: after a lost answer, only reading back can show the outcome."""
        fresh = [binding for binding in bindings if not binding.is_claim]
        claims = [binding for binding in bindings if binding.is_claim]
        streams, versions, topics, states = zip(*events, strict=True)
        parameters = (
            text_array(streams),
            bigint_array(versions),
            text_array(topics),
            bytea_array(states),
            *(_names(fresh, free) if fresh or free else NO_NAMES),
            *([text_array(column) for column in zip(*facts, strict=True)] if facts else NO_FACTS),
            *(_evidence(evidence) if evidence else NO_EVIDENCE),
        )
        unborn = own_streams(bindings)
        with self._committing() as connection:
            if epoch is not None:
                self.epoch.check(epoch)
            if not claims and not unborn and not fences and not forgetting:
                positions = call(connection, self._append, parameters)
            else:
                with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
                    # first, as in every append: another order of locks could deadlock
                    cursor.execute(self._lock)
                    for account, fence in fences:
                        # FOR SHARE: another sender takes the lease over only after this commit
                        cursor.execute(self._fence, (account,))
                        check_fence(account, fence, cursor.fetchall())
                    self._check_unborn(cursor, unborn)
                    positions = call(connection, self._append, parameters)
                    self._claim(cursor, claims)
                    for stream in forgetting:
                        cursor.execute(self._forget, (stream,))
        self.epoch.note(*events[-1], positions[-1])
        return positions

    @contextmanager
    def _committing(self) -> Iterator[Line]:
        """A connection for one commit. Raises PersistenceError if its standby may lack it."""
        with self.datastore.get_connection() as connection:
            assert isinstance(connection, Line)
            with connection.expecting_no_warning():
                yield connection

    @property
    def epoch(self) -> Epoch:
        datastore = self.datastore
        assert isinstance(datastore, Datastore)
        return datastore.epoch

    def check_place(self) -> None:
        """Nothing to check: the server knows its files."""

    def confirm(self, epoch: int) -> None:
        try:
            self._ask()
        except OperationalError:  # the connection was cut; the next one compares the log
            self._ask()
        self.epoch.check(epoch)

    def _ask(self) -> None:
        with self.datastore.get_connection() as connection:
            connection.execute("SELECT 1")

    def settle(self, error: Exception) -> bool:
        """Wait until no append is running, by taking the lock that each append takes. Then commit,
        which waits until synchronous standbys have all earlier commits.

        The outcome is final if the server answered; otherwise a statement may still be on its way
        to the server. A refused write is final at once: such a role could not take the lock.
        """
        if is_refused(error):
            return True
        with self._committing() as connection, connection.transaction():
            connection.execute(self._lock)
            connection.execute("SELECT pg_logical_emit_message(true, 'orderledger', '')")
        cause = error.__cause__ or error
        return isinstance(cause, psycopg.Error) and cause.sqlstate is not None

    def _check_unborn(self, cursor: Cursor[Any], streams: list[str]) -> None:
        cursor.execute(self._select + SQL("WHERE originator_id = ANY(%s) LIMIT 1"), (streams,))
        if cursor.fetchone():
            raise IntegrityError(NAME_TAKEN)

    def _claim(self, cursor: Cursor[Any], claims: Sequence[Binding]) -> None:
        statement = SQL(
            "INSERT INTO {table} (account, kind, name, stream) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (account, kind, name) DO UPDATE SET stream = excluded.stream"
        ).format(table=self._asked(NAMES_TABLE))
        for claim in claims:
            cursor.execute(statement, claim[:4])

    def rows_after(self, position: int, limit: int) -> list[LogRow]:
        return self._rows(
            self._select + SQL("WHERE notification_id > %s ORDER BY notification_id LIMIT %s"),
            (position, limit),
        )

    def rows_of(self, streams: Sequence[str]) -> list[LogRow]:
        return self._rows(
            self._select
            + SQL("WHERE originator_id = ANY(%s) ORDER BY originator_id, originator_version"),
            (list(streams),),
        )

    def rows_at(self, keys: Sequence[tuple[str, int]]) -> list[LogRow]:
        where = SQL(
            "WHERE (originator_id, originator_version) IN (SELECT * FROM unnest(%s::text[], "
            "%s::bigint[]))"
        )
        return self._rows(
            self._select + where, ([key[0] for key in keys], [key[1] for key in keys])
        )

    def evidence_at(self, positions: Sequence[int]) -> dict[int, Sequence[Any]]:
        with (
            self.datastore.get_connection() as connection,
            connection.cursor(row_factory=tuple_row, binary=True) as cursor,
        ):
            cursor.execute(self._evidence, (list(positions),), prepare=True)
            return {position: rest for position, *rest in cursor}

    def versions_of(self, streams: Sequence[str]) -> dict[str, int]:
        statement = SQL(
            "SELECT asked, (SELECT MAX(originator_version) FROM {table} WHERE originator_id = "
            "asked) FROM unnest(%s::text[]) AS asked"
        ).format(table=self._table)
        with (
            self.datastore.get_connection() as connection,
            connection.cursor(row_factory=tuple_row) as cursor,
        ):
            rows = cursor.execute(statement, (list(streams),), prepare=True).fetchall()
        return {stream: version for stream, version in rows if version is not None}

    def facts_known(self, facts: Sequence[FactKey]) -> set[FactKey]:
        statement = SQL(
            "SELECT stream, key FROM {table} WHERE (stream, key) IN (SELECT * FROM "
            "unnest(%s::text[], %s::text[]))"
        ).format(table=Identifier(self.datastore.schema, FACTS_TABLE))
        streams, keys = zip(*facts, strict=True)
        with (
            self.datastore.get_connection() as connection,
            connection.cursor(row_factory=tuple_row) as cursor,
        ):
            return set(
                cursor.execute(statement, (list(streams), list(keys)), prepare=True).fetchall()
            )

    def last_position(self) -> int:
        return int(self.max_notification_id() or 0)

    def streams_named(
        self, account: str, names: Mapping[str, Sequence[str]]
    ) -> dict[tuple[str, str], str]:
        statement = SQL(" UNION ALL ").join([self._names] * len(names))
        parameters = [
            value for kind, asked in names.items() for value in (account, kind, list(asked))
        ]
        with (
            self.datastore.get_connection() as connection,
            connection.cursor(row_factory=tuple_row) as cursor,
        ):
            rows = cursor.execute(statement, parameters, prepare=True).fetchall()
        return {(kind, name): stream for kind, name, stream in rows}

    def _rows(self, statement: Composed, parameters: tuple[Any, ...]) -> list[LogRow]:
        with (
            self.datastore.get_connection() as connection,
            connection.cursor(row_factory=tuple_row, binary=True) as cursor,
        ):
            cursor.execute(statement, parameters, prepare=True)
            rows = [
                LogRow(stream, version, name, bytes(state), position)
                for stream, version, name, state, position in cursor
            ]
        self.epoch.note_all(rows)
        return rows


def has_ledger(url: str, answer_timeout: int) -> bool:
    """Check for a ledger in the schema of this database's search path. Raises psycopg's errors."""
    with asking(url, answer_timeout) as connection:
        if connection.execute("SELECT 1 WHERE current_schema() IS NULL").fetchone():
            raise psycopg.ProgrammingError(
                "its search_path names no existing schema that this role may use"
            )
        return (
            connection.execute(
                "SELECT 1 FROM pg_class WHERE oid = to_regclass('ledger_schema')"
            ).fetchone()
            is not None
        )


def _names(fresh: Sequence[Binding], free: Sequence[tuple[str, str]]) -> tuple[bytes, ...]:
    """The six parameters about names of the append function."""
    return (
        text_array(binding.account for binding in fresh),
        text_array(binding.kind for binding in fresh),
        text_array(binding.name for binding in fresh),
        text_array(binding.stream for binding in fresh),
        text_array(account for account, _ in free),
        text_array(name for _, name in free),
    )


def _evidence(evidence: Sequence[NewEvidence]) -> tuple[bytes, ...]:
    """The four parameters about evidence of the append function. It counts events from 1."""
    indexes, salts, payloads, texts = zip(*evidence, strict=True)
    return (
        bigint_array(index + 1 for index in indexes),
        bytea_array(salts),
        bytea_array(payloads),
        bytea_array(texts),
    )


NO_EVIDENCE = (bigint_array(()), *[bytea_array(())] * 3)
NO_NAMES = _names((), ())
NO_FACTS = [text_array(())] * 2


class Factory(library.PostgresFactory):
    """Reads the settings. `ORDERLEDGER_URL`: the URL. `POSTGRES_LOCK_TIMEOUT`,
    `ORDERLEDGER_ANSWER_TIMEOUT`: seconds to wait for a lock, and for a silent server.
    `POSTGRES_SYNCHRONOUS_COMMIT`: on, or off if the user wants less durability."""

    def __init__(self, env: EnvType) -> None:
        BaseInfrastructureFactory.__init__(self, env)
        assert isinstance(self.env, Environment)
        lock_timeout = int(self.env.get("POSTGRES_LOCK_TIMEOUT") or 30)
        answer_timeout = int(self.env.get("ORDERLEDGER_ANSWER_TIMEOUT") or 30)
        synchronous_commit = self.env.get("POSTGRES_SYNCHRONOUS_COMMIT") or "on"
        self.datastore = Datastore(
            self.env["ORDERLEDGER_URL"], lock_timeout, answer_timeout, synchronous_commit
        )

    def application_recorder(self) -> Recorder:
        return Recorder(self.datastore)
