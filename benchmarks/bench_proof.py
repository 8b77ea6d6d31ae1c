"""Proof: hashing the log beside hashlib over the same bytes, recording with checkpoints made beside
it, verifying a proof, and folds of a log whose evidence is beside the events, next to one with
evidence inside them.

Times are CPU times of this process, except for the whole `verify`. The evidence is a payload of a
venue, on every report.
"""

import hashlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from measuring import Bench, Figure, databases, in_turns, ratio
from msgspec.structs import replace
from workload import documents, to_message

from orderledger import Ledger
from orderledger.audit.proof import keys, tiles
from orderledger.audit.proof.proving import as_json
from orderledger.audit.proof.verifier import leaf_bytes, verify_proof
from orderledger.infrastructure.storage.codec import decode, encode
from orderledger.projections.fold import Fold
from orderledger.projections.store import MemoryRows

ORDERS_PER_EVENT = 20_000 / 75_158
PAYLOAD = {
    "order": {
        "coin": "BTC", "side": "B", "limitPx": "64123.0", "sz": "0.25", "oid": 91_490_942_112,
        "timestamp": 1_760_000_000_000,
        "origSz": "0.5", "cloid": "0x1234567890abcdef1234567890abcdef",
        "isPositionTpsl": False, "reduceOnly": False, "tif": "Gtc",
        "orderType": "Limit", "triggerCondition": "N/A", "isTrigger": False, "triggerPx": "0.0",
        "children": [],
    },
    "status": "open", "statusTimestamp": 1_760_000_000_123, "hash": "0x" + "ab" * 32,
    "user": "0x" + "cd" * 20,
    "channel": "orderUpdates",
}  # fmt: skip


