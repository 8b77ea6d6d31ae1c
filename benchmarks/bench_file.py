"""`orderledger record FILE` as a whole process, all views current at its end, beside a process that
does `json.loads` on the same lines and inserts them raw, 1,000 to a commit. Peak memory is that of
the process."""

import statistics
import sys
from pathlib import Path

from measuring import Bench, Databases, Figure, databases, percentile, ratio, run_process
from workload import documents, real_lines, to_lines

COMMAND = Path(sys.executable).parent / "orderledger"
FLOOR = Path(__file__).parent / "floors.py"


def main() -> None:
    bench = Bench(__doc__)
    share = 8 if bench.is_quick else 1
    inputs = {"workload": to_lines(documents()[: 75_158 // share])}
    real = real_lines()
    if real is None:
        print("  ../shared is missing: the real stream is left out")
    else:
        limit = len(real) if bench.is_long else 40_000 // share
        inputs["Apple, 1 h"] = real[:limit]
    with databases(bench.stores) as stores:
        for store in bench.stores:
            for name, lines in inputs.items():
                if bench.wants(f"record FILE, {name}"):
                    _compare(bench, stores, store, name, lines)
    bench.close()


def _compare(bench: Bench, stores: Databases, store: str, name: str, lines: list[bytes]) -> None:
    path = stores.folder / "lines.ndjson"
    path.write_bytes(b"\n".join(lines) + b"\n")
    ours, floor, cpu, memory = [], [], [], []
    for _ in range(1 if bench.is_quick else 2):
        with stores.empty(store) as url:
            floor.append(
                len(lines) / run_process([sys.executable, str(FLOOR), url, str(path)]).seconds
            )
        with stores.empty(store) as url:
            told = run_process([str(COMMAND), "record", str(path), "--db", url])
            ours.append(len(lines) / told.seconds)
            cpu.append(told.cpu / len(lines) * 1e6)
            memory.append(told.megabytes)
    case = f"record FILE, {name} ({len(lines):,} lines)"
    floors = "json.loads + raw insert"
    bench.add(
        Figure(
            case,
            store,
            statistics.median(ours),
            "lines/s",
            statistics.median(floor),
            floors,
            ratio(ours, floor),
            ">= 25 %",
        )
    )
    bench.add(Figure(f"{case}: CPU", store, percentile(cpu, 0.5), "us/line"))
    bench.add(Figure(f"{case}: peak memory", store, percentile(memory, 1), "MB", target="<= 150"))


if __name__ == "__main__":
    main()
