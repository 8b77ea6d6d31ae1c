"""Delivers notices: to each target in the order of their numbers, at least once, again and again
with growing pauses.

An attempt is noted before it is made. After a kill the next process sees the notice as not
delivered, and delivers it.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal

from orderledger import LedgerError
from orderledger.extend.runtime import EventLogger
from orderledger.extend.store import columns
from orderledger.extend.values import Clock
from orderledger.serve.alerts.channels import Channel, DeliveryFailed, Document
from orderledger.serve.alerts.settings import Target
from orderledger.serve.alerts.stored import AlertTables
from orderledger.serve.alerts.tables import AlertRow, NoticeRow

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
IDLE_SECONDS = 1.0
"""Between two looks for notices that another process has written."""

Delivered = Literal["nothing", "delivered", "failed", "waiting"]

log = EventLogger("orderledger.alerts")


def document_of(notice: NoticeRow, alert: AlertRow) -> Document:
    """The document that a target gets. `id` is the same at every attempt, so that a receiver
    recognizes a repetition."""
    names = ("rule", "kind", "severity", "subject", "account", "text", "details", "position")
    row: dict[str, Any] = {**alert}
    times = {
        name: None if row[name] is None else columns.time_text(row[name])
        for name in ("raised_at", "cleared_at")
    }
    return {
        "id": f"{alert['watcher']}-{alert['id']}-{notice['event']}",
        "event": notice["event"],
        "alert": alert["id"],
        "watcher": alert["watcher"],
        **{name: row[name] for name in names},
        "raised_at": times["raised_at"],
        "cleared_at": times["cleared_at"] if notice["event"] == "cleared" else None,
    }


def pause_after(attempts: int) -> float:
    """Seconds until the next attempt: 1, 2, 4 and so on, at most five minutes."""
    return float(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(attempts, 20)))


class Delivery:
    """Delivers the notices of one target, one after the other. `deliver` may run in a thread of its
    own."""

    def __init__(self, target: Target, channel: Channel, tables: AlertTables, clock: Clock) -> None:
        self._target = target
        self._channel = channel
        self._tables = tables
        self._clock = clock
        self.name = target.name
        self.wake = threading.Event()

    def deliver(self) -> Delivered:
        """Make one attempt at the first notice that the target has not got, if it is due. Raises
        StoreError."""
        found = self._tables.next_notice(self._target.name)
        if found is None:
            return "nothing"
        notice, alert = found
        now = self._clock.now()
        if notice["next_attempt_at"] > now:
            return "waiting"
        seconds = self._target.timeout_seconds + pause_after(notice["attempts"])
        if not self._tables.begin_attempt(notice, again_at=now + timedelta(seconds=seconds)):
            return "waiting"
        try:
            self._channel(document_of(notice, alert))
        except DeliveryFailed as error:
            self._note_failure(notice, alert, str(error))
            return "failed"
        except Exception as error:  # of a library: this notice and later ones wait
            self._note_failure(notice, alert, f"{type(error).__name__}: {error}")
            return "failed"
        self._tables.delivered(notice, self._clock.now())
        return "delivered"

    def _note_failure(self, notice: NoticeRow, alert: AlertRow, fault: str) -> None:
        now = self._clock.now()
        began = (
            alert["cleared_at"]
            if notice["event"] == "cleared" and alert["cleared_at"]
            else alert["raised_at"]
        )
        is_given_up = now - began >= timedelta(hours=self._target.give_up_hours)
        again_at = now + timedelta(seconds=pause_after(notice["attempts"]))
        self._tables.failed(
            notice, fault, again_at=again_at, given_up_at=now if is_given_up else None
        )
        log.warning(
            "given_up" if is_given_up else "not_delivered",
            target=self._target.name,
            alert=alert["id"],
            rule=alert["rule"],
            why=fault,
        )

    def run(self, stopping: threading.Event, failed: Callable[[LedgerError | None], None]) -> None:
        """Deliver until `stopping` is set. `failed` gets every error of the store, and None when it
        works again."""
        while not stopping.is_set():
            done: Delivered = "failed"
            try:
                done = self.deliver()
                failed(None)
            except LedgerError as error:
                failed(error)
            if done != "delivered":
                self.wake.wait(IDLE_SECONDS)
                self.wake.clear()
