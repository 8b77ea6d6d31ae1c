"""Random alterations of a ledger in SQLite, by somebody who has the file and knows its tables."""

import json
import sqlite3
from pathlib import Path
from random import Random
from typing import Any

EVENTS, EVIDENCE = "orderledger_events", "event_evidence"
COVERED = {
    EVENTS: "SELECT notification_id, CAST(originator_id AS BLOB), typeof(originator_id), "
    "originator_version, CAST(topic AS BLOB), typeof(topic), CAST(state AS BLOB), typeof(state) "
    f"FROM {EVENTS} ORDER BY notification_id",
    EVIDENCE: f"SELECT position, salt, evidence, text FROM {EVIDENCE} ORDER BY position",
}

KINDS = (
    *("flip_a_bit_of_an_event",) * 2,
    *("flip_a_bit_of_the_file",) * 2,
    "change_a_payload",
    "swap_events",
    "swap_positions",
    "delete_an_event",
    "delete_the_tail",
    "insert_an_event",
    "move_positions",
    "change_a_type",
    "change_evidence",
    "delete_evidence",
    "add_evidence",
    "rewrite_history",
)
"""Names of the methods below."""


def flipped(value: Any, chance: Random) -> Any:
    """The value with one bit changed."""
    if isinstance(value, int):
        return value ^ 1 << chance.randrange(40)
    data = bytearray(value.encode() if isinstance(value, str) else value)
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(7)
    return data.decode(errors="surrogateescape") if isinstance(value, str) else bytes(data)


