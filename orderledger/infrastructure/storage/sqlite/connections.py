"""Connections to SQLite, and transactions on them."""

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from types import TracebackType
from typing import Any

from eventsourcing import persistence
from eventsourcing.persistence import ConnectionPoolClosedError, OperationalError, PersistenceError
from eventsourcing.sqlite import (
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
)

from orderledger.infrastructure.deadline import current, is_over
from orderledger.infrastructure.errors import ForkedLedger
from orderledger.infrastructure.locks import let_go
from orderledger.infrastructure.storage.epoch import Epoch
from orderledger.infrastructure.storage.schema_version import FENCE, SCHEMA_VERSION
from orderledger.infrastructure.storage.table_names import EVENTS_TABLE

THREADS = 10_000
CLOSING_SECONDS = 10.0
PAUSE_OF_A_FORK = 0.0005
STEPS_BETWEEN_LOOKS = 20_000
"""Steps of SQLite's machine between two looks at the deadline of a query, about a millisecond."""

EVENT_AT = (
    f"SELECT originator_id, originator_version, topic, state FROM {EVENTS_TABLE} "
    "WHERE notification_id = ?"
)
LAST_POSITION = f"SELECT COALESCE(MAX(notification_id), 0) FROM {EVENTS_TABLE}"

STATEMENTS_KEPT = 16
"""Prepared statements per connection. Each holds hundreds of rows of parameters: 256 statements
take 60 MB."""

WAL_BYTES_KEPT = 16 * 2**20
"""The write-ahead log grows while anyone reads in one transaction, as an archive of the views does
for seconds. Afterwards SQLite truncates the file to this size. Usually it has 4 to 6 MB."""

NO_SHARED_MEMORY = frozenset(
    {sqlite3.SQLITE_IOERR_SHMOPEN, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMMAP}
)
"""Error codes of SQLite without room for the write-ahead log's index, which all users of the file
share."""


def connected(
    location: str,
    first: Callable[[sqlite3.Connection], object],
    *,
    is_alone: bool = False,
    **settings: Any,
) -> sqlite3.Connection:
    """Connect, and call `first` with the connection. Without room for the index of the write-ahead
    log, use exclusive mode.

    The connection then keeps the index in memory, and locks the file exclusively.
    """
    connection: sqlite3.Connection = sqlite3.connect(
        location, uri=True, check_same_thread=False, isolation_level=None, **settings
    )
    try:
        if is_alone:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        first(connection)
    except BaseException as error:
        connection.close()
        if is_alone or getattr(error, "sqlite_errorcode", 0) not in NO_SHARED_MEMORY:
            raise
        return connected(location, first, is_alone=True, **settings)
    return connection


class Pool(SQLiteConnectionPool):
    """Connections whose commits survive a power failure, unless the user wants less durability.

    They cache prepared statements. The library's own connections cache one, and parse the others
    each time.
    """

    synchronous = "FULL"
    journal_mode = "WAL"
    epoch: Epoch
    _opened: tuple[int, int] | None = None
    """Device and inode of the file that the first connection opened."""

    def check_place(self) -> None:
        """Raise OperationalError if the path has another file or none: later programs would not
        find our commits. A memory store has no path."""
        if self._opened is not None and self._opened != _file_at(self.db_name):
            raise OperationalError(
                f"{self.db_name} is no longer the file that was opened: it was deleted, moved or "
                "replaced"
            )

    @staticmethod
    def detect_memory_mode(db_name: str) -> bool:
        """Check for the URI of a store in memory. Files have an absolute path, whatever words are
        in it."""
        return db_name.startswith("file:")

    def _create_connection(self) -> SQLiteConnection:
        self.check_place()
        if not self.is_sqlite_memory_mode:
            make_private(self.db_name)
        timeout = self.lock_timeout or 0
        connection = connected(
            self.db_name, self._set_up, timeout=timeout, cached_statements=STATEMENTS_KEPT
        )
        return SQLiteConnection(connection, max_age=self.max_age)

    def close(self) -> None:
        """Close once. Python closes it again at exit, when a daemon thread may have died with the
        pool's lock."""
        if not self._closed:
            super().close()

    def _set_up(self, connection: sqlite3.Connection) -> None:
        connection.row_factory = sqlite3.Row
        if not self.is_sqlite_memory_mode:
            if self.journal_mode == "WAL":
                self._use_write_ahead_log(connection)
            else:
                connection.execute(f"PRAGMA journal_mode={self.journal_mode}")
            self._opened = self._opened or _file_at(self.db_name)
        connection.execute(f"PRAGMA synchronous={self.synchronous}")
        connection.execute("PRAGMA cache_size=-16384")
        connection.create_function(f"{FENCE}{SCHEMA_VERSION}", 0, lambda: None)
        compare(self.epoch, connection)

    def _use_write_ahead_log(self, connection: sqlite3.Connection) -> None:
        """Switch to a write-ahead log. SQLite itself does not wait here if another process is
        opening the new file."""
        deadline = time.monotonic() + (self.lock_timeout or 0)
        while True:
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute(f"PRAGMA journal_size_limit={WAL_BYTES_KEPT}")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)


