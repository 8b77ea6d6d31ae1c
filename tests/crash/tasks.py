"""The parts of a campaign, each of which one process does."""

from tests.crash.campaign import Verdict, judged, recorded, scratch
from tests.crash.planted import PlantedFault, package_with
from tests.crash.works import WORKS

IMAGES_OF_A_ROUND = 25
ROUNDS_OF_A_FAULT = 40


def of_fault(fault: PlantedFault, seed: str) -> Verdict:
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


def of_work(name: str, seed: str, count: int) -> tuple[int, Verdict]:
    """Judge images of one run. Returns the number of recorded calls, too."""
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
        return len(run.operations), verdict
