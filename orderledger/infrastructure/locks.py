"""Locks that an interrupt leaves in nobody's way."""

from typing import Any


def let_go(turn: Any) -> None:
    """Release an RLock if this thread holds it, as often as an interrupt has left it held: `acquire` may be interrupted when it
    has just got it, and no `try` begins as early as that."""
    while turn._is_owned():
        turn.release()
