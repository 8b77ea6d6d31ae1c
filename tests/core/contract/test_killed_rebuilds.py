"""A rebuild with several processes, of which one is killed: the views stay as they were, and
nothing stays behind."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from orderledger import Ledger
from tests.core.contract.streams import lives, parsed

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/cmdline").exists(), reason="finds processes in /proc"
)
LIVES = 3_000
WHY = "a process of the rebuild was killed, perhaps for lack of memory: the views are unchanged"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recorded") / "orders.db"
    with Ledger.open(str(path), update_views=False) as ledger:
        ledger.record_many(parsed(*lives(LIVES)))
        ledger.views.catch_up()
    return path


@contextmanager
def rebuilding(
    command: Path, recorded: Path, folder: Path
) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A rebuild whose processes are at work, and their ids."""
    (folder / "orders.db").write_bytes(recorded.read_bytes())
    arguments = [str(command), "rebuild", "--jobs", "2", "--db", "orders.db"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        arguments, cwd=folder, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    ) as parent:
        wait_until(lambda: any(folder.glob("*/*.1")) or parent.poll() is not None)
        workers = [
            pid for pid in children(parent.pid) if "multiprocessing.spawn" in command_of(pid)
        ]
        yield parent, workers
        parent.kill()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def children(pid: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children()]
    except psutil.NoSuchProcess:
        return []


def command_of(pid: int) -> str:
    """Empty for one that is gone."""
    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.NoSuchProcess:
        return ""


@pytest.mark.slow
def test_its_processes_end_when_it_is_killed_and_the_next_one_clears_up(
    recorded: Path, tmp_path: Path, orderledger_command: Path
) -> None:
    with rebuilding(orderledger_command, recorded, tmp_path) as (parent, workers):
        parent.kill()
        parent.wait()
        wait_until(lambda: not any(command_of(pid) for pid in workers))
    assert len(workers) == 2
    assert [path for path in tmp_path.iterdir() if path.is_dir()] != []
    with Ledger.open(str(tmp_path / "orders.db"), update_views=False) as ledger:
        assert ledger.views.check().differences == ()
        assert ledger.views.rebuild().is_equal
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


@pytest.mark.slow
def test_a_process_of_it_that_is_killed_is_one_sentence(
    recorded: Path, tmp_path: Path, orderledger_command: Path
) -> None:
    with rebuilding(orderledger_command, recorded, tmp_path) as (parent, workers):
        os.kill(workers[0], signal.SIGKILL)
        said = parent.communicate()
    assert (parent.returncode, *said) == (3, "", f"orderledger: {WHY}\n")
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []
    with Ledger.open(str(tmp_path / "orders.db"), update_views=False) as ledger:
        assert ledger.views.check().differences == ()
        assert ledger.views.rebuild(jobs=2).is_equal


@pytest.mark.slow
def test_an_interrupt_ends_it_at_once(
    recorded: Path, tmp_path: Path, orderledger_command: Path
) -> None:
    with rebuilding(orderledger_command, recorded, tmp_path) as (parent, workers):
        os.killpg(parent.pid, signal.SIGINT)  # to all of them at once, as the keyboard sends it
        said = parent.communicate()
        assert [command_of(pid) for pid in workers] == ["", ""]
    assert (parent.returncode, *said) == (130, "", "orderledger: interrupted\n")
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []
