"""Simulated venues as processes of their own, which can be paused and killed, and a configuration
that names them."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

STARTING_SECONDS = 60.0
ENDS = ("accounts = ", "token = ", "poll_seconds = ")


class FakeVenue:
    """`python -m orderledger.simulation VENUE`. `section` is its `[[venues]]` table, with its token
    in a file."""

    def __init__(self, venue: str, folder: Path, every: float = 0.1) -> None:
        self.account = f"{venue}:fake"
        self._told, self._errors = folder / f"{venue}.toml", folder / f"{venue}.errors"
        command = [
            sys.executable,
            "-m",
            "orderledger.simulation",
            venue,
            "--every",
            str(every),
        ]
        with self._told.open("w") as out, self._errors.open("w") as err:
            self.process = subprocess.Popen(command, stdout=out, stderr=err)
        self._wait()
        self.section = self._told.read_text().partition("[[venues]]")[2]

    def _wait(self) -> None:
        deadline = time.monotonic() + STARTING_SECONDS
        while not self._has_settings():
            assert self.process.poll() is None and time.monotonic() < deadline, (
                self._errors.read_text()
            )
            time.sleep(0.02)

    def _has_settings(self) -> bool:
        """Whole: an unbuffered print writes the last line's end by itself."""
        settings = self._told.read_text()
        return settings.endswith("\n") and any(word in settings for word in ENDS)

    def pause(self) -> None:
        """It still accepts connections, and answers nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()


def config_of(folder: Path, *venues: FakeVenue, more: str = "") -> Path:
    """A file for `orderledger collect` and `serve --config`."""
    path = folder / "collect.toml"
    path.write_text(
        more + "grace_seconds = 0.001\n" + "".join(f"[[venues]]{venue.section}" for venue in venues)
    )
    return path
