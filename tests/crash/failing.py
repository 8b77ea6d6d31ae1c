"""System calls of real processes that fail: no false acknowledgement, no hang, a message that says
what failed, and nothing acknowledged is lost when the fault is gone."""

import errno
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.crash.campaign import Run, Verdict, judge, judged, recorded, scratch
from tests.crash.disk import replayed
from tests.crash.tracing import INDEX, Injection, Operation
from tests.crash.work import HANGS, REPOSITORY, Work

SHORT = 0
SOCKETS = "sv"
FULL = (errno.ENOSPC, errno.EDQUOT)
ERRORS = {
    "w": (errno.EIO, *FULL, errno.EINTR, SHORT),
    "f": (errno.EIO, *FULL, errno.EINTR),
    "o": (errno.EIO, *FULL, errno.EMFILE),
    "t": (errno.EIO, errno.EINTR),
    "r": (errno.EIO, *FULL),
    "u": (errno.EIO, errno.EROFS),
    "s": (errno.ECONNRESET, errno.EPIPE, errno.ETIMEDOUT),
    "v": (errno.ECONNRESET, errno.ETIMEDOUT),
}
"""Errors by kind of call. Each is documented for its call by Linux or POSIX."""

ONCE = (errno.EINTR, SHORT)
"""These do not last: callers repeat the call."""

IMAGES_AT_END, IMAGES_BETWEEN = 2, 4
HEXADECIMAL = re.compile("[0-9a-f]{32}|[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of one kind on one file. Chance is in the rest of some names."""

    kind: str
    word: str
    count: int


CALLS_OF_SOCKETS = [Calls("s", "/socket", 250), Calls("v", "/socket", 500)]


def calls_of(operations: Sequence[Operation]) -> list[Calls]:
    """The calls on files that can fail."""
    kinds = {"c": "o", "d": "o", **{kind: kind for kind in "wtfru"}}
    found = Counter(
        (kinds[one.kind], HEXADECIMAL.split(one.path)[0]) for one in operations if one.kind in kinds
    )
    return [Calls(*names, count) for names, count in sorted(found.items()) if names[1]]


def drawn_injection(calls: Sequence[Calls], chance: Random) -> Injection:
    """Each file and kind of call is as likely as the others."""
    one = chance.choice(calls)
    error = chance.choice(ERRORS[one.kind])
    is_lasting = error not in ONCE and chance.random() < 0.4
    number = chance.randint(1, one.count)
    return Injection(one.kind, one.word, number, error, is_lasting)


def fail_once(
    work: Work, injection: Injection, seed: str, *, package: Path = REPOSITORY
) -> Verdict | None:
    """Run a work whose calls fail. Returns None if it made no such call."""
    with scratch() as folder, closing(work):
        run = recorded(work, folder, package=package, injection=injection)
        if not any(one.kind == "!" for one in run.operations):
            return None
        faults = [*_misbehaved(run), *_lost(run, folder)]
        if injection.kinds not in SOCKETS:
            faults += _lost_in_images(run, seed)
    return Verdict(1, [[described(injection), *faults]] if faults else [])


def _misbehaved(run: Run) -> list[str]:
    """Processes that hang, die or end without a word."""
    faults = []
    for name, status, errors in run.ended:
        if status == HANGS:
            faults.append(f"{name} hangs")
        elif status in run.work.statuses:
            continue
        elif status < 0:
            faults.append(f"{name} died of signal {-status}")
        elif not errors.strip():
            faults.append(f"{name} ended with status {status} and said nothing")
        elif "Traceback" in errors:
            faults.append(f"{name} ended with a traceback: {errors.strip().splitlines()[-1]}")
    return faults


def _lost(run: Run, folder: Path) -> list[str]:
    """What a new process finds wrong when the fault is gone."""
    copy = folder / "copy"
    shutil.copytree(folder / "root", copy, ignore=shutil.ignore_patterns(f"*{INDEX}"))
    try:
        return run.work.judge(copy, run.operations)
    except Exception as error:
        return [f"afterwards: {type(error).__name__}: {error}"]


def _lost_in_images(run: Run, seed: str) -> list[str]:
    """What is wrong if the power fails at the end, or at any moment. A failed sync has lost its
    bytes for good."""
    disk = replayed(run.first(), run.operations)
    draws = (Random(f"{seed} {number}") for number in range(IMAGES_AT_END))
    found = [judge(run, disk, run.operations, chance) for chance in draws]
    found += judged(run, seed, IMAGES_BETWEEN).faults
    return [f"after a power loss: {fault}" for faults in found for fault in faults]


def described(injection: Injection) -> str:
    what = errno.errorcode.get(injection.error, "a short write")
    calls = f"call {injection.number} of kind {injection.kinds} on {injection.word}"
    return f"{calls}: {what}, {'from then on' if injection.is_lasting else 'once'}"
