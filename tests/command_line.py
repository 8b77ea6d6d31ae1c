"""The command `orderledger` inside this process, on real standard streams: what it says, and its
exit status.

A process of its own costs a third of a second. It is for tests of what only a process has: signals,
pipes that break, kills, an interpreter that starts with closed streams and ends. They take the
fixture `orderledger_command`.
"""

import contextlib
import fcntl
import os
import pty
import struct
import sys
import tempfile
import termios
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple
from unittest import mock

import pytest

from orderledger.cli import main


class Ended(NamedTuple):
    """How a command ended, and what it printed."""

    status: int
    out: str
    err: str


def run(
    *arguments: str | Path,
    folder: Path | None = None,
    stdin: Path | None = None,
    stdout: Path | None = None,
    encoding: str = "utf-8",
    environment: dict[str, str] | None = None,
) -> Ended:
    """Run the command in a folder. `stdin` names a file to read, else there is nothing; `stdout` a
    device to print to; `encoding` is the one that the streams begin with."""
    with contextlib.ExitStack() as stack:
        given = stack.enter_context((stdin or Path(os.devnull)).open("rb"))
        out, err = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(2))
        to = stack.enter_context(stdout.open("wb")) if stdout else out
        with _standard_streams(given.fileno(), to.fileno(), err.fileno(), encoding=encoding):
            status = _status(arguments, folder, environment or {})
        return Ended(status, *map(_read, (out, err)))


def run_in_window(
    width: int, *arguments: str | Path, environment: dict[str, str] | None = None
) -> str:
    """Run the command in a terminal that is so wide. Returns what it shows, with the styles."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    pieces: list[bytes] = []
    reading = threading.Thread(target=lambda: pieces.extend(_pieces(ours)))
    reading.start()
    try:
        with _standard_streams(theirs, theirs, theirs):
            status = _status(arguments, None, {"TERM": "xterm", **(environment or {})})
    finally:
        os.close(theirs)
        reading.join()
        os.close(ours)
    shown = b"".join(pieces).decode().replace("\r\n", "\n")
    assert status == 0, shown
    return shown


def _status(
    arguments: tuple[str | Path, ...], folder: Path | None, environment: dict[str, str]
) -> int:
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ORDERLEDGER_", "COLUMNS"))
    }
    known = mock.patch.dict(os.environ, {**clean, **environment}, clear=True)
    with contextlib.chdir(folder or Path.cwd()), known, pytest.raises(SystemExit) as end:
        main([os.fspath(argument) for argument in arguments], prog_name="orderledger")
    return end.value.code or 0  # type: ignore[return-value]


@contextlib.contextmanager
def _standard_streams(
    stdin: int, stdout: int, stderr: int, *, encoding: str = "utf-8"
) -> Iterator[None]:
    """These under the numbers 0 to 2, and Python's streams upon them."""
    streams = sys.stdin, sys.stdout, sys.stderr
    kept = [os.dup(number) for number in range(3)]
    for number, given in enumerate((stdin, stdout, stderr)):
        os.dup2(given, number)
    try:
        sys.stdin = os.fdopen(0, "r", encoding=encoding, closefd=False)
        sys.stdout, sys.stderr = (
            os.fdopen(number, "w", encoding=encoding, closefd=False) for number in (1, 2)
        )
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
    finally:
        sys.stdin, sys.stdout, sys.stderr = streams
        for number, given in enumerate(kept):
            os.dup2(given, number)
            os.close(given)


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def _pieces(terminal: int) -> Iterator[bytes]:
    with contextlib.suppress(OSError):  # how Linux tells that nobody writes to it any more
        while piece := os.read(terminal, 65536):
            yield piece
