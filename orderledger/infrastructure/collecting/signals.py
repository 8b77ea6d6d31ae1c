"""Signals that end a process, from its beginning on: what it imports, and the store that it opens, take a second or two."""

import signal
from typing import NoReturn


class Signals:
    """From now on SIGTERM and SIGINT end the process with status 0, and what is open is closed."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        """Python drops what a handler raises within a finalizer: whoever installs other handlers looks here."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)

    def _end(self, number: int, _: object) -> NoReturn:
        self.heard.append(number)
        raise SystemExit(0)
