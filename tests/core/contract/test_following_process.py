"""The process that keeps the views current, by what its parent writes to it and reads from it."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path

from orderledger import Ledger
from orderledger.infrastructure.settings import Settings
from tests.core.contract.streams import lives, parsed

CHILD = """
import json, sys
from orderledger.infrastructure.views import follower, follower_process
follower.POLL_SECONDS, follower.PAUSE_SECONDS = 600.0, 0.5
follower_process.follow(json.loads(sys.stdin.readline()))
"""
"""It never looks by itself, so that each look has a reason."""

PATIENCE = 60.0
IDLE_SECONDS = 1.5
"""After these, it has looked once more and found nothing."""


@contextmanager
def child_of(url: str) -> Iterator["subprocess.Popen[str]"]:
    start = {"settings": asdict(Settings(db=url)), "parent": os.getpid()}
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        impatient = threading.Timer(PATIENCE, child.kill)
        impatient.start()
        with closing(child.stdin):
            child.stdin.write(json.dumps(start) + "\n")
            child.stdin.flush()
            yield child
        impatient.cancel()


def reported(child: "subprocess.Popen[str]") -> dict[str, object]:
    assert child.stdout is not None
    report: dict[str, object] = json.loads(child.stdout.readline())
    return report


def test_it_looks_when_it_starts_and_after_it_found_events_and_after_a_notice(
    durable_store_url: str,
) -> None:
    first, second, third = (parsed(*lives(3)[part : part + 3]) for part in (0, 3, 6))
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(first)
        with child_of(durable_store_url) as child:
            assert child.stdin is not None
            assert reported(child) == {"failure": None}
            assert reported(child) == {"position": ledger.log.position()}
            ledger.record_many(second)
            assert reported(child) == {"position": ledger.log.position()}
            time.sleep(IDLE_SECONDS)
            ledger.record_many(third)
            child.stdin.write("\n")
            child.stdin.flush()
            assert reported(child) == {"position": ledger.log.position()}


def test_where_the_store_cannot_be_opened_it_says_so_and_ends_with_status_1(
    tmp_path: Path,
) -> None:
    with child_of(str(tmp_path)) as child:
        failure = reported(child)["failure"]
    assert str(tmp_path) in str(failure)
    assert child.wait() == 1
