"""Signals that end a process, from its beginning on: what it imports, and the store that it opens, take a second or two."""

import signal
from contextlib import AbstractContextManager
from typing import NoReturn, Self


class Signals(AbstractContextManager["Signals"]):
    """While entered, SIGTERM and SIGINT end the process with status 0, and what is open is closed."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        """Python drops what a handler raises within a finalizer: whoever installs other handlers looks here."""

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._end) for number in (signal.SIGTERM, signal.SIGINT)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _end(self, number: int, _: object) -> NoReturn:
        self.heard.append(number)
        raise SystemExit(0)
