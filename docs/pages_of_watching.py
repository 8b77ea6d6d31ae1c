"""metrics.md and alerts.md, from the declarations of the metrics, the alert settings and their tables."""

# ruff: noqa: E501  (a cell of a Markdown table is one line)

from markdown import table
from pydantic import BaseModel

from orderledger.service.figures import FIGURES, PREFIX
from orderledger.service.metrics import MetricsSettings

METRICS_INTRODUCTION = """# Metrics

`orderledger serve` answers them under `/metrics`, in the text format of Prometheus; `orderledger metrics` prints those of the store; in Python,
`metrics_text(ledger)` of `orderledger.service.metrics` returns them. See [Watch with Prometheus](../how-to/watch-with-prometheus.md).

- A scrape never fails because of the store. `orderledger_up` is 0 then, and all that is read from the store is missing.
- A scrape does not bring the views up to date. All figures of orders, positions and alerts are as of `orderledger_views_position`.
- Sums are added up by the database and kept until the views move on. Values are floating point numbers: the views have the exact ones.
- No metric has an order's id as a label. The number of accounts, instruments and other names is bounded by the settings below; what comes
  later is summed under the label `other`. Ages under `other` are the greatest, `…_up` is the least.
- A counter counts since the process started, those of feeds since their collector started.
- The registry of an open ledger also has the `process_…` metrics of prometheus-client: CPU time, memory and open files of this process.
"""


def metrics() -> str:
    rows = [
        (
            f"`{PREFIX}{one.name}{'_total' if one.kind == 'counter' else ''}`",
            one.kind,
            ", ".join(f"`{name}`" for name in one.labels),
            one.meaning,
        )
        for one in FIGURES.values()
    ]
    return "\n".join(
        [
            METRICS_INTRODUCTION,
            table(("metric", "type", "labels", "meaning"), rows),
            "A summary also has `…_count`: how many there were.\n",
            "## Settings\n",
            f"{MetricsSettings.__doc__}\n",
            _fields(MetricsSettings),
        ]
    )


def _fields(model: type[BaseModel]) -> str:
    rows = [(f"`{name}`", f"`{field.default}`", field.description or "") for name, field in model.model_fields.items()]
    return table(("setting", "default", "meaning"), rows)
