"""The campaign works: it records all that processes write, finds a lost sync, and finds nothing in
the package. `make crash` runs the whole."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.campaign import Verdict
from tests.crash.disk import Disk, check_complete, replayed
from tests.crash.planted import PlantedFault, planted_faults
from tests.crash.tasks import calls_of_fault, calls_of_work, images_of_fault, images_of_work
from tests.crash.tracing import NoCompilerError, Recorder, library
from tests.mutants.__main__ import REPOSITORY, place_of

HERE = Path(__file__).parent
IMAGES, CALLS = planted_faults(HERE / "faults.toml"), planted_faults(HERE / "failing.toml")
WRITING = """
import os
os.mkdir("folder")
with open("folder/new", "wb") as file:
    file.write(b"x" * 5000)
    file.flush()
    os.fsync(file.fileno())
os.rename("folder/new", "folder/whole")
with open("old", "r+b") as file:
    file.seek(3)
    file.write(b"123")
    file.truncate(7)
print("done", flush=True)
"""


@pytest.fixture
def compiled() -> None:
    try:
        library()
    except NoCompilerError as error:
        pytest.skip(str(error))


def tried(folder: Path, program: str) -> tuple[Disk, list[str]]:
    root, beside = folder / "root", folder / "beside"
    root.mkdir()
    beside.mkdir()
    (root / "old").write_bytes(b"before before")
    disk, recorder = Disk.of(root), Recorder.begin(root, beside)
    subprocess.run([sys.executable, "-c", program], cwd=root, env=recorder.environment, check=True)
    operations = recorder.operations()
    replayed(disk, operations)
    check_complete(disk, root)
    return disk, [f"{one.kind} {one.path}" for one in operations]


@pytest.mark.usefixtures("compiled")
def test_calls_are_recorded_in_their_order(tmp_path: Path) -> None:
    _, calls = tried(tmp_path, WRITING)
    assert calls == [
        "d folder",
        "c folder/new",
        "w folder/new",
        "f folder/new",
        "r folder/whole",
        "w old",
        "t old",
        "O 1",
    ]


@pytest.mark.usefixtures("compiled")
def test_only_what_was_synced_is_durable(tmp_path: Path) -> None:
    disk, _ = tried(tmp_path, WRITING)
    old = disk.durable["old"]
    assert disk.durable.keys() == {"old"} and old is not None
    assert bytes(old.base) == b"before before" and old.current() == b"bef123 "
    whole = disk.current["folder/whole"]
    assert whole is not None and bytes(whole.base) == b"x" * 5000


@pytest.mark.usefixtures("compiled")
def test_a_write_that_is_not_recorded_is_noticed(tmp_path: Path) -> None:
    mapped = "import mmap; file = open('old', 'r+b'); mmap.mmap(file.fileno(), 0)[0:1] = b'X'"
    with pytest.raises(AssertionError, match="old has bytes that no recorded call wrote"):
        tried(tmp_path, mapped)


@pytest.mark.parametrize("fault", [*IMAGES, *CALLS], ids=lambda fault: fault.name)
def test_each_fault_can_be_planted(fault: PlantedFault) -> None:
    assert place_of(fault, REPOSITORY).is_file()
    assert fault.planted != fault.text


@pytest.mark.slow
@pytest.mark.usefixtures("compiled")
def test_a_lost_sync_is_found_in_an_image() -> None:
    assert images_of_fault(IMAGES[0], "test").faults


@pytest.mark.slow
@pytest.mark.usefixtures("compiled")
def test_no_image_of_recording_processes_is_wrong() -> None:
    assert images_of_work("record", "test", 20) == Verdict(20, [])


@pytest.mark.slow
@pytest.mark.usefixtures("compiled")
def test_a_false_answer_after_a_failed_commit_is_found() -> None:
    assert calls_of_fault(CALLS[0], "test").faults


@pytest.mark.slow
@pytest.mark.usefixtures("compiled")
def test_calls_of_a_restore_may_fail() -> None:
    assert calls_of_work("restore", "test", 3) == Verdict(3, [])
