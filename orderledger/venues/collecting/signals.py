"""Signals that end a process, from its beginning on: what it imports, and the store that it opens,
take a second or two."""

import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Self

ENDING = (signal.SIGTERM, signal.SIGINT)


class Signals(AbstractContextManager["Signals"]):
    """While entered, SIGTERM and SIGINT end the process with status 0, and what is open is closed;
    or they do what they lead to. Afterwards they do what they did before; or nothing, if one was
    heard: the process is ending."""

    def __init__(self) -> None:
        self._is_heard = False
        self._act: Callable[[], None] | None = None

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._hear) for number in ENDING}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_IGN if self._is_heard else handler)

    def lead_to(self, act: Callable[[], None]) -> None:
        """This is done in the middle of whatever the main thread is at; and at once, if one was
        heard before: Python drops what a handler raises within a finalizer."""
        self._act = act
        if self._is_heard:
            act()

    def _hear(self, *_: object) -> None:
        self._is_heard = True
        if self._act is None:
            raise SystemExit(0)
        self._act()
