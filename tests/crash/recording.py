"""Two processes record messages at the same time, and print an outcome for each."""

import json
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from orderledger.extend.store import LogRow
from tests.audit.proof.orders import with_evidence
from tests.core.contract.streams import parsed
from tests.crash.tracing import Operation
from tests.crash.work import (
    Processes,
    Work,
    acknowledged,
    check_prefix,
    differences,
    log_of,
    opened,
    orderledger,
)
from tests.local_postgres import local_postgres

ACCOUNTS = ("sim:main", "sim:other")
ORDERS = 24
AT_ONCE = (1, 2, 5)
"""Messages that a process gets together, in turn."""

WHEN = ("position", "recorded_at")


class Recording(Work):
    name = "record"
    _db = "ledger.db"

    def __init__(self) -> None:
        self._messages = {account: with_evidence(ORDERS, account) for account in ACCOUNTS}
        self._complete = self._after_recording_again("memory://")
        self._final: list[LogRow] = []

    def run(self, processes: Processes) -> None:
        command = orderledger("record", "--ack", "--db", self._db)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        recorders = {account: processes.start(*command, **pipes) for account in ACCOUNTS}
        waiting = {account: _groups(self._messages[account]) for account in ACCOUNTS}
        while any(waiting.values()):
            for account, process in recorders.items():
                if waiting[account] and not _answered(process, waiting[account].pop(0)):
                    waiting[account] = []
        for account, process in recorders.items():
            processes.end(f"record {account}", process)

    def learn(self, folder: Path) -> None:
        self._final = log_of(folder / self._db)

    def judge(self, image: Path, seen: Sequence[Operation]) -> list[str]:
        least = max((ack["position"] or 0 for ack in acknowledged(seen)), default=0)
        if not (image / self._db).exists():
            return ["the ledger is missing"] if least else []
        return self._faults(image / self._db, acknowledged(seen), least)

    def _faults(self, path: Path | str, acks: list[dict[str, Any]], least: int) -> list[str]:
        log = log_of(path)
        faults = check_prefix(log, self._final or log, least)
        faults += [f"line {ack['line']} is lost" for ack in acks if not self._has(log, ack)]
        with opened(path) as ledger:
            faults += differences(ledger)
        if self._after_recording_again(path) != self._complete:
            faults.append("recording all messages again does not give the complete log")
        with opened(path) as ledger:
            return [*faults, *differences(ledger)]

    def _has(self, log: Sequence[LogRow], ack: dict[str, Any]) -> bool:
        """Whether the event of an acknowledged message is of its order."""
        if ack["outcome"] == "recorded" and ack["position"] is None:
            return False
        order = self._messages[ACCOUNTS[0]][ack["line"] - 1]["client_order_id"]
        at = int(ack["position"] or 1) - 1
        return at < len(log) and log[at].stream.partition("/")[2] == order

    def _after_recording_again(self, path: Path | str) -> list[dict[str, Any]]:
        """The events without time and position, after every message was recorded once more."""
        with opened(path) as ledger:
            for messages in self._messages.values():
                ledger.record_many(parsed(*messages))
            rows = sorted(ledger.events(), key=lambda row: (row["stream"], row["version"]))
        return [{name: value for name, value in row.items() if name not in WHEN} for row in rows]


class RecordingOnServer(Recording):
    """The same on PostgreSQL. Only its sockets can fail: the server writes the files."""

    name = "record-postgres"

    def prepare(self, folder: Path) -> None:
        self._at_end = ExitStack()
        self._db = self._at_end.enter_context(local_postgres())

    def judge(self, image: Path, seen: Sequence[Operation]) -> list[str]:
        acks = acknowledged(seen)
        least = max((ack["position"] or 0 for ack in acks), default=0)
        return self._faults(self._db, acks, least)

    def close(self) -> None:
        self._at_end.close()


def _groups(messages: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    groups: list[list[dict[str, Any]]] = []
    rest = list(messages)
    while rest:
        size = AT_ONCE[len(groups) % len(AT_ONCE)]
        groups.append(rest[:size])
        rest = rest[size:]
    return groups


def _answered(process: "subprocess.Popen[bytes]", group: list[dict[str, Any]]) -> bool:
    """Send messages, and wait for their outcomes. False if the process has ended."""
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(b"".join(json.dumps(one).encode() + b"\n" for one in group))
        process.stdin.flush()
    except BrokenPipeError:
        return False
    return all(process.stdout.readline() for _ in group)
