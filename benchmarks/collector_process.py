"""`orderledger collect` as a process to be measured: its log, its CPU by thread, its memory."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from venue_process import address_of

COMMAND = Path(sys.executable).parent / "orderledger"
COLLECT = (str(COMMAND), "collect")
TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Cpu:
    """CPU seconds of a process: of its event loop, of who keeps the views, of the threads that
    record."""

    loop: float
    views: float
    recording: float

    @property
    def whole(self) -> float:
        return self.loop + self.views + self.recording

    def since(self, before: "Cpu") -> "Cpu":
        return Cpu(
            self.loop - before.loop, self.views - before.views, self.recording - before.recording
        )


class CollectorProcess:
    """`command` is what runs instead of `orderledger collect`, before the path of the settings."""

    def __init__(
        self, folder: Path, told: dict[str, Any], accounts: int, *, command: Sequence[str] = COLLECT
    ) -> None:
        self.db = folder / "collected.db"
        self._log = (folder / "collector.log").open("w")
        path = folder / "orderledger.toml"
        path.write_text(_toml(self.db, told, accounts))
        self._process = subprocess.Popen([*command, str(path)], stdout=self._log, stderr=self._log)
        self._log_path = folder / "collector.log"
        self.until("the store", self.db.exists)

    def until(self, what: str, is_so: Callable[[], Any], patience: float = PATIENCE) -> None:
        deadline = time.monotonic() + patience
        while not is_so():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"no {what}: {self._log_path.read_text()[-2000:]}")
            time.sleep(0.02)

    def is_ready(self, accounts: int) -> bool:
        """Whether so many accounts are up, and reconciled."""
        rows = self.accounts().values()
        return sum(row["is_up"] and row["reconciled"] > 0 for row in rows) >= accounts

    def status(self) -> dict[str, Any]:
        """As it was last published."""
        try:
            rows = self.ask("SELECT status FROM collectors")
        except sqlite3.OperationalError:  # it is being created
            return {}
        found: dict[str, Any] = json.loads(rows[0][0]) if rows else {}
        return found

    def accounts(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.status().get("accounts", {})
        return found

    def events(self) -> int:
        """How many are in the log."""
        return int(
            self.ask("SELECT coalesce(max(notification_id), 0) FROM orderledger_events")[0][0]
        )

    def ask(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(f"file:{self.db}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(statement, parameters).fetchall()
        finally:
            connection.close()

    def cpu(self) -> Cpu:
        """The first thread runs the loop; the second has started the process that keeps the
        views."""
        tasks = Path(f"/proc/{self._process.pid}/task")
        by_thread = {int(task.name): _ticks(task / "stat") for task in tasks.iterdir()}
        loop, listening, *others = (by_thread[name] / TICKS for name in sorted(by_thread))
        followers = ((tasks / str(name) / "children").read_text().split() for name in by_thread)
        views = sum(
            _ticks(Path(f"/proc/{child}/stat")) for children in followers for child in children
        )
        return Cpu(loop, listening + views / TICKS, sum(others))

    def memory_mb(self) -> float:
        """The most it has had."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024

    def stop(self) -> int:
        """A clean stop, and the exit status."""
        self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(60)
        self._log.close()
        return status

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._log.close()


def _ticks(stat: Path) -> int:
    fields = stat.read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _toml(db: Path, told: dict[str, Any], accounts: int) -> str:
    watched = "\n".join(
        f'  {{ account = "hyperliquid:{one}", address = "{address_of(one)}" }},'
        for one in range(accounts)
    )
    return (
        f'db = "{db}"\nreconcile_seconds = 86400\n[[venues]]\nvenue = "hyperliquid"\n'
        f'url = "{told["url"]}"\nwebsocket_url = "{told["websocket_url"]}"\naccounts = '
        f"[\n{watched}\n]\n"
    )
