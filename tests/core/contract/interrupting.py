"""Interrupts and signal handlers that come at a chosen place of the program."""

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import orderledger

OURS = str(Path(orderledger.__file__).parent)
ANYWHERE = ""
AS_SIGNALS_COME = ("call", "c_return")
"""Python looks for signals where a function begins, and after a call of one that is not written in
Python."""


class Interrupt:
    """Raises KeyboardInterrupt where code of ours, or of `files`, comes to its `place`-th chance of
    being interrupted."""

    def __init__(self, place: int, files: str = OURS) -> None:
        self._left = place
        self._files = files

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event in AS_SIGNALS_COME and self._files in frame.f_code.co_filename:
            self._left -= 1
            if self._left < 0:
                sys.setprofile(None)
                raise KeyboardInterrupt


class Handler(Interrupt):
    """Runs what a signal handler does there, instead."""

    def __init__(self, place: int, work: Callable[[], Any], files: str = OURS) -> None:
        super().__init__(place, files)
        self._work = work

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        try:
            super().__call__(frame, event, argument)
        except KeyboardInterrupt:
            self._work()


def interrupted(place: int, work: Callable[[], Any], files: str = OURS) -> bool:
    """Whether the work came as far as that."""
    sys.setprofile(Interrupt(place, files))
    try:
        work()
    except KeyboardInterrupt:
        return True
    finally:
        sys.setprofile(None)
    return False


def in_another_thread(work: Callable[[], Any]) -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()), daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive(), "it waits for what nobody holds"
    return found[0]
