"""commands.md from click, errors.md from the exceptions and the codes."""

# ruff: noqa: E501  (a cell of a Markdown table is one line)

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import get_args

import click
import meanings
from markdown import code, table

import orderledger
from orderledger.cli import main
from orderledger.domain.decision import Reason
from orderledger.domain.values import Anomaly
from orderledger.infrastructure import errors as exceptions
from orderledger.infrastructure.clock import SystemClock
from orderledger.infrastructure.messages.outcome import Answer
from orderledger.infrastructure.messages.registry import Certify
from orderledger.infrastructure.sync.collecting import running
from orderledger.infrastructure.sync.collecting.collector import Collector
from orderledger.infrastructure.sync.reconciliation.breaks import Break, Kind, shown
from orderledger.infrastructure.sync.reconciliation.reconciler import Reconciled
from orderledger.infrastructure.venues.hyperliquid.venue import Hyperliquid
from orderledger.ledger import Ledger

AT = datetime(2026, 11, 20, 9, 0, 1, tzinfo=UTC)

COMMANDS_INTRODUCTION = """# Commands

Results go to stdout, everything else to stderr. `--json` prints one JSON object per line with every field of the
[view](views.md). Without it there is a table for people.

- In a window the table has the most important columns, as many as there is room for, and names those left out below. Text is folded;
  numbers and times are not. In a window too narrow for the first columns, a row is a field to a line.
- Piped on, the table has all columns that have values, and a line for each row.
- `order` is our id of the order, else the name by which the venue first spoke of it. `status` also says what is pending, and that an
  outcome is unresolved. A column without values is not shown.
- In links, aliases, tags and other values of several parts, text with a space, a comma, `=`, a quote or a bracket stands in quotes.
- Statuses are coloured in a terminal, unless `NO_COLOR` is set.
- Rows are read and printed in batches, with `--json` as well: a long table begins at once, uses little memory, and ends when its
  reader leaves. The first 500 rows decide the widths; a later batch with values in other columns begins with a header of its own.

A question to a ledger that is not there ends with 3, and creates nothing. A filter that nothing meets, an account that nobody has
traded on among them, gives no rows and exit status 0. `order` and `history` name one order, and end with 1 where there is none.

`--since T` and `--until T` take rows from the one time on, and before the other: trades, events and account events by the time they
happened, orders by the time of their request (an order that was not requested here by its last update), anomalies by the time they were
detected, proposals and certificates by the time they were made.

The times in a table are UTC. Those that are given (`T`) are RFC 3339 with an offset, or a count of s, ms, us or ns. Exit statuses: [errors.md](errors.md#exit-statuses).
"""

ACKNOWLEDGEMENTS = """With `--ack` every message is answered by a line `{"line", "outcome", "position", "reason", "anomalies"}`, and `text`
where a message was refused, or recorded with a hint: in the order of the input, each when its message is durable. Empty lines are counted
and not answered; nor is a message about an order of which the log has an event that cannot be read: it is told on stderr,
and has no outcome, since it is not recorded. `--rejects` gets a line `{"line", "field", "fault", "message"}` for every
message that is invalid, the message cut at 2,000 bytes.
"""


def commands() -> str:
    parts = [COMMANDS_INTRODUCTION, code("text", _help(main, "orderledger"))]
    for name, command in main.commands.items():
        parts += [f"## {name}\n", code("text", _help(command, f"orderledger {name}"))]
        parts += AFTERWARDS.get(name, list)()
    return "\n".join(parts)


def reconciled() -> list[str]:
    """From what the code answers, so that no field is missed."""
    nothing = Certify(account="sim:main", at=AT, covered_from=AT, covered_to=AT, orders=0, fills=0, positions=0)
    found = Reconciled(account="sim:main", at=AT, breaks=(), certificate=nothing, appended=0, is_recorded=False)
    one = Break(kind=Kind.MISSING_FILL, account="sim:main", subject="", since=AT, text="")
    told = [name for name in (*running.answer_of(found), *running.not_asked("sim:main", "")) if name != "breaks"]
    return [
        "With `--json`, each break is a line:\n",
        _named(shown(one, AT), meanings.BREAK),
        "and after those of an account comes a line of its own:\n",
        _named(dict.fromkeys(told), meanings.RECONCILED),
    ]


def status() -> list[str]:
    """The same."""
    with Ledger.open("memory://", update_views=False) as ledger:
        venue = Hyperliquid({"hyperliquid:main": "0x" + "0" * 40})
        collector = Collector(ledger, [venue], SystemClock()).status()
        (account,) = collector["accounts"].values()
        answer, published = ledger.status(), running.to_publish(collector, ledger)
        (latency, *_) = ledger.latencies().values()
    return [
        "With `--json` it is one object:\n",
        _named(answer, meanings.STATUS),
        "Each of the `collectors`:\n",
        _named([*published, "claim"], meanings.COLLECTOR),
        "Each of its `accounts`, counted since the collector was started:\n",
        _named(account, meanings.COUNTERS),
        "Each of its `latencies`:\n",
        _named(latency, meanings.LATENCY),
    ]


AFTERWARDS = {"record": lambda: [ACKNOWLEDGEMENTS], "reconcile": reconciled, "status": status}
"""What is said of a command beside its help."""


def _named(names: Iterable[str], words: dict[str, str]) -> str:
    return table(("field", "meaning"), [(f"`{name}`", words[name]) for name in names])


def _help(command: click.Command, name: str) -> str:
    context = click.Context(command, info_name=name, terminal_width=110, max_content_width=110, **_settings(command))
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


def _settings(command: click.Command) -> dict[str, list[str]]:
    return {"help_option_names": list(main.context_settings["help_option_names"])}


def errors() -> str:
    tree = (exceptions.__doc__ or "").partition("\n\n")[2]
    parts = ["# Answers and errors\n", "## Outcomes\n", _words("outcome", get_args(Answer), meanings.OUTCOMES)]
    parts += [
        "An outcome is an `Outcome` in Python and a line of `record --ack` on the command line.\n",
        "## Reasons of refusals\n",
        _words("reason", [str(reason) for reason in Reason], meanings.REASONS),
        "## Anomalies\n",
        "Odd reports are recorded all the same. An anomaly is an event of its own, in the outcome of the message, in the history of",
        "the order and in the view `anomalies`; on the order's row it stands while it holds.\n",
        table(("code", "raised when", "cleared when"), [(f"`{code}`", *meanings.ANOMALIES[code]) for code in map(str, Anomaly)]),
        "## Breaks\n",
        "What `orderledger reconcile` and `collect` find between the ledger and a venue.\n",
        _words("kind", [kind.value for kind in Kind], meanings.BREAKS),
        "## Exceptions\n",
        code("text", tree),
        "\n".join(f"- `{name}`: {' '.join((getattr(orderledger, name).__doc__ or '').split())}" for name in exceptions.__all__)
        + "\n",
        "A message class whose fields are wrong raises `pydantic.ValidationError` when it is made; `InvalidMessage` comes from",
        "`parse_line`, `parse_document` and the recording methods. Both are `ValueError`. An argument that cannot be raises `TypeError`",
        "or `ValueError`, which names it and says what it takes.\n",
        "## Exit statuses\n",
        table(("status", "means"), [(str(status), meaning) for status, meaning in meanings.EXITS.items()]),
    ]
    return "\n".join(parts)


def _words(head: str, names: tuple[str, ...] | list[str], words: dict[str, str]) -> str:
    return table((head, "meaning"), [(f"`{name}`", words[name]) for name in names])
