"""Files that are there whole or not at all."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from orderledger.infrastructure.files import write_whole

KILLED = """
import os, signal, sys
from pathlib import Path
from orderledger.infrastructure.files import write_whole

def pieces():
    yield b"half"
    os.kill(os.getpid(), signal.SIGKILL)

write_whole(Path(sys.argv[1]), pieces())
"""


def killed_write(path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert ended.returncode == -signal.SIGKILL


def test_a_later_write_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint [1].txt"
    killed_write(path)
    (left,) = tmp_path.iterdir()
    other = tmp_path / left.name.replace("[1]", "[2]")
    other.touch()
    for file in (left, other):
        os.utime(file, (0, time.time() - 4_000))
    write_whole(path, b"whole")
    assert sorted(tmp_path.iterdir()) == sorted([path, other])
    assert path.read_bytes() == b"whole"


def test_a_write_that_may_still_run_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.txt"
    killed_write(path)
    (left,) = tmp_path.iterdir()
    write_whole(path, b"whole")
    assert left.exists()
