"""Checkpoints of the log: C2SP signed notes with the size and the root of its Merkle tree.

A checkpoint counts only where the owner of the database cannot change it. So it is stored here, and
given to targets: a file, a webhook, a command.
"""

import subprocess
import threading
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from orderledger import InvalidSetting
from orderledger.audit.errors import NotProved
from orderledger.audit.proof import tiles
from orderledger.audit.proof.keys import SigningKey
from orderledger.audit.proof.verifier import (
    Checkpoint,
    ProofError,
    check_signature,
    parse_checkpoint,
    parse_key,
)
from orderledger.extend.runtime import files
from orderledger.extend.store import Session, Store, table_names

SECONDS_FOR_A_TARGET = 30

Target = Callable[[str], None]
"""Takes a signed checkpoint to another place. Raises NotProved if that failed."""


class Made(NamedTuple):
    """A checkpoint of this store: the number of events, the position of the last one, and the
    signed note."""

    size: int
    position: int
    note: str


def make(
    store: Store,
    key: SigningKey,
    now: datetime | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Made:
    """Bring the tiles up to date, sign size and root, and store the note.

    Signs nothing that contradicts an earlier checkpoint of this store: raises NotProved then.
    """
    reached = tiles.update(store.database, progress)
    with store.database.reading() as session:
        tree = tiles.stored_tree(session, reached.size)
        _check_earlier(session, tree)
        root = tree.root()
    note = key.signed(checkpoint_body(key.name, reached.size, root))
    made_at = (now or datetime.now(UTC)).isoformat().replace("+00:00", "Z")
    with store.database.writing() as session:
        session.execute(
            f"INSERT INTO {table_names.CHECKPOINTS_TABLE} (size, position, made_at, note) "
            "VALUES (?, ?, ?, ?) ON CONFLICT (size) "
            "DO UPDATE SET note = excluded.note, made_at = excluded.made_at",
            (reached.size, reached.position, made_at, note),
        )
    return Made(reached.size, reached.position, note)


def checkpoint_body(origin: str, size: int, root: bytes) -> str:
    """The text that is signed."""
    return f"{origin}\n{size}\n{b64encode(root).decode()}\n"


def _check_earlier(session: Session, tree: tiles.Tree) -> None:
    earlier = last_stored(session)
    if earlier is None:
        return
    checkpoint = parsed(earlier.note)
    if checkpoint.size > tree.size or tree.root(checkpoint.size) != checkpoint.root:
        raise NotProved(
            f"the log does not continue its checkpoint of {checkpoint.size} events: run "
            "`orderledger verify`"
        )


def last_stored(session: Session) -> Made | None:
    """The newest checkpoint in the store."""
    rows = session.execute(
        f"SELECT size, position, note FROM {table_names.CHECKPOINTS_TABLE} ORDER BY size DESC "
        "LIMIT 1"
    )
    return Made(*rows[0]) if rows else None


def all_stored(session: Session) -> list[str]:
    """The notes in the store, the smallest log first."""
    return [
        note
        for (note,) in session.execute(
            f"SELECT note FROM {table_names.CHECKPOINTS_TABLE} ORDER BY size"
        )
    ]


def parsed(note: str) -> Checkpoint:
    """A checkpoint. Raises NotProved if it is none."""
    try:
        return parse_checkpoint(note)
    except ProofError as error:
        raise NotProved(f"the checkpoint cannot be read: {error}") from error


def check_signed(checkpoint: Checkpoint, keys: Sequence[str]) -> None:
    """Raise NotProved unless the checkpoint is of the log of the first key, and signed by all of
    them."""
    try:
        for key in keys:
            check_signature(checkpoint, parse_key(key))
        if keys and parse_key(keys[0]).name != checkpoint.origin:
            raise ProofError(
                f"the checkpoint is of the log {checkpoint.origin}, and the key is of "
                f"{parse_key(keys[0]).name}"
            )
    except ProofError as error:
        raise NotProved(str(error)) from error


# Targets


def to_file(path: Path) -> Target:
    """Replace a file with the newest checkpoint."""

    def publish(note: str) -> None:
        with files.written(path):
            files.write_whole(path, note.encode())

    return publish


def to_webhook(url: str) -> Target:
    """POST each checkpoint as text."""
    if not url.startswith(("http://", "https://")):
        raise InvalidSetting("post", f"{url!r:.100} is not an http address")

    def send(note: str) -> None:
        from urllib.error import URLError
        from urllib.request import Request, urlopen

        asked = Request(
            url, note.encode(), {"Content-Type": "text/plain; charset=utf-8"}, method="POST"
        )
        try:
            with urlopen(asked, timeout=SECONDS_FOR_A_TARGET) as answer:
                answer.read(1024)
        except (URLError, OSError) as error:
            raise NotProved(
                f"the checkpoint did not reach {url}: {getattr(error, 'reason', error)}"
            ) from error

    return send


def to_command(command: str) -> Target:
    """Run a shell command with each checkpoint on its standard input."""

    def run(note: str) -> None:
        try:
            subprocess.run(
                command, shell=True, input=note.encode(), timeout=SECONDS_FOR_A_TARGET, check=True
            )
        except (subprocess.SubprocessError, OSError) as error:
            raise NotProved(f"the command for the checkpoint failed: {error}") from error

    return run


class CheckpointLoop:
    """Makes a checkpoint every so many seconds, if the log has grown, until it is stopped. A
    collector or a service runs it in a thread; `orderledger checkpoint --every` runs it in a
    process. `say` gets errors, which do not end the loop."""

    def __init__(
        self,
        store: Store,
        key: SigningKey,
        every: float,
        targets: Sequence[Target],
        say: Callable[[str], None],
    ) -> None:
        self._store, self._key, self._every, self._targets, self._say = (
            store,
            key,
            every,
            targets,
            say,
        )
        self._stopping = threading.Event()
        self._size = -1
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Run in a thread."""
        self._thread = threading.Thread(
            target=self.run, name="orderledger-checkpoints", daemon=True
        )
        self._thread.start()

    def run(self) -> None:
        """Run until `stop`, and make a last checkpoint then."""
        while True:
            is_last = self._stopping.is_set()
            self.make_if_grown()
            if is_last:
                return
            self._stopping.wait(self._every)

    def make_if_grown(self) -> None:
        """Make a checkpoint, unless the last one has all events."""
        try:
            made = make(self._store, self._key)
            if made.size != self._size:
                for target in self._targets:
                    target(made.note)
                self._size = made.size
        except Exception as error:
            self._say(f"no checkpoint: {error}")

    def ask_to_stop(self) -> None:
        """Let `run` end after a last checkpoint. May be called by a signal handler."""
        self._stopping.set()

    def stop(self) -> None:
        """Stop, after a last checkpoint, and wait for that."""
        self.ask_to_stop()
        if self._thread is not None:
            self._thread.join()
