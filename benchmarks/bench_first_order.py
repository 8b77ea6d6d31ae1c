"""CPU of a new process until its first order is acknowledged: `connect` at a simulated Binance
USD-M, by ccxt, with a collector in the same loop.

The floor is the import of ccxt by a bot that uses its own exchange object. `connect` imports one
exchange; a bot that has imported ccxt by itself pays for all, which is subtracted.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import Bench, Figure, in_turns

COMMAND = Path(sys.executable).parent / "orderledger"
ROUNDS = 5
IMPORT = "import time, ccxt.async_support, ccxt.pro; print(time.process_time())"
BOT = """
import time
{first}
began = time.process_time()
import asyncio, sys
import orderledger
from orderledger import Request

async def main():
    async with orderledger.connect("{file}") as desk:
        sent = await desk.gateway.submit(Request(
            account="ccxt:fake", client_order_id="C-{number}", instrument="ETH/USDT:USDT",
            side="buy", quantity="0.1", order_type="limit", limit_price="2500"))
        assert sent.state == "acknowledged", sent
        print(time.process_time() - {subtracted}, flush=True)

asyncio.run(main())
"""


def main() -> None:
    bench = Bench(__doc__)
    rounds = 1 if bench.is_quick else ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "orderledger.toml")
        with file.open("w") as out:
            served = subprocess.Popen(
                [str(COMMAND), "fake", "ccxt", "--every", "3600"], stdout=out, cwd=folder
            )
        try:
            while not file.stat().st_size:
                time.sleep(0.05)
            _measure(bench, rounds, Path(folder), file)
        finally:
            served.terminate()
            served.wait()
    bench.close()


def _measure(bench: Bench, rounds: int, folder: Path, file: Path) -> None:
    numbers = iter(range(1, 1_000))

    def bot(first: str, subtracted: str) -> float:
        program = BOT.format(first=first, subtracted=subtracted, file=file, number=next(numbers))
        return _cpu(program, folder)

    imported, lazily, with_import = in_turns(
        rounds,
        lambda: _cpu(IMPORT, folder),
        lambda: bot("", "0"),
        lambda: bot("import ccxt.async_support, ccxt.pro", "began"),
    )
    floor = statistics.median(imported)
    for case, seconds in (
        ("start to first order, ccxt imported by connect", lazily),
        ("the same, the bot's own import of ccxt subtracted", with_import),
    ):
        ours = statistics.median(seconds)
        figure = Figure(case, "sqlite", ours, "s", floor, "import ccxt", ours / floor, "<= 2 s")
        bench.add(figure)


def _cpu(program: str, folder: Path) -> float:
    """The seconds of CPU that the program prints."""
    environment = {name: value for name, value in os.environ.items() if name != "ORDERLEDGER_DB"}
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(ended.stdout.split()[-1])


if __name__ == "__main__":
    main()
