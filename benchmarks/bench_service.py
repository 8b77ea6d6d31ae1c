"""The service over HTTP, beside what it stands on.

Reads: one order, and a page of 200, beside a raw Starlette that hands out the same bytes; requests
per CPU second of a server. `changing`: another process records meanwhile, so that answers are made
anew. Recording: messages of 64 clients over HTTP beside `arecord` with 64 tasks in this process.
Stream: 100 readers while 2,000 events a second are recorded: nothing lost or repeated, and the
memory of the server with orders that end and with orders that stay open.
"""

import asyncio
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil
from measuring import Bench, Figure, in_turns, ratio
from service_peers import request_document

from orderledger import Ledger, parse_document

PEERS = str(Path(__file__).with_name("service_peers.py"))
PROGRAM = str(Path(sys.executable).with_name("orderledger"))
ORDERS = 20_000
PATHS = {
    "one order": "/api/orders/sim:main/N-0-7",
    "a page of 200": "/api/orders?limit=200&order=newest",
}


def main() -> None:
    bench = Bench(__doc__ or "")
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "orders.db"
        with Ledger.open(store) as ledger:
            ledger.record_many(
                parse_document(request_document(f"0-{number}")) for number in range(ORDERS)
            )
        if bench.wants("read"):
            _reads(bench, Path(folder), store)
        if bench.wants("record"):
            _recording(bench, Path(folder))
        if bench.wants("stream"):
            _stream(bench, Path(folder))
    bench.close()


