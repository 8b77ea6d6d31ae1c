"""Two writing processes beside one, each with orders of its own; and the memory of a process that
records a long log."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from measuring import Bench, Databases, Figure, databases, in_turns, ratio

WRITER = Path(__file__).with_name("writer_process.py")
SIZES = {1: 800, 100: 8_000, 1_000: 8_000}
"""Messages to a commit, and how many orders each process records."""
ORDERS_OF_A_LONG_LOG = {False: 40_000, True: 270_000}


def main() -> None:
    bench = Bench(__doc__)
    with databases(bench.stores) as stores:
        for store in bench.stores:
            for size, orders in SIZES.items():
                if bench.wants("two writing processes"):
                    _two(bench, stores, store, size, orders // (4 if bench.is_quick else 1))
            if bench.wants("memory"):
                _memory(bench, stores, store)
    bench.close()


def _two(bench: Bench, stores: Databases, store: str, size: int, orders: int) -> None:
    one, two = in_turns(
        bench.rounds,
        lambda: _rate(_recorded(stores, store, 1, size, orders)),
        lambda: _rate(_recorded(stores, store, 2, size, orders)),
    )
    case = f"two writing processes, {size:,} to a commit"
    target = ">= 1.6 x" if store == "postgres" else ""
    bench.add(
        Figure(
            case,
            store,
            sorted(two)[len(two) // 2],
            "events/s",
            sorted(one)[len(one) // 2],
            "one",
            ratio(two, one),
            target,
        )
    )


def _memory(bench: Bench, stores: Databases, store: str) -> None:
    orders = ORDERS_OF_A_LONG_LOG[bench.is_long] // (4 if bench.is_quick else 1)
    (told,) = _recorded(stores, store, 1, 1_000, orders)
    case = f"memory, {told['messages']:,} messages recorded"
    bench.add(
        Figure(
            case,
            store,
            told["peak_mb"],
            "MB",
            told["early_mb"],
            "a tenth of it",
            told["peak_mb"] / told["early_mb"],
            "<= 150",
        )
    )


def _rate(told: list[dict[str, Any]]) -> float:
    """Messages a second of all processes, which begin at once."""
    return sum(one["messages"] for one in told) / max(one["seconds"] for one in told)


def _recorded(
    stores: Databases, store: str, processes: int, size: int, orders: int
) -> list[dict[str, Any]]:
    with stores.empty(store) as url:
        commands = [
            [sys.executable, str(WRITER), url, f"sim:{number}", str(orders), str(size)]
            for number in range(processes)
        ]
        running = [
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
            )
            for command in commands
        ]
        for process in running:
            assert process.stdout is not None
            process.stdout.readline()
        for process in running:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        told = []
        for process in running:
            output, _ = process.communicate()
            told.append(json.loads(output))
        return told


if __name__ == "__main__":
    main()
