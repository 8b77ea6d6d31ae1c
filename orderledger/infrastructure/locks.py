"""Locks and signal handlers: whether this thread holds a lock, and releasing locks after an
interrupt."""

import threading
from contextlib import suppress
from typing import Protocol


class Releasable(Protocol):
    """An RLock: its `release` raises RuntimeError in a thread that does not hold it."""

    def release(self) -> None: ...


def is_held(condition: threading.Condition) -> bool:
    """Check whether this thread holds the lock of a condition. A signal handler learns so whether
    it interrupted the holder."""
    try:
        condition.notify(0)  # wakes nobody, and raises without the lock
    except RuntimeError:
        return False
    return True


def let_go(lock: Releasable) -> None:
    """Release an RLock as often as this thread holds it. Does nothing if it does not hold it.

    An interrupt may come right after `acquire` succeeds and before the `try` begins, and leave the
    lock held.
    """
    with suppress(RuntimeError):
        while True:
            lock.release()
