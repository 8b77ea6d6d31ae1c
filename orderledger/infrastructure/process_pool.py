"""A pool of processes that end when this one ends or gives up, with a count that they share."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from orderledger.infrastructure.errors import StoreError

LOOK_SECONDS = 0.1
"""Pause between two reports of progress."""

Result = TypeVar("Result")

shared_count: Any = None
"""In a process of the pool: the number of events that all processes have read."""


def submitted(
    pool: ProcessPoolExecutor, call: Callable[..., Result], arguments: Sequence[tuple[Any, ...]]
) -> list[Future[Result]]:
    """Start these calls in the processes of the pool."""
    with _deaf():
        return [pool.submit(call, *each) for each in arguments]


def results(futures: Sequence[Future[Result]], look: Callable[[], object]) -> list[Result]:
    """The results of the processes. `look` is called while they work."""
    while wait(futures, LOOK_SECONDS).not_done:
        look()
        for future in futures:
            if future.done():
                future.result()  # raises at once if one failed
    return [future.result() for future in futures]


@contextmanager
def processes(jobs: int) -> Iterator[tuple[ProcessPoolExecutor, Any]]:
    """Processes that end when this one ends or gives up: a pipe closes then. And the number of
    events that they have read."""
    context = get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    progress = context.Value("q", 0)
    with theirs, ours, ProcessPoolExecutor(jobs, context, _begin, (theirs, progress)) as pool:
        try:
            yield pool, progress
        except BrokenProcessPool as error:
            raise StoreError(
                "a process of the rebuild was killed, perhaps for lack of memory: the views are "
                "unchanged"
            ) from error
        except BaseException:
            ours.close()
            raise


@contextmanager
def _deaf() -> Iterator[None]:
    """Block keyboard interrupts in processes that are started here, from their first moment. This
    process handles them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(parent: Connection, progress: Any) -> None:
    """Prepare a process of the pool."""
    global shared_count
    shared_count = progress

    def end_with_parent() -> None:
        parent.poll(None)  # returns when the pipe closes: nothing is ever sent
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()
