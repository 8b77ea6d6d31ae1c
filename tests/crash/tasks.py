"""The parts of a campaign, each of which one process does."""

import errno
from random import Random

from tests.crash.campaign import Verdict, judged, recorded, scratch
from tests.crash.failing import CALLS_OF_SOCKETS, Calls, calls_of, drawn_injection, fail_once
from tests.crash.planted import PlantedFault, package_with
from tests.crash.tracing import Injection
from tests.crash.works import WITHOUT_FILES, WORKS

IMAGES_OF_A_ROUND = 25
ROUNDS_OF_A_FAULT = 40
RUNS_OF_A_FAULT = 20

DRAWS_OF_A_RUN = 4
"""Chance is in the calls of a process: some draws name a call that the next run does not make."""


def images_of_fault(fault: PlantedFault, seed: str) -> Verdict:
    """Judge images of the work with the fault, in rounds, until one is wrong."""
    with package_with(fault) as package, scratch() as folder:
        run = recorded(WORKS[fault.work](), folder, package=package)
        run.work.learn(folder / "root")
        verdict = Verdict()
        for number in range(ROUNDS_OF_A_FAULT):
            own = f"{seed} {fault.name} {number}"
            verdict.add(judged(run, own, IMAGES_OF_A_ROUND, stops=True))
            if verdict.faults:
                break
        return verdict


def images_of_work(name: str, seed: str, count: int) -> Verdict:
    """Judge images of one run."""
    with scratch() as folder:
        run = recorded(WORKS[name](), folder)
        verdict = Verdict(
            faults=[
                [f"{process} ended with {status}: {errors}"]
                for process, status, errors in run.ended
                if status not in run.work.statuses
            ]
        )
        run.work.learn(folder / "root")
        verdict.add(judged(run, f"{seed} {name}", count, keeps=True))
        return verdict


def calls_of_fault(fault: PlantedFault, seed: str) -> Verdict:
    """Let calls of the work with the fault fail until that shows."""
    chance, verdict = Random(f"{seed} {fault.name}"), Verdict()
    with package_with(fault) as package:
        for number in range(RUNS_OF_A_FAULT):
            error = getattr(errno, chance.choice(fault.errors), 0)
            at = chance.randint(*fault.calls)
            injection = Injection(fault.kinds, fault.word, at, error, fault.lasts)
            own = f"{seed} {fault.name} {number}"
            found = fail_once(WORKS[fault.work](), injection, own, package=package)
            verdict.add(found or Verdict())
            if verdict.faults:
                break
    return verdict


def _calls_of(name: str) -> list[Calls]:
    with scratch() as folder:
        return calls_of(recorded(WORKS[name](), folder).operations)


def calls_of_work(name: str, seed: str, count: int) -> Verdict:
    """Let one call fail in each of so many runs."""
    chance, verdict = Random(f"{seed} {name}"), Verdict()
    calls = CALLS_OF_SOCKETS if name in WITHOUT_FILES else _calls_of(name)
    for number in range(count * DRAWS_OF_A_RUN):
        if verdict.tried < count:
            injection = drawn_injection(calls, chance)
            work = (WORKS | WITHOUT_FILES)[name]()
            found = fail_once(work, injection, f"{seed} {name} {number}")
            verdict.add(found or Verdict())
    return verdict
