"""Draws images of a recorded run, and judges them."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.crash.disk import Disk, check_complete, replayed, write_image
from tests.crash.images import drawn
from tests.crash.tracing import NO_FAULT, Injection, Operation, Recorder, library
from tests.crash.work import REPOSITORY, Processes, Work

MEMORY = Path("/dev/shm")


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder in memory, where the machine has one: images need no disk."""
    where = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="orderledger-crash-", dir=where) as folder:
        yield Path(folder).resolve()


@dataclass
class Run:
    """A recorded run of a work. `first`: its disk before."""

    work: Work
    first: Callable[[], Disk]
    operations: list[Operation]
    ended: list[tuple[str, int, str]]


@dataclass
class Verdict:
    """How many images were judged, or runs with a failing call. `faults`: the reasons for each that
    is wrong."""

    tried: int = 0
    faults: list[list[str]] = field(default_factory=list)

    def add(self, other: "Verdict") -> None:
        self.tried += other.tried
        self.faults += other.faults


def recorded(
    work: Work, folder: Path, *, package: Path = REPOSITORY, injection: Injection = NO_FAULT
) -> Run:
    """Run a work in a folder, and record it. Raises AssertionError if a call was not recorded."""
    root, beside = folder / "root", folder / "beside"
    root.mkdir()
    beside.mkdir()
    work.prepare(root)
    first = Disk.of(root)
    recorder = Recorder.begin(root, beside, injection)
    processes = Processes(recorder, package)
    work.run(processes)
    operations = recorder.operations()
    check_complete(replayed(first.copy(), operations), root)
    return Run(work, first.copy, operations, processes.ended)


def judged(run: Run, seed: str, count: int, *, stops: bool = False, keeps: bool = False) -> Verdict:
    """Draw images at random moments, many of them right after an answer or a sync, and judge each.
    `stops`: end with the first that is wrong. `keeps`: keep those that are wrong."""
    chance = Random(seed)
    operations = run.operations
    moments = [_moment(operations, chance) for _ in range(count)]
    disk, verdict, done = run.first(), Verdict(), 0
    for number, moment in sorted(enumerate(moments), key=lambda one: one[1]):
        replayed(disk, operations[done:moment])
        done = moment
        own = f"{seed} {number}"
        faults = judge(run, disk, operations[:moment], Random(own))
        verdict.tried += 1
        if faults:
            where = f"after {moment} of {len(operations)} calls"
            kept = f"kept in {keep(disk, own)}" if keeps else own
            verdict.faults.append([where, kept, *faults])
            if stops:
                break
    return verdict


def _moment(operations: Sequence[Operation], chance: Random) -> int:
    """A number of calls, of which a third ends with an answer, and a third with a sync."""
    kinds = chance.choice(("OSA", "f", ""))
    ends = [at for at, one in enumerate(operations, 1) if one.kind in kinds]
    return chance.choice(ends) if ends else chance.randrange(len(operations) + 1)


def judge(run: Run, disk: Disk, seen: list[Operation], chance: Random) -> list[str]:
    with scratch() as image:
        write_image(image, drawn(disk, chance))
        try:
            return run.work.judge(image, seen)
        except Exception as error:
            return [f"{type(error).__name__}: {error}"]


def keep(disk: Disk, seed: str) -> Path:
    """Write the image once more, for people to look at."""
    folder = library().parent / f"wrong {seed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    write_image(folder, drawn(disk, Random(seed)))
    return folder
