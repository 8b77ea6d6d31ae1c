"""One PostgreSQL server for all processes of a test run, and a database in it for each."""

import contextlib
import fcntl
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from tests.local_postgres import DSN_VARIABLE, local_postgres


@contextlib.contextmanager
def shared_postgres(folder: Path) -> Iterator[str]:
    """The URL of a new database. Who asks first starts the server, and stops it when nobody uses it
    any more; `folder` is where the processes of this run meet. A server that ORDERLEDGER_TEST_DSN
    names is used as it is."""
    if os.environ.get(DSN_VARIABLE):
        with local_postgres() as url:
            yield url
        return
    with contextlib.ExitStack() as at_end:
        with (folder / "postgres.starting").open("a") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            users = at_end.enter_context((folder / "postgres.users").open("a"))
            fcntl.flock(users, fcntl.LOCK_SH)  # waits while another stops it
            place = folder / "postgres.url"
            if not place.exists():
                place.write_text(at_end.enter_context(local_postgres()))
                at_end.callback(_wait_until_unused, users, place)
        yield _new_database(place.read_text())


def _wait_until_unused(users: IO[str], place: Path) -> None:
    fcntl.flock(users, fcntl.LOCK_EX)
    place.unlink()


def _new_database(url: str) -> str:
    """Locks and deadlocks, and what is seen of other connections, are each database's own."""
    import psycopg  # 145 ms, spared to runs without PostgreSQL

    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return urlsplit(url)._replace(path=f"/{name}").geturl()
