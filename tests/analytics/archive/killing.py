"""Programs that archive and restore, and are killed in the middle."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
ARCHIVING = """
import sys
from orderledger import Ledger
from orderledger.analytics.archive import writing
from orderledger.analytics.archive.place import Place
writing.EVENTS_PER_FILE = 50
with Ledger.open(sys.argv[1], update_views=False) as ledger:
    place = Place(sys.argv[2])
    print("ready", flush=True)
    writing.archive(ledger.internals.store, place, catch_up=ledger.views.catch_up)
"""
RESTORING = """
import sys
from orderledger import Ledger
from orderledger.analytics.archive.place import Place
from orderledger.analytics.archive.restoring import restore
from orderledger.analytics.archive.verifying import verified
place = Place(sys.argv[2])
manifest = verified(place)
with Ledger.open(sys.argv[1], update_views=False) as ledger:
    print("ready", flush=True)
    restore(place, manifest, ledger.internals.store)
    ledger.views.catch_up()
"""


def killed(
    program: str,
    *arguments: str,
    chance: random.Random,
    seconds: float,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run a program, and kill it at any moment of its work."""
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(chance.random() * seconds)
        process.send_signal(signal.SIGKILL)
