"""The metrics that the ledger exports: each is declared once, and `docs/reference/metrics.md` is
generated from here.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from orderledger.extend.runtime import printable

PREFIX = "orderledger_"
OTHER = "other"
"""Label of everything beyond the exported number of accounts or instruments."""
LABEL_LENGTH = 200

Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric without its prefix. `merged`: how to combine the values of several rows with the
    same labels.
    """

    name: str
    kind: Literal["gauge", "counter", "histogram"]
    meaning: str
    labels: Labels = ()
    merged: Callable[[float, float], float] = operator.add


def _gauge(
    name: str, meaning: str, *labels: str, merged: Callable[[float, float], float] = operator.add
) -> Figure:
    return Figure(name, "gauge", meaning, labels, merged)


def _counter(name: str, meaning: str, *labels: str) -> Figure:
    return Figure(name, "counter", meaning, labels)


def _histogram(name: str, meaning: str) -> Figure:
    return Figure(name, "histogram", meaning, ("le",))


FEED = ("collector", "account")
HELD = ("account", "instrument", "position_side")
VALUED = (*HELD, "currency")

FIGURES = {
    figure.name: figure
    for figure in (
        _gauge(
            "up",
            "1 if the store could be read, 0 if not. At 0 all metrics from the store are missing.",
        ),
        _gauge("build_info", "Always 1. The label is the running version.", "version"),
        _gauge("log_position", "Position of the last event in the log."),
        _gauge(
            "views_position",
            "Log position that the views have reached. All figures of orders are as of this "
            "position.",
        ),
        _gauge("views_lag_events", "Events that the views are behind the log."),
        _gauge(
            "views_up",
            "0 if the views should be updated in the background but are not, or are of another "
            "version.",
        ),
        _counter("messages", "Messages passed to this process, by outcome.", "outcome"),
        _histogram("commit_queue_seconds", "Wait of a message for its commit in this process."),
        _gauge("commit_queue_max_seconds", "Longest such wait since the ledger was opened."),
        _histogram("commit_seconds", "Duration of a commit of this process."),
        _gauge("commit_max_seconds", "Longest commit since the ledger was opened."),
        _histogram(
            "views_delay_seconds", "Time from a commit of this process until the views have it."
        ),
        _gauge("views_delay_max_seconds", "Longest such time since the ledger was opened."),
        _gauge(
            "collector_up",
            "1 if the collector reports that it runs. See also the age of its status.",
            "collector",
            merged=min,
        ),
        _gauge(
            "collector_status_age_seconds",
            "Time since the collector last published its status.",
            "collector",
            merged=max,
        ),
        _gauge(
            "collector_waiting_messages",
            "Messages that the collector has received and not recorded yet.",
            "collector",
        ),
        _gauge(
            "feed_up", "1 if the collector is connected to the account's feed.", *FEED, merged=min
        ),
        _gauge(
            "feed_last_message_age_seconds",
            "Time since the last message about the account.",
            *FEED,
            merged=max,
        ),
        _gauge(
            "feed_venue_lag_seconds",
            "Time from the event at the venue to its receipt, of the last message.",
            *FEED,
            merged=max,
        ),
        _counter("feed_messages", "Messages about the account since the collector started.", *FEED),
        _counter(
            "feed_unreadable_payloads",
            "Payloads that could not be read since the collector started.",
            *FEED,
        ),
        _counter("feed_gaps", "Interruptions of the feed since the collector started.", *FEED),
        _counter(
            "feed_failed_reconciliations",
            "Reconciliations that failed since the collector started.",
            *FEED,
        ),
        _gauge("open_gaps", "Gaps of the feed that no query has covered yet.", "account"),
        _gauge(
            "open_breaks",
            "Differences from the venue that the last reconciliation left open.",
            "account",
        ),
        _gauge(
            "reconciliation_age_seconds",
            "Time since the last certificate of the account.",
            "account",
            merged=max,
        ),
        _gauge(
            "open_orders",
            "Orders that have not ended. Without those that a gateway holds: see `held_orders`.",
            "account",
        ),
        _gauge(
            "held_orders",
            "Orders that a gateway holds: recorded, and not sent yet, such as the exits of an "
            "emulated bracket.",
            "account",
        ),
        _gauge(
            "in_flight_orders",
            "Orders that were requested or submitted, and without any report. Without held ones.",
            "account",
        ),
        _gauge("pending_orders", "Open orders with an unanswered cancel or replace.", "account"),
        _gauge("unresolved_orders", "Orders with an unknown outcome.", "account"),
        _gauge(
            "unresolved_order_age_seconds",
            "Time since the oldest order with an unknown outcome, or its pending change, was "
            "sent. 0 without one.",
            "account",
            merged=max,
        ),
        _gauge("open_anomalies", "Anomalies that are not cleared, by code.", "code"),
        _gauge(
            "gateway_up",
            "1 if the account's gateway, which has breakers, reports that it runs.",
            "account",
            merged=min,
        ),
        _gauge(
            "gateway_status_age_seconds",
            "Time since the gateway last published its breakers.",
            "account",
            merged=max,
        ),
        _gauge("tripped_breakers", "Breakers whose halt of trading holds.", "account", "breaker"),
        _gauge(
            "breaker_limit_ratio",
            "Share of its limit that the value of a breaker has reached, the greatest of its "
            "scopes. Missing without a value.",
            "account",
            "breaker",
            merged=max,
        ),
        _gauge(
            "active_halts",
            "Halts of trading that hold. The account `*`: of every account.",
            "account",
        ),
        _gauge(
            "position_quantity",
            "Position, negative if short. Not summed under `other`: quantities of different "
            "instruments are not added up.",
            *HELD,
        ),
        _gauge(
            "position_quantity_least",
            "The least that the position becomes if any open orders are filled.",
            *HELD,
        ),
        _gauge(
            "position_quantity_most",
            "The most that the position becomes if any open orders are filled.",
            *HELD,
        ),
        _gauge("position_notional", "Absolute value of the position at the mark.", *VALUED),
        _gauge(
            "position_notional_most",
            "Largest absolute value that the position may have at the mark, with open orders "
            "filled.",
            *VALUED,
        ),
        _gauge("realized_pnl", "Realized P&L before fees, method average.", *VALUED),
        _gauge("unrealized_pnl", "P&L that the position would realize at the mark.", *VALUED),
        _gauge("net_pnl", "Realized P&L minus fees plus funding.", *VALUED),
        _gauge("open_alerts", "Alerts that are raised and not cleared, by rule.", "rule"),
        _gauge(
            "undelivered_alert_notices",
            "Notices of alerts that wait for their delivery, by target.",
            "target",
        ),
        _counter(
            "failed_alert_notices",
            "Notices of alerts whose delivery was given up, by target.",
            "target",
        ),
        _gauge("reading_seconds", "Duration of the last reading of the views for these metrics."),
    )
}
"""By name, without the prefix."""


class Slots:
    """The exported names: the first `most` that appear. All later ones are `other`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._names: dict[Labels, None] = {}

    def __call__(self, *names: str) -> bool:
        """Whether these names have a slot, or get one."""
        if names not in self._names and len(self._names) < self._most:
            self._names[names] = None
        return names in self._names


@lru_cache(maxsize=10_000)
def _shown(labels: Labels) -> Labels:
    """The labels, made safe to show. Cached, since every scrape has the same
    (bench_watching.py)."""
    return tuple(printable(label)[:LABEL_LENGTH] for label in labels)


class Samples:
    """Values of metrics by their labels. Values with equal labels are merged as the figure says."""

    def __init__(self) -> None:
        self.values: dict[str, dict[Labels, float]] = {}

    def add(self, name: str, value: float | None, *labels: str) -> None:
        if value is None:
            return
        figure, found = FIGURES[name], self.values.setdefault(name, {})
        shown = _shown(labels)
        found[shown] = figure.merged(found[shown], value) if shown in found else value
