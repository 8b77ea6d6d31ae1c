"""Connections to SQLite, and transactions on them."""

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from types import TracebackType
from typing import Any

from eventsourcing import persistence
from eventsourcing.persistence import ConnectionPoolClosedError, OperationalError, PersistenceError
from eventsourcing.sqlite import SQLiteConnection, SQLiteConnectionPool, SQLiteCursor, SQLiteDatastore

from orderledger.infrastructure.locks import let_go

THREADS = 10_000
CLOSING_SECONDS = 10.0
STATEMENTS_KEPT = 16
"""Per connection. More would hold statements of hundreds of rows, each with its parameters: 60 MB at 256."""


NO_SHARED_MEMORY = frozenset({sqlite3.SQLITE_IOERR_SHMOPEN, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMMAP})
"""What SQLite says where there is no room for the index of the write-ahead log, which is shared by all who have the file open."""


def connected(
    location: str, first: Callable[[sqlite3.Connection], object], *, is_alone: bool = False, **settings: Any
) -> sqlite3.Connection:
    """A connection with which `first` was done. Where there is no room for that index, the connection keeps it in memory, and so
    the file to itself."""
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
    """Connections that survive a power failure after every commit, unless the user asked for less.

    They keep their statements prepared; the library's own connections keep one, and parse the rest each time.
    """

    synchronous = "FULL"
    _opened: tuple[int, int] | None = None
    """Device and number of the file that the first connection has opened."""

    def check_place(self) -> None:
        """Raises OperationalError once another file is at the path, or none: who comes later will not find what is committed to
        ours. A memory store has no place."""
        if self._opened is not None and self._opened != _file_at(self.db_name):
            raise OperationalError(f"{self.db_name} is no longer the file that was opened: it was deleted, moved or replaced")

    @staticmethod
    def detect_memory_mode(db_name: str) -> bool:
        """Stores in memory are named by a URI, files by their whole path, whatever words are in it."""
        return db_name.startswith("file:")

    def _create_connection(self) -> SQLiteConnection:
        self.check_place()
        if not self.is_sqlite_memory_mode:
            make_private(self.db_name)
        timeout = self.lock_timeout or 0
        connection = connected(self.db_name, self._set_up, timeout=timeout, cached_statements=STATEMENTS_KEPT)
        return SQLiteConnection(connection, max_age=self.max_age)

    def close(self) -> None:
        """Once: when Python ends it is closed again, and a daemon thread may have been ended with the pool's lock in its hand."""
        if not self._closed:
            super().close()

    def _set_up(self, connection: sqlite3.Connection) -> None:
        connection.row_factory = sqlite3.Row
        if not self.is_sqlite_memory_mode:
            self._use_write_ahead_log(connection)
            self._opened = self._opened or _file_at(self.db_name)
        connection.execute(f"PRAGMA synchronous={self.synchronous}")
        connection.execute("PRAGMA cache_size=-16384")

    def _use_write_ahead_log(self, connection: sqlite3.Connection) -> None:
        """Several processes may open a new file at once: the change to a write-ahead log does not wait for others by itself."""
        deadline = time.monotonic() + (self.lock_timeout or 0)
        while True:
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)


