"""commands.md from click, errors.md from the exceptions and the codes."""

# ruff: noqa: E501  (a cell of a Markdown table is one line)

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from types import ModuleType
from typing import get_args

import click
import meanings
from markdown import code, table
from meanings_of_reasons import GATEWAY_REASONS

from orderledger.analytics import errors as archive_errors
from orderledger.audit import errors as audit_errors
from orderledger.cli import main
from orderledger.cli.table import GROUPS
from orderledger.domain.decision import NO_TIME_GIVEN, Reason
from orderledger.domain.values import Anomaly
from orderledger.gateway.published import BreakerRow
from orderledger.infrastructure import errors as core_errors
from orderledger.infrastructure.clock import SystemClock
from orderledger.infrastructure.messages.outcome import OutcomeWord
from orderledger.infrastructure.messages.registry import Certify
from orderledger.ledger import Ledger
from orderledger.projections.view import columns_of
from orderledger.serve.statement.sections import OWN_ROWS, SECTIONS
from orderledger.venues import errors as venue_errors
from orderledger.venues.collecting import reconciling, running
from orderledger.venues.collecting.collector import Collector
from orderledger.venues.hyperliquid.venue import Hyperliquid
from orderledger.venues.reconciliation.breaks import Break, Kind, shown
from orderledger.venues.reconciliation.reconciler import Reconciled

AT = datetime(2026, 11, 20, 9, 0, 1, tzinfo=UTC)

COMMANDS_INTRODUCTION = """# Commands

Results go to stdout, everything else to stderr. Commands print a table for people. `--format` prints every field of the
[view](views.md): `json` as an array, `ndjson` (or `--json`) with one object per line, `csv`, or `parquet` (needs the extra `analytics`).
The options of a question are the parameters of its method in [Python](python.md#queries) and of its list in the [HTTP API](http.md).

- In a window, the table shows the most important columns that fit, and names the others below. Long text is wrapped;
  numbers and times are not. If the window is too narrow for the first columns, each field has its own line.
- In a pipe, the table has all columns with values, and one line per row.
- `order` is our id of the order, or else the id in the venue's first report. `status` also shows a pending request and an
  unresolved outcome. A column without values is not shown.
- In links, aliases, tags and other values of several parts, text with a space, a comma, `=`, a quote or a bracket is quoted.
- Statuses are coloured in a terminal, unless `NO_COLOR` is set.
- Rows are read and printed in batches, with `--json` as well. A long table starts at once, uses little memory, and stops when its
  reader closes the pipe. The first 500 rows decide the widths; a later batch with values in other columns starts with a new header.

A query never creates a ledger: if there is none, the exit status is 3. A filter without matches gives no rows and exit status 0, also for an account
that has never traded. `order` and `history` name one order; if there is none, the exit status is 1.

`--since T` selects rows at T or later, `--until T` rows before T. Trades, events and account events are compared by the time they
happened. Orders are compared by the time of their request; an order that was not requested here, by its last update. Anomalies are compared by the
time they were detected, proposals and certificates by the time they were made.

A time in an option (`T`) is RFC 3339 with an offset, a date (its beginning), `today`, `yesterday`, `-2h` (also `s`, `m`, `d`, `w`) for two hours
ago, or a count of s, ms, us or ns. `--as-of` also takes `@N`: what was known after the event at log position N. `--timezone`, else `ORDERLEDGER_TIMEZONE`,
else UTC is the zone of dates and days in options, and of the times in tables. A time without an offset needs one of the first two. JSON, CSV and Parquet have UTC.

`orderledger help COMMAND` shows the help of a command. `orderledger completion bash`, `zsh` or `fish` prints a program that completes commands, options, and
ids, accounts and instruments from the ledger. Packages add commands by entry points of the group `orderledger.commands`.

Exit statuses: [errors.md](errors.md#exit-statuses).
"""

ACKNOWLEDGEMENTS = """With `--ack` every message gets a line `{"line", "outcome", "position", "reason", "anomalies"}`, in input order, when it is
durable. The line also has `text` if the message was refused, or recorded with a hint. Empty lines are counted and get no line.
A message about an order with an unreadable event is not recorded and has no outcome; stderr reports it.
`--rejects` gets a line `{"line", "field", "fault", "message"}` for every invalid message, with the message cut at 2,000 bytes.
"""


def commands() -> str:
    parts = [COMMANDS_INTRODUCTION, code("text", _help(main, "orderledger"))]
    for group, entries in GROUPS.items():
        parts.append(f"## {group}\n")
        for name in entries:
            shown = _help(main.commands[name], f"orderledger {name}")
            parts += [f"### {name}\n", code("text", shown), *AFTERWARDS.get(name, list)()]
            if isinstance(group_of := main.commands[name], click.Group):
                for part, command in group_of.commands.items():
                    parts += [code("text", _help(command, f"orderledger {name} {part}"))]
    return "\n".join(parts)


def reconciled() -> list[str]:
    """From what the code answers, so that no field is missed."""
    nothing = Certify(
        account="sim:main", at=AT, covered_from=AT, covered_to=AT, orders=0, fills=0, positions=0
    )
    found = Reconciled(
        account="sim:main", at=AT, breaks=(), certificate=nothing, appended=0, is_recorded=False
    )
    one = Break(kind=Kind.MISSING_FILL, account="sim:main", subject="", since=AT, text="")
    told = [
        name
        for name in (
            *reconciling.report_of(found),
            "stages",
            *reconciling.not_asked("sim:main", ""),
        )
        if name != "breaks"
    ]
    return [
        "With `--json`, each break is one line:\n",
        _named(shown(one, AT), meanings.BREAK),
        "After the breaks of an account, one line has its result:\n",
        _named(dict.fromkeys(told), meanings.RECONCILED),
    ]