def compare(epoch: Epoch, connection: sqlite3.Connection) -> None:
    """Compare the log with what this process knows of it."""

    def event_at(position: int) -> Sequence[Any] | None:
        found: Sequence[Any] | None = connection.execute(EVENT_AT, (position,)).fetchone()
        return found

    epoch.compare(event_at, lambda: int(connection.execute(LAST_POSITION).fetchone()[0]))


def make_private(path: str) -> None:
    """Create a missing file for its owner alone. SQLite gives the files beside it the same mode."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        pass
    except OSError as error:
        raise sqlite3.OperationalError(f"unable to open database file: {error.strerror}") from error


def _file_at(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


class Datastore(SQLiteDatastore):
    """Each thread has its own connection; the writers of this process take turns.

    Borrowing a connection from the library's pool costs as much as writing an event with it. A
    memory store still borrows: there reading and writing exclude each other, and the pool ensures
    that.
    """

    def __init__(
        self, db_name: str, lock_timeout: int, synchronous: str, journal_mode: str = "WAL"
    ) -> None:
        self._users: dict[int, object] = {}
        """The current user of each thread's connection. Setting and removing an item are atomic."""
        self._is_closing = False
        self._process = os.getpid()
        super().__init__(db_name, lock_timeout=lock_timeout, originator_id_type="text")
        self.pool.close()
        self.pool: Pool = Pool(
            db_name=db_name,
            lock_timeout=lock_timeout,
            pool_timeout=float(lock_timeout),
            max_overflow=THREADS,
        )
        self.pool.synchronous, self.pool.journal_mode = synchronous, journal_mode
        self.pool.epoch = Epoch()
        self._threads = threading.local()
        self._turn = threading.RLock()
        _DATASTORES.add(self)

    @contextmanager
    def get_connection(self, *, commit: bool) -> Iterator[SQLiteConnection]:
        user = object()
        try:
            if self.pool.is_sqlite_memory_mode:
                self._enter(user)
                with super().get_connection(commit=commit) as connection:
                    yield connection
            else:
                yield self.borrow(user, commit=commit)
        finally:
            self.let_go(user)

    def transaction(self, *, commit: bool) -> AbstractContextManager[SQLiteCursor]:  # type: ignore[override]
        return (
            super().transaction(commit=commit)
            if self.pool.is_sqlite_memory_mode
            else Transaction(self, commit=commit)
        )

    def one_query(self) -> AbstractContextManager[SQLiteCursor]:
        """A cursor for one SELECT whose rows are all fetched. It is a transaction of its own: no
        BEGIN, no ROLLBACK."""
        return (
            super().transaction(commit=False)
            if self.pool.is_sqlite_memory_mode
            else Transaction(self, commit=False, is_one_query=True)
        )

    def borrow(self, user: object, *, commit: bool) -> SQLiteConnection:
        """This thread's connection; a writer waits for its turn. Call `let_go` afterwards, whatever
        happens. If the thread already uses it (a signal handler queries during a transaction),
        SQLite refuses the second transaction."""
        if self._enter(user) and commit:
            self._turn.acquire()
        held = self._held()
        if commit and held.is_alone and not held.raw.in_transaction:
            raise no_room()
        return held.connection

    def _enter(self, user: object) -> bool:
        """Mark this thread's connection as used. Returns False if it was already. Raises
        ForkedLedger in another process."""
        if os.getpid() != self._process:
            raise ForkedLedger
        here = threading.get_ident()
        if self._users.setdefault(here, user) is not user:
            return False
        while _FORKING and _FORKING[0] != here:
            self._users.pop(here, None)
            time.sleep(PAUSE_OF_A_FORK)
            self._users[here] = user
        if self._is_closing:
            raise ConnectionPoolClosedError
        return True

    def let_go(self, user: object = None) -> None:
        """Release this thread's connection, roll back its open transaction, and let the next writer
        in. Only if `user` uses it, or without `user` in any case. May be repeated, and repairs what
        an interrupt left half done."""
        if self._users.get(threading.get_ident()) is not user and user is not None:
            return
        held: Held | None = getattr(self._threads, "held", None)
        if held is not None:
            with suppress(sqlite3.Error):
                if held.raw.in_transaction:
                    held.raw.rollback()
            if held.is_alone:
                # it locks the file until it is closed; the next connection shares the file if there
                # is room again
                self.renew()
        let_go(self._turn)
        self._users.pop(threading.get_ident(), None)

    def renew(self) -> None:
        """Close this thread's connection; the next one is new. Not for a memory store, which exists
        only in its connections."""
        held: Held | None = getattr(self._threads, "held", None)
        if held is not None:
            self._threads.held = None
            held.connection.close()

    def close(self) -> None:
        """Close all connections once nobody uses one; otherwise SQLite ends the process with a
        segmentation fault. A signal handler does not wait for the query that it interrupted: the
        end of the process closes that connection."""
        self._is_closing = True
        deadline = time.monotonic() + CLOSING_SECONDS
        while self._users.keys() - {threading.get_ident()} and time.monotonic() < deadline:
            time.sleep(0.002)
        if not self._users:
            super().close()

    def _held(self) -> "Held":
        held: Held | None = getattr(self._threads, "held", None)
        if held is None:
            held = Held(self.pool.get_connection())
            weakref.finalize(held, _put_back, self.pool, held.connection)
            self._threads.held = held
        return held