@contextmanager
def served(store: Path) -> Iterator[tuple[str, psutil.Process]]:
    """`orderledger serve` on a store."""
    process = subprocess.Popen(
        [PROGRAM, "serve", "--db", store, "--port", "0"], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "serving" in line:
            break
    threading.Thread(target=process.stderr.read, daemon=True).start()
    try:
        yield line.split()[-1], psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def raw_starlette(folder: Path, url: str) -> Iterator[tuple[str, psutil.Process]]:
    """A server of the same bytes, under the same paths."""
    served = []
    for number, path in enumerate(PATHS.values()):
        file = folder / f"body{number}"
        file.write_bytes(urlopen(url + path).read())
        served.append(f"{path.partition('?')[0]}={file}")
    process = subprocess.Popen(
        [sys.executable, PEERS, "starlette", *served], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}", psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def client(*arguments: object) -> dict[str, Any]:
    told = subprocess.run(
        [sys.executable, PEERS, *map(str, arguments)], check=True, capture_output=True, text=True
    )
    return dict(json.loads(told.stdout))


def _reads(bench: Bench, folder: Path, store: Path) -> None:
    seconds = 1.0 if bench.is_quick else 3.0
    with served(store) as (ours, our_process), raw_starlette(folder, ours) as (raw, raw_process):
        time.sleep(1)

        def rate(url: str, path: str, process: psutil.Process) -> float:
            before = cpu(process)
            done = client("get", url + path, 16, seconds)["done"]
            return done / (cpu(process) - before)

        for name, path in PATHS.items():
            results = in_turns(
                bench.rounds,
                lambda path=path: rate(ours, path, our_process),
                lambda path=path: rate(raw, path, raw_process),
            )
            bench.add(
                _figure(
                    f"read {name}",
                    results,
                    "1/CPU s",
                    "raw Starlette, the same bytes",
                    "at least 0.6 x",
                )
            )
        with Ledger.open(store, update_views=False) as ledger, recording(ledger, per_second=20):
            for name, path in PATHS.items():
                before, done = cpu(our_process), client("get", ours + path, 16, seconds)["done"]
                bench.add(
                    Figure(
                        f"read {name}, changing",
                        "sqlite",
                        done / (cpu(our_process) - before),
                        "1/CPU s",
                    )
                )


@contextmanager
def recording(
    ledger: Ledger,
    per_second: float,
    batch: int = 1,
    documents: Iterator[dict[str, str]] | None = None,
) -> Iterator[list[int]]:
    """Record messages meanwhile, so many each second, and requests unless others are given. Yields
    a list that grows with their number."""
    stop, counts = threading.Event(), [0]
    given = documents or opening()

    def run() -> None:
        began = time.monotonic()
        while not stop.is_set():
            ledger.record_many(parse_document(next(given)) for _ in range(batch))
            counts[0] += batch
            stop.wait(max(0.0, began + counts[0] / per_second - time.monotonic()))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield counts
    finally:
        stop.set()
        thread.join()


def opening() -> Iterator[dict[str, str]]:
    """Orders that stay open."""
    run = time.time_ns()
    for number in itertools.count():
        yield request_document(f"w{run}-{number}")


def ending() -> Iterator[dict[str, str]]:
    """Orders that are filled at once: hardly any is open at a time."""
    for request in opening():
        name = {key: request[key] for key in ("account", "client_order_id")}
        venue = {"venue_order_id": f"V{name['client_order_id']}"}
        yield request
        yield {"type": "acknowledged", **name, **venue}
        fill = {
            "fill_id": f"F{name['client_order_id']}",
            "quantity": "0.5",
            "price": "64000",
            "fee": "0.1",
        }
        yield {"type": "fill", **name, **venue, **fill, "fee_currency": "USD"}


def _recording(bench: Bench, folder: Path) -> None:
    seconds = 2.0 if bench.is_quick else 5.0
    number = iter(range(1_000))
    costs: dict[str, list[float]] = {"http": [], "tasks": []}

    def over_http() -> float:
        with served(folder / f"http{next(number)}.db") as (url, process):
            time.sleep(0.5)
            before = cpu(process)
            told = client("post", f"{url}/api/messages", 64, seconds)
            costs["http"].append(told["done"] / (cpu(process) - before))
            return float(told["done"] / told["seconds"])

    def in_process() -> float:
        with Ledger.open(folder / f"tasks{next(number)}.db") as ledger:
            before = time.process_time()
            rate, done = asyncio.run(_tasks(ledger, seconds))
            costs["tasks"].append(done / (time.process_time() - before))
            return rate

    results = in_turns(bench.rounds, over_http, in_process)
    bench.add(
        _figure(
            "record over HTTP, 64 clients", results, "1/s", "arecord, 64 tasks", "at least 0.5 x"
        )
    )
    bench.add(
        _figure(
            "record over HTTP, CPU",
            [costs["http"], costs["tasks"]],
            "1/CPU s",
            "arecord, 64 tasks",
            "at least 0.5 x",
        )
    )


async def _tasks(ledger: Ledger, seconds: float) -> tuple[float, int]:
    done = 0
    began = time.monotonic()

    async def go_on(index: int) -> None:
        nonlocal done
        number = 0
        while time.monotonic() < began + seconds:
            await ledger.arecord(parse_document(request_document(f"{index}-{number}")))
            number += 1
            done += 1

    await asyncio.gather(*(go_on(index) for index in range(64)))
    return done / (time.monotonic() - began), done


def _stream(bench: Bench, folder: Path) -> None:
    seconds = 10.0 if bench.is_quick else 60.0
    for case, documents, readers in (
        ("orders that end", ending(), 100),
        ("orders that end", ending(), 0),
        ("new orders that stay open", opening(), 100),
    ):
        store = folder / f"stream-{case}-{readers}.db"
        with served(store) as (url, process), Ledger.open(store, update_views=False) as ledger:
            bench.add(
                _streamed(
                    f"stream, {readers} readers, {case}",
                    url,
                    process,
                    ledger,
                    documents,
                    readers,
                    seconds,
                )
            )


def _streamed(
    case: str,
    url: str,
    process: psutil.Process,
    ledger: Ledger,
    documents: Iterator[dict[str, str]],
    readers: int,
    seconds: float,
) -> Figure:
    """Events per second to each reader. Its note: the memory of the server in each tenth of the
    time."""
    command = [
        sys.executable,
        PEERS,
        "stream",
        f"{url}/api/stream?after=0",
        str(readers),
        str(seconds + 10),
    ]
    reading = subprocess.Popen(command, stdout=subprocess.PIPE, text=True) if readers else None
    time.sleep(2)
    memory, before = [process.memory_info().rss], cpu(process)
    with recording(ledger, per_second=2_000, batch=100, documents=documents) as counts:
        for _ in range(10):
            time.sleep((seconds - 2) / 10)
            memory.append(process.memory_info().rss)
    last, whole = ledger.log.position(), "no readers"
    if reading is not None:
        told = json.loads(reading.communicate()[0])
        is_whole = (
            told["faults"] == 0 and told["lasts"] == [last, last] and told["counts"] == [last, last]
        )
        whole = "nothing lost or repeated" if is_whole else str(told)
    opened = ledger.views.page("orders", limit=1, open_only=True, with_count=True).count or 0
    grown = (memory[-1] - memory[0]) / 1e6
    note = (
        f"{whole}; MB {', '.join(f'{one / 1e6:.0f}' for one in memory)}; {grown:+.0f} MB, "
        f"{opened:,} open orders"
    )
    if opened > 1_000:
        note += f", {grown / opened * 10_000:.0f} MB per 10,000"
    note += f"; {cpu(process) - before:.0f} CPU s of the server"
    return Figure(case, "sqlite", counts[0] / (seconds - 2), "1/s", target="2,000", note=note)


def _figure(
    case: str, results: list[list[float]], unit: str, floor_name: str, target: str
) -> Figure:
    ours, floor = results
    return Figure(
        case,
        "sqlite",
        statistics.median(ours),
        unit,
        statistics.median(floor),
        floor_name,
        ratio(ours, floor),
        target,
    )


if __name__ == "__main__":
    main()
