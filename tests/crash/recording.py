"""Two processes record messages at the same time, and print an outcome for each."""

import json
import subprocess
from collections.abc import Sequence
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

ACCOUNTS = ("sim:main", "sim:other")
ORDERS = 24
AT_ONCE = (1, 2, 5)
"""Messages that a process gets together, in turn."""

WHEN = ("position", "recorded_at")


class Recording(Work):
    name = "record"

    def __init__(self) -> None:
        self._messages = {account: with_evidence(ORDERS, account) for account in ACCOUNTS}
        self._complete = self._after_recording_again("memory://")
        self._final: list[LogRow] = []

    def run(self, processes: Processes) -> None:
        command = orderledger("record", "--ack", "--db", "ledger.db")
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
        self._final = log_of(folder / "ledger.db")

    def judge(self, image: Path, seen: Sequence[Operation]) -> list[str]:
        path = image / "ledger.db"
        acks = acknowledged(seen)
        least = max((ack["position"] or 0 for ack in acks), default=0)
        if not path.exists():
            return ["the ledger is missing"] if least else []
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
        order = self._messages[ACCOUNTS[0]][ack["line"] - 1]["client_order_id"]
        at = int(ack["position"]) - 1
        return at < len(log) and log[at].stream.partition("/")[2] == order

    def _after_recording_again(self, path: Path | str) -> list[dict[str, Any]]:
        """The events without time and position, after every message was recorded once more."""
        with opened(path) as ledger:
            for messages in self._messages.values():
                ledger.record_many(parsed(*messages))
            rows = sorted(ledger.events(), key=lambda row: (row["stream"], row["version"]))
        return [{name: value for name, value in row.items() if name not in WHEN} for row in rows]


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
