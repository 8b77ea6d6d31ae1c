"""Metrics of a ledger for Prometheus: the state of the store at the time of the scrape, and the
activity of this process.

A scrape never fails because of the store: `orderledger_up` shows whether it could be read. Readings
of the views are cached until the views have moved on, so that a scrape of a quiet ledger costs
little. The number of time series is bounded: see `MetricsSettings`.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any
from weakref import WeakKeyDictionary

from pydantic import BaseModel, ConfigDict, Field

from orderledger import InvalidSetting, Ledger, LedgerError, __version__
from orderledger.extend.values import Clock, SystemClock
from orderledger.extend.views import Histogram
from orderledger.serve.exporting import Names, add_alerts, add_reading
from orderledger.serve.feeds import add_collectors, add_gateways
from orderledger.serve.figures import FIGURES, PREFIX, Figure, Labels, Samples, Slots
from orderledger.serve.readings import Reading, read, read_alerts

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Metric

__all__ = ["CONTENT_TYPE", "LedgerMetrics", "MetricsSettings", "metrics_text"]

CONTENT_TYPE = "text/plain; version=1.0.0; charset=utf-8"
DURATIONS = {"queue": "commit_queue", "commit": "commit", "views": "views_delay"}
"""The latencies of a ledger, and the metrics that show them."""
OF_HISTOGRAM = ("sum", "count")
"""Samples of a histogram other than its buckets, which have a bound in this place."""
NAMES = Annotated[int, Field(ge=1, le=10_000, strict=True)]


class MetricsSettings(BaseModel):
    """The bounds of the metrics. Names beyond a bound are combined under the label `other`, in
    the order of their appearance.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    accounts: NAMES = Field(default=100, description="Accounts that are exported by name.")
    instruments: NAMES = Field(
        default=200, description="Pairs of account and instrument that are exported by name."
    )
    others: NAMES = Field(
        default=50,
        description="Currencies, collectors, rules of alerts and their targets that are exported "
        "by name, each.",
    )
    reading_seconds: float = Field(
        default=1.0,
        ge=0,
        le=3600,
        description="The views are read again after this time at the earliest, if they have moved "
        "on.",
    )


class LedgerMetrics:
    """Metrics of an open ledger: a collector of prometheus-client. Thread-safe.

    `of_process`: also what this process has recorded, and how fast. Otherwise, only the state of
    the store.
    """

    def __init__(
        self,
        ledger: Ledger,
        settings: MetricsSettings | None = None,
        *,
        clock: Clock | None = None,
        of_process: bool = True,
    ) -> None:
        self._ledger = ledger
        self._settings = settings or MetricsSettings()
        self._clock = clock or SystemClock()
        self._of_process = of_process
        others = (Slots(self._settings.others) for _ in range(4))
        self._names = Names(
            Slots(self._settings.accounts), Slots(self._settings.instruments), *others
        )
        self._reading: Reading | None = None
        self._read_at = 0.0
        self._lock = threading.Lock()

    def collect(self) -> "Iterator[Metric]":
        """The metrics now."""
        with self._lock:
            samples = self.samples()
        for figure in FIGURES.values():
            yield _metric(figure, samples.values.get(figure.name, {}))

    def samples(self) -> Samples:
        """The values now."""
        samples = Samples()
        samples.add("build_info", 1, __version__)
        if self._of_process:
            self._add_process(samples)
        try:
            stored = Samples()
            self._add_stored(stored)
        except LedgerError:
            samples.add("up", 0)
            return samples
        samples.add("up", 1)
        samples.values.update(stored.values)
        return samples

    def _add_process(self, samples: Samples) -> None:
        for outcome, count in self._ledger.metrics.outcomes().items():
            samples.add("messages", count, outcome)
        for name, histogram in self._ledger.metrics.histograms().items():
            _add_histogram(samples, f"{DURATIONS[name]}_seconds", histogram)
            samples.add(f"{DURATIONS[name]}_max_seconds", histogram.most_us / 1e6)

    def _add_stored(self, samples: Samples) -> None:
        status = (
            self._ledger.status()
        )  # before the views are read: a query would bring them up to date
        samples.add("log_position", status["position"])
        samples.add("views_position", status["views_position"])
        samples.add("views_lag_events", status["views_behind"])
        add_collectors(samples, status["collectors"], self._clock.now(), self._names)
        add_alerts(samples, read_alerts(self._ledger.internals.store), self._names)
        reading = self._current(status["views_position"])
        samples.add("views_up", int(reading.is_current and self._has_updated_views()))
        samples.add("reading_seconds", reading.seconds)
        if reading.is_current:
            now = self._clock.now()
            add_gateways(samples, status["gateways"], reading.halts, now, self._names)
            add_reading(samples, reading, self._names, now)

    def _has_updated_views(self) -> bool:
        try:
            self._ledger.views.raise_for_fault()
        except LedgerError:
            return False
        return True

    def _current(self, position: int) -> Reading:
        """The last reading, or a new one if the views have moved on."""
        now, last = time.monotonic(), self._reading
        if last is not None and (
            last.position == position or now - self._read_at < self._settings.reading_seconds
        ):
            return last
        self._reading = read(self._ledger.internals.store)
        self._read_at = now
        return self._reading


