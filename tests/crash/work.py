"""What processes do while they are recorded, and how an image of their disk is judged."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any, ClassVar

from orderledger import Ledger
from orderledger.extend.store import LogRow
from tests.crash.tracing import Operation, Recorder

REPOSITORY = Path(__file__).resolve().parents[2]
SECONDS = 45
"""A process that takes longer hangs. The longest takes two seconds on a machine without load."""


class Processes:
    """Starts processes that are recorded. `package`: the folder with the package to run. The
    processes of a run that injects faults may fail."""

    def __init__(self, recorder: Recorder, package: Path = REPOSITORY) -> None:
        self._recorder = recorder
        self._package = package
        self.folder = recorder.root
        self._watches: dict[subprocess.Popen[bytes], Timer] = {}
        self.ended: list[tuple[str, int, str]] = []
        """Name, status and errors of each process."""

    @property
    def environment(self) -> dict[str, str]:
        path = os.pathsep.join(dict.fromkeys((str(self._package), str(REPOSITORY))))
        own = {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1"}
        return {**os.environ, **self._recorder.environment, **own}

    def start(self, *command: str, **pipes: Any) -> "subprocess.Popen[bytes]":
        """Start a process, which is stopped if it hangs: it prints the stacks of its threads."""
        process = subprocess.Popen(command, cwd=self.folder, env=self.environment, **pipes)
        self._watches[process] = Timer(SECONDS, process.send_signal, [signal.SIGABRT])
        self._watches[process].start()
        return process

    def orderledger(self, *words: str) -> int:
        """Run a command to its end."""
        return self.run(words[0], *orderledger(*words))

    def run(self, name: str, *command: str) -> int:
        process = self.start(
            *command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        return self.end(name, process)

    def end(self, name: str, process: "subprocess.Popen[bytes]") -> int:
        """Wait for the end of a process, and record it."""
        _, errors = process.communicate()
        self._watches.pop(process).cancel()
        status = HANGS if process.returncode == -signal.SIGABRT else process.returncode
        self.ended.append((name, status, (errors or b"").decode(errors="replace")))
        self._recorder.note(name, status)
        return status


HANGS = -999
"""Stands for the status of a process that did not end by itself, or aborted."""


def orderledger(*words: str) -> list[str]:
    """The installed command."""
    return [str(Path(sys.executable).with_name("orderledger")), *words]


class Work:
    """`prepare` makes files that are durable before, `run` starts processes that are recorded,
    `judge` names what is wrong in an image."""

    name: ClassVar[str]
    statuses: ClassVar[tuple[int, ...]] = (0,)
    """Statuses of processes to which nothing happened."""

    def prepare(self, folder: Path) -> None:
        """Nothing is there by default."""

    def run(self, processes: Processes) -> None:
        raise NotImplementedError

    def learn(self, folder: Path) -> None:
        """Keep what the judge has to know of the last state."""

    def judge(self, image: Path, seen: Sequence[Operation]) -> list[str]:
        """`seen`: what the processes did before the power failed."""
        raise NotImplementedError

    def close(self) -> None:
        """Called at the end."""


def ended(seen: Sequence[Operation], name: str) -> int:
    """How many commands of this name have succeeded."""
    return sum(one.kind == "A" and one.path == name and not one.first for one in seen)


def acknowledged(seen: Sequence[Operation]) -> list[dict[str, Any]]:
    """The JSON lines that processes printed whole."""
    found: dict[int, bytes] = {}
    for one in seen:
        if one.kind == "O" and one.path == "1":
            found[one.process] = found.get(one.process, b"") + one.data
    return [json.loads(line) for text in found.values() for line in text.split(b"\n")[:-1]]


@contextmanager
def opened(path: Path | str) -> Iterator[Ledger]:
    """The ledger of an image, without a thread that updates views."""
    with Ledger.open(str(path), update_views=False) as ledger:
        yield ledger


def log_of(path: Path | str) -> list[LogRow]:
    with opened(path) as ledger:
        return list(ledger.internals.store.all_rows())


def differences(ledger: Ledger) -> list[str]:
    """What `check` finds."""
    return [f"check: {one}" for one in ledger.views.check().differences]


def check_prefix(found: Sequence[LogRow], final: Sequence[LogRow], least: int) -> list[str]:
    """The log must be the beginning of the last log, with all that was acknowledged."""
    faults = []
    if list(found) != list(final[: len(found)]):
        faults.append("the log is not a beginning of what was written")
    if len(found) < least:
        faults.append(f"{least} events were acknowledged, and the log has {len(found)}")
    return faults
