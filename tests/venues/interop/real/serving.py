"""A simulated exchange in a thread of the test, and processes that are killed."""

import asyncio
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from orderledger.simulation import VenueServer

Served = TypeVar("Served", bound=VenueServer)
SECONDS = 60.0
LOOPS: dict[int, asyncio.AbstractEventLoop] = {}
"""The event loop of each server."""


@contextmanager
def served(make: Callable[[], Served]) -> Iterator[Served]:
    """Serve until left, in an event loop of its own."""
    started, box = threading.Event(), list[Any]()

    async def serve() -> None:
        stop = asyncio.Event()
        async with make() as server:
            box.extend((server, asyncio.get_running_loop(), stop))
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert started.wait(SECONDS)
    server, loop, stop = box
    LOOPS[id(server)] = loop
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


def on_loop(server: VenueServer, action: Callable[[], object]) -> None:
    """Do something in the server's event loop, which alone may use its exchange."""

    async def act() -> None:
        action()

    asyncio.run_coroutine_threadsafe(act(), LOOPS[id(server)]).result(SECONDS)


@contextmanager
def running(
    command: list[str], folder: Path, **variables: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A process, killed when left. Its output is in `log` of the folder."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **variables}, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """`kill -9`."""
    process.send_signal(signal.SIGKILL)
    process.wait()


def until(is_so: Callable[[], Any], what: str, folder: Path) -> Any:
    """Wait until something is true, and return it."""
    end = time.monotonic() + SECONDS
    while not (found := is_so()):
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not in time\n{(folder / 'log').read_text()[-8000:]}")
        time.sleep(0.1)
    return found
