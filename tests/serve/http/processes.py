"""`orderledger serve` as a process, and readers of its stream over real sockets."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx

STARTING_SECONDS = 30.0
SERVED = re.compile(r"serving http://([0-9.]+):([0-9]+)")


class Server:
    """The process. `port` is the one that it has taken; a later start on the same port goes on
    there."""

    def __init__(self, store: Path | str, *options: str, port: int = 0) -> None:
        program = str(Path(sys.executable).with_name("orderledger"))
        command = [program, "serve", "--db", str(store), "--port", str(port), *options]
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("ORDERLEDGER_")
        }
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        self.log: list[str] = []
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        self.port = self._port()
        self.url = f"http://127.0.0.1:{self.port}"

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.log.extend(self.process.stderr)

    def _port(self) -> int:
        deadline = time.monotonic() + STARTING_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            for line in list(self.log):
                if found := SERVED.search(line):
                    return int(found[2])
            time.sleep(0.02)
        raise AssertionError("the server did not start: " + "".join(self.log))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()
        self._reading.join(5)

    def connected(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)


class StreamReader(threading.Thread):
    """Reads the stream, and goes on after each break where it stopped, as a browser does."""

    def __init__(self, url: str, query: str = "", after: int = 0) -> None:
        super().__init__(daemon=True)
        self._url = f"{url}/api/stream?{query}"
        self.last = after
        self.events: list[tuple[str, int | None, dict[str, Any]]] = []
        self.connections = 0
        self._is_stopping = False

    def run(self) -> None:
        while not self._is_stopping:
            try:
                headers = {"last-event-id": str(self.last)}
                with httpx.stream("GET", self._url, headers=headers, timeout=10) as answer:
                    answer.raise_for_status()
                    self.connections += 1
                    self._take(answer)
            except httpx.HTTPError:
                time.sleep(0.05)

    def _take(self, answer: httpx.Response) -> None:
        for name, position, document in events_of(answer.iter_lines()):
            if self._is_stopping:
                return
            self.events.append((name, position, document))
            if position is not None:
                self.last = position

    def positions(self) -> list[int]:
        return [
            position
            for name, position, _ in list(self.events)
            if name == "event" and position is not None
        ]

    def wait_for(self, position: int, seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while self.last < position:
            assert time.monotonic() < deadline, f"the reader is at {self.last}, not {position}"
            time.sleep(0.02)

    def stop(self) -> None:
        self._is_stopping = True


def events_of(lines: Iterator[str]) -> Iterator[tuple[str, int | None, dict[str, Any]]]:
    """The events in the lines of a stream: name, id and data. Comments have none."""
    name, position, data = "", None, ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "id":
            position = int(value)
        elif field == "data":
            data += value
        elif not line and data:
            yield name, position, json.loads(data)
            name, position, data = "", None, ""


@contextmanager
def reading(*readers: StreamReader) -> Iterator[None]:
    for reader in readers:
        reader.start()
    try:
        yield
    finally:
        for reader in readers:
            reader.stop()