def make_private(path: str) -> None:
    """Make the file, where there is none, for its owner alone. SQLite gives the files beside it the same mode."""
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
    """Each thread keeps a connection of its own; the writers of this process take turns.

    Borrowing a connection from the library's pool costs as much as writing an event with it. A memory store does so all
    the same: there, reading and writing exclude each other, and the pool sees to that.
    """

    def __init__(self, db_name: str, lock_timeout: int, synchronous: str) -> None:
        self._users: dict[int, object] = {}
        """By thread: who uses its connection now. Setting an item and taking it out are one step each, for all threads."""
        self._is_closing = False
        super().__init__(db_name, lock_timeout=lock_timeout, originator_id_type="text")
        self.pool.close()
        self.pool: Pool = Pool(db_name=db_name, lock_timeout=lock_timeout, pool_timeout=float(lock_timeout), max_overflow=THREADS)
        self.pool.synchronous = synchronous
        self._threads = threading.local()
        self._turn = threading.RLock()

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
        return super().transaction(commit=commit) if self.pool.is_sqlite_memory_mode else Transaction(self, commit=commit)

    def borrow(self, user: object, *, commit: bool) -> SQLiteConnection:
        """This thread's connection, for writing in its turn. `let_go` is to follow, whatever comes of this. Where the thread uses
        it already (a signal handler asks in the middle of a transaction), that goes on, and SQLite refuses the second one."""
        if self._enter(user) and commit:
            self._turn.acquire()
        held = self._held()
        if commit and held.is_alone and not held.raw.in_transaction:
            self.renew()  # perhaps there is room again
            held = self._held()
            if held.is_alone:
                self.renew()
                raise no_room()
        return held.connection

    def _enter(self, user: object) -> bool:
        """From now on this thread uses its connection. Whether it did not before."""
        if self._users.setdefault(threading.get_ident(), user) is not user:
            return False
        if self._is_closing:
            raise ConnectionPoolClosedError
        return True

    def let_go(self, user: object = None) -> None:
        """If it is the user's (without one, whoever's): this thread uses its connection no longer, no transaction is left open on
        it, nor others waiting for their turn. It may be called again, and heals what an interrupt has left half done."""
        if self._users.get(threading.get_ident()) is not user and user is not None:
            return
        held: Held | None = getattr(self._threads, "held", None)
        if held is not None:
            with suppress(sqlite3.Error):
                if held.raw.in_transaction:
                    held.raw.rollback()
        let_go(self._turn)
        self._users.pop(threading.get_ident(), None)

    def renew(self) -> None:
        """Close this thread's connection: the next one is new. A memory store lives in its connections, and keeps them."""
        held: Held | None = getattr(self._threads, "held", None)
        if held is not None:
            self._threads.held = None
            held.connection.close()

    def close(self) -> None:
        """Close all connections, once nobody uses one: SQLite ends the process with a segmentation fault otherwise. A signal
        handler does not wait for the question that it has interrupted: its connection is closed with the process."""
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


class Held:
    """A thread's connection. It goes back to the pool when the thread is gone. One that `is_alone` only reads: what it locks is
    to be free again as soon as there is room."""

    def __init__(self, connection: SQLiteConnection) -> None:
        self.connection = connection
        self.raw: sqlite3.Connection = connection._sqlite_conn
        self.is_alone = is_alone(self.raw)


def is_alone(connection: sqlite3.Connection) -> bool:
    """Whether it keeps the file to itself."""
    return bool(connection.execute("PRAGMA locking_mode").fetchall()[0][0] == "exclusive")


def no_room() -> sqlite3.OperationalError:
    """As SQLite says it."""
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error


def _put_back(pool: SQLiteConnectionPool, connection: SQLiteConnection) -> None:
    with suppress(ConnectionPoolClosedError):
        pool.put_connection(connection)


class Transaction:
    """A cursor in a transaction, as the library gives it, without the generators that it goes through.

    One that writes waits for the right to before it reads: SQLite does not wait for one who has read what another has changed.
    Whether the file is still in its place is asked before reading, and after a commit: what replaces it before shows then.
    """

    __slots__ = ("_connection", "_datastore", "_is_writing", "_user")

    def __init__(self, datastore: Datastore, *, commit: bool) -> None:
        self._user = object()
        self._datastore = datastore
        self._is_writing = commit

    def __del__(self) -> None:
        """An interrupt may come where `__exit__` begins, before anything in it."""
        self._datastore.let_go(self._user)

    def __enter__(self) -> SQLiteCursor:
        try:
            if not self._is_writing:
                self._datastore.pool.check_place()
            self._connection = self._datastore.borrow(self._user, commit=self._is_writing)
            cursor = self._connection.cursor()
            cursor.execute("BEGIN IMMEDIATE" if self._is_writing else "BEGIN")
        except BaseException as error:
            self._datastore.let_go(self._user)
            raise told_by_library(error) from error
        return cursor

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if error is None and self._is_writing:
                self._connection.commit()
                self._datastore.pool.check_place()
            else:
                self._connection.rollback()
        except sqlite3.Error as failure:
            raise told_by_library(failure) from failure
        finally:
            self._datastore.let_go(self._user)
        if isinstance(error, sqlite3.Error):
            raise told_by_library(error) from error


def told_by_library(error: BaseException) -> BaseException:
    """An error of SQLite as the library names it; any other as it is."""
    if not isinstance(error, sqlite3.Error):
        return error
    kind: type[PersistenceError] = getattr(persistence, type(error).__name__, PersistenceError)
    return kind(error)
