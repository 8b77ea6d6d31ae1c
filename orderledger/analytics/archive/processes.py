"""Runs the tasks of a rebuild in processes of this machine."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from orderledger.analytics.archive.rebuilding import RESULTS, Folded, Run, run_encoded
from orderledger.extend.runtime import process_pool


@contextmanager
def in_processes(jobs: int) -> Iterator[Run]:
    """Run tasks in this many processes, which serve both stages; with one job, in this process."""
    if jobs == 1:
        yield _here
        return
    with process_pool.processes(jobs) as (pool, _):

        def run(tasks: Sequence[object], progress: Callable[[int], object]) -> list[Folded]:
            futures = process_pool.submitted(
                pool, run_encoded, [(msgspec.json.encode(task),) for task in tasks]
            )
            found = process_pool.results(
                futures, lambda: progress(sum(future.done() for future in futures))
            )
            return [RESULTS.decode(one) for one in found]

        yield run


def _here(tasks: Sequence[object], progress: Callable[[int], object]) -> list[Folded]:
    found = []
    for task in tasks:
        found.append(RESULTS.decode(run_encoded(msgspec.json.encode(task))))
        progress(len(found))
    return found
