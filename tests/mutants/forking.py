"""Runs pytest many times without importing the libraries again: a process that has imported them,
and nothing of the package, forks for each run.

It reads the arguments of a run as a line of JSON, and writes the process id of the run. At its end
it writes the exit status.
"""

import contextlib
import importlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

LIBRARIES = (
    *("aiohttp", "click", "eventsourcing.application", "httpx", "hypothesis", "msgspec", "psycopg"),
    *("psycopg_pool", "pydantic", "pydantic_settings", "rich.table", "starlette.applications"),
    *("uvicorn", "websockets", "xdist"),
)
# A mutant may ask for memory or fill a disk without end.
LIMITED = ["/bin/sh", "-c", 'ulimit -v 12000000; ulimit -f 4000000; exec "$@"', "limited"]


class PytestRunner:
    """Runs pytest in a folder. `output`: the file with the output of the last run."""

    def __init__(self, folder: Path, environment: Mapping[str, str], output: Path) -> None:
        self.output = output
        self._folder = folder
        self._environment = {**environment, "PYTHONPATH": str(folder)}
        self._process = self._started()

    def _started(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*LIMITED, sys.executable, "-m", "tests.mutants.forking", str(self.output)],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, arguments: Sequence[str], seconds: float) -> int | None:
        """The exit status, or None if the run did not end in time."""
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(list(arguments)) + "\n")
        process.stdin.flush()
        number = int(process.stdout.readline())
        is_ended = bool(select.select([process.stdout], [], [], seconds)[0])
        with contextlib.suppress(ProcessLookupError):
            os.killpg(number, signal.SIGKILL)  # what it started, too
        status = int(process.stdout.readline())
        return status if is_ended else None

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def serve(output: Path) -> None:
    for name in LIBRARIES:
        importlib.import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _run(json.loads(line), output)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _run(arguments: list[str], output: Path) -> None:
    os.setsid()
    with output.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    status = 3
    try:
        status = pytest.main(arguments)
    finally:
        sys.stdout.flush()
        os._exit(status)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
