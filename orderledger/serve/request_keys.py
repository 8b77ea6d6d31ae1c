"""Idempotency keys of HTTP requests: the request that each key belongs to, and its answer.

They are operational, like the leases of senders: not events. A key is bound to its request before
the request is executed, so that it stays bound after a crash. The time of the first attempt is
stored with it. A later attempt gives the same messages the same times, and the log then recognises
them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from orderledger.extend.store import Database, Session, columns, reaching, table_names

TABLE = table_names.REQUEST_KEYS_TABLE
STORE = "the table of idempotency keys"
KEPT_FOR = timedelta(hours=24)
MOST_KEYS = 100_000
READ_ONLY = {"42501", "25006"}
"""SQLSTATE codes of PostgreSQL for a role without the right to write, and for a standby."""

LARGEST_ANSWER = 8 << 10
"""Bytes. A longer answer is not stored: the request is executed again, and finds its messages in
the log.
"""

BETWEEN_PRUNINGS = 1_000
"""New keys after which old ones are deleted."""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer to a request."""

    status: int
    media: str
    body: bytes


@dataclass(frozen=True, slots=True)
class KeptRequest:
    """A row of the table. `answer`: None until the request was executed. `is_new`: this call has
    made the row.
    """

    fingerprint: bytes
    begun_at: datetime
    answer: KeptAnswer | None
    is_new: bool


class RequestKeys:
    """The table. A key belongs to its holder: two holders may use the same. Every method raises
    StoreError if the table cannot be reached.
    """

    def __init__(self, database: Database, most: int = MOST_KEYS) -> None:
        self._database = database
        self._most = most
        self._until_pruning = 0

    def reserve(self, holder: str, key: str, fingerprint: bytes, now: datetime) -> KeptRequest:
        """Bind the key to a request, unless it is already bound, and return its row."""
        with reaching(STORE), self._database.writing() as session:
            self._prune(session, now)
            made = session.execute(
                f"INSERT INTO {TABLE} "
                "(holder, key, fingerprint, begun_at) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (holder, key) DO NOTHING RETURNING 1",
                (holder, key, fingerprint, columns.time_text(now)),
            )
            (row,) = session.execute(
                "SELECT fingerprint, begun_at, status, media, body "
                f"FROM {TABLE} WHERE holder = ? AND key = ?",
                (holder, key),
            )
        kept, begun_at, status, media, body = row
        answer = None if status is None else KeptAnswer(status, media, bytes(body))
        return KeptRequest(bytes(kept), datetime.fromisoformat(begun_at), answer, bool(made))

    def keep(self, holder: str, key: str, answer: KeptAnswer) -> None:
        """Store the answer to the request of this key."""
        if len(answer.body) > LARGEST_ANSWER:
            return
        with reaching(STORE), self._database.writing() as session:
            session.execute(
                f"UPDATE {TABLE} SET status = ?, media = ?, body = ? WHERE holder = ? AND key = ?",
                (answer.status, answer.media, answer.body, holder, key),
            )

    def free(self, holder: str, key: str) -> None:
        """Delete a key whose request was not executed."""
        with reaching(STORE), self._database.writing() as session:
            session.execute(
                f"DELETE FROM {TABLE} WHERE holder = ? AND key = ?",
                (holder, key),
            )

    def check_writable(self, now: datetime) -> None:
        """Commit a row that belongs to no request. Raises StoreError if the store takes none."""
        with reaching(STORE), self._database.writing() as session:
            session.execute(
                f"INSERT INTO {TABLE} (holder, key, fingerprint, begun_at) VALUES ('', '', ?, ?) "
                "ON CONFLICT (holder, key) DO UPDATE SET begun_at = excluded.begun_at",
                (b"", columns.time_text(now)),
            )

    def _prune(self, session: Session, now: datetime) -> None:
        """Delete old keys from time to time."""
        self._until_pruning -= 1
        if self._until_pruning > 0:
            return
        self._until_pruning = BETWEEN_PRUNINGS
        session.execute(
            f"DELETE FROM {TABLE} WHERE begun_at < ?",
            (columns.time_text(now - KEPT_FOR),),
        )
        session.execute(
            f"DELETE FROM {TABLE} WHERE begun_at <= "
            f"(SELECT begun_at FROM {TABLE} "
            "ORDER BY begun_at DESC LIMIT 1 OFFSET ?)",
            (self._most,),
        )


def is_read_only(error: BaseException | None) -> bool:
    """Check for a store that this process may only read, by its role or on a standby."""
    while error is not None:
        if getattr(error, "sqlstate", None) in READ_ONLY:
            return True
        error = error.__cause__
    return False
