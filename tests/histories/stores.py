"""The store of a history: a file, PostgreSQL behind proxies, or PostgreSQL with a standby that lags
and takes over. Reads the log by plain SQL."""

import json
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from tests.histories.proxy import Proxy
from tests.local_postgres import PostgresServer, private_postgres, standby_of

QUERY = (
    "SELECT notification_id, originator_id, originator_version, topic, state "
    "FROM orderledger_events ORDER BY notification_id"
)


class Row(NamedTuple):
    position: int
    stream: str
    version: int
    name: str
    token: str | None
    fill: str | None


@dataclass(slots=True)
class Failover:
    """`kept_to`: the last position that the standby had. Times of the monotonic clock."""

    before: list[Row]
    kept_to: int
    killed: int
    promoted: int


def _row(stored: tuple[Any, ...]) -> Row:
    state = json.loads(bytes(stored[4]))
    fill = state["payload"].get("fill_id") if stored[3].startswith("fill_recorded") else None
    position, stream, version, name = stored[:4]
    return Row(position, stream, version, name, state.get("correlation_id"), fill)


class File:
    """A file of SQLite."""

    failover: Failover | None = None
    proxies: tuple[Proxy, ...] = ()

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ledger.db"

    def url_of(self, number: int) -> str:
        return f"sqlite:///{self._path}"

    def rows(self) -> list[Row]:
        with closing(sqlite3.connect(self._path)) as connection:
            return [_row(stored) for stored in connection.execute(QUERY)]

    def has_submitted(self, stream: str) -> bool:
        return any(row.stream == stream for row in self.rows() if is_submission(row))


def is_submission(row: Row) -> bool:
    return row.name.startswith("order_submitted")


class Server:
    """PostgreSQL behind two proxies."""

    def __init__(self, folder: Path, primary: PostgresServer) -> None:
        self.primary = primary
        self.failover: Failover | None = None
        self.proxies = tuple(Proxy(folder / f"proxy{one}", primary.folder) for one in range(2))

    def url_of(self, number: int) -> str:
        return self.proxies[number % 2].url

    def rows(self) -> list[Row]:
        return rows_of(self.primary)

    def has_submitted(self, stream: str) -> bool:
        return any(row.stream == stream for row in self.rows() if is_submission(row))

    def fail_over(self, standby: PostgresServer) -> None:
        """Kill the primary, and let the standby, which has stopped before, take its place."""
        killed = time.monotonic_ns()
        self.primary.kill()
        standby.start()
        kept_to = rows_of(standby)[-1].position
        with psycopg.connect(standby.url, autocommit=True) as connection:
            connection.execute("SELECT pg_promote()")
        self.primary.start()  # nobody is connected to it: the proxies turn to the other
        before = rows_of(self.primary)
        self.failover = Failover(before, kept_to, killed, time.monotonic_ns())
        self.primary = standby
        for proxy in self.proxies:
            proxy.target = standby.folder


def rows_of(server: PostgresServer) -> list[Row]:
    with psycopg.connect(server.url) as connection:
        return [_row(stored) for stored in connection.execute(QUERY.encode())]


@asynccontextmanager
async def opened(kind: str, folder: Path) -> AsyncIterator[tuple[File | Server, Any]]:
    """A store of this kind, and its standby."""
    async with AsyncExitStack() as stack:
        if kind == "sqlite":
            yield File(folder), None
            return
        primary = stack.enter_context(private_postgres())
        standby = stack.enter_context(standby_of(primary)) if kind == "failover" else None
        server = Server(folder, primary)
        for proxy in server.proxies:
            await proxy.start()
            stack.callback(proxy.close)
        yield server, standby
