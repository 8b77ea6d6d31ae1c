"""Releasing locks after an interrupt."""

from typing import Any


def let_go(turn: Any) -> None:
    """Release an RLock as often as this thread holds it. Does nothing if it does not hold it.

    An interrupt may come right after `acquire` succeeds and before the `try` begins, and leave the lock held.
    """
    while turn._is_owned():
        turn.release()
