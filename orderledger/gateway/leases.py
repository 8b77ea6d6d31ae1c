"""Leases of senders: at most one process sends the orders of an account.

A lease has a holder, a fence that increases with every change of the holder, and a beat that the
holder raises repeatedly. Clocks of different processes are never compared. A process that wants the
lease waits until it has seen no beat for the whole term, by its own clock; the holder stops sending
before that, by its own. The commit of a submission checks the fence in its own transaction.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from orderledger.extend.store import Database, Session, reaching, table_names

TABLE = table_names.LEASES_TABLE
STORE = "the table of leases"


@dataclass(frozen=True, slots=True)
class Lease:
    """A row of the table. `holder`: None after a release. `process`: identifies the holder's
    process on its machine."""

    account: str
    holder: str | None
    process: str | None
    fence: int
    beat: int


class Leases:
    """The table of leases. Every method raises StoreError if it cannot be reached."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, account: str) -> Lease | None:
        """The lease of this account. None if nobody has ever had it."""
        with self._reading() as session:
            rows = session.execute(
                f"SELECT account, holder, process, fence, beat FROM {TABLE} WHERE account = ?",
                (account,),
            )
        return Lease(*rows[0]) if rows else None

    def take(self, account: str, holder: str, process: str, *, seen: Lease | None) -> int | None:
        """Take the lease as it was `seen`, with a higher fence, and return that. None if it has
        changed since."""
        with self._writing() as session:
            if seen is None:
                rows = session.execute(
                    f"INSERT INTO {TABLE} (account, holder, process, fence, beat) "
                    "VALUES (?, ?, ?, 1, 0) ON CONFLICT (account) DO NOTHING RETURNING fence",
                    (account, holder, process),
                )
            else:
                rows = session.execute(
                    f"UPDATE {TABLE} SET holder = ?, process = ?, fence = fence + 1, "
                    "beat = 0 WHERE account = ? AND fence = ? AND beat = ? RETURNING fence",
                    (holder, process, account, seen.fence, seen.beat),
                )
        return int(rows[0][0]) if rows else None

    def renew(self, account: str, fence: int) -> bool:
        """Raise the beat. Returns False if another process has the lease."""
        with self._writing() as session:
            return bool(
                session.execute(
                    f"UPDATE {TABLE} SET beat = beat + 1 "
                    "WHERE account = ? AND fence = ? RETURNING beat",
                    (account, fence),
                )
            )

    def release(self, account: str, fence: int) -> None:
        """Release the lease. The next process need not wait."""
        with self._writing() as session:
            session.execute(
                f"UPDATE {TABLE} SET holder = NULL, process = NULL, beat = beat + 1 "
                "WHERE account = ? AND fence = ? RETURNING beat",
                (account, fence),
            )

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with reaching(STORE), self._database.reading() as session:
            yield session

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        with reaching(STORE), self._database.writing() as session:
            yield session
