"""`orderledger demo --serve`: the page on the ledger of a process that trades."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from orderledger import Ledger, StoreUnreachable
from orderledger.demo.world import store_in
from orderledger.extend.store import is_there
from orderledger.serve.serving import serve
from orderledger.serve.settings import ServiceSettings

LONGEST_START = 60.0
LOOK_SECONDS = 0.1


def serve_demo(folder: Path, seed: int, port: int, announce: Callable[[str], None]) -> None:
    """Trade at the simulated venue in a process, and serve the page in this one, until SIGTERM or
    SIGINT.

    Raises FileExistsError if the folder already holds a store.
    """
    store = store_in(folder)
    if store.exists():
        raise FileExistsError(
            f"the demo needs a folder without {store.name}, found one in {folder}"
        )
    command = [
        sys.executable,
        "-m",
        "orderledger.demo.live",
        "--db",
        str(store),
        "--seed",
        str(seed),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as trader:
        try:
            _wait_for(store, trader)
            with Ledger.open(store) as ledger:
                serve(ledger, ServiceSettings(port=port), announce)
        finally:
            assert trader.stdin is not None
            trader.stdin.close()


def _wait_for(store: Path, trader: "subprocess.Popen[bytes]") -> None:
    """Wait until the trader has created the ledger."""
    deadline = time.monotonic() + LONGEST_START
    while not is_there(str(store)):
        if trader.poll() is not None or time.monotonic() > deadline:
            raise StoreUnreachable(f"the trading process has not created the ledger at {store}")
        time.sleep(LOOK_SECONDS)