_DATASTORES: "weakref.WeakSet[Datastore]" = weakref.WeakSet()
_HELD: list[threading.RLock] = []
_FORKING: list[int] = []
"""The thread that forks this process, while it does. Not an event: its lock could be held at the
fork."""


def _finish_work() -> None:
    """Let other threads finish before a fork, and let none begin.

    SQLite has locks of its own. In the child, one that another thread holds at the fork would stay
    locked, and SQLite could never open a file. It would also take the lock of a transaction that
    another thread has begun for its own.
    """
    here = threading.get_ident()
    _FORKING.insert(0, here)
    deadline = time.monotonic() + CLOSING_SECONDS
    for datastore in list(_DATASTORES):
        if datastore._turn.acquire(timeout=CLOSING_SECONDS):
            _HELD.append(datastore._turn)
        while datastore._users.keys() - {here} and time.monotonic() < deadline:
            time.sleep(PAUSE_OF_A_FORK)


def _go_on() -> None:
    while _HELD:
        _HELD.pop().release()
    _FORKING.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_finish_work, after_in_parent=_go_on, after_in_child=_go_on)


class Held:
    """A thread's connection. It returns to the pool when the thread ends. One that `is_alone` only
    reads, and is closed after each transaction: other threads and processes wait for its lock."""

    def __init__(self, connection: SQLiteConnection) -> None:
        self.connection = connection
        self.raw = held_raw(connection)
        self.is_alone = is_alone(self.raw)


def is_alone(connection: sqlite3.Connection) -> bool:
    """Check for a connection in exclusive mode."""
    return bool(connection.execute("PRAGMA locking_mode").fetchall()[0][0] == "exclusive")


def no_room() -> sqlite3.OperationalError:
    """The error of SQLite for a full disk."""
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error


def _put_back(pool: SQLiteConnectionPool, connection: SQLiteConnection) -> None:
    with suppress(ConnectionPoolClosedError):
        pool.put_connection(connection)


class Transaction:
    """A transaction's cursor, as from the library, but without its nested generators.

    A writing transaction waits for the write lock before it reads. SQLite would refuse its write at
    once if another had changed the data read. The place of the file is checked before reading and
    after a commit, which also reveals an earlier replacement.
    """

    __slots__ = (
        "_connection",
        "_cursor",
        "_datastore",
        "_is_one_query",
        "_is_writing",
        "_timed",
        "_user",
    )

    def __init__(self, datastore: Datastore, *, commit: bool, is_one_query: bool = False) -> None:
        self._is_one_query = is_one_query
        self._user = object()
        self._datastore = datastore
        self._is_writing = commit
        self._timed: sqlite3.Connection | None = None

    def __del__(self) -> None:
        """Release the connection if an interrupt came at the very start of `__exit__`."""
        self._stop_timing()
        self._datastore.let_go(self._user)

    def __enter__(self) -> SQLiteCursor:
        try:
            if not self._is_writing:
                self._datastore.pool.check_place()
            self._connection = self._datastore.borrow(self._user, commit=self._is_writing)
            cursor = self._connection.cursor()
            if not self._is_one_query:
                cursor.execute("BEGIN IMMEDIATE" if self._is_writing else "BEGIN")
            if not self._is_writing and current() is not None:
                self._timed = held_raw(self._connection)
                self._timed.set_progress_handler(is_over, STEPS_BETWEEN_LOOKS)
        except BaseException as error:
            self._stop_timing()
            self._datastore.let_go(self._user)
            raise raised_by_library(error) from error
        self._cursor = cursor
        return cursor

    def _stop_timing(self) -> None:
        if self._timed is not None:
            self._timed.set_progress_handler(None, 0)
            self._timed = None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._stop_timing()
            if error is None and self._is_writing:
                self._connection.commit()
                self._datastore.pool.check_place()
            elif self._is_one_query:
                self._cursor.sqlite_cursor.close()  # its read ends, also after an error
            else:
                self._connection.rollback()
        except sqlite3.Error as failure:
            raise raised_by_library(failure) from failure
        finally:
            self._datastore.let_go(self._user)
        if isinstance(error, sqlite3.Error):
            raise raised_by_library(error) from error


def held_raw(connection: SQLiteConnection) -> sqlite3.Connection:
    """The driver's connection in one of the library."""
    raw: sqlite3.Connection = connection._sqlite_conn
    return raw


def raised_by_library(error: BaseException) -> BaseException:
    """The library's error for an error of SQLite; any other error unchanged."""
    if not isinstance(error, sqlite3.Error):
        return error
    kind: type[PersistenceError] = getattr(persistence, type(error).__name__, PersistenceError)
    return kind(error)
