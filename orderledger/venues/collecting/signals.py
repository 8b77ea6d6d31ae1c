"""Handles signals that end a process from its start on: imports and opening the store take a
second or two.
"""

import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Self

ENDING = (signal.SIGTERM, signal.SIGINT)


class Signals(AbstractContextManager["Signals"]):
    """While entered, SIGTERM and SIGINT end the process with status 0 and close what is open, or
    call the function given to `lead_to`.

    Afterwards the earlier handlers apply again, or none if a signal came: the process is ending.
    """

    def __init__(self) -> None:
        self._has_come = False
        self._act: Callable[[], None] | None = None

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._receive) for number in ENDING}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_IGN if self._has_come else handler)

    def lead_to(self, act: Callable[[], None]) -> None:
        """On a signal, call `act` instead of exiting, whatever the main thread is doing; at once if
        a signal came before.

        An exception would be lost: Python drops what a handler raises within a finalizer.
        """
        self._act = act
        if self._has_come:
            act()

    def _receive(self, *_: object) -> None:
        self._has_come = True
        if self._act is None:
            raise SystemExit(0)
        self._act()
