"""Runs the tasks of a rebuild in processes of this machine."""

from collections.abc import Callable, Sequence

from orderledger.infrastructure.archive.rebuilding import RESULTS, Folded, Run, run_encoded
from orderledger.infrastructure.views.parallel import processes, results, submitted


def in_processes(jobs: int) -> Run:
    """Run tasks in so many processes, or in this one."""

    def run(tasks: Sequence[object], progress: Callable[[int], object]) -> list[Folded]:
        import msgspec

        encoded = [(msgspec.json.encode(task),) for task in tasks]
        if jobs == 1:
            found = []
            for (task,) in encoded:
                found.append(run_encoded(task))
                progress(len(found))
        else:
            with processes(jobs) as (pool, _):
                futures = submitted(pool, run_encoded, encoded)
                found = results(futures, lambda: progress(sum(future.done() for future in futures)))
        return [RESULTS.decode(one) for one in found]

    return run
