"""The status that collectors and gateways publish, as metrics."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from orderledger.extend.views import Row
from orderledger.gateway.published import BreakerRow, breaker_rows
from orderledger.serve.alerts.feeds import message_age, status_age
from orderledger.serve.exporting import Names
from orderledger.serve.figures import OTHER, Samples

COUNTERS = {
    "messages": "feed_messages",
    "unreadable": "feed_unreadable_payloads",
    "gaps": "feed_gaps",
    "failed_reconciliations": "feed_failed_reconciliations",
}


def add_collectors(
    samples: Samples, statuses: Mapping[str, Any], now: datetime, names: Names
) -> None:
    """Add the status of each collector, and of each account that it feeds."""
    for name, status in statuses.items():
        collector = name if names.collectors(name) else OTHER
        age = status_age(status, now)
        samples.add("collector_up", int(bool(status.get("is_running"))), collector)
        samples.add("collector_status_age_seconds", age, collector)
        samples.add("collector_waiting_messages", status.get("waiting"), collector)
        for account, counted in status.get("accounts", {}).items():
            labels = (collector, names.account(account))
            samples.add(
                "feed_up", int(bool(status.get("is_running") and counted.get("is_up"))), *labels
            )
            samples.add("feed_last_message_age_seconds", message_age(counted, age), *labels)
            samples.add("feed_venue_lag_seconds", counted.get("venue_lag_seconds"), *labels)
            for key, metric in COUNTERS.items():
                samples.add(metric, counted.get(key), *labels)


def add_gateways(
    samples: Samples, statuses: Mapping[str, Any], halts: Sequence[Row], now: datetime, names: Names
) -> None:
    """Add the breakers of each gateway. `halts`: the current ones."""
    for account, status in statuses.items():
        label = names.account(account)
        samples.add("gateway_up", int(bool(status.get("is_running"))), label)
        samples.add("gateway_status_age_seconds", status_age(status, now), label)
    for row in breaker_rows(statuses, halts, now):
        labels = (names.account(row["account"]), row["breaker"])
        samples.add("tripped_breakers", int(row["state"] == "tripped"), *labels)
        samples.add("breaker_limit_ratio", _share(row), *labels)


def _share(row: BreakerRow) -> float | None:
    """The share of the limit. For a limit of zero, any value above it counts as 1."""
    value = row["value"]
    return None if value is None else max(0.0, float(value)) / (float(row["limit"]) or 1.0)
