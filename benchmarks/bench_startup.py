"""How long a user waits before anything happens: the import, the help, a question to an empty
ledger."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from measuring import Bench, Figure, databases, in_turns

from orderledger import Ledger

COMMAND = Path(sys.executable).parent / "orderledger"
ROUNDS = 11


def main() -> None:
    bench = Bench(__doc__)
    with databases(("sqlite",)) as stores:
        empty = stores.fresh("sqlite")
        Ledger.open(empty).close()
        cases: dict[str, tuple[list[str], str]] = {
            "import orderledger": ([sys.executable, "-c", "import orderledger"], "<= 0.1 s"),
            "from orderledger import Ledger, Request": (
                [sys.executable, "-c", "from orderledger import Ledger, Request"],
                "",
            ),
            "orderledger --help": ([str(COMMAND), "--help"], "<= 0.15 s"),
            "orderledger orders, empty ledger": (
                [str(COMMAND), "orders", "--db", empty],
                "<= 0.25 s",
            ),
        }
        chosen = {name: case for name, case in cases.items() if bench.wants(name)}
        bare = [sys.executable, "-c", "pass"]
        rounds = 3 if bench.is_quick else ROUNDS
        floor, *took = in_turns(
            rounds,
            lambda: _run(bare),
            *((lambda c=command: _run(c)) for command, _ in chosen.values()),
        )
        for (name, (_, target)), seconds in zip(chosen.items(), took, strict=True):
            ours, bottom = statistics.median(seconds), statistics.median(floor)
            bench.add(Figure(name, "", ours, "s", bottom, "python -c pass", ours / bottom, target))
    bench.close()


def _run(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