def main() -> None:
    bench = Bench(__doc__)
    size = 10_000 if bench.is_quick else 1_000_000 if bench.is_long else 100_000
    with tempfile.TemporaryDirectory() as folder, databases(bench.stores) as stores:
        key = Path(folder) / "log.key"
        public = keys.generate(key)
        for store in bench.stores:
            if bench.wants("record_many with checkpoints beside"):
                _recording(bench, stores, store, size, key)
            with stores.empty(store) as url:
                _record(url, size)
                _hashing(bench, store, url, key, public)
            if bench.wants("fold"):
                with stores.empty(store) as url:
                    _folding(bench, store, url, size // 2)
    bench.close()


def _messages(size: int) -> list[Any]:
    found = documents(int(size * ORDERS_PER_EVENT), size // 100)
    return [to_message(each) for each in islice(found, size)]


def _record(url: str, size: int) -> None:
    with Ledger.open(url, update_views=False) as ledger:
        ledger.record_many(_messages(size))


def _hashing(bench: Bench, store: str, url: str, key: Path, public: str) -> None:
    with Ledger.open(url, update_views=False) as ledger:
        leaves = [
            b"\x00" + leaf_bytes(row.position, row.stream, row.version, row.name, row.state)
            for row in ledger.internals.store.all_rows()
        ]

        def floor() -> float:
            return _cpu(lambda: [hashlib.sha256(leaf).digest() for leaf in leaves])

        def ours() -> float:
            with ledger.internals.store.database.writing() as session:
                session.execute("DELETE FROM proof_tiles")
            return _cpu(lambda: tiles.update(ledger.internals.store.database))

        with ledger.internals.store.database.reading() as session:
            events = tiles.events_after(session, 0, len(leaves))
        if bench.wants("hash the events"):
            hashed, floors = in_turns(
                bench.rounds, lambda: _cpu(lambda: tiles.hashes_of(events)), floor
            )
            _add(
                bench,
                "hash the events (in memory)",
                store,
                len(leaves),
                hashed,
                floors,
                "at most 3 x",
            )
            updated, floors = in_turns(bench.rounds, ours, floor)
            _add(bench, "read the log, write the tiles", store, len(leaves), updated, floors, "")
        ledger.proof.checkpoint(key)
        if bench.wants("verify"):
            began = time.perf_counter()
            assert ledger.proof.verify((), [public]).alterations == []
            seconds = time.perf_counter() - began
            bench.add(
                Figure(
                    "verify the store",
                    store,
                    len(leaves) / seconds,
                    "events/s",
                    note=f"{seconds:.2f} s",
                )
            )
            order = ledger.orders()[0]["client_order_id"]
            proof = as_json(ledger.proof.prove(order, account=ledger.orders()[0]["account"]))
            times = [_cpu(lambda: verify_proof(proof, public)) * 1_000 for _ in range(200)]
            events_in = len(verify_proof(proof, public)[1])
            bench.add(
                Figure(
                    "verify a proof",
                    store,
                    statistics.median(times),
                    "ms",
                    target="about 1 ms",
                    note=f"{events_in} events",
                )
            )


def _add(
    bench: Bench,
    case: str,
    store: str,
    count: int,
    ours: list[float],
    floor: list[float],
    target: str,
) -> None:
    one, other = statistics.median(ours), statistics.median(floor)
    note = f"1 M events in {one / count * 1e6:.2f} s"
    bench.add(
        Figure(
            case,
            store,
            count / one,
            "events/s",
            count / other,
            "hashlib",
            ratio(ours, floor),
            target,
            note,
        )
    )


def _recording(bench: Bench, stores: Any, store: str, size: int, key: Path) -> None:
    messages = _messages(size)

    def run(*, is_beside: bool) -> float:
        with (
            stores.empty(store) as url,
            Ledger.open(url, update_views=False) as ledger,
            _checkpoints(url, key, is_wanted=is_beside),
        ):
            return _cpu(lambda: ledger.record_many(messages))

    beside, alone = in_turns(
        bench.rounds + 2, lambda: run(is_beside=True), lambda: run(is_beside=False)
    )
    one, other = size / statistics.median(beside), size / statistics.median(alone)
    case = "record_many with checkpoints beside"
    bench.add(
        Figure(
            case,
            store,
            one,
            "messages/s",
            other,
            "without",
            ratio(beside, alone),
            "at most 1.03 x",
            "a checkpoint a second",
        )
    )


@contextmanager
def _checkpoints(url: str, key: Path, *, is_wanted: bool) -> Iterator[None]:
    """A process that makes a checkpoint every second."""
    if not is_wanted:
        yield
        return
    command = [
        str(Path(sys.executable).with_name("orderledger")),
        "checkpoint",
        "--key",
        str(key),
        "--every",
        "1s",
        "--db",
        url,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.terminate()
        process.communicate()


def _folding(bench: Bench, store: str, url: str, size: int) -> None:
    with Ledger.open(url, update_views=False) as ledger:
        messages = [
            _with_evidence(each) for each in documents(int(size * ORDERS_PER_EVENT), size // 100)
        ]
        ledger.record_many(map(to_message, messages))
        beside = list(ledger.internals.store.all_rows())
        shown = [
            one
            for start in range(0, len(beside), 5_000)
            for one in ledger.internals.store.with_evidence(
                [decode(*row) for row in beside[start : start + 5_000]]
            )
        ]
    inside = [
        (
            row.stream,
            row.version,
            *encode(replace(one, evidence_hash=None, text_hash=None)),
            row.position,
        )
        for row, one in zip(beside, shown, strict=True)
    ]

    def fold(rows: list[Any]) -> float:
        def work() -> None:
            folding = Fold(MemoryRows())
            for row in rows:
                folding.take(decode(*row))
            folding.settle()

        return _cpu(work)

    new, old = in_turns(bench.rounds, lambda: fold(beside), lambda: fold(inside))
    one, other = len(beside) / statistics.median(new), len(beside) / statistics.median(old)
    before, after = (sum(len(row[3]) for row in rows) // len(rows) for rows in (inside, beside))
    sizes = f"{before} bytes an event inside, {after} beside"
    bench.add(
        Figure(
            "fold, evidence beside",
            store,
            one,
            "events/s",
            other,
            "inside",
            ratio(new, old),
            "below 1 x",
            sizes,
        )
    )


def _with_evidence(document: dict[str, Any]) -> dict[str, Any]:
    return (
        document if document["type"] in ("request", "submit") else {**document, "evidence": PAYLOAD}
    )


def _cpu(call: Callable[[], object]) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began


if __name__ == "__main__":
    main()
