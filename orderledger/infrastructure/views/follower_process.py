"""Keeps the views up to date in a separate process, so that folding takes no time from the
recording interpreter.

Nothing depends on this process: without it, a thread updates the views. Its standard input gives
the store to open, then a byte per commit. It ends when standard input closes, also when its parent
dies. Its standard output has one JSON object per line: the `position` of the views, or its
`failure`.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import asdict
from typing import Any

from orderledger.infrastructure.errors import StoreError, StoreUnreachable
from orderledger.infrastructure.latency import Latencies
from orderledger.infrastructure.settings import Settings
from orderledger.infrastructure.storage.store import as_store_error, open_store
from orderledger.infrastructure.views import rebuild
from orderledger.infrastructure.views.follower import Follower
from orderledger.infrastructure.views.projector import Projector

COMMAND = """
import json, sys
start = json.loads(sys.stdin.readline() or "null")
if start:
    sys.path[:] = start["path"]
    from orderledger.infrastructure.views.follower_process import follow
    follow(start)
"""
"""Imports from the same `sys.path` as the parent."""

NOTICE_SECONDS = 0.02
"""Shortest time between two notices. After finding events, the process looks again by itself, after
a longer pause than this."""

RESTART_SECONDS = 10.0
CLOSING_SECONDS = 5.0


class FollowingProcess(Follower):
    """The parent's side. Other processes must be able to open the store that `settings` name."""

    def __init__(self, projector: Projector, latencies: Latencies, settings: Settings) -> None:
        super().__init__(projector)
        self._latencies = latencies
        self._settings = settings
        self._sending = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._next_notice_at = 0.0
        self._missing: Exception | None = None

    def fault(self) -> Exception | None:
        return self.failure or self._missing

    def notice(self) -> None:
        super().notice()
        now = time.monotonic()
        if now >= self._next_notice_at:
            self._next_notice_at = now + NOTICE_SECONDS
            self._with_input(lambda descriptor: os.write(descriptor, b"\n"))

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()
        child = self._child
        self._with_input(None)
        if self._thread is not None:
            self._thread.join(CLOSING_SECONDS)
            if self._thread.is_alive() and child is not None:
                child.kill()  # it may wait for a lock; its uncommitted work does not count
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._missing = self._listen()
            self.failure = None
            if self._missing is None:
                continue
            next_start_at = time.monotonic() + RESTART_SECONDS
            while not self._stopping.is_set() and time.monotonic() < next_start_at:
                self._look()

    def _listen(self) -> Exception | None:
        """Start the process, and read its output until it ends. Returns the reason if it failed,
        None after a normal end."""
        try:
            command = [sys.executable, "-P", "-c", COMMAND]
            # own process group: only the parent handles an interrupt from the keyboard
            with subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0
            ) as child:
                try:
                    self._greet(child)
                    self._read_reports(child)
                finally:
                    self._with_input(None)
            status = child.returncode
            return (
                StoreUnreachable(f"the process that updates the views ended with status {status}")
                if status
                else None
            )
        except (OSError, ValueError) as error:
            return StoreUnreachable(f"no process updates the views: {error}")

    def _greet(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdin is not None
        start = {
            "path": list(map(str, sys.path)),
            "parent": os.getpid(),
            "settings": asdict(self._settings),
        }
        os.write(child.stdin.fileno(), json.dumps(start).encode() + b"\n")
        os.set_blocking(child.stdin.fileno(), False)  # a child that does not read blocks nobody
        self._child = child
        if self._stopping.is_set():
            self._with_input(None)

    def _read_reports(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdout is not None
        for line in child.stdout:
            report = json.loads(line)
            if "position" in report:
                self._latencies.projected(report["position"])
            else:
                self._missing = None
                self.failure = StoreUnreachable(report["failure"]) if report["failure"] else None

    def _with_input(self, use: Callable[[int], Any] | None) -> None:
        """Use the descriptor of the process's standard input, or close it.

        Never both at once: the system reuses descriptor numbers.
        """
        with self._sending:
            child = self._child
            if child is None or child.stdin is None:
                return
            if use is None:
                self._child = None
                child.stdin.close()
            else:
                with suppress(OSError):  # the pipe is full of notices, or its reader is gone
                    use(child.stdin.fileno())


# The child process


def follow(start: dict[str, Any]) -> None:
    """Update the views until standard input closes. `start`: `settings`, and the process id of the
    `parent`."""
    settings = Settings(**start["settings"])
    try:
        with closing(open_store(**settings.of_store())) as store:
            projector = Projector(store, rebuild, _PositionReports(), folds_ahead=True)
            _Following(projector, settings.db, start["parent"]).run()
    except StoreError as error:
        _say(failure=str(error))
        sys.exit(1)


class _Following(Follower):
    def __init__(self, projector: Projector, url: str, parent: int) -> None:
        super().__init__(projector)
        self._url = url
        self._parent = parent

    def run(self) -> None:
        _say(failure=None)
        threading.Thread(target=self._heed, daemon=True).start()
        self.notice()
        self._run()

    def _heed(self) -> None:
        while os.read(sys.stdin.fileno(), 4096):
            self.notice()
        self.stop()

    def _look(self) -> None:
        before = self.failure
        super()._look()
        if self.failure is not before:
            _say(failure=str(as_store_error(self.failure, self._url)) if self.failure else None)
        if (
            os.getppid() != self._parent
        ):  # a fork of the parent may still hold our standard input open
            self.stop()

    def _follow(self) -> int:
        count = super()._follow()
        if count:
            self.notice()
        return count


class _PositionReports(Latencies):
    """Reports positions to the parent, which knows the time of each commit and keeps the
    histogram."""

    def projected(self, position: int) -> None:
        _say(position=position)


def _say(**report: Any) -> None:
    with suppress(BrokenPipeError):  # the parent is gone, so standard input is closed too
        os.write(sys.stdout.fileno(), json.dumps(report).encode() + b"\n")