def _add_histogram(samples: Samples, name: str, histogram: Histogram) -> None:
    count = 0
    for bound, count in histogram.cumulative():
        samples.add(
            name, count, "+Inf" if bound is None else f"{bound / 1e6:.6f}".rstrip("0").rstrip(".")
        )
    samples.add(name, histogram.sum_us / 1e6, "sum")
    samples.add(name, count, "count")  # of the same moment as the buckets


def _metric(figure: Figure, values: Mapping[Labels, float]) -> "Metric":
    from prometheus_client import Metric

    name = f"{PREFIX}{figure.name}"
    metric = Metric(name, figure.meaning, figure.kind)
    for labels, value in values.items():
        named = dict(zip(figure.labels, labels, strict=True))
        if figure.kind == "counter":
            metric.add_sample(f"{name}_total", named, value)
        elif figure.kind == "histogram":
            part = named["le"]
            metric.add_sample(
                f"{name}_{part}" if part in OF_HISTOGRAM else f"{name}_bucket",
                {} if part in OF_HISTOGRAM else named,
                value,
            )
        else:
            metric.add_sample(name, named, value)
    return metric


_registries: "WeakKeyDictionary[Ledger, CollectorRegistry]" = WeakKeyDictionary()


def registry_of(
    ledger: Ledger, settings: MetricsSettings | None = None, *, of_process: bool = True
) -> "CollectorRegistry":
    """A registry with the metrics of this ledger, and with CPU time, memory and files of this
    process.

    Raises InvalidSetting if the extra is not installed.
    """
    try:
        from prometheus_client import CollectorRegistry, ProcessCollector
    except ModuleNotFoundError as error:
        raise InvalidSetting(
            "metrics", f"needs {error.name}: pip install 'orderledger[serve]'"
        ) from None
    registry = CollectorRegistry(auto_describe=False)
    registry.register(LedgerMetrics(ledger, settings, of_process=of_process))
    if of_process:
        ProcessCollector(registry=registry)
    return registry


def metrics_text(
    ledger: Ledger, settings: MetricsSettings | None = None, *, of_process: bool = True
) -> bytes:
    """The metrics of this ledger in the text format of Prometheus: the body of `/metrics`, of the
    type `CONTENT_TYPE`.

    The first call for a ledger decides the settings. Raises InvalidSetting if the extra is not
    installed.
    """
    registry = _registries.get(ledger)
    if registry is None:
        registry = _registries.setdefault(
            ledger, registry_of(ledger, settings, of_process=of_process)
        )
    from prometheus_client import generate_latest

    text: Any = generate_latest(registry)
    return bytes(text)
