"""Latency of orders: how long each step took, by our clock and by the venue's, from the rows of the
order view."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC
from typing import Any, Literal, NamedTuple, NotRequired, TypedDict, cast

from orderledger.projections.histogram import Bucket, Histogram
from orderledger.projections.order_times import microseconds
from orderledger.projections.orders import ORDERS, StoredOrderRow
from orderledger.projections.view import AnyRow

GROUPS = ("account", "strategy", "hour", "instrument")
PERCENTS = (50, 90, 99)
DIGITS = 4
TIMEOUT = "timeout"


class LatencyStep(TypedDict):
    """The durations of one step, by one clock: `ours` or `venue`. In microseconds."""

    step: str
    clock: str
    count: int
    latency_us_p50: int
    latency_us_p90: int
    latency_us_p99: int
    latency_us_max: int
    buckets: list[Bucket]


class LatencyRow(TypedDict):
    """Latency of one group of orders: of `account`, `strategy`, `hour` and `instrument` it has the
    columns in `by`."""

    account: NotRequired[str]
    strategy: NotRequired[str | None]
    hour: NotRequired[str | None]
    instrument: NotRequired[str | None]
    orders: int
    rejected: int
    denied: int
    unresolved: int
    timeouts: int
    steps: list[LatencyStep]


class Step(NamedTuple):
    """A step from one time of an order to another, both by one clock: steps of the column `timing`,
    or columns. `status`: only of orders with it."""

    name: str
    clock: str
    begins: str
    ends: str
    status: str | None = None


STEPS = (
    Step("request_to_submit", "ours", "requested", "submitted"),
    Step("submit_to_acknowledge", "ours", "submitted", "acknowledged"),
    Step("submit_to_acknowledge", "venue", "submitted_at", "acknowledged_at"),
    Step("acknowledge_to_first_fill", "ours", "acknowledged", "first_fill"),
    Step("acknowledge_to_first_fill", "venue", "acknowledged_at", "first_fill_at"),
    Step("submit_to_end", "ours", "submitted", "ended"),
    Step("submit_to_end", "venue", "submitted_at", "ended_at"),
    Step("cancel_to_canceled", "ours", "cancel_requested", "ended", "canceled"),
    Step("cancel_to_canceled", "venue", "cancel_requested_at", "ended_at", "canceled"),
)
"""Steps that a group has no order with are left out of its row."""

_TIMES: tuple[Literal["submitted_at", "acknowledged_at", "first_fill_at", "ended_at"], ...] = (
    "submitted_at",
    "acknowledged_at",
    "first_fill_at",
    "ended_at",
)
"""The columns with times by the venue's clock, and the time of our sending."""

_COLUMNS = (
    "stream",
    "account",
    "strategy",
    "instrument",
    "status",
    "requested_at",
    "updated_at",
    "timing",
    *_TIMES,
)

TIMED_ORDERS = replace(ORDERS.narrowed(_COLUMNS), order_by=ORDERS.key)
"""The columns of orders that latency follows from."""


class Durations:
    """Counts of durations to four significant digits, and by bucket: the memory does not grow with
    their number."""

    def __init__(self) -> None:
        self.histogram = Histogram()
        self._counts: dict[int, int] = {}

    def add(self, microseconds: int) -> None:
        """Add a duration. It is negative if two clocks differ, or if a report was recorded before
        an earlier one."""
        self.histogram.add(microseconds)
        rounded = rounded_to_digits(microseconds)
        self._counts[rounded] = self._counts.get(rounded, 0) + 1

    @property
    def count(self) -> int:
        return self.histogram.count

    @property
    def most(self) -> int:
        return self.histogram.most_us

    def percentile(self, percent: int) -> int:
        """The smallest duration that this percentage of all does not exceed."""
        left = -(-self.count * percent // 100)
        for duration in sorted(self._counts):
            left -= self._counts[duration]
            if left <= 0:
                return min(duration, self.most)
        return self.most


def rounded_to_digits(number: int) -> int:
    """To four significant digits, half away from zero."""
    unit = int(10 ** max(0, len(str(abs(number))) - DIGITS))
    size = (abs(number) + unit // 2) // unit * unit
    return size if number >= 0 else -size


class Group:
    """The orders of one group so far."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(("orders", "rejected", "denied", "unresolved", "timeouts"), 0)
        self.durations: dict[Step, Durations] = {}

    def take(self, order: StoredOrderRow) -> None:
        """Add an order, with the steps that it has."""
        times = times_of(order)
        self._count(order)
        for step in STEPS:
            begun, ended = times.get(step.begins), times.get(step.ends)
            if begun is not None and ended is not None and step.status in (None, order["status"]):
                self.durations.setdefault(step, Durations()).add(ended - begun)

    def _count(self, order: StoredOrderRow) -> None:
        counts, reason = self.counts, order["timing"].get("unresolved_reason")
        counts["orders"] += 1
        if order["status"] in ("rejected", "denied"):
            counts[order["status"]] += 1
        if reason is not None:
            counts["unresolved"] += 1
            counts["timeouts"] += reason == TIMEOUT

    def steps(self) -> list[LatencyStep]:
        """The steps with their percentiles, in the order of `STEPS`."""
        return [_step_row(step, self.durations[step]) for step in STEPS if step in self.durations]


def times_of(order: StoredOrderRow) -> dict[str, int]:
    """The times of an order by both clocks, in microseconds. A first fill that was busted is
    none."""
    times = dict(order["timing"])
    times |= {name: microseconds(at) for name in _TIMES if (at := order[name]) is not None}
    if order["first_fill_at"] is None:
        times.pop("first_fill", None)
    return times


def latency_rows(orders: Iterable[StoredOrderRow], by: tuple[str, ...]) -> list[LatencyRow]:
    """Rows of the latency view. Every order counts in all steps whose two times it has."""
    groups: dict[tuple[Any, ...], Group] = {}
    for order in orders:
        groups.setdefault(tuple(_of_group(order, name) for name in by), Group()).take(order)
    in_order = sorted(groups, key=lambda key: [(value is not None, value) for value in key])
    return [_latency_row(dict(zip(by, key, strict=True)), groups[key]) for key in in_order]


def _of_group(order: StoredOrderRow, name: str) -> object:
    values: AnyRow = order
    return hour_of(order) if name == "hour" else values[name]


def _latency_row(of: AnyRow, group: Group) -> LatencyRow:
    return cast(LatencyRow, {**of, **group.counts, "steps": group.steps()})


def hour_of(order: StoredOrderRow) -> str | None:
    """The hour of the request, in UTC. An order that was not requested here counts by its last
    update."""
    at = ORDERS.time_of(order)
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:00Z")


def _step_row(step: Step, durations: Durations) -> LatencyStep:
    p50, p90, p99 = map(durations.percentile, PERCENTS)
    return {
        "step": step.name,
        "clock": step.clock,
        "count": durations.count,
        "latency_us_p50": p50,
        "latency_us_p90": p90,
        "latency_us_p99": p99,
        "latency_us_max": durations.most,
        "buckets": durations.histogram.buckets(),
    }
