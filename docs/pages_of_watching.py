"""metrics.md and alerts.md, from the declarations of the metrics, the alert settings and their tables."""

# ruff: noqa: E501  (a cell of a Markdown table is one line)

from collections.abc import Iterable
from inspect import cleandoc

from markdown import table
from pydantic import BaseModel

from orderledger.projections.view import columns_of
from orderledger.serve.alerts.rule import Rule
from orderledger.serve.alerts.rules import KINDS
from orderledger.serve.alerts.settings import AlertSettings, Target
from orderledger.serve.alerts.tables import ALERTS, NOTICES, ListedAlertRow
from orderledger.serve.figures import FIGURES, PREFIX
from orderledger.serve.metrics import MetricsSettings

METRICS_INTRODUCTION = """# Metrics

`orderledger serve` answers them under `/metrics`, in the text format of Prometheus; `orderledger metrics` prints those of the store; in Python,
`metrics_text(ledger)` of `orderledger.serve` returns them. See [Watch with Prometheus](../how-to/watch-with-prometheus.md).

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
            "A histogram has `…_bucket` with the upper bound `le` in seconds, `…_sum` and `…_count`. Its bounds grow by 1, 2, 5, 10.\n",
            "## Settings\n",
            f"{cleandoc(MetricsSettings.__doc__ or '')}\n",
            _fields(MetricsSettings),
        ]
    )


ALERTS_INTRODUCTION = """# Alerts

`orderledger watch --config alerts.toml` reads this TOML file: see [Alerts](../how-to/alerts.md). Numbers are exact. An unknown key, an impossible
value and a contradiction are refused with the file, the line and the key.
"""

RULES_INTRODUCTION = """## Rules

A rule has one open alert per subject. It is raised when the condition holds for the first time, and cleared when it no longer holds, or when the rule is
no longer in the file. Every table `[[rules]]` has a `kind`, and may have:
"""

NOTICE = {
    "id": "Watcher, number of the alert, and event. It is the same at every attempt: a receiver knows a repetition by it. Also in the header `Idempotency-Key`.",
    "event": "`raised` or `cleared`.",
    "alert": "Number of the alert.",
    "watcher, rule, kind, severity, subject, account, text, details, position, raised_at": "As in the table `alerts`.",
    "cleared_at": "When it was cleared; null in a notice of the event `raised`.",
}
LISTED = {
    one.name: one.meaning for one in columns_of(ListedAlertRow) if one.name not in ALERTS.by_name
}


def alerts() -> str:
    parts = [ALERTS_INTRODUCTION, _fields(AlertSettings, without=("targets", "rules"))]
    parts += ["## Targets\n", f"{cleandoc(Target.__doc__ or '')}\n", _fields(Target)]
    parts += [
        'An address, a header and a URL is text, or a table that says where it is: `{ env = "NAME" }`, or `{ file = "PATH" }` for a file that',
        "only its owner can read.\n",
    ]
    parts += [RULES_INTRODUCTION, _fields(Rule, without=("kind",))]
    for kind, rule in KINDS.items():
        parts += [
            f"### {kind}\n",
            f"{cleandoc(rule.__doc__ or '')}\n",
            f"Subject: {rule.subject}. Cleared when {rule.cleared}.\n",
        ]
        own = [name for name in rule.model_fields if name not in Rule.model_fields]
        parts += (
            [_fields(rule, without=tuple(Rule.model_fields))]
            if own
            else ["It has no settings of its own.\n"]
        )
    parts += [
        "## The notice\n",
        "What a webhook gets by POST, and a command on standard input, as one JSON object:\n",
        _meanings(NOTICE.items()),
    ]
    parts += [
        "## Tables\n",
        "They are part of the store, and not of the log. `orderledger alerts --json` and `GET /api/alerts` show the rows of the first with:\n",
        _meanings(LISTED.items()),
    ]
    for view in (ALERTS, NOTICES):
        rows = [(f"`{one.name}`", one.kind, one.meaning) for one in view.columns]
        parts += [
            f"### {view.name}\n",
            f"{view.meaning}\n",
            table(("column", "type", "meaning"), rows),
        ]
    return "\n".join(parts)


def _meanings(words: Iterable[tuple[str, str]]) -> str:
    return table(
        ("field", "meaning"),
        [
            (", ".join(f"`{name}`" for name in names.split(", ")), meaning)
            for names, meaning in words
        ],
    )


def _fields(model: type[BaseModel], without: tuple[str, ...] = ()) -> str:
    rows = [
        (
            f"`{name}`",
            "needed"
            if field.is_required()
            else _default(field.get_default(call_default_factory=True)),
            field.description or "",
        )
        for name, field in model.model_fields.items()
        if name not in without
    ]
    return table(("setting", "default", "meaning"), rows)


def _default(value: object) -> str:
    return (
        ""
        if value in (None, "", (), {})
        else f"`{', '.join(value) if isinstance(value, tuple) else value}`"
    )
