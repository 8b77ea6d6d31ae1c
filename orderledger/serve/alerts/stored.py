"""Reads and writes the tables of alerts."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from orderledger.extend.runtime import printable, secrecy
from orderledger.extend.store import Database, Session, reaching
from orderledger.extend.views import Table
from orderledger.serve.alerts.tables import (
    ALERTS,
    CURSORS,
    NOTICES,
    OPEN,
    WAITING,
    AlertRow,
    NoticeRow,
)

STORE = "the table of alerts"

Key = tuple[str, str]
"""A rule and a subject."""


class NewAlert(NamedTuple):
    """An alert to raise. `is_over`: it is cleared at once, because its cause has ended already."""

    rule: str
    kind: str
    severity: str
    subject: str
    account: str | None
    text: str
    details: Mapping[str, Any]
    position: int
    targets: Sequence[str]
    is_over: bool = False


class Clearing(NamedTuple):
    """An alert to clear."""

    id: int
    targets: Sequence[str]


class AlertTables:
    """The alerts of one watcher. Every method raises StoreError if the store cannot be used."""

    def __init__(self, database: Database, watcher: str) -> None:
        self._database = database
        self._watcher = watcher

    def open(self) -> dict[Key, AlertRow]:
        """The alerts that are raised and not cleared."""
        with self._reading() as session:
            rows = session.select(
                ALERTS, f"watcher = ? AND {OPEN}", (self._watcher,), tail="ORDER BY id"
            )
        return {(row["rule"], row["subject"]): row for row in rows}

    def was_raised(self, rule: str, subject: str) -> bool:
        """Check whether the rule has ever raised an alert about the subject."""
        statement = (
            f"SELECT 1 FROM {ALERTS.name} WHERE watcher = ? AND rule = ? AND subject = ? LIMIT 1"
        )
        with self._reading() as session:
            return bool(session.execute(statement, (self._watcher, rule, subject)))

    def cursor(self) -> int | None:
        """The log position up to which orders were looked at. None before the first look."""
        with self._reading() as session:
            rows = session.execute(
                f"SELECT position FROM {CURSORS} WHERE watcher = ?", (self._watcher,)
            )
        return int(rows[0][0]) if rows else None

    def change(
        self,
        raised: Sequence[NewAlert],
        cleared: Sequence[Clearing],
        *,
        at: datetime,
        position: int,
    ) -> list[int]:
        """Raise and clear alerts, with their notices, and move the cursor, in one transaction.
        Returns their numbers.

        An alert that is open already is not raised again, and one that is cleared already is not
        cleared again.
        """
        numbers: list[int] = []
        with self._writing() as session:
            for alert in raised:
                number = self._raise(session, alert, at)
                if number is not None:
                    numbers.append(number)
                    if alert.is_over:
                        self._clear(session, Clearing(number, alert.targets), at, position)
            for one in cleared:
                self._clear(session, one, at, position)
            session.execute(
                f"INSERT INTO {CURSORS} (watcher, position) VALUES (?, ?) ON CONFLICT (watcher) DO "
                f"UPDATE SET position = CASE WHEN excluded.position > {CURSORS}.position THEN "
                f"excluded.position ELSE {CURSORS}.position END",
                (self._watcher, position),
            )
        return numbers

    def _raise(self, session: Session, alert: NewAlert, at: datetime) -> int | None:
        row: AlertRow = {
            "id": 0,
            "watcher": self._watcher,
            "rule": alert.rule,
            "kind": alert.kind,
            "severity": alert.severity,
            "subject": alert.subject,
            "account": alert.account,
            "text": secrecy.masked(printable(alert.text)),
            "details": dict(alert.details),
            "position": alert.position,
            "raised_at": at,
            "cleared_at": None,
            "cleared_position": None,
        }
        number = _insert(session, ALERTS, row)
        if number is not None:
            self._notify(session, number, "raised", alert.targets, at)
        return number

    def _clear(self, session: Session, clearing: Clearing, at: datetime, position: int) -> None:
        found = session.execute(
            f"UPDATE {ALERTS.name} SET cleared_at = ?, cleared_position = ? WHERE id = ? AND "
            f"{OPEN} RETURNING id",
            (session.to_sql("time", at), position, clearing.id),
        )
        if found:
            self._notify(session, clearing.id, "cleared", clearing.targets, at)

    def _notify(
        self, session: Session, number: int, event: str, targets: Sequence[str], at: datetime
    ) -> None:
        for target in targets:
            row: NoticeRow = {
                "id": 0,
                "watcher": self._watcher,
                "alert_id": number,
                "event": event,
                "target": target,
                "attempts": 0,
                "next_attempt_at": at,
                "delivered_at": None,
                "given_up_at": None,
                "fault": None,
            }
            _insert(session, NOTICES, row)

    def next_notice(self, target: str) -> tuple[NoticeRow, AlertRow] | None:
        """The first notice that the target has not got, with its alert."""
        where = f"watcher = ? AND target = ? AND {WAITING}"
        with self._reading() as session:
            found = session.select(
                NOTICES, where, (self._watcher, target), tail="ORDER BY id LIMIT 1"
            )
            alerts = session.select(ALERTS, "id = ?", (found[0]["alert_id"],)) if found else []
        return (found[0], alerts[0]) if alerts else None

    def begin_attempt(self, notice: NoticeRow, *, again_at: datetime) -> bool:
        """Count an attempt before it is made. Returns False if another process has begun one, which
        delivers the notice."""
        with self._writing() as session:
            return bool(
                session.execute(
                    f"UPDATE {NOTICES.name} SET attempts = attempts + 1, next_attempt_at = ? "
                    f"WHERE id = ? AND attempts = ? AND {WAITING} RETURNING id",
                    (session.to_sql("time", again_at), notice["id"], notice["attempts"]),
                )
            )

    def delivered(self, notice: NoticeRow, at: datetime) -> None:
        """Note that the target has the notice."""
        with self._writing() as session:
            session.execute(
                f"UPDATE {NOTICES.name} SET delivered_at = ?, fault = NULL WHERE id = ? RETURNING "
                "id",
                (session.to_sql("time", at), notice["id"]),
            )

    def failed(
        self,
        notice: NoticeRow,
        fault: str,
        *,
        again_at: datetime,
        given_up_at: datetime | None = None,
    ) -> None:
        """Note why an attempt failed, and when the next may begin, or that there is none."""
        with self._writing() as session:
            session.execute(
                f"UPDATE {NOTICES.name} SET fault = ?, next_attempt_at = ?, given_up_at = ? WHERE "
                "id = ? RETURNING id",
                (
                    secrecy.masked(printable(fault))[:500],
                    session.to_sql("time", again_at),
                    None if given_up_at is None else session.to_sql("time", given_up_at),
                    notice["id"],
                ),
            )

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with reaching(STORE), self._database.reading() as session:
            yield session

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        with reaching(STORE), self._database.writing() as session:
            yield session


def _insert(session: Session, table: Table[Any], row: Mapping[str, Any]) -> int | None:
    """Insert a row with the next number as its id. Returns None if its alert is open already."""
    names = [name for name in table.names if name != "id"]
    values = [session.to_sql(table.kinds[name], row[name]) for name in names]
    typed = ", ".join(_typed(session, table, name) for name in names)
    rows = session.execute(
        f"INSERT INTO {table.name} (id, {', '.join(names)}) SELECT COALESCE(MAX(id), 0) + 1, "
        f"{typed} FROM {table.name} WHERE true ON CONFLICT DO NOTHING RETURNING id",
        values,
    )
    return int(rows[0][0]) if rows else None


def _typed(session: Session, table: Table[Any], name: str) -> str:
    """A parameter with its type: PostgreSQL cannot infer it within a SELECT."""
    return f"CAST(? AS {session.types[table.kinds[name]]})"
