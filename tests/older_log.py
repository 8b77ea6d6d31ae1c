"""A database that is put back to an older state under its users."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

import psycopg

from orderledger import StoreError
from tests.local_postgres import PostgresServer


def until_answered(call: Callable[[], Any]) -> Any:
    """The answer, once the store can be reached."""
    deadline = monotonic() + 90
    while True:
        try:
            return call()
        except StoreError:
            if monotonic() > deadline:
                raise
            sleep(0.1)


def until(holds: Callable[[], Any]) -> None:
    deadline = monotonic() + 90
    while not holds():
        assert monotonic() < deadline
        sleep(0.05)


@contextmanager
def database(server: PostgresServer, name: str) -> Iterator[tuple[str, Callable[[], None]]]:
    """The URL of a new database, and a function that puts back the state of its first call."""

    def execute(*statements: str) -> None:
        with psycopg.connect(server.url, autocommit=True) as connection:
            for one in statements:
                connection.execute(one.encode())

    has_copy = False

    def is_copied() -> bool:
        """False if a ledger has connected again in between."""
        try:
            execute(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
                f"CREATE DATABASE {name}_old TEMPLATE {name}",
            )
        except psycopg.errors.ObjectInUse:
            return False
        return True

    def copy_or_put_back() -> None:
        nonlocal has_copy
        if not has_copy:
            until(is_copied)
            has_copy = True
        else:
            execute(
                f"DROP DATABASE {name} WITH (FORCE)", f"ALTER DATABASE {name}_old RENAME TO {name}"
            )

    execute(f"CREATE DATABASE {name} ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0")
    try:
        yield server.url.replace("/postgres?", f"/{name}?"), copy_or_put_back
    finally:
        execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        execute(f"DROP DATABASE IF EXISTS {name}_old WITH (FORCE)")
