"""`orderledger record FILE` as a whole process, all views current at its end, beside a process that does `json.loads` on the
same lines and inserts them raw, 1,000 to a commit. Peak memory is that of the process."""

import statistics
import subprocess
import sys
from pathlib import Path

from measuring import Bench, Databases, Figure, databases, percentile, ratio
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
    ours, floor, memory = [], [], []
    for _ in range(1 if bench.is_quick else 2):
        with stores.empty(store) as url:
            floor.append(len(lines) / _process([sys.executable, str(FLOOR), url, str(path)])[0])
        with stores.empty(store) as url:
            seconds, megabytes = _process([str(COMMAND), "record", str(path), "--db", url])
            ours.append(len(lines) / seconds)
            memory.append(megabytes)
    case = f"record FILE, {name} ({len(lines):,} lines)"
    floors = "json.loads + raw insert"
    bench.add(
        Figure(case, store, statistics.median(ours), "lines/s", statistics.median(floor), floors, ratio(ours, floor), ">= 25 %")
    )
    bench.add(Figure(f"{case}: peak memory", store, percentile(memory, 1), "MB", target="<= 150"))


LAUNCHER = """
import resource, subprocess, sys, time
began = time.perf_counter()
status = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
seconds = time.perf_counter() - began
print(status, seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def _process(command: list[str]) -> tuple[float, float]:
    """Seconds, and the peak of its memory in MB.

    A small process starts it: Linux counts what the parent held when it forked to the peak of the child.
    """
    launcher = subprocess.run([sys.executable, "-S", "-c", LAUNCHER, *command], check=True, capture_output=True, text=True)
    status, seconds, peak = launcher.stdout.split()
    if status not in ("0", "1"):
        raise RuntimeError(f"{command} ended with {status}: {launcher.stderr[-500:]}")
    return float(seconds), int(peak) / (1024 if sys.platform != "darwin" else 1024 * 1024)


if __name__ == "__main__":
    main()
