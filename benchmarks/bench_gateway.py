"""The gateway, from `submit` to the first byte at the venue, beside the same rows committed with
raw SQLite and then sent.

The venue is a server on loopback in this process that answers every line at once. One caller: the
median from the call to the arrival of the first byte. 64 callers: orders a second from call to
answer. Raw: one commit for each order, one after the other, with synchronous=FULL as the ledger
has. On the disk of this machine, in memory, and in memory with commits that take a millisecond."""

import asyncio
import os
import sqlite3
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from eventsourcing.sqlite import SQLiteConnection
from measuring import Bench, Figure, databases

from orderledger import Gateway, Ledger, Request
from orderledger.infrastructure.messages.registry import Acknowledged
from orderledger.projections.view import Row
from orderledger.venues import EntryAbilities, Sent

ACCOUNT = "bench:main"
ONE, MANY, CALLERS = 400, 4_000, 64
MEMORY = "/dev/shm"
SLOW_COMMIT = 0.001


class LoopbackVenue:
    """Answers each line. `arrived`: when the first byte of each order came."""

    def __init__(self) -> None:
        self.arrived: dict[str, float] = {}

    async def __aenter__(self) -> "LoopbackVenue":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.CancelledError):  # the loop ends
            while line := await reader.readline():
                self.arrived[line.decode().strip()] = time.perf_counter()
                writer.write(b"ok\n")


class LineEntry:
    """Sends the client order id as a line, one connection for each order in flight."""

    abilities = EntryAbilities()

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    def prepare(self, order: Row) -> Mapping[str, str]:
        return {}

    async def send(self, name: str) -> None:
        reader, writer = (
            self._idle.pop()
            if self._idle
            else await asyncio.open_connection("127.0.0.1", self._port)
        )
        writer.write(name.encode() + b"\n")
        await reader.readline()
        self._idle.append((reader, writer))

    async def submit(self, order: Row) -> Sent:
        name = order["client_order_id"]
        await self.send(name)
        return [Acknowledged(account=ACCOUNT, client_order_id=name, venue_order_id=f"V{name}")]

    async def submit_many(self, orders: Sequence[Row]) -> Sequence[Sent | Exception]:
        return [await self.submit(order) for order in orders]

    async def cancel(self, order: Row, request_id: str) -> Sent:
        return []

    async def replace(self, order: Row, request: Row) -> Sent:
        return []

    async def aclose(self) -> None:
        for _, writer in self._idle:
            writer.close()


def request(number: int) -> Request:
    return Request(
        account=ACCOUNT,
        client_order_id=f"C-{number}",
        instrument=f"I-{number % 50}",
        side="buy",
        quantity="0.5",
        order_type="limit",
        limit_price="100",
        strategy="bench",
    )


@contextmanager
def slower_commits(seconds: float) -> Iterator[None]:
    """Each commit to the log takes this much longer, without the interpreter's lock."""
    commit = SQLiteConnection.commit

    def slow(connection: SQLiteConnection) -> None:
        time.sleep(seconds)
        commit(connection)

    SQLiteConnection.commit = slow  # type: ignore[method-assign]
    try:
        yield
    finally:
        SQLiteConnection.commit = commit  # type: ignore[method-assign]


def main() -> None:
    bench = Bench(__doc__)
    with databases(["sqlite"]) as stores:
        measured(bench, stores.folder, "disk", 0.0, one="at most 2")
        if os.path.isdir(MEMORY):
            with TemporaryDirectory(dir=MEMORY) as folder:
                measured(bench, Path(folder), "memory", 0.0, many="at least 0.7")
                with slower_commits(SLOW_COMMIT):
                    measured(bench, Path(folder), "1 ms", SLOW_COMMIT, many="at least 3")
    bench.close()


def measured(
    bench: Bench, folder: Path, where: str, commit_seconds: float, *, one: str = "", many: str = ""
) -> None:
    """Add the figures of a place. `commit_seconds`: what a raw commit takes longer. `one` and
    `many`: the targets, as ratios to raw."""
    count, counts = (number // (4 if bench.is_quick else 1) for number in (ONE, MANY))
    gateway_us, raw_us, rates, raw_rates = [], [], [], []
    for number in range(bench.rounds):
        url = str(folder / f"{where}-{number}.db")
        alone, rate, rows = asyncio.run(_through_gateway(url, count, counts))
        raw_path = folder / f"raw-{where}-{number}.db"
        raw = _raw(raw_path, rows, count, counts // 4, commit_seconds)
        raw_alone, raw_rate = asyncio.run(raw)
        gateway_us.append(alone)
        raw_us.append(raw_alone)
        rates.append(rate)
        raw_rates.append(raw_rate)
    for case, ours, raws, unit, target in (
        ("one caller, to the first byte", gateway_us, raw_us, "us", one),
        (f"{CALLERS} callers", rates, raw_rates, "orders/s", many),
    ):
        bench.add(
            Figure(
                case,
                where,
                statistics.median(ours),
                unit,
                statistics.median(raws),
                "raw",
                statistics.median(a / b for a, b in zip(ours, raws, strict=True)),
                target,
            )
        )


async def _through_gateway(
    url: str, one: int, many: int
) -> tuple[float, float, list[tuple[str, int, str, bytes]]]:
    """Median microseconds to the first byte, orders a second of many callers, and the rows of an
    order as they are stored."""
    async with LoopbackVenue() as venue:
        entry = LineEntry(venue.port)
        with Ledger.open(url) as ledger:
            async with Gateway(ledger, {ACCOUNT: entry}) as gateway:
                delays = []
                for number in range(one):
                    order = request(number)
                    began = time.perf_counter()
                    await gateway.submit(order)
                    delays.append(venue.arrived[order.client_order_id] - began)
                numbers = iter(range(one, one + many))

                async def caller() -> None:
                    for number in numbers:
                        await gateway.submit(request(number))

                began = time.perf_counter()
                await asyncio.gather(*(caller() for _ in range(CALLERS)))
                rate = many / (time.perf_counter() - began)
                rows = [tuple(row)[:4] for row in ledger.internals.store.recorder.rows_after(1, 2)]
        await entry.aclose()
    return statistics.median(delays) * 1e6, rate, rows  # type: ignore[return-value]


async def _raw(
    path: Path,
    rows: list[tuple[str, int, str, bytes]],
    one: int,
    many: int,
    commit_seconds: float,
) -> tuple[float, float]:
    """The same for a program that commits the rows of each order with SQLite alone, and then sends
    it."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE log (stream TEXT, version INTEGER, name TEXT, state BLOB, UNIQUE (stream, "
        "version))"
    )
    async with LoopbackVenue() as venue:
        entry = LineEntry(venue.port)
        delays = []
        began_all = time.perf_counter()
        for number in range(one + many):
            if number == one:
                began_all = time.perf_counter()
            began = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            for _, version, name, state in rows:
                connection.execute(
                    "INSERT INTO log VALUES (?, ?, ?, ?)",
                    (f"{ACCOUNT}/C-{number}", version, name, state),
                )
            if commit_seconds:
                time.sleep(commit_seconds)
            connection.execute("COMMIT")
            await entry.send(f"C-{number}")
            delays.append(venue.arrived[f"C-{number}"] - began)
        rate = many / (time.perf_counter() - began_all)
        await entry.aclose()
    connection.close()
    return statistics.median(delays[:one]) * 1e6, rate


if __name__ == "__main__":
    main()
