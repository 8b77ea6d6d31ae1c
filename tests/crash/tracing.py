"""Records the file operations and the output of real processes, in one total order.

`calls.c` is compiled and preloaded into the processes (LD_PRELOAD). SQLite, Python and Arrow write
through the C library, so their calls are recorded. `check_complete` proves that nothing is missing:
the operations, applied to the first state, must give the bytes that are on the disk at the end.
"""

import ctypes
import mmap
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).with_name("calls.c")
HEAD = struct.Struct("=c3xiqqqII")
INDEX = "-shm"
"""SQLite's index of its write-ahead log. It is rebuilt from the log after a crash, and never read
again: https://www.sqlite.org/walformat.html, section 2. So it is neither recorded nor in images."""


class NoCompilerError(Exception):
    """There is no C compiler."""


class Operation(NamedTuple):
    """One call that succeeded.

    `kind`: w write, t truncate, f sync, x failed sync, c create, r rename, l link, u unlink,
    d create a folder; O output, S bytes sent to a socket, A a process has ended; ! a fault.
    `path` is relative to the root. For O it is the descriptor, for S the port of the peer.
    """

    kind: str
    process: int
    inode: int
    first: int
    second: int
    path: str
    data: bytes


class Injection(NamedTuple):
    """Which call has to fail. `kinds`: letters as in `Operation`, o for open and mkdir, s and v for
    send and recv. `word`: part of the path. `number`: the first of these calls that fails, from 1.
    `error` 0 is a short write."""

    kinds: str
    word: str
    number: int
    error: int
    is_lasting: bool = False


NO_FAULT = Injection("", "", 0, 0)


@cache
def library() -> Path:
    """The compiled recorder, in the cache of the tests. Raises NoCompilerError."""
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        raise NoCompilerError("a C compiler is needed: apt-get install gcc libc6-dev")
    folder = SOURCE.parents[2] / ".pytest_cache" / "crash"
    folder.mkdir(parents=True, exist_ok=True)
    target, part = folder / "calls.so", folder / f"calls.{os.getpid()}.so"
    options = ["-O2", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror"]
    libraries = ["-ldl", "-lpthread"]
    subprocess.run([compiler, *options, "-o", part, SOURCE, *libraries], check=True)
    os.replace(part, target)
    return target


@dataclass
class Recorder:
    """Records processes that get its `environment`. `root`: the folder whose files count."""

    root: Path
    log: Path
    control: Path

    @classmethod
    def begin(cls, root: Path, beside: Path, injection: Injection = NO_FAULT) -> "Recorder":
        """`beside`: a folder for the log, outside of the root."""
        recorder = cls(root.resolve(), beside / "calls.log", beside / "calls.control")
        recorder.log.write_bytes(b"")
        shim = ctypes.CDLL(str(library()))
        shim.calls_control_size.restype = ctypes.c_size_t
        with recorder.control.open("w+b") as file:
            file.truncate(shim.calls_control_size())
            with mmap.mmap(file.fileno(), 0) as place:
                start = ctypes.c_char.from_buffer(place)
                end = 1 << 60 if injection.is_lasting else injection.number + 1
                shim.calls_prepare(
                    ctypes.byref(start),
                    ctypes.c_int64(injection.number),
                    ctypes.c_int64(end),
                    ctypes.c_int32(injection.error),
                    injection.kinds.encode(),
                    injection.word.encode(),
                )
                del start
        return recorder

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(library()),
            "ORDERLEDGER_CALLS_ROOT": str(self.root),
            "ORDERLEDGER_CALLS_LOG": str(self.log),
            "ORDERLEDGER_CALLS_CONTROL": str(self.control),
        }

    def note(self, name: str, status: int) -> None:
        """Record that a process has ended, which acknowledges what it was asked to do."""
        path = name.encode()
        with self.log.open("ab") as file:
            file.write(HEAD.pack(b"A", 0, 0, status, 0, len(path), 0) + path)

    def operations(self) -> list[Operation]:
        return list(_parsed(self.log.read_bytes(), os.fsencode(self.root)))


def _parsed(log: bytes, root: bytes) -> Iterator[Operation]:
    at = 0
    while at < len(log):
        kind, process, inode, first, second, path_size, size = HEAD.unpack_from(log, at)
        at += HEAD.size
        path = log[at : at + path_size]
        data = log[at + path_size : at + path_size + size]
        at += path_size + size
        letter = kind.decode()
        if letter in "rl":
            data = _below(data, root)
        yield Operation(
            letter, process, inode, first, second, os.fsdecode(_below(path, root)), data
        )


def _below(path: bytes, root: bytes) -> bytes:
    return path[len(root) :].lstrip(b"/") if path.startswith(root) else path


def outputs(operations: Sequence[Operation], process: int | None = None) -> bytes:
    """What was written to standard output."""
    return b"".join(
        one.data
        for one in operations
        if one.kind == "O" and one.path == "1" and process in (None, one.process)
    )
