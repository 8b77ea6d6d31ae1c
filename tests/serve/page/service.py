"""`orderledger serve` and `orderledger record` as processes of their own, as they run at a desk."""

import json
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from orderledger.simulation.servers.ports import held

WAIT_SECONDS = 60.0


class Service:
    """`orderledger serve` on a port of its own. It can be killed and started again on the same
    port."""

    def __init__(self, command: Path, db: str, folder: Path, options: Sequence[str] = ()) -> None:
        self._held = held("127.0.0.1")
        self.port: int = self._held.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._arguments = [str(command), "serve", "--db", db, "--port", str(self.port), *options]
        self._log = folder / "serve.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._arguments, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        deadline = time.monotonic() + WAIT_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(
                    f"orderledger serve does not answer:\n{self._log.read_text()[-2000:]}"
                )
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL: it has no time to say goodbye."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/api/me", timeout=5) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError:
            return True  # it asks for a token
        except OSError:
            return False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        self._held.close()


class Recording:
    """`orderledger record -` as a process beside the service. `record` returns when the messages
    are durable."""

    def __init__(self, command: Path, db: str) -> None:
        self._process = subprocess.Popen(
            [str(command), "record", "-", "--ack", "--db", db],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    def record(self, *messages: dict[str, Any]) -> list[dict[str, Any]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.writelines(json.dumps(message) + "\n" for message in messages)
        self._process.stdin.flush()
        outcomes = [json.loads(self._process.stdout.readline()) for _ in messages]
        assert all(one["outcome"] in ("recorded", "duplicate") for one in outcomes), outcomes
        return outcomes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=WAIT_SECONDS)
