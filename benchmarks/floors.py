"""The least work that could make the same promise: the database alone, on the rows that the ledger
stored."""

import json
import os
import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orderledger import Ledger
    from orderledger.infrastructure.storage.recorder import LogRow

SQLITE_TABLE = (
    "CREATE TABLE raw (originator_id TEXT NOT NULL, originator_version INTEGER NOT NULL, topic "
    "TEXT NOT NULL, state BLOB NOT NULL, notification_id INTEGER PRIMARY KEY AUTOINCREMENT, UNIQUE "
    "(originator_id, originator_version))"
)
POSTGRES_TABLE = (
    "CREATE TABLE raw (originator_id text NOT NULL, originator_version bigint NOT NULL, topic text "
    "NOT NULL, state bytea NOT NULL, notification_id bigserial UNIQUE, PRIMARY KEY (originator_id, "
    "originator_version))"
)
ROWS_PER_STATEMENT = 500

clock = time.process_time if os.environ.get("BENCH_CPU") == "1" else time.perf_counter
"""With BENCH_CPU=1 rates of batches are per second of CPU: for a machine on which others work. The
disk then does not count."""


def stored_rows(ledger: "Ledger") -> "list[LogRow]":
    """All events of a ledger, as they stand in the table."""
    rows: list[LogRow] = []
    while more := ledger._store.recorder.rows_after(rows[-1].position if rows else 0, 10_000):
        rows += more
    return rows


def raw_insert(url: str, rows: "Sequence[LogRow]", batch: int) -> float:
    """Rows a second: the same bytes into a table of the same shape, `batch` rows to a commit."""
    values = [row[:4] for row in rows]
    return _sqlite(url, values, batch) if url.startswith("sqlite") else _copy(url, values, batch)