def status() -> list[str]:
    """The same."""
    with Ledger.open("memory://", update_views=False) as ledger:
        venue = Hyperliquid({"hyperliquid:main": "0x" + "0" * 40})
        collector = Collector(ledger, [venue], SystemClock()).status()
        (account,) = collector["accounts"].values()
        answer, published = ledger.status(), running.to_publish(collector, ledger)
        (latency, *_) = ledger.metrics.durations().values()
    return [
        "With `--json` the status is one object:\n",
        _named(answer, meanings.STATUS),
        "Each of the `collectors`:\n",
        _named([*published, "claim"], meanings.COLLECTOR),
        "Each of its `accounts`, counted since the start of the collector:\n",
        _named(account, meanings.COUNTERS),
        "Each of its `latencies`:\n",
        _named(latency, meanings.LATENCY),
        "Each of the `gateways`:\n",
        _named(meanings.GATEWAY, meanings.GATEWAY),
        "Each of its `breakers`:\n",
        _named(
            meanings.BREAKER, {column.name: column.meaning for column in columns_of(BreakerRow)}
        ),
    ]


def statement() -> list[str]:
    """The sections of a statement, and the columns of those that are no view."""
    shown = {name: f"[{view}](views.md#{view})" if view else ", ".join(f"`{column}`" for column in columns)
             for name, (_, view, _, columns) in SECTIONS.items()}  # fmt: skip
    parts = [
        "The sections of a statement, with their names in JSON and CSV:\n",
        table(
            ("section", "rows", "columns"),
            [(f"`{name}`", what, shown[name]) for name, (_, _, what, _) in SECTIONS.items()],
        ),
    ]
    for name, row in OWN_ROWS.items():
        parts += [
            f"Each row of `{name}`:\n",
            _named(
                [column.name for column in columns_of(row)],
                {column.name: column.meaning for column in columns_of(row)},
            ),
        ]
    return parts


AFTERWARDS = {
    "report": statement,
    "record": lambda: [ACKNOWLEDGEMENTS],
    "reconcile": reconciled,
    "status": status,
}
"""Text that follows the help of a command."""


def _named(names: Iterable[str], words: dict[str, str]) -> str:
    return table(("field", "meaning"), [(f"`{name}`", words[name]) for name in names])


def _help(command: click.Command, name: str) -> str:
    context = click.Context(
        command, info_name=name, terminal_width=110, max_content_width=110, **_settings(command)
    )
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


def _settings(command: click.Command) -> dict[str, list[str]]:
    return {"help_option_names": list(main.context_settings["help_option_names"])}


EXCEPTIONS = {
    "orderledger": core_errors,
    "orderledger.venues": venue_errors,
    "orderledger.audit": audit_errors,
    "orderledger.analytics": archive_errors,
}
"""The modules that declare exceptions, by the package that they are imported from."""


def _exceptions(package: str, module: ModuleType) -> Iterator[str]:
    """A module's tree of exceptions, and what each means."""
    yield f"From `{package}`:\n"
    yield code("text", (module.__doc__ or "").partition("\n\n")[2])
    yield (
        "\n".join(
            f"- `{name}`: {' '.join((getattr(module, name).__doc__ or '').split())}"
            for name in module.__all__
        )
        + "\n"
    )


def errors() -> str:
    parts = [
        "# Outcomes and errors\n",
        "## Outcomes\n",
        _words("outcome", get_args(OutcomeWord), meanings.OUTCOMES),
    ]
    parts += [
        "An outcome is an `Outcome` in Python and a line of `record --ack` on the command line.\n",
        "## Reasons of refusals\n",
        _words("reason", [str(reason) for reason in Reason], meanings.REASONS),
        f"A duplicate may have the reason `{NO_TIME_GIVEN.reason}`: {meanings.REASONS[str(NO_TIME_GIVEN.reason)]}\n",
        "## Reasons of the gateway\n",
        "A `Sending`, a `deny`, a rejected change and an `unresolved` have a reason. A limit's reason is its",
        "[setting](settings.md); a refusal of a venue has the reason in its message. All others:\n",
        _words("reason", sorted(GATEWAY_REASONS), GATEWAY_REASONS),
        "## Anomalies\n",
        "The ledger records contradictory reports too, and flags them. An anomaly is an event. It is shown in the outcome of the message, in the history of",
        "the order and in the view `anomalies`. The order's row shows it until it is cleared.\n",
        table(
            ("code", "raised when", "cleared when"),
            [(f"`{code}`", *meanings.ANOMALIES[code]) for code in map(str, Anomaly)],
        ),
        "## Breaks\n",
        "Differences between the ledger and a venue that `orderledger reconcile` and `collect` find.\n",
        _words("kind", [kind.value for kind in Kind], meanings.BREAKS),
        "## Exceptions\n",
        *(part for package, module in EXCEPTIONS.items() for part in _exceptions(package, module)),
        "A message class with wrong fields raises `pydantic.ValidationError` when it is created. `parse_line`, `parse_document` and the",
        "recording methods raise `InvalidMessage`. Both are `ValueError`. A wrong argument raises `TypeError` or `ValueError`, which names the",
        "argument and the values it takes.\n",
        "## Exit statuses\n",
        table(
            ("status", "meaning"),
            [(str(status), meaning) for status, meaning in meanings.EXITS.items()],
        ),
    ]
    return "\n".join(parts)


def _words(head: str, names: tuple[str, ...] | list[str], words: dict[str, str]) -> str:
    return table((head, "meaning"), [(f"`{name}`", words[name]) for name in names])
