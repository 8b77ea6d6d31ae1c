"""Connections to PostgreSQL: how long they wait, and for what."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg
from eventsourcing.persistence import ConnectionPoolClosedError, OperationalError, PersistenceError
from eventsourcing.postgres import PostgresDatastore
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import LockNotAvailable
from psycopg.errors import _WaitTimeout as WaitTimeout
from psycopg.rows import dict_row
from psycopg.sql import SQL, Literal
from psycopg_pool import PoolTimeout

from orderledger.infrastructure.errors import StoreUnreachable

Answer = TypeVar("Answer")

PATIENCE = {
    "connect_timeout": "10",
    "tcp_user_timeout": "30000",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
}
"""Unless the URL says otherwise, a server that is gone, or a line that carries nothing, is given up after half a minute. By
itself the system waits for an answer that cannot come for a quarter of an hour, or for two hours."""

SETTINGS = SQL(
    "SET synchronous_commit TO {}; SET lock_timeout TO {}; SET default_transaction_isolation TO 'read committed'; "
    "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'"
)
"""Of every connection, whatever is prescribed to the role or the database. Who has waited for the lock is to see what was
committed meanwhile; a connection that rests is not to be cut, by servers that would (since version 14)."""


AT_WORK = "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND state = 'active' AND wait_event_type IS DISTINCT FROM 'Client'"


class NoAnswer(psycopg.OperationalError):
    """The server has said nothing for too long, and is not at work on what it was asked."""


class Line(Connection[Any]):
    """A connection that does not wait for ever: a server, or what stands before it, may accept a question and never answer.

    Where nothing was heard for `answer_timeout` seconds, the server is asked on another connection whether it is at work on the
    statement, as on one that takes long, or waits for a lock. If so, it is waited for; if not, the connection is given up.
    """

    answer_timeout = 0.0
    conninfo = ""

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
        with suppress(psycopg.Error), asking(self.conninfo, self.answer_timeout, is_last=True) as other:
            if other.execute(AT_WORK, (pid,)).fetchone():
                return
        self.pgconn.finish()
        raise NoAnswer(f"no answer of the server within {self.answer_timeout:g} s")


class Asking(Line):
    """The connection that asks it, which nobody asks after."""

    def _give_up_unless_at_work(self) -> None:
        self.pgconn.finish()
        raise NoAnswer(f"no answer of the server within {self.answer_timeout:g} s")


def asking(url: str, answer_timeout: float, *, is_last: bool = False) -> Line:
    """A connection outside of any pool. Use it as a context manager."""
    line = (Asking if is_last else Line).connect(patient(url))
    line.answer_timeout, line.conninfo = answer_timeout, url
    return line


class Datastore(PostgresDatastore):
    """Connects by URL, with everything that libpq understands in it, in the schema that its search path names."""

    def __init__(self, url: str, lock_timeout: int, answer_timeout: int, synchronous_commit: str) -> None:
        self._url = url
        self._answer_timeout = answer_timeout
        self._synchronous_commit = synchronous_commit
        self._is_closed = False
        super().__init__("", "", "", "", "", pool_size=1, max_overflow=15, originator_id_type="text", lock_timeout=lock_timeout)
        self.pool.conninfo = patient(url)
        self.pool.connection_class = Line
        self.pool.kwargs = {"row_factory": dict_row, "client_encoding": "utf8"}
        with asking(url, answer_timeout) as connection:  # the pool would not say what is wrong
            row = connection.execute("SELECT current_schema()").fetchone()
            self.schema = row[0] if row and row[0] else "public"

    def register_type_adapters(self) -> None:
        """There are none: what the library asks for them takes no name of a schema that has to be quoted."""

    def after_connect_func(self) -> Callable[[Connection[Any]], None]:
        library = super().after_connect_func()
        waiting = Literal(f"{max(1, 1_000 * self.lock_timeout)}ms")  # 0 would be for ever
        settings = SETTINGS.format(Literal(self._synchronous_commit), waiting)

        url, answer_timeout = self._url, self._answer_timeout  # not self: the pool would keep it

        def after_connect(connection: Connection[Any]) -> None:
            assert isinstance(connection, Line)
            connection.answer_timeout, connection.conninfo = answer_timeout, url
            library(connection)
            connection.execute(settings)

        return after_connect

    @contextmanager
    def get_connection(self) -> Iterator[Connection[Any]]:
        if self._is_closed:  # what the pool says is taken for an outage: the library asks again for two seconds
            raise ConnectionPoolClosedError
        try:
            with super().get_connection() as connection:
                try:
                    yield connection
                except (Exception, GeneratorExit):
                    raise
                except BaseException:  # an interrupt, which may have come in the middle of what psycopg keeps of a transaction
                    connection.close()
                    raise
        except OperationalError as error:
            if isinstance(error.__cause__, (NoAnswer, PoolTimeout)):  # the library would ask again, ten times
                getattr(self.pool, "drain", self.pool.check)()  # since version 3.3 of the pool: without a question to each
                raise PersistenceError(str(error)) from error.__cause__
            if isinstance(error.__cause__, LockNotAvailable):  # the library would ask again, and what was begun is undone
                raise StoreUnreachable(
                    f"another holds the store: waited {self.lock_timeout} s, and nothing was written"
                ) from error
            self.pool.check()  # what has cut this connection may have cut all: each would fail whoever is given it
            raise

    def close(self) -> None:
        self._is_closed = True
        super().close()


def patient(url: str) -> str:
    """What to connect with."""
    given = conninfo_to_dict(url)
    return make_conninfo(url, **{name: value for name, value in PATIENCE.items() if name not in given})
