"""The watcher: looks at the ledger again and again, raises and clears alerts, and has them
delivered."""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from orderledger import LedgerError
from orderledger.extend.runtime import EventLogger
from orderledger.extend.store import collector_status, columns, reaching
from orderledger.extend.values import Clock, SystemClock
from orderledger.serve.alerts.channels import channel_of
from orderledger.serve.alerts.delivery import Delivery
from orderledger.serve.alerts.reading import State
from orderledger.serve.alerts.rule import Condition, Rule, conditions
from orderledger.serve.alerts.settings import AlertSettings
from orderledger.serve.alerts.stored import AlertTables, Clearing, Key, NewAlert
from orderledger.serve.alerts.tables import AlertRow

if TYPE_CHECKING:
    from orderledger import Ledger

__all__ = ["Look", "Watcher"]

CURSOR_SECONDS = 60.0
"""The cursor is written with every alert, and otherwise once in this time: a commit each second
would slow down recording."""
STATUS_SECONDS = 5.0
"""The time of the last look is written so often."""
ENDING_SECONDS = 30.0
log = EventLogger("orderledger.alerts")


class Look(NamedTuple):
    """The numbers of alerts that one look raised and cleared."""

    raised: tuple[int, ...]
    cleared: tuple[int, ...]


class Watcher:
    """Watches a ledger by the rules of its settings. Raises InvalidSetting for a target that cannot
    be used.

    `look` and `deliver` do one round; `start` and `stop` run them in threads, one for the rules and
    one for each target, so that a slow target does not delay others. Several watchers of one name
    may run on one store: each alert is raised once.
    """

    def __init__(
        self, ledger: "Ledger", settings: AlertSettings, *, clock: Clock | None = None
    ) -> None:
        self._ledger = ledger
        self._settings = settings
        self._clock = clock or SystemClock()
        self._tables = AlertTables(ledger.internals.store.database, settings.name)
        self._rules: Mapping[str, Rule] = {rule.title: rule for rule in settings.rules}
        self._deliveries = [
            Delivery(target, channel_of(target, number), self._tables, self._clock)
            for number, target in enumerate(settings.targets)
        ]
        self._state: State | None = None
        self._absent_since: dict[Key, datetime] = {}
        self._cursor: int | None = None
        self._cursor_written_at: datetime | None = None
        self._statuses = collector_status.CollectorStatuses(ledger.internals.store.database)
        self._status_written_at: datetime | None = None
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._faults: dict[str, LedgerError] = {}

    # One round

    def look(self) -> Look:
        """Look at the ledger once. Raises StoreError; the next look starts where this one began."""
        try:
            found = self._look()
            self._publish(is_running=True)
            return found
        except BaseException:
            self._state = None  # rows that were read and not checked are read again
            raise

    def _look(self) -> Look:
        state = self._state or self._new_state()
        self._state = state
        open_alerts = self._tables.open()
        state.begin(open_alerts.keys())
        found = conditions(state, self._settings.rules)
        raised = self._to_raise(found, open_alerts, state)
        cleared = self._to_clear(found, open_alerts, state.now)
        followed = state.followed or 0
        if raised or cleared or self._is_cursor_due(followed, state.now):
            numbers = self._tables.change(raised, cleared, at=state.now, position=followed)
            self._cursor, self._cursor_written_at = followed, state.now
            for delivery in self._deliveries if raised or cleared else ():
                delivery.wake.set()
            return Look(tuple(numbers), tuple(one.id for one in cleared))
        return Look((), ())

    def _publish(self, *, is_running: bool) -> None:
        """Write when the watcher last looked, unless that was written just now."""
        now, last = self._clock.now(), self._status_written_at
        if (
            is_running
            and last is not None
            and timedelta(0) <= now - last < timedelta(seconds=STATUS_SECONDS)
        ):
            return
        status = {
            "at": columns.time_text(now),
            "look_seconds": self._settings.look_seconds,
            "is_running": is_running,
        }
        with reaching("the status of the watcher"):
            self._statuses.write(collector_status.watcher_row(self._settings.name), status)
        self._status_written_at = now

    def _new_state(self) -> State:
        self._cursor = self._tables.cursor()
        return State(self._ledger, self._clock, self._cursor)

    def _is_cursor_due(self, followed: int, now: datetime) -> bool:
        if self._cursor == followed:
            return False
        last = self._cursor_written_at
        return (
            self._cursor is None or last is None or now - last >= timedelta(seconds=CURSOR_SECONDS)
        )

    def _to_raise(
        self, found: Mapping[Key, Condition], open_alerts: Mapping[Key, AlertRow], state: State
    ) -> list[NewAlert]:
        return [
            self._alert(self._rules[rule], one, state)
            for (rule, subject), one in found.items()
            if (rule, subject) not in open_alerts
            and not (one.is_once and self._tables.was_raised(rule, subject))
        ]

    def _alert(self, rule: Rule, one: Condition, state: State) -> NewAlert:
        position = one.position
        if position is None and one.stream is not None:
            position = state.cause(one.stream, one.cause)
        return NewAlert(
            rule.title,
            rule.kind,
            rule.severity,
            one.subject,
            one.account,
            one.text,
            one.details,
            state.position() if position is None else position,
            self._settings.targets_of(rule),
            one.is_over,
        )

    def _to_clear(
        self, found: Mapping[Key, Condition], open_alerts: Mapping[Key, AlertRow], now: datetime
    ) -> list[Clearing]:
        """The alerts whose condition has been absent for long enough, and those whose rule is no
        longer in the settings."""
        gone = {
            key: row for key, row in open_alerts.items() if key not in found or found[key].is_over
        }
        self._absent_since = {key: self._absent_since.get(key, now) for key in gone}
        clearing = []
        for key, row in gone.items():
            rule = self._rules.get(row["rule"])
            seconds = 0.0 if rule is None else rule.clear_seconds
            if now - self._absent_since[key] >= timedelta(seconds=seconds):
                clearing.append(Clearing(row["id"], self._settings.targets_of(rule)))
        return clearing

    def deliver(self) -> bool:
        """Deliver everything that is due now. Returns False if a target failed; its later notices
        wait. Raises StoreError."""
        results = []
        for delivery in self._deliveries:
            while (done := delivery.deliver()) == "delivered":
                pass
            results.append(done)
        return "failed" not in results

    # Running

    def start(self) -> None:
        """Look and deliver in threads, until `stop`."""
        self._stopping.clear()
        runs: list[Callable[[], None]] = [
            self._run,
            *(
                partial(one.run, self._stopping, partial(self._note, one.name))
                for one in self._deliveries
            ),
        ]
        for number, run in enumerate(runs):
            thread = threading.Thread(target=run, name=f"orderledger-alerts-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End the threads, after the attempt at delivery that is under way."""
        self._stopping.set()
        for delivery in self._deliveries:
            delivery.wake.set()
        for thread in self._threads:
            thread.join(ENDING_SECONDS)
        if self._threads:
            with suppress(LedgerError):  # readers see that the last look becomes older
                self._publish(is_running=False)
        self._threads.clear()

    def fault(self) -> LedgerError | None:
        """Why the watcher does not work now, or None. For health checks."""
        return next(iter(self._faults.values()), None)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
                self._note("rules", None)
            except LedgerError as error:
                self._note("rules", error)
            except Exception:
                log.exception("look_failed")
            self._stopping.wait(self._settings.look_seconds)

    def _note(self, what: str, error: LedgerError | None) -> None:
        """Note a fault of the store, and say it when it begins."""
        if error is None:
            self._faults.pop(what, None)
            return
        if str(self._faults.get(what)) != str(error):
            log.warning("store_failed", part=what, why=str(error))
        self._faults[what] = error
