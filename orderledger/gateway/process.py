"""The identity of a process on its machine. Only a process on the same machine can prove that a
lease holder is dead.
"""

import os
import socket
from pathlib import Path

from orderledger.venues.base.venue_clock import elapsed

__all__ = ["elapsed", "holder", "is_dead", "this_process"]


def holder(name: str) -> str:
    """This process in readable form: host, process id and a name."""
    return f"{socket.gethostname()}:{os.getpid()}:{name}"


def this_process() -> str:
    """This process, for `is_dead`: boot, namespace of process ids, process id and start time. Empty
    if they are not known.
    """
    pid = os.getpid()
    place, started = _place(), _started(pid)
    return f"{place} {pid} {started}" if place and started else ""


def is_dead(process: str) -> bool:
    """Check whether a process, as `this_process` identifies it, has certainly ended. False if that
    is not known.
    """
    try:
        place, pid, started = process.rsplit(" ", 2)
        number = int(pid)
    except ValueError:
        return False
    if place != _place():
        return False
    found = _started(number)
    return found != started if found else not Path(f"/proc/{number}").exists()


def _place() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _started(pid: int) -> str:
    """The start time of a process, in ticks since boot. Empty if there is no such process, `ended`
    if its parent has not collected it yet.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "ended" if fields[0] in ("Z", "X") else fields[19]
