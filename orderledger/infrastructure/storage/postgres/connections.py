"""Connections to PostgreSQL, and their timeouts."""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg
from eventsourcing.persistence import ConnectionPoolClosedError, OperationalError, PersistenceError
from eventsourcing.postgres import PostgresDatastore
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import Diagnostic, LockNotAvailable, UndefinedTable
from psycopg.errors import _WaitTimeout as WaitTimeout
from psycopg.rows import dict_row, tuple_row
from psycopg.sql import SQL, Literal
from psycopg_pool import PoolTimeout

from orderledger.infrastructure.errors import ForkedLedger, StoreUnreachable
from orderledger.infrastructure.storage.epoch import Epoch
from orderledger.infrastructure.storage.table_names import EVENTS_TABLE

Answer = TypeVar("Answer")

PATIENCE = {
    "connect_timeout": "10",
    "tcp_user_timeout": "30000",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
}
"""Unless the URL says otherwise, a dead server or line is given up after half a minute. The
system's defaults are a quarter of an hour or two hours."""

SETTINGS = SQL(
    "SET synchronous_commit TO {}; SET lock_timeout TO {}; SET default_transaction_isolation TO "
    "'read committed'; SELECT set_config(name, '0', false) FROM pg_settings WHERE name = "
    "'idle_session_timeout'"
)
"""Settings of every connection, whatever the role or the database prescribes. Read committed: after
waiting for the lock, a transaction must see what was committed meanwhile. Idle connections must not
be cut, as servers since version 14 can."""


AT_WORK = (
    "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND state = 'active' AND wait_event_type IS "
    "DISTINCT FROM 'Client' AND wait_event IS DISTINCT FROM 'SyncRep'"
)
"""A commit that waits for a synchronous standby has ended on this server, and does not count as
work."""


EVENT_AT = (
    f"SELECT originator_id, originator_version, topic, state FROM {EVENTS_TABLE} "
    "WHERE notification_id = %s"
).encode()
LAST_POSITION = f"SELECT COALESCE(MAX(notification_id), 0) FROM {EVENTS_TABLE}".encode()


class NoAnswer(psycopg.OperationalError):
    """The server was silent for too long, and is not working on the statement."""


class NotReplicated(psycopg.OperationalError):
    """A commit is on this server, and perhaps not on its synchronous standby: the wait for that
    was cut short. A failover may lose it."""


