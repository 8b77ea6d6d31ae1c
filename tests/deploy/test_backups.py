"""The how-to of backups, tried: copies of ledgers that are being written to, restored, checked, and
compared event for event."""

import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest

from orderledger import Ledger, parse_document
from tests.command_line import run
from tests.local_postgres_programs import PostgresNotFoundError, unprivileged_user, usable_programs

BEFORE = 300
"""Orders that are recorded and acknowledged before the backup begins."""


def told(number: int) -> list[Any]:
    who = {"account": "sim:main", "client_order_id": f"C-{number}", "at": "2026-11-20T09:00:00Z"}
    terms = {"instrument": "BTC-USD", "side": "buy", "quantity": "2", "order_type": "market"}
    filled = {"type": "fill", **who, "fill_id": f"F-{number}", "quantity": "1", "price": "64000"}
    return [parse_document({"type": "request", **who, **terms}), parse_document(filled)]


@contextmanager
def being_written(url: str) -> Iterator[Ledger]:
    """A ledger with acknowledged orders, in which another thread goes on recording."""
    with Ledger.open(url) as ledger:
        ledger.record_many(message for number in range(BEFORE) for message in told(number))
        is_enough = threading.Event()
        writing = threading.Thread(target=lambda: write_on(ledger, is_enough))
        writing.start()
        try:
            yield ledger
        finally:
            is_enough.set()
            writing.join()


def write_on(ledger: Ledger, is_enough: threading.Event) -> None:
    for number in count(BEFORE):
        if is_enough.is_set():
            return
        ledger.record_many(told(number))


def compare(url: str, original: Ledger) -> None:
    """The copy agrees with itself, and has the same events as the original from the first one to
    its last one."""
    checked = run("check", "--db", url, "--json")
    assert checked.status == 0, checked.out
    with Ledger.open(url, update_views=False) as copy:
        events = list(copy.events())
        assert len(events) >= 2 * BEFORE
        assert events == list(original.events(limit=len(events)))
        assert copy.orders() == original.orders(as_of=events[-1]["position"])
        outcome = copy.record(told(10**6)[0])  # it is a ledger that goes on
        assert outcome.outcome == "recorded" and (outcome.position or 0) > events[-1]["position"]


@pytest.mark.slow
def test_a_copy_by_vacuum_into_of_a_file_that_is_written_to_is_the_same_ledger(
    tmp_path: Path,
) -> None:
    with being_written(f"sqlite:///{tmp_path}/orders.db") as ledger:
        for number in range(3):
            with sqlite3.connect(tmp_path / "orders.db") as connection:
                connection.execute("VACUUM INTO ?", [str(tmp_path / f"{number}.db")])
            connection.close()
    with Ledger.open(f"sqlite:///{tmp_path}/orders.db", update_views=False) as ledger:
        for number in range(3):
            compare(f"sqlite:///{tmp_path}/{number}.db", ledger)


def test_a_copy_of_the_file_alone_lacks_what_was_acknowledged(tmp_path: Path) -> None:
    """Which is why the how-to forbids it."""
    with Ledger.open(f"sqlite:///{tmp_path}/orders.db", update_views=False) as ledger:
        ledger.record_many(message for number in range(BEFORE) for message in told(number))
        acknowledged = ledger.status()["position"]
        shutil.copy(tmp_path / "orders.db", tmp_path / "copy.db")
        assert acknowledged == 2 * BEFORE
        assert events_in(tmp_path / "copy.db") < acknowledged


def events_in(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("SELECT count(*) FROM orderledger_events").fetchone()[0])
    except sqlite3.DatabaseError:  # not even a database
        return 0
    finally:
        connection.close()


@pytest.mark.slow
def test_a_dump_of_postgresql_that_is_written_to_restores_to_the_same_ledger(
    postgres_url: str, tmp_path: Path
) -> None:
    programs = dump_programs(tmp_path)
    with new_database(postgres_url) as url, new_database(postgres_url) as restored:
        with being_written(url):
            call(
                programs / "pg_dump",
                "--format",
                "custom",
                "--file",
                str(tmp_path / "orders.dump"),
                url,
            )
        call(
            programs / "pg_restore",
            "--exit-on-error",
            "--no-owner",
            "--dbname",
            restored,
            str(tmp_path / "orders.dump"),
        )
        with Ledger.open(url, update_views=False) as ledger:
            compare(restored, ledger)


def dump_programs(folder: Path) -> Path:
    try:
        programs = usable_programs(folder, unprivileged_user())
    except PostgresNotFoundError as error:
        pytest.skip(str(error))
    if not (programs / "pg_dump").exists():
        pytest.skip(f"no pg_dump in {programs}")
    return programs


def call(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "server version mismatch" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr


@contextmanager
def new_database(url: str) -> Iterator[str]:
    name = f"backup_{uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