def _sqlite(url: str, values: list[Any], batch: int) -> float:
    """Multi-row INSERTs, WAL, synchronous=FULL."""
    connection = sqlite3.connect(Path(url.removeprefix("sqlite://")), isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(SQLITE_TABLE)
    began = clock()
    for start in range(0, len(values), batch):
        connection.execute("BEGIN")
        for first in range(start, min(start + batch, len(values)), ROWS_PER_STATEMENT):
            chunk = values[first : min(first + ROWS_PER_STATEMENT, start + batch)]
            marks = ",".join(["(?,?,?,?)"] * len(chunk))
            connection.execute(
                f"INSERT INTO raw (originator_id, originator_version, topic, state) VALUES {marks}",
                [value for row in chunk for value in row],
            )
        connection.execute("COMMIT")
    seconds = clock() - began
    connection.close()
    return len(values) / seconds


def _copy(url: str, values: list[Any], batch: int) -> float:
    """psycopg's COPY, row by row, in binary."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(POSTGRES_TABLE)
        began = clock()
        for start in range(0, len(values), batch):
            statement = (
                "COPY raw (originator_id, originator_version, topic, state) FROM STDIN (FORMAT "
                "BINARY)"
            )
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                copy.set_types(("text", "int8", "text", "bytea"))
                for row in values[start : start + batch]:
                    copy.write_row(row)
        return len(values) / (clock() - began)


def insert_lines(url: str, path: Path) -> None:
    """`json.loads` of every line, and the line into a table of its own, 1,000 to a commit: what
    `record FILE` adds to."""
    with path.open("rb") as file:
        batches = _batches(file)
        if url.startswith("sqlite"):
            connection = sqlite3.connect(Path(url.removeprefix("sqlite://")), isolation_level=None)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(
                "CREATE TABLE lines (number INTEGER PRIMARY KEY AUTOINCREMENT, line BLOB NOT NULL)"
            )
            for batch in batches:
                connection.execute("BEGIN")
                connection.execute(
                    f"INSERT INTO lines (line) VALUES {','.join(['(?)'] * len(batch))}", batch
                )
                connection.execute("COMMIT")
            connection.close()
        else:
            import psycopg

            with psycopg.connect(url, autocommit=True) as connection_:
                connection_.execute(
                    "CREATE TABLE lines (number bigserial PRIMARY KEY, line bytea NOT NULL)"
                )
                for batch in batches:
                    with (
                        connection_.cursor() as cursor,
                        cursor.copy("COPY lines (line) FROM STDIN (FORMAT BINARY)") as copy,
                    ):
                        for line in batch:
                            copy.write_row((line,))


def _batches(file: Any) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    for line in file:
        json.loads(line, parse_float=Decimal)
        batch.append(line)
        if len(batch) == 1_000:
            yield batch
            batch = []
    if batch:
        yield batch


def decimal_fold(url: str) -> tuple[int, int]:
    """Read every row, decode it with msgspec, sum each order's fills, keep average-cost P&L per
    instrument, all in Decimal.

    Returns how many events there were and how many orders are open: the least that a cold recovery
    has to find out.
    """
    import msgspec

    class Payload(msgspec.Struct, gc=False):
        client_order_id: str | None = None
        instrument: str | None = None
        side: str | None = None
        quantity: Decimal | None = None
        price: Decimal | None = None
        fee: Decimal | None = None

    class Envelope(msgspec.Struct, gc=False):
        payload: Payload

    decode = msgspec.json.Decoder(Envelope).decode
    orders: dict[str, list[Any]] = {}
    books: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 4)
    count = 0
    for stream, name, state in _log(url):
        count += 1
        payload = decode(state).payload
        if name == "order_requested.v1":
            orders[stream] = [payload.quantity, Decimal(0), payload.instrument, payload.side, False]
        elif name == "fill_recorded.v1" and stream in orders:
            order = orders[stream]
            order[1] += payload.quantity
            _trade(books[order[2]], order[3] == "buy", payload)
        elif name == "order_canceled.v1" and stream in orders:
            orders[stream][4] = True
    return count, sum(not order[4] and order[1] < order[0] for order in orders.values())


def _trade(book: list[Decimal], is_buy: bool, payload: Any) -> None:
    """Position, cost, realized and fees of one instrument."""
    quantity: Decimal = payload.quantity if is_buy else -payload.quantity
    held, cost, realized, fees = book
    closing = min(abs(quantity), abs(held)) if held * quantity < 0 else Decimal(0)
    if closing:
        part = cost * closing / abs(held)
        worth = payload.price * closing * (1 if held > 0 else -1)
        realized += worth - part
        cost -= part
    opening = abs(quantity) - closing
    cost += payload.price * opening * (1 if quantity > 0 else -1)
    book[:] = held + quantity, cost, realized, fees + (payload.fee or 0)


def trades_fold(url: str) -> int:
    """Read the trades in the order in which they happened; average-cost P&L by instrument, strategy
    and day, all in Decimal.

    Returns the number of its rows: the least work of a grouped P&L query.
    """
    import msgspec

    class Trade(msgspec.Struct, gc=False):
        side: str
        quantity: Decimal
        price: Decimal
        fee: Decimal | None

    books: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 4)
    days: dict[tuple[str, str, str], list[Decimal]] = {}
    for day, instrument, strategy, side, *numbers in _trades(url):
        book = books[instrument, strategy]
        _trade(
            book,
            side == "buy",
            Trade(side, *(number if number is None else Decimal(number) for number in numbers)),
        )
        days[instrument, strategy, day] = book[2:]
    return len(days)


def _trades(url: str) -> Iterator[tuple[Any, ...]]:
    columns = (
        "instrument, strategy, side, quantity, price, fee FROM trades WHERE state = 'active' ORDER "
        "BY at, position"
    )
    if url.startswith("sqlite"):
        connection = sqlite3.connect(Path(url.removeprefix("sqlite://")))
        yield from connection.execute(f"SELECT substr(at, 1, 10), {columns}")
        connection.close()
    else:
        import psycopg

        with (
            psycopg.connect(url) as connection_,
            connection_.cursor("trades", binary=True) as cursor,
        ):
            cursor.itersize = 1_000
            yield from cursor.execute(f"SELECT at::date::text, {columns}")


def _log(url: str) -> Iterator[tuple[str, str, bytes]]:
    statement = (
        "SELECT originator_id, topic, state FROM orderledger_events ORDER BY notification_id"
    )
    if url.startswith("sqlite"):
        connection = sqlite3.connect(Path(url.removeprefix("sqlite://")))
        yield from connection.execute(statement)
        connection.close()
    else:
        import psycopg

        with psycopg.connect(url) as connection_, connection_.cursor(binary=True) as cursor:
            yield from cursor.execute(statement)


if __name__ == "__main__":
    insert_lines(sys.argv[1], Path(sys.argv[2]))
