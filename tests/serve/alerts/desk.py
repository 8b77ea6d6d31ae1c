"""A ledger, a clock and a watcher that looks when it is told to."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from orderledger import Ledger
from orderledger.infrastructure.clock import SteppingClock
from orderledger.serve.alerts.lists import alerts
from orderledger.serve.alerts.settings import AlertSettings
from orderledger.serve.alerts.watcher import Watcher
from tests.core.contract.streams import START, parsed

ACCOUNT = "sim:main"


class Desk:
    """Time is in seconds after `START`."""

    def __init__(
        self, url: str, *rules: dict[str, Any], targets: Sequence[dict[str, Any]] = (), **more: Any
    ) -> None:
        self.clock = SteppingClock(START, timedelta())
        self.ledger = Ledger.open(url, clock=self.clock, update_views=False)
        self.settings = AlertSettings.model_validate({"rules": rules, "targets": targets, **more})
        self.watcher = Watcher(self.ledger, self.settings, clock=self.clock)
        self.watcher.look()  # from here on orders are looked at

    def restart(self) -> None:
        """Another process takes over."""
        self.watcher = Watcher(self.ledger, self.settings, clock=self.clock)

    def record(self, *documents: dict[str, Any]) -> None:
        outcomes = self.ledger.record_many(parsed(*documents))
        assert {one.outcome for one in outcomes} <= {"recorded"}, outcomes

    def at(self, second: float) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Look then. Returns rules and subjects of what was raised and of what was cleared."""
        self.clock.set(START + timedelta(seconds=second))
        found = self.watcher.look()
        rows = {row["id"]: row for row in self.rows()}
        names = {number: (row["rule"], row["subject"]) for number, row in rows.items()}
        return [names[number] for number in found.raised], [
            names[number] for number in found.cleared
        ]

    def rows(self, **asked: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in alerts(self.ledger, **{"order": "asc", **asked})]

    def last(self) -> dict[str, Any]:
        return self.rows()[-1]

    def now(self) -> datetime:
        return self.clock.now()
