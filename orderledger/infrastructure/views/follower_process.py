"""Keeps the views up to date in a process of its own: there, folding takes nothing from an interpreter that records.

Nothing depends on it: while there is none, a thread follows. It is told on its standard input what to open, and gets a byte when
something has been committed; it ends when that closes, as it does when its parent is gone. On its standard output it says, a
JSON object a line, the `position` of the views, and what its `failure` is.
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
from orderledger.infrastructure.views.follower import Follower
from orderledger.infrastructure.views.projector import Projector

COMMAND = """
import json, sys
told = json.loads(sys.stdin.readline() or "null")
if told:
    sys.path[:] = told["path"]
    from orderledger.infrastructure.views.follower_process import follow
    follow(told)
"""
"""What it imports is what its parent would."""

NOTICE_SECONDS = 0.02
"""Between two notices. After it has found something it looks again by itself, and pauses longer than this before."""

RESTART_SECONDS = 10.0
CLOSING_SECONDS = 5.0


class FollowingProcess(Follower):
    """The parent's side. `settings` name a store that other processes can open."""

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
                child.kill()  # it waits for a lock, perhaps; what it has not committed does not count
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
        """Start the process, and hear what it says until it ends. Returns why there is none, None where it was to end."""
        try:
            command = [sys.executable, "-P", "-c", COMMAND]
            # in a group of its own: an interrupt from the keyboard is its parent's to heed
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0) as child:
                try:
                    self._greet(child)
                    self._hear(child)
                finally:
                    self._with_input(None)
            status = child.returncode
            return StoreUnreachable(f"the process that keeps the views ended with status {status}") if status else None
        except (OSError, ValueError) as error:
            return StoreUnreachable(f"no process keeps the views: {error}")

    def _greet(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdin is not None
        told = {"path": list(map(str, sys.path)), "parent": os.getpid(), "settings": asdict(self._settings)}
        os.write(child.stdin.fileno(), json.dumps(told).encode() + b"\n")
        os.set_blocking(child.stdin.fileno(), False)  # one that does not read holds nobody up
        self._child = child
        if self._stopping.is_set():
            self._with_input(None)

    def _hear(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdout is not None
        for line in child.stdout:
            said = json.loads(line)
            if "position" in said:
                self._latencies.projected(said["position"])
            else:
                self._missing = None
                self.failure = StoreUnreachable(said["failure"]) if said["failure"] else None

    def _with_input(self, use: Callable[[int], Any] | None) -> None:
        """Use the descriptor of its standard input, or close it: never at the same time, since numbers are given again."""
        with self._sending:
            child = self._child
            if child is None or child.stdin is None:
                return
            if use is None:
                self._child = None
                child.stdin.close()
            else:
                with suppress(OSError):  # it is full of notices, or nobody reads them any more
                    use(child.stdin.fileno())


# The process itself


def follow(told: dict[str, Any]) -> None:
    """Follow until standard input closes. `told`: `settings`, and the process id of the `parent`."""
    settings = Settings(**told["settings"])
    try:
        with closing(open_store(**settings.of_store())) as store:
            projector = Projector(store, _Told(), folds_ahead=True)
            _Following(projector, settings.db, told["parent"]).run()
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
        if os.getppid() != self._parent:  # a fork of it may still hold our standard input open
            self.stop()

    def _follow(self) -> int:
        count = super()._follow()
        if count:
            self.notice()
        return count


class _Told(Latencies):
    """Who knows when each commit was keeps the count."""

    def projected(self, position: int) -> None:
        _say(position=position)


def _say(**said: Any) -> None:
    with suppress(BrokenPipeError):  # nobody listens any more: standard input is closed as well
        os.write(sys.stdout.fileno(), json.dumps(said).encode() + b"\n")