class Line(Connection[Any]):
    """A connection with a time limit on silence: a server, or a proxy before it, may accept a
    statement and never answer.

    After `answer_timeout` seconds of silence, a second connection asks the server whether it is
    working on the statement. A slow statement and a wait for a lock count as work. If it is
    working, the wait continues; if not, the connection is closed.
    """

    answer_timeout = 0.0
    conninfo = ""
    warning: str | None = None
    """The last warning of the server since `expecting_no_warning` began."""

    @contextmanager
    def expecting_no_warning(self) -> Iterator[None]:
        """For a commit that must be durable. Raises NotReplicated after a warning: the server says
        by one that it did not wait for its standby."""
        self.warning = None
        yield
        if self.warning is not None:
            raise NotReplicated(self.warning)

    def note_warning(self, notice: Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING":
            self.warning = f"{notice.message_primary}: {notice.message_detail}"

    def wait(self, gen: Generator[Any, Any, Answer], *arguments: Any, **settings: Any) -> Answer:
        if not self.answer_timeout or arguments or settings:
            return super().wait(gen, *arguments, **settings)
        while True:
            try:
                return super().wait(gen, timeout=self.answer_timeout)
            except WaitTimeout:
                self._give_up_unless_at_work()

    def _give_up_unless_at_work(self) -> None:
        pid = self.pgconn.backend_pid
        with (
            suppress(psycopg.Error),
            asking(self.conninfo, self.answer_timeout, is_last=True) as other,
        ):
            if other.execute(AT_WORK, (pid,)).fetchone():
                return
        self.pgconn.finish()
        raise NoAnswer(f"no answer from the server within {self.answer_timeout:g} s")


class Asking(Line):
    """The second connection, which gives up after the time limit without a further check."""

    def _give_up_unless_at_work(self) -> None:
        self.pgconn.finish()
        raise NoAnswer(f"no answer from the server within {self.answer_timeout:g} s")


def asking(url: str, answer_timeout: float, *, is_last: bool = False) -> Line:
    """A connection outside of any pool. Use it as a context manager."""
    line = (Asking if is_last else Line).connect(patient(url))
    line.answer_timeout, line.conninfo = answer_timeout, url
    return line


class Datastore(PostgresDatastore):
    """Connects by a libpq URL with all its parameters, in the schema that its search path names."""

    def __init__(
        self, url: str, lock_timeout: int, answer_timeout: int, synchronous_commit: str
    ) -> None:
        self._url = url
        self._answer_timeout = answer_timeout
        self._synchronous_commit = synchronous_commit
        self._is_closed = False
        self._process = os.getpid()
        self.epoch = Epoch()
        super().__init__(
            "",
            "",
            "",
            "",
            "",
            pool_size=1,
            max_overflow=15,
            originator_id_type="text",
            lock_timeout=lock_timeout,
        )
        self.pool.conninfo = patient(url)
        self.pool.connection_class = Line
        self.pool.kwargs = {"row_factory": dict_row, "client_encoding": "utf8"}
        with asking(
            url, answer_timeout
        ) as connection:  # the pool would not report the reason of a failure
            refuse_other_encodings(connection)
            refuse_transaction_pools(connection)
            row = connection.execute("SELECT current_schema()").fetchone()
            self.schema = row[0] if row and row[0] else "public"

    def register_type_adapters(self) -> None:
        """Register nothing: the library's adapters fail with schema names that need quotes."""

    def after_connect_func(self) -> Callable[[Connection[Any]], None]:
        library = super().after_connect_func()
        waiting = Literal(f"{max(1, 1_000 * self.lock_timeout)}ms")  # 0 would wait without limit
        settings = SETTINGS.format(Literal(self._synchronous_commit), waiting)

        # not self: the pool would keep it alive
        url, answer_timeout, epoch = self._url, self._answer_timeout, self.epoch

        def after_connect(connection: Connection[Any]) -> None:
            assert isinstance(connection, Line)
            connection.answer_timeout, connection.conninfo = answer_timeout, url
            connection.add_notice_handler(connection.note_warning)
            library(connection)
            connection.execute(settings)
            compare(epoch, connection)

        return after_connect

    @contextmanager
    def get_connection(self) -> Iterator[Connection[Any]]:
        if os.getpid() != self._process:
            raise ForkedLedger
        if (
            self._is_closed
        ):  # the library takes the pool's error for an outage, and retries for two seconds
            raise ConnectionPoolClosedError
        try:
            with super().get_connection() as connection:
                try:
                    yield connection
                except (Exception, GeneratorExit):
                    raise
                except (
                    BaseException
                ):  # an interrupt, perhaps inside psycopg's own record of the transaction
                    connection.close()
                    raise
        except OperationalError as error:
            if isinstance(
                error.__cause__, (NoAnswer, NotReplicated, PoolTimeout)
            ):  # the library would retry ten times
                getattr(
                    self.pool, "drain", self.pool.check
                )()  # since version 3.3 of the pool; sends no queries
                raise PersistenceError(str(error)) from error.__cause__
            if isinstance(
                error.__cause__, LockNotAvailable
            ):  # the library would retry; the transaction is rolled back
                raise StoreUnreachable(
                    f"another process has locked the store: waited {self.lock_timeout} s, and "
                    "nothing was written"
                ) from error
            # the other connections may be cut too, and each would fail for its next user
            self.pool.check()
            raise

    def close(self) -> None:
        self._is_closed = True
        super().close()


def compare(epoch: Epoch, connection: Connection[Any]) -> None:
    """Compare the log with what this process knows of it. Raises psycopg.OperationalError for a
    standby that lacks an event: it may still be on its way."""
    with connection.cursor(row_factory=tuple_row, binary=True) as cursor:

        def event_at(position: int) -> tuple[Any, ...] | None:
            try:
                found = cursor.execute(EVENT_AT, (position,)).fetchone()
            except UndefinedTable:  # it is a new database
                return None
            if found is None and cursor.execute("SELECT pg_is_in_recovery()").fetchall()[0][0]:
                raise psycopg.OperationalError(
                    f"the server is a standby, and does not have position {position} yet"
                )
            return found

        def last_position() -> int:
            try:
                return int(cursor.execute(LAST_POSITION).fetchall()[0][0])
            except UndefinedTable:
                return 0

        epoch.compare(event_at, last_position)


def refuse_other_encodings(connection: Connection[Any]) -> None:
    """Names in messages are any printable text, which only UTF-8 can store. Servers set up in the C
    locale have SQL_ASCII."""
    encoding = connection.info.parameter_status("server_encoding")
    if encoding not in {"UTF8", None}:  # a pooler may not pass it on
        raise StoreUnreachable(
            f"the database {connection.info.dbname} has the encoding {encoding}, but a ledger "
            "needs UTF8: CREATE DATABASE … ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0"
        )


def refuse_transaction_pools(connection: Line) -> None:
    """Raise StoreUnreachable for a pooler that gives a session to another client after each
    transaction: settings, locks and prepared statements would be lost.

    Poolers hide the process ids of the server. A pooler that keeps sessions together never gives
    one to two open connections.
    """
    pid = _backend(connection)
    if pid == connection.pgconn.backend_pid:
        return  # no pooler
    with asking(connection.conninfo, connection.answer_timeout) as other:
        other_pid = _backend(other, is_kept=True)  # poolers give the session released last
        if other_pid == pid or _backend(connection) != pid:
            raise StoreUnreachable(
                "a pooler (such as pgbouncer) in transaction mode stands before the database: a "
                "ledger needs pool_mode = session, or a direct connection"
            )


def _backend(connection: Line, *, is_kept: bool = False) -> int:
    """The process of the server that runs a transaction of this connection. `is_kept`: leave the
    transaction open."""
    ((pid,),) = connection.execute("SELECT pg_backend_pid()").fetchall()
    if not is_kept:
        connection.rollback()
    return int(pid)


def patient(url: str) -> str:
    """The connection string, with our timeouts, and the name by which the server shows this
    process."""
    given = conninfo_to_dict(url)
    ours = {**PATIENCE, "fallback_application_name": f"orderledger {os.getpid()}"}
    return make_conninfo(url, **{name: value for name, value in ours.items() if name not in given})
