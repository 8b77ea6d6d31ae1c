"""The history of one process: what it asked and what was answered, one JSON line each. A line
survives the end of the process."""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class Writer:
    """Writes the lines of one process. All processes use the monotonic clock of the machine."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._process = os.getpid()
        self._number = 0

    def invoke(self, kind: str, asked: Any) -> int:
        self._number += 1
        self._write(self._number, "invoke", kind, asked)
        return self._number

    def end(self, number: int, phase: str, answer: Any) -> None:
        """`phase`: ok, refused (nothing was done), or unknown."""
        self._write(number, phase, "", answer)

    def note(self, kind: str, what: Any) -> None:
        """Something that has no answer."""
        self.end(self.invoke(kind, None), "ok", what)

    def _write(self, number: int, phase: str, kind: str, what: Any) -> None:
        line = json.dumps([self._process, number, phase, kind, time.monotonic_ns(), what])
        os.write(self._file, line.encode() + b"\n")


@dataclass(slots=True)
class Operation:
    """`end` is None, and `phase` unknown, if the process was killed before the answer."""

    process: int
    kind: str
    asked: Any
    begin: int
    end: int | None = None
    phase: str = "unknown"
    answer: Any = field(default=None)


def operations(path: Path) -> list[Operation]:
    """The operations in a file, in the order in which they began."""
    found: dict[tuple[int, int], Operation] = {}
    for line in _whole_lines(path):
        process, number, phase, kind, at, what = json.loads(line)
        if phase == "invoke":
            found[process, number] = Operation(process, kind, what, at)
        else:
            one = found[process, number]
            one.end, one.phase, one.answer = at, phase, what
    return list(found.values())


def _whole_lines(path: Path) -> Sequence[bytes]:
    return path.read_bytes().split(b"\n")[:-1] if path.exists() else []