class Alterer:
    """One alteration of a store, chosen by chance. `what` describes it."""

    def __init__(self, path: Path, chance: Random) -> None:
        self.path, self.chance, self.what = path, chance, ""

    def alter(self) -> str:
        kinds = [getattr(self, name) for name in KINDS]
        kind = self.chance.choice(kinds)
        if kind == self.flip_a_bit_of_the_file:
            kind()
        else:
            connection = sqlite3.connect(self.path, isolation_level=None)
            connection.execute("PRAGMA journal_mode=DELETE")
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            self.connection = connection
            kind()
            connection.close()
        return f"{kind.__name__}: {self.what}"

    def positions(self) -> list[int]:
        return [
            row[0]
            for row in self.connection.execute(
                f"SELECT notification_id FROM {EVENTS} ORDER BY notification_id"
            )
        ]

    def flip_a_bit_of_an_event(self) -> None:
        position = self.chance.choice(self.positions())
        column = self.chance.choice(
            ["originator_id", "originator_version", "topic", "state", "notification_id"]
        )
        select = f"SELECT {column} FROM {EVENTS} WHERE notification_id = ?"
        (value,) = self.connection.execute(select, (position,)).fetchone()
        changed = value
        while changed == value or self._is_taken(column, position, changed):
            changed = flipped(value, self.chance)
        self.what = f"{column} of {position}: {value!r:.60} to {changed!r:.60}"
        self.connection.execute(
            f"UPDATE {EVENTS} SET {column} = ? WHERE notification_id = ?", (changed, position)
        )

    def _is_taken(self, column: str, position: int, value: Any) -> bool:
        try:
            self.connection.execute("SAVEPOINT look")
            self.connection.execute(
                f"UPDATE {EVENTS} SET {column} = ? WHERE notification_id = ?", (value, position)
            )
        except sqlite3.IntegrityError:
            return True
        finally:
            self.connection.execute("ROLLBACK TO look")
            self.connection.execute("RELEASE look")
        return False

    def change_a_payload(self) -> None:
        """A fill that was larger, say, in valid JSON."""
        position = self.chance.choice(self.positions())
        (state,) = self.connection.execute(
            f"SELECT state FROM {EVENTS} WHERE notification_id = ?", (position,)
        ).fetchone()
        document = json.loads(state)
        document["payload"]["quantity"] = str(self.chance.randrange(1000, 2000))
        self.what = f"payload of {position}"
        self._store(position, json.dumps(document, separators=(",", ":")).encode())

    def _store(self, position: int, state: bytes) -> None:
        self.connection.execute(
            f"UPDATE {EVENTS} SET state = ? WHERE notification_id = ?", (state, position)
        )

    def swap_events(self) -> None:
        one, other = self.chance.sample(self.positions(), 2)
        self.what = f"bytes of {one} and {other}"
        states = dict(
            self.connection.execute(
                f"SELECT notification_id, state FROM {EVENTS} WHERE notification_id IN (?, ?)",
                (one, other),
            )
        )
        self._store(one, states[other])
        self._store(other, states[one])

    def swap_positions(self) -> None:
        one, other = self.chance.sample(self.positions(), 2)
        self.what = f"{one} and {other}"
        for before, after in ((one, -1), (other, one), (-1, other)):
            self.connection.execute(
                f"UPDATE {EVENTS} SET notification_id = ? WHERE notification_id = ?",
                (after, before),
            )

    def delete_an_event(self) -> None:
        position = self.chance.choice(self.positions())
        self.what = str(position)
        self.connection.execute(f"DELETE FROM {EVENTS} WHERE notification_id = ?", (position,))

    def delete_the_tail(self) -> None:
        position = self.chance.choice(self.positions())
        self.what = f"from {position} on"
        self.connection.execute(f"DELETE FROM {EVENTS} WHERE notification_id >= ?", (position,))
        self.connection.execute(f"DELETE FROM {EVIDENCE} WHERE position >= ?", (position,))
        if self.chance.random() < 0.5:
            self.connection.execute("DELETE FROM proof_tiles")

    def insert_an_event(self) -> None:
        """Between two events, or before them all: behind the last one it would be a new event."""
        places = [
            position
            for position in range(-3, max(self.positions()))
            if position not in set(self.positions())
        ]
        position = self.chance.choice(places)
        self.what = str(position)
        copy = (
            f"SELECT originator_id, originator_version + 1000, topic, state, ? FROM {EVENTS} LIMIT "
            "1"
        )
        self.connection.execute(f"INSERT INTO {EVENTS} {copy}", (position,))

    def move_positions(self) -> None:
        begin = self.chance.choice(self.positions())
        self.what = f"from {begin} on, by 1000"
        change = (
            f"UPDATE {EVENTS} SET notification_id = notification_id + 1000 WHERE notification_id "
            ">= ?"
        )
        self.connection.execute(change, (begin,))

    def change_a_type(self) -> None:
        position = self.chance.choice(self.positions())
        change = self.chance.choice(
            ["state = CAST(state AS TEXT)", "originator_version = originator_version + 0.5"]
        )
        self.what = f"{change} at {position}"
        self.connection.execute(
            f"UPDATE {EVENTS} SET {change} WHERE notification_id = ?", (position,)
        )

    def change_evidence(self) -> None:
        rows = self.connection.execute(
            f"SELECT position, salt, evidence, text FROM {EVIDENCE}"
        ).fetchall()
        position, *cells = self.chance.choice(rows)
        name, value = self.chance.choice(
            [
                one
                for one in zip(("salt", "evidence", "text"), cells, strict=True)
                if one[1] is not None
            ]
        )
        self.what = f"{name} of {position}"
        change = f"UPDATE {EVIDENCE} SET {name} = ? WHERE position = ?"
        self.connection.execute(change, (flipped(value, self.chance), position))

    def delete_evidence(self) -> None:
        (position,) = self.chance.choice(
            self.connection.execute(f"SELECT position FROM {EVIDENCE}").fetchall()
        )
        self.what = str(position)
        self.connection.execute(f"DELETE FROM {EVIDENCE} WHERE position = ?", (position,))

    def add_evidence(self) -> None:
        known = {
            position for (position,) in self.connection.execute(f"SELECT position FROM {EVIDENCE}")
        }
        position = self.chance.choice(
            [one for one in range(-2, max(self.positions()) + 3) if one not in known]
        )
        self.what = str(position)
        self.connection.execute(
            f"INSERT INTO {EVIDENCE} VALUES (?, ?, ?, NULL)", (position, b"salt", b"{}")
        )

    def rewrite_history(self) -> None:
        """Change an event, and compute all hashes anew: only the key is missing."""
        self.change_a_payload()
        self.connection.execute("DELETE FROM proof_tiles")
        if self.chance.random() < 0.5:
            self.connection.execute("DELETE FROM proof_checkpoints")
        self.what += ", hashes anew"

    def flip_a_bit_of_the_file(self) -> None:
        data = bytearray(self.path.read_bytes())
        at = self.chance.randrange(len(data))
        data[at] ^= 1 << self.chance.randrange(8)
        self.what = f"byte {at}"
        self.path.write_bytes(data)


def covered(path: Path) -> dict[str, Any]:
    """What a checkpoint vouches for: events and evidence, with their types. An error if SQLite
    cannot read them."""
    connection = sqlite3.connect(path)
    found: dict[str, Any] = {}
    try:
        for table, select in COVERED.items():
            found[table] = connection.execute(select).fetchall()
    except (
        sqlite3.Error,
        UnicodeDecodeError,
    ) as error:  # the latter for a message with bytes of a damaged schema
        found["error"] = str(error)
    finally:
        connection.close()
    return found
